"""Is this person still there? Signed out after a while without activity, and at the end of a shift."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from alarp.records import clock

SIGNED_IN, SEEN = "signed_in_at", "seen_at"
REMEMBER_S = 30  # activity is written down at most this often, so that reading pages costs no writes


class SessionLimits:
    """Keeps `session_idle_min` and `session_most_h` of the configuration."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = clock.now().timestamp()
            signed_in = request.session.setdefault(SIGNED_IN, now)
            seen = request.session.setdefault(SEEN, now)
            limits = settings.ALARP
            if now - seen > limits.session_idle_min * 60 or now - signed_in > limits.session_most_h * 3600:
                auth.logout(request)
                request.session["signed_out_because"] = "time"
                return redirect(settings.LOGIN_URL)
            if now - seen > REMEMBER_S:
                request.session[SEEN] = now
        return self.get_response(request)


def told_why(request: HttpRequest) -> bool:
    """Was the person signed out by us a moment ago? Said once."""
    return request.session.pop("signed_out_because", "") == "time"
