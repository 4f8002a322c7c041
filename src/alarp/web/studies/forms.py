"""How does somebody look for a study? The search is sent, never written into an address."""

from __future__ import annotations

from typing import Any

from django import forms

from alarp.records.deployments.models import Deployment
from alarp.web.fields import DateField
from alarp.web.forms import TextForm
from alarp.web.studies.states import SIGNS

ANY = ("", "Any")


class FilterForm(forms.Form):
    """Filters that may stand in an address."""

    day = DateField(label="Received on", required=False, help_text="")
    state = forms.ChoiceField(
        label="Stands", required=False, choices=[ANY, *((k, s.word) for k, s in SIGNS.items())]
    )
    deployment = forms.ChoiceField(label="Tool", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tools = Deployment.objects.select_related("version__product", "site").order_by("slug")
        self.fields["deployment"].choices = [ANY, *((d.slug, str(d)) for d in tools)]


class SearchForm(forms.Form):
    """One field for whatever number is at hand."""

    number = forms.CharField(
        label="Find a study",
        max_length=64,
        error_messages={"required": "Enter the number to look for."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, by_identifier: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["number"].help_text = (
            "Study number, accession number, hospital number or NHS number"
            if by_identifier
            else "Study number"
        )


class ClearForm(TextForm):
    """In writing: what was looked at."""

    reason = forms.CharField(
        label="What did you look at, and how?",
        help_text="Such as: all 12 pictures in the viewer, edges included. Name no patient: this goes into the audit trail.",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=500,
        error_messages={"required": "Say what you looked at, and how, before the pictures may leave."},
    )
