"""How does a form become a command? Valid input is handed over; a refusal comes back as the form's own error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.core import ratelimit
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.http import HttpRequest

from alarp.kernel import BadInput, NotNow
from alarp.records import clock
from alarp.records.deployments.commands import StepUp
from alarp.web.fields import WordsField


def handed_over(form: forms.Form, command: Callable[[dict[str, Any]], Any]) -> bool:
    """Did the command accept what the form holds? What it refuses to do now stands in the error summary.

    NotPermitted is not caught: who may not do a thing gets the refusal page.
    """
    if not form.is_valid():
        return False
    try:
        command(form.cleaned_data)
    except (BadInput, NotNow) as refusal:
        form.add_error(None, str(refusal))
        return False
    return True


class TextForm(forms.Form):
    """A form whose text fields are trimmed and whose errors are whole sentences."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.error_messages.setdefault("required", "Fill in this field.")
            if field.error_messages["required"] == "This field is required.":
                field.error_messages["required"] = f"{field.label}: fill this in."


class ResolveForm(TextForm):
    """In writing: what was found and done about something that waited. `stays`: what becomes of the thing itself."""

    resolution = WordsField(
        "What was found, and what was done?",
        lines=4,
        most=2000,
        missing="Say what was found and done before the entry is closed.",
    )

    def __init__(self, *args: Any, stays: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        about = f"{stays} Name no patient: this text goes into the audit trail."
        self.fields["resolution"].help_text = about


class SigningForm(TextForm):
    """A form that is a signature: the password is asked for again, and a code where there is an app."""

    password = forms.CharField(
        label="Your password",
        help_text="Signing is personal: we ask again at the moment you sign.",
        widget=forms.PasswordInput,
        error_messages={"required": "Enter your password to sign."},
        strip=False,
    )
    code = forms.CharField(label="Code from your authenticator app", required=True)

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request, self.user = request, request.user
        self.with_app = is_mfa_enabled(request.user, [Authenticator.Type.TOTP])
        if not self.with_app:
            del self.fields["code"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if "password" not in given or (self.with_app and "code" not in given):
            return given
        if not ratelimit.consume(self.request, action="step_up_failed", user=self.request.user, dry_run=True):
            self.add_error("password", "Too many failed tries. Wait five minutes and try again.")
        elif not self.request.user.check_password(given["password"]):
            ratelimit.consume(self.request, action="step_up_failed", user=self.request.user)
            self.add_error("password", "This is not your password. Nothing was signed.")
        elif self.with_app and not self._code_holds(given["code"]):
            ratelimit.consume(self.request, action="step_up_failed", user=self.request.user)
            self.add_error("code", "This code is not valid now. Nothing was signed.")
        return given

    def _code_holds(self, code: str) -> bool:
        app = Authenticator.objects.get(user=self.request.user, type=Authenticator.Type.TOTP)
        return bool(app.wrap().validate_code(code.strip().replace(" ", "")))

    @property
    def step_up(self) -> StepUp:
        """How and when the signer proved who they are."""
        return StepUp(method="password and one-time code" if self.with_app else "password", at=clock.now())
