"""The switch, the period of a proof, and what became of a recall."""

from __future__ import annotations

from typing import Any

from django import forms

from alarp.records.assurance.models import RecallEntry
from alarp.web.forms import SigningForm, TextForm


class BeginForm(TextForm):
    reason = forms.CharField(
        label="Why does the site read without AI?",
        help_text="Everybody sees it at the top of every page. No names of patients.",
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=500,
        error_messages={"required": "Say why; whoever reads here has to know."},
    )


class EndForm(SigningForm):
    reason = forms.CharField(
        label="Why may it read with AI again?",
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=500,
        error_messages={"required": "Say why; the reason is sealed with your signature."},
    )
    field_order = ("reason", "password", "code")


class PeriodForm(TextForm):
    first = forms.DateField(label="First day", widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label="Last day (included)", widget=forms.DateInput(attrs={"type": "date"}))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("first") and given.get("last") and given["last"] < given["first"]:
            self.add_error("last", "The last day lies before the first; exchange them.")
        return given


class EntryForm(TextForm):
    kind = forms.ChoiceField(
        label="What happened?",
        choices=[
            (RecallEntry.SENT, "The letter was sent to the supplier"),
            (RecallEntry.DELETED, "The supplier confirms the deletion"),
            (RecallEntry.REFUSED, "The supplier keeps something, or all of it"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Say what happened."},
    )
    dated = forms.DateField(
        label="Date of the letter or the answer", widget=forms.DateInput(attrs={"type": "date"})
    )
    text = forms.CharField(
        label="How it was sent, or the answer in the supplier's words",
        help_text="No names of patients.",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=4000,
        error_messages={"required": "Write down how it was sent, or what was answered."},
    )


class NothingForm(TextForm):
    """A button."""
