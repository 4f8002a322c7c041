"""The forms of training. Field names are part of the interface."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from alarp.kernel import Tier
from alarp.records.deployments.models import Deployment
from alarp.records.people.models import Organisation, Person
from alarp.records.people.queries import below, trust_of
from alarp.records.permissions import PROFESSIONS
from alarp.records.training.models import Item, Module
from alarp.standards import load_roles
from alarp.web.fields import DateField
from alarp.web.forms import TextForm

LARGEST_BYTES = 2_000_000


def staff_of(organisation: Organisation) -> Any:
    """The people who work for this Trust and its sites."""
    places = [o.pk for o in below(trust_of(organisation)) if o.tier in (Tier.TRUST, Tier.SITE)]
    return Person.objects.filter(is_active=True, organisation__in=places).order_by("full_name")


class AssessmentForm(TextForm):
    """One question for each case: is the AI right? Fields `case_1`, `case_2`, …"""

    def __init__(self, *args: Any, items: Iterable[Item], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for item in items:
            self.fields[f"case_{item.number}"] = forms.ChoiceField(
                label=f"Case {item.number}: is the AI right?",
                choices=[("right", "The AI is right"), ("wrong", "The AI is wrong")],
                widget=forms.RadioSelect,
                error_messages={"required": f"Case {item.number}: say whether the AI is right or wrong."},
            )

    @property
    def answers(self) -> dict[int, str]:
        return {int(name.removeprefix("case_")): value for name, value in self.cleaned_data.items()}


class ImportForm(TextForm):
    file = forms.FileField(
        label="File of modules, competences or training records",
        help_text="YAML for modules and competences, CSV for training records. All of it is taken in, or nothing.",
        allow_empty_file=True,
        error_messages={"required": "Choose a file."},
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST_BYTES:
            raise forms.ValidationError(f"The file has {file.size / 1e6:.1f} MB; at most 2 MB are taken.")
        return file


class UserForm(TextForm):
    person = forms.ModelChoiceField(
        Person.objects.none(),
        label="Person",
        to_field_name="username",
        empty_label="Choose a person",
        error_messages={"required": "Choose the person."},
    )
    role = forms.ChoiceField(label="Uses it as")

    def __init__(self, *args: Any, deployment: Deployment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = staff_of(deployment.site)
        self.fields["role"].choices = [(r.slug, r.title) for r in load_roles() if r.slug in PROFESSIONS]
        self.fields["role"].initial = "reader"


class EndUserForm(TextForm):
    user = forms.IntegerField(widget=forms.HiddenInput)


class RecordForm(TextForm):
    person = forms.ModelChoiceField(
        Person.objects.none(),
        label="Who was trained?",
        to_field_name="username",
        empty_label="Choose a person",
        error_messages={"required": "Choose the person."},
    )
    module = forms.ModelChoiceField(
        Module.objects.none(),
        label="On which module?",
        empty_label="Choose a module",
        error_messages={"required": "Choose the module."},
    )
    dated = DateField(label="Passed on")
    correct = forms.IntegerField(label="Cases judged rightly", min_value=0)
    items = forms.IntegerField(label="Of how many cases", min_value=1)
    caught = forms.IntegerField(label="AI failures caught", min_value=0, required=False)
    failures = forms.IntegerField(label="Of how many AI failures", min_value=0, required=False)
    certificate = forms.CharField(label="Reference of the certificate", max_length=200)

    def __init__(self, *args: Any, deployment: Deployment, modules: Iterable[Module], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = staff_of(deployment.site)
        self.fields["module"].queryset = Module.objects.filter(pk__in=[m.pk for m in modules])


class IssueForm(TextForm):
    target = forms.IntegerField(
        label="Share of users that must be entitled, in per cent",
        help_text="It is signed with the evidence, and the gate holds to it.",
        min_value=1,
        max_value=100,
    )
    reason = forms.CharField(
        label="Why is a lower share than the default enough here?",
        help_text="Leave empty when the share is the default or above.",
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
    )
