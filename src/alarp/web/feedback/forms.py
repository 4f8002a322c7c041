"""'AI wrong' or 'I am unsure', with a reason; and what came of it."""

from __future__ import annotations

from typing import Any

from django import forms

from alarp.records.watch.models import Feedback, Triage
from alarp.standards.watch import feedback_reasons
from alarp.web.fields import OneOfField, WordsField
from alarp.web.forms import TextForm


class FeedbackForm(TextForm):
    """The reason is chosen, the button that sends the form is the verdict."""

    reason = OneOfField("What is the matter?", missing="Choose what is the matter.")
    text = WordsField(
        "In a few words (optional)", about="Where, and what you see. No names of patients.", most=2000
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
    outcome = OneOfField(
        "What comes of it?",
        [
            (Triage.NO_ACTION, "Nothing more needs doing"),
            (Triage.INCIDENT, "It is an incident: open one"),
            (Triage.SUPPLIER, "The supplier is told"),
        ],
        missing="Choose what comes of it.",
    )
    answer = WordsField(
        "Your answer to the person who reported it",
        about="They read exactly this.",
        missing="Write what the reporter is told.",
        lines=3,
        most=2000,
    )
