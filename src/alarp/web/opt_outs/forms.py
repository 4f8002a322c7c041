"""How is a patient's no written down? One field and what is usual chosen; the confirmation sends the same again."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils.timezone import localdate, make_aware

from alarp.kernel import BadInput, Stage
from alarp.records import clock
from alarp.records.deployments.models import Deployment
from alarp.records.ledger.models import Study
from alarp.web.fields import DateField
from alarp.web.forms import TextForm
from alarp.web.opt_outs.numbers import Number, number

EVERY = "every"
LARGEST_MB = 10


class OptOutForm(TextForm):
    number = forms.CharField(
        label="NHS number or hospital number",
        max_length=80,
        error_messages={"required": "Enter the patient's NHS number or hospital number."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reach = forms.MultipleChoiceField(
        label="Which AI does the patient not want?",
        widget=forms.CheckboxSelectMultiple,
        initial=[EVERY],
        error_messages={"required": "Tick every AI tool, or the tools that the patient does not want."},
    )
    begins = DateField(
        label="From which day? (leave empty for now)",
        required=False,
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
            *((slug, str(tool)) for slug, tool in self.tools.items()),
        ]

    def clean_number(self) -> str:
        text = self.cleaned_data["number"]
        known = Study.objects.filter(patient_id__iexact=text.strip()).exists()
        try:
            self.patient: Number = number(text, is_hospital_number=known)
        except BadInput as refusal:
            raise forms.ValidationError(str(refusal)) from None
        return str(text)

    def clean_reach(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["reach"]
        if EVERY in chosen and len(chosen) > 1:
            raise forms.ValidationError("Untick every AI tool if the patient means only the tools below it.")
        return chosen

    @property
    def deployments(self) -> list[Deployment]:
        """The tools that were chosen; none for every tool."""
        return [self.tools[slug] for slug in self.cleaned_data["reach"] if slug in self.tools]

    @property
    def effective_from(self) -> datetime | None:
        """The beginning of the day that was chosen; None for now (today has begun already)."""
        day = self.cleaned_data["begins"]
        if day is None or day == localdate(clock.now()):
            return None
        return make_aware(datetime.combine(day, time()))

    @property
    def words(self) -> str:
        """What the patient does not want: 'every AI tool', or the tools by name."""
        named = [str(tool) for tool in self.deployments]
        return (
            " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named) or "every AI tool"
        )


class ImportForm(TextForm):
    file = forms.FileField(
        label="File of opt-outs",
        help_text="A CSV list, HL7 v2 messages (.hl7) or FHIR R4 Consents (.json). All of it is taken, or nothing.",
        error_messages={"required": "Choose the file.", "empty": "The file is empty. Choose another."},
    )

    def clean_file(self) -> object:
        file = self.cleaned_data["file"]
        if file.size > LARGEST_MB * 2**20:
            raise forms.ValidationError(
                f"The file is larger than {LARGEST_MB} MB. Split it, or use the command line: alarp opt-outs import."
            )
        return file
