"""Opening an incident, adding to its journal, deciding it."""

from __future__ import annotations

from typing import Any

from django import forms

from alarp.records.watch.incidents import OUTCOMES
from alarp.records.watch.models import JournalEntry
from alarp.standards.watch import harm_levels, report_routes
from alarp.web.forms import SigningForm, TextForm

NO_NAMES = "No names of patients: this text goes into the audit trail."


class ReportForm(TextForm):
    summary = forms.CharField(
        label="What happened?",
        help_text=f"To which studies, seen by whom, since when. {NO_NAMES}",
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=4000,
        error_messages={"required": "Say what happened."},
    )
    alert = forms.IntegerField(required=False, widget=forms.HiddenInput)


class EntryForm(TextForm):
    """One entry of the journal; what it needs beside its words depends on its kind."""

    entry = forms.ChoiceField(
        label="What do you add?",
        choices=[
            (JournalEntry.MADE_SAFE, "It is made safe"),
            (JournalEntry.CAUSE, "The cause is found"),
            (JournalEntry.HARM, "The harm is judged"),
            (JournalEntry.HAZARD, "It is a hazard of the log"),
            (JournalEntry.REPORTED, "A report was sent"),
            (JournalEntry.NOTE, "A note"),
            (JournalEntry.CLOSED, "The incident is closed"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what you add."},
    )
    text = forms.CharField(
        label="In words",
        help_text=NO_NAMES,
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=4000,
        error_messages={"required": "Write what was found or done."},
    )
    level = forms.ChoiceField(label="Harm: how much?", required=False)
    device = forms.BooleanField(label="The tool itself is suspected", required=False)
    exposure = forms.BooleanField(
        label="Somebody was exposed to radiation who should not have been", required=False
    )
    data_breach = forms.BooleanField(label="Somebody's data went where they should not", required=False)
    hazard = forms.CharField(
        label="Hazard: its number in the log, such as H05", required=False, max_length=12
    )
    route = forms.ChoiceField(label="Report: which one was sent?", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["level"].choices = [("", "Choose"), *((h.slug, h.title) for h in harm_levels())]
        self.fields["route"].choices = [("", "Choose"), *((r.slug, r.title) for r in report_routes())]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for kind, name, sentence in (
            (JournalEntry.HARM, "level", "Choose how much harm came of it."),
            (JournalEntry.HAZARD, "hazard", "Give the hazard's number."),
            (JournalEntry.REPORTED, "route", "Choose which report was sent."),
        ):
            if given.get("entry") == kind and not given.get(name):
                self.add_error(name, sentence)
        return given


class DecideForm(SigningForm):
    outcome = forms.ChoiceField(
        label="What do you decide?",
        choices=list(OUTCOMES.items()),
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what follows."},
    )
    text = forms.CharField(
        label="Why?",
        help_text=NO_NAMES,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Say why."},
    )

    field_order = ("outcome", "text", "password", "code")
