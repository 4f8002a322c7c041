"""The forms for people. Field names are part of the interface."""

from __future__ import annotations

from typing import Any

from django import forms

from alarp.kernel import Tier
from alarp.records.people.models import Organisation, Person
from alarp.records.people.queries import below, trust_of
from alarp.records.permissions import SUPPLIER
from alarp.standards import load_roles
from alarp.web.fields import DateField
from alarp.web.forms import TextForm


class GiveRoleForm(TextForm):
    role = forms.ChoiceField(label="Role")
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(), label="Where", to_field_name="slug", empty_label=None
    )

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [r for r in load_roles() if r.slug not in (SUPPLIER, "region-lead")]
        self.fields["role"].choices = [(r.slug, r.title) for r in known]
        places = [o.pk for o in below(trust_of(person.organisation))] if person.organisation else []
        self.fields["organisation"].queryset = Organisation.objects.filter(pk__in=places).order_by("pk")


class EndRoleForm(TextForm):
    holding = forms.IntegerField(widget=forms.HiddenInput)
    last_day = DateField(label="Last day")


class InterestForm(TextForm):
    supplier = forms.ModelChoiceField(
        Organisation.objects.filter(tier=Tier.SUPPLIER.value).order_by("name"),
        label="In which supplier?",
        to_field_name="slug",
        empty_label="Choose a supplier",
        error_messages={"required": "Choose the supplier."},
    )
    nature = forms.CharField(
        label="What is the interest?",
        help_text="For example: shares, paid advice, a grant, a relative who works there.",
        max_length=300,
    )


class EndInterestForm(TextForm):
    interest = forms.IntegerField(widget=forms.HiddenInput)
