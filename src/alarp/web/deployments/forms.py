"""The forms of a deployment. Field names are part of the interface: the demonstration fills them in over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django import forms

from alarp.kernel import Tier
from alarp.records.deployments.models import Deployment
from alarp.records.people.models import Organisation, Person
from alarp.records.permissions import PROFESSIONS
from alarp.records.products.models import Version
from alarp.standards import load_roles
from alarp.web.forms import SigningForm, TextForm

TEXT = {"rows": 3}


class ProposeForm(TextForm):
    version = forms.ModelChoiceField(
        Version.objects.select_related("product").order_by("product__name", "number"),
        label="Which tool, in which version?",
        empty_label="Choose a product version",
        error_messages={"required": "Choose the product version that you propose."},
    )
    site = forms.ModelChoiceField(
        Organisation.objects.filter(tier=Tier.SITE.value).order_by("name"),
        label="At which site?",
        to_field_name="slug",
        empty_label="Choose a site",
        error_messages={"required": "Choose the site."},
    )
    use = forms.CharField(label="What for, in one line?", max_length=200)
    slug = forms.SlugField(
        label="Short name for addresses",
        help_text="Lower-case letters, digits and hyphens, such as noduleflag-north. It never changes.",
        max_length=50,
    )
    problem = forms.CharField(
        label="Which problem does it solve, in the words of those who have it?",
        widget=forms.Textarea(attrs=TEXT),
    )
    baseline = forms.CharField(
        label="The figure today, with its source",
        help_text="For example: 38 % of chest films reported within 48 hours, RIS audit May 2026.",
        max_length=300,
        required=False,
    )
    raised_by_role = forms.CharField(label="Which role raised it?", max_length=100)
    supply_led = forms.BooleanField(
        label="The idea came from the supplier, not from the ward", required=False
    )
    eligibility = forms.CharField(
        label="Narrower rules for which studies may go (optional)",
        help_text='JSON with the same names as the intended use, such as {"age_min_years": 40}.',
        widget=forms.Textarea(attrs=TEXT),
        required=False,
    )

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slug == "propose":
            raise forms.ValidationError("'propose' is an address of its own. Choose another short name.")
        return slug

    def clean_eligibility(self) -> dict[str, Any]:
        text = self.cleaned_data["eligibility"].strip()
        try:
            rules = json.loads(text) if text else {}
        except ValueError:
            rules = None
        if not isinstance(rules, dict):
            raise forms.ValidationError('The rules must be one JSON object, such as {"age_min_years": 40}.')
        return rules


class CloseRouteForm(TextForm):
    reason = forms.CharField(
        label="Why do you close the route?",
        help_text="From the next study on nothing is sent. Only a signed lifting opens it again.",
        widget=forms.Textarea(attrs=TEXT),
    )


class StopForm(SigningForm):
    """The signed word that ends a tool before it went live."""

    role = forms.ChoiceField(label="You sign as")
    reason = forms.CharField(
        label="Why is it stopped here?",
        help_text="What was found, with the figures. Everybody who looks at this tool later reads it.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    field_order = ("role", "reason", "password", "code")

    def __init__(self, *args: Any, roles: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = list(roles)


class LiftForm(SigningForm):
    reason = forms.CharField(label="Why may the route open again?", widget=forms.Textarea(attrs=TEXT))

    field_order = ("reason", "password", "code")


class ChangeVersionForm(TextForm):
    version = forms.ModelChoiceField(
        Version.objects.none(),
        label="To which version?",
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose the version."},
    )

    def __init__(self, *args: Any, deployment: Deployment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = deployment.version.product.versions.exclude(pk=deployment.version_id)
        self.fields["version"].queryset = others.select_related("product").order_by("-added_at", "-pk")


class JoinForm(TextForm):
    role = forms.ChoiceField(label="Role")
    person = forms.ModelChoiceField(
        Person.objects.filter(is_active=True).order_by("full_name"),
        label="Person",
        to_field_name="username",
        empty_label="Choose a person",
        error_messages={"required": "Choose the person."},
    )
    protected_hours_week = forms.DecimalField(
        label="Protected hours a week", min_value=0, max_value=60, max_digits=4, decimal_places=1, initial=0
    )

    def __init__(self, *args: Any, vacant: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = [(role.slug, role.title) for role in load_roles() if role.slug in PROFESSIONS]
        self.fields["role"].choices = roles
        self.fields["role"].initial = next(iter(vacant), roles[0][0])


class LeaveForm(TextForm):
    member = forms.IntegerField(widget=forms.HiddenInput)
