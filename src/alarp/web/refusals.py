"""How does the site say no? With a plain page, the sentence, the right status, and no identifiers."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from alarp.kernel import AlarpError, BadInput, BrokenEvidence, NotNow, NotPermitted, Unavailable
from alarp.records.permissions import read_once
from alarp.web.words import in_words

log = logging.getLogger(__name__)

STATUS: tuple[tuple[type[AlarpError], int, str], ...] = (
    (NotPermitted, 403, "You may not do this"),
    (BadInput, 400, "We could not use what was sent"),
    (NotNow, 409, "Not now"),
    (BrokenEvidence, 409, "This evidence does not hold"),
    (Unavailable, 503, "A part of Alarp does not answer"),
)


def refuse(request: HttpRequest, status: int, title: str, sentence: str) -> HttpResponse:
    """One page for every refusal."""
    context = {"title": title, "sentence": in_words(sentence), "status": status}
    with read_once():
        return render(request, "errors/refusal.jinja", context, status=status)


class RefusalMiddleware:
    """Turns an error written for a person into its page; every other error stays an error."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        for kind, status, title in STATUS:
            if isinstance(error, kind):
                if status >= 409:
                    log.warning("%s: %s", type(error).__name__, error)
                return refuse(request, status, title, str(error))
        return None


@login_not_required
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return refuse(request, 400, "We could not use what was sent", "Go back, correct it and send it again.")


@login_not_required
def denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return refuse(request, 403, "You may not do this", "Your role does not include it.")


@login_not_required
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    sentence = (
        "There is nothing at this address, or it was never there. Check the address or go to the board."
    )
    return refuse(request, 404, "Page not found", sentence)


@login_not_required
def failed(request: HttpRequest) -> HttpResponse:
    """The last resort draws nothing that could fail again: no navigation, no database."""
    return render(None, "errors/failed.jinja", status=500)


@login_not_required
def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    sentence = (
        "The form was open too long or came from elsewhere. Go back, load the page again and send it anew."
    )
    return refuse(request, 403, "We could not accept this form", sentence)


@login_not_required
def too_many(request: HttpRequest) -> HttpResponse:
    return refuse(request, 429, "Too many tries", "Wait five minutes and try again.")
