"""A step of the retirement is done, said in words."""

from __future__ import annotations

from typing import Any

from django import forms

from alarp.web.forms import TextForm


class StepForm(TextForm):
    step = forms.ChoiceField(label="Which step is done?", error_messages={"required": "Choose the step."})
    note = forms.CharField(
        label="How, and where is it written?",
        help_text="Who was told, what was removed, by which letter or ticket. No names of patients.",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
        error_messages={"required": "Say how it was done."},
    )

    def __init__(self, *args: Any, steps: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["step"].choices = steps


class IssueForm(TextForm):
    issue = forms.BooleanField(widget=forms.HiddenInput, initial=True)
