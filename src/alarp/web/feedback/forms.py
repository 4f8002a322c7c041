"""'AI wrong' or 'I am unsure', with a reason; and what came of it."""

from __future__ import annotations

from typing import Any

from django import forms

from alarp.records.watch.models import Feedback, Triage
from alarp.standards.watch import feedback_reasons
from alarp.web.forms import TextForm


class FeedbackForm(TextForm):
    """The reason is chosen, the button that sends the form is the verdict."""

    reason = forms.ChoiceField(
        label="What is the matter?",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what is the matter."},
    )
    text = forms.CharField(
        label="In a few words (optional)",
        help_text="Where, and what you see. No names of patients.",
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=2000,
        required=False,
    )
    verdict = forms.ChoiceField(
        choices=[(Feedback.WRONG, "wrong"), (Feedback.UNSURE, "unsure")],
        widget=forms.HiddenInput,
        error_messages={"required": "Send it with one of the two buttons: wrong, or unsure."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = [(r.slug, r.title) for r in feedback_reasons()]


class TriageForm(TextForm):
    outcome = forms.ChoiceField(
        label="What comes of it?",
        choices=[
            (Triage.NO_ACTION, "Nothing more needs doing"),
            (Triage.INCIDENT, "It is an incident: open one"),
            (Triage.SUPPLIER, "The supplier is told"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what comes of it."},
    )
    answer = forms.CharField(
        label="Your answer to the person who reported it",
        help_text="They read exactly this.",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
        error_messages={"required": "Write what the reporter is told."},
    )
