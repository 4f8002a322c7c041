"""Which AI is used here, what happens to my data, how do I say no? For everybody, without signing in.

A page holds what the record says of tools in use and on trial, and nothing else: no staff, no reasons of the inside,
no word of a proposal. What was worked out stands for a minute, so that a crowd of readers costs one reading.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from alarp.kernel import sha256_hex
from alarp.records import clock, objects
from alarp.records.deployments.models import Deployment
from alarp.records.governance.public import PublicTool, public_tool, public_tools
from alarp.web import refusals
from alarp.web.access import public
from alarp.web.register import presenters

STANDS_S = 60
AGE_S = 300
MOST_A_MINUTE = 600  # from one address: wide, since a hospital's visitors share one

View = Callable[..., HttpResponse]


def for_everybody(view: View) -> View:
    """A public page: read only, counted per address, kept by browsers and caches on the way for five minutes."""

    @wraps(view)
    def open_(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if _asked_too_often(request):
            return refusals.too_many(request)
        response = view(request, **kwargs)
        if request.user.is_authenticated:
            response["Cache-Control"] = "private, no-cache"
        else:
            response["Cache-Control"] = f"public, max-age={AGE_S}"
        return response

    return public(require_safe(open_))


def _asked_too_often(request: HttpRequest) -> bool:
    """Has this address asked for more pages within this minute than any crowd would?"""
    minute = int(clock.now().timestamp() // 60)
    key = f"register:{minute}:{sha256_hex(get_adapter().get_client_ip(request).encode())[:16]}"
    count: int = cache.get(key, 0) + 1
    cache.set(key, count, 120)
    return count > MOST_A_MINUTE


@for_everybody
def register(request: HttpRequest) -> HttpResponse:
    """Every tool in use or on trial, by site."""
    tools = [presenters.tool(found) for found in _every()]
    context = {"sites": presenters.by_site(tools), "sentence": presenters.sentence(tools)}
    return render(request, "register/register.jinja", context)


def _every() -> tuple[PublicTool, ...]:
    found: tuple[PublicTool, ...] | None = cache.get("register:every")
    if found is None:
        found = public_tools()
        cache.set("register:every", found, STANDS_S)
    return found


def _one(slug: str) -> PublicTool:
    """This tool; 404 for what is not in use, in the same words as for what never was."""
    row = (
        Deployment.objects.filter(slug=slug)
        .select_related("version__product__supplier", "site__parent__parent")
        .first()
    )
    found = public_tool(row) if row else None
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, slug: str, *, easy: bool) -> HttpResponse:
    found = _one(slug)
    if easy and not found.told:
        raise Http404
    return render(request, "register/tool.jinja", {"tool": presenters.tool(found), "easy": easy})


@for_everybody
def tool(request: HttpRequest, slug: str) -> HttpResponse:
    """One tool in full."""
    return _page(request, slug, easy=False)


@for_everybody
def easy(request: HttpRequest, slug: str) -> HttpResponse:
    """One tool in easy words."""
    return _page(request, slug, easy=True)


def _printed(slug: str, sha256: str, kind: str) -> HttpResponse:
    if not sha256:
        raise Http404
    response = HttpResponse(objects.get(sha256), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{slug}-{kind}.pdf"'
    return response


@for_everybody
def leaflet(request: HttpRequest, slug: str) -> HttpResponse:
    """The leaflet to print, as it was published."""
    return _printed(slug, _one(slug).leaflet_sha256, "leaflet")


@for_everybody
def easy_leaflet(request: HttpRequest, slug: str) -> HttpResponse:
    """The easy-read leaflet to print."""
    return _printed(slug, _one(slug).easy_leaflet_sha256, "easy-read")
