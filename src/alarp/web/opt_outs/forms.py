"""How is a patient's no written down? One field, one choice; the confirmation sends the same form again."""

from __future__ import annotations

from typing import Any

from django import forms

from alarp.kernel import BadInput, Stage
from alarp.records.deployments.models import Deployment
from alarp.records.ledger.models import Study
from alarp.web.forms import TextForm
from alarp.web.opt_outs.numbers import Number, number

EVERY = "every"


class OptOutForm(TextForm):
    number = forms.CharField(
        label="NHS number or hospital number",
        max_length=80,
        error_messages={"required": "Enter the patient's NHS number or hospital number."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reach = forms.ChoiceField(
        label="Which AI does the patient not want?", widget=forms.RadioSelect, initial=EVERY
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tools = {
            d.slug: d
            for d in Deployment.objects.exclude(stage=Stage.RETIRED.value)
            .select_related("version__product", "site")
            .order_by("slug")
        }
        self.fields["reach"].choices = [
            (EVERY, "Every AI tool"),
            *((slug, f"Only {tool}") for slug, tool in self.tools.items()),
        ]

    def clean_number(self) -> str:
        text = self.cleaned_data["number"]
        known = Study.objects.filter(patient_id__iexact=text.strip()).exists()
        try:
            self.patient: Number = number(text, is_hospital_number=known)
        except BadInput as refusal:
            raise forms.ValidationError(str(refusal)) from None
        return str(text)

    @property
    def deployment(self) -> Deployment | None:
        """The one tool that was chosen; None for every tool."""
        return self.tools.get(self.cleaned_data["reach"])
