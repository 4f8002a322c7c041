"""The switch, the period of a proof, and what became of a recall."""

from __future__ import annotations

from typing import Any

from django import forms

from alarp.records.assurance.models import RecallEntry
from alarp.web.fields import OneOfField, WordsField
from alarp.web.forms import SigningForm, TextForm


class BeginForm(TextForm):
    reason = WordsField(
        "Why does the site read without AI?",
        about="Everybody sees it at the top of every page. No names of patients.",
        missing="Say why; whoever reads here has to know.",
    )


class EndForm(SigningForm):
    reason = WordsField(
        "Why may it read with AI again?", missing="Say why; the reason is sealed with your signature."
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
    kind = OneOfField(
        "What happened?",
        [
            (RecallEntry.SENT, "The letter was sent to the supplier"),
            (RecallEntry.DELETED, "The supplier confirms the deletion"),
            (RecallEntry.REFUSED, "The supplier keeps something, or all of it"),
        ],
        missing="Say what happened.",
    )
    dated = forms.DateField(
        label="Date of the letter or the answer", widget=forms.DateInput(attrs={"type": "date"})
    )
    text = WordsField(
        "How it was sent, or the answer in the supplier's words",
        about="No names of patients.",
        missing="Write down how it was sent, or what was answered.",
        lines=4,
        most=4000,
    )


class NothingForm(TextForm):
    """A button."""
