"""How is a quarantine entry closed? In writing."""

from __future__ import annotations

from django import forms

from alarp.web.forms import TextForm


class ResolveForm(TextForm):
    resolution = forms.CharField(
        label="What was found, and what was done?",
        help_text="The object stays here and is never filed. Name no patient: this text goes into the audit trail.",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=2000,
        error_messages={"required": "Say what was found and done before the entry is closed."},
    )
