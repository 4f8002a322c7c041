"""Who may open this page? Every view says so itself, and the permission matrix is read from what they say.

`@page("view_deployment", of=find.deployment)` finds the deployment, asks the records whether this person may,
and hands it to the view. Signing in is asked for by middleware, for every page that is not public.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from alarp.records import permissions
from alarp.records.evidence.models import Evidence
from alarp.records.products.models import SupplierDocument

View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Access:
    """What a view asks of whoever comes: the action for looking, and the one for sending its form."""

    looks: str | None
    sends: str | None
    public: bool = False


def _taken(find: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    return {name: given.pop(name) for name in inspect.signature(find).parameters}


def page(
    looks: str, *, of: Callable[..., Any] | None = None, sends: str | None = None
) -> Callable[[View], View]:
    """A page for people who may `looks`; where it has a form, for those who may `sends` to send it.

    With `of` the subject is found first (404 when there is none) and is the view's first argument.
    """

    def guard(view: View) -> View:
        @require_http_methods(["GET", "HEAD", "POST"] if sends else ["GET", "HEAD"])
        @wraps(view)
        def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            found = (of(**_taken(of, kwargs)),) if of else ()
            action = sends if request.method == "POST" and sends else looks
            permissions.check(request.user, action, subject_of(found[0]) if found else None)
            if request.method == "POST":
                return view(request, *found, **kwargs)
            with permissions.read_once():
                return view(request, *found, **kwargs)

        guarded.access = Access(looks, sends)  # type: ignore[attr-defined]
        return guarded

    return guard


def public(view: View) -> View:
    """A page for everybody, signed in or not."""
    opened = login_not_required(view)
    opened.access = Access(None, None, public=True)  # type: ignore[attr-defined]
    return opened


def own(view: View) -> View:
    """A page about the person who looks: for everybody who is signed in."""
    view.access = Access(None, None)  # type: ignore[attr-defined]
    return view


def subject_of(found: Any) -> Any:
    """What the permission is about: a hold or a closure is its deployment's, evidence and papers their version's."""
    if isinstance(found, Evidence):
        return found.version
    if isinstance(found, SupplierDocument):
        return found.version or found.supplier
    return getattr(found, "deployment", found)
