"""Who am I here, and how do I sign in?"""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alarp.web import words
from alarp.web.access import own
from alarp.web.account import presenters


@own
def account(request: HttpRequest) -> HttpResponse:
    """The person's roles, interests and second factor."""
    shown = presenters.account_page(
        request.user,
        has_app=is_mfa_enabled(request.user, [Authenticator.Type.TOTP]),
        titles=words.role_titles(),
    )
    return render(request, "account/account.jinja", {"page": shown})


@own
def to_account(request: HttpRequest) -> HttpResponse:
    """allauth leads here after a change of the second factor; the account page shows it."""
    return redirect("account")
