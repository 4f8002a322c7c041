"""Raising a safety hold, and answering it in writing."""

from __future__ import annotations

from typing import Any

from django import forms

from alarp.records.deployments.models import Deployment
from alarp.records.people.models import Person
from alarp.web.forms import SigningForm, TextForm


class RaiseForm(TextForm):
    concern = forms.CharField(
        label="What worries you?",
        help_text="What you saw, when, and what it could do to a patient. No names of patients.",
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Say what worries you."},
    )
    exit_criterion = forms.CharField(
        label="What must be true before the route opens again?",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say what ends the hold: without it nobody can."},
    )
    officer = forms.ModelChoiceField(
        Person.objects.none(),
        label="Who must answer it?",
        to_field_name="username",
        empty_label="Choose the officer",
        error_messages={"required": "Choose who must answer."},
    )

    def __init__(self, *args: Any, deployment: Deployment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team = deployment.team.filter(until=None).values("person")
        self.fields["officer"].queryset = Person.objects.filter(pk__in=team).order_by("full_name")


class AnswerHoldForm(SigningForm):
    answer = forms.CharField(
        label="Your answer",
        help_text="How the concern was looked into, and why the exit criterion is met.",
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": "Write the answer: a hold is never cleared without one."},
    )

    field_order = ("answer", "password", "code")
