"""What does this word mean? One page with every technical word, for everybody."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from alarp.standards.glossary import load_headings
from alarp.web.access import public


@public
def glossary(request: HttpRequest) -> HttpResponse:
    """Every technical word of the pages, with its meaning."""
    return render(request, "glossary/glossary.jinja", {"headings": load_headings()})
