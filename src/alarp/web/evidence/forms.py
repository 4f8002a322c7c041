"""Withdrawing evidence."""

from __future__ import annotations

from django import forms

from alarp.web.forms import TextForm


class WithdrawForm(TextForm):
    reason = forms.CharField(
        label="Why does it no longer stand?",
        help_text="Every gate that it holds open is re-opened, and its route is closed where it must be.",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write the reason: others have to decide again because of it."},
    )
