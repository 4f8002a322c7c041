"""What is filled in: the matrix, the legs, the checklist, the assessment, the log, the patients' text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from alarp.records.governance.models import DataFlow, Readiness, Responsibilities
from alarp.standards.deidentification import BASIC, load_profiles
from alarp.standards.governance import (
    load_data_flow,
    load_dpia,
    load_patient_text,
    load_readiness,
    load_responsibilities,
)
from alarp.web.fields import DateField
from alarp.web.forms import SigningForm, TextForm


class ResponsibilitiesForm(TextForm):
    """For each step: who answers (one party), who that is here, who is consulted."""

    def __init__(self, *args: Any, current: Responsibilities | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.template = load_responsibilities()
        parties = [(party.slug, party.title) for party in self.template.parties]
        rows = {row["step"]: row for row in current.rows} if current else {}
        for step in self.template.steps:
            row = rows.get(step.slug, {})
            self.fields[f"{step.slug}-accountable"] = forms.ChoiceField(
                label=f"{step.title}: who answers?",
                help_text=step.asks,
                choices=[("", "Choose one party"), *parties],
                initial=row.get("accountable", step.accountable),
                required=False,  # the command names the step that nobody answers for
            )
            self.fields[f"{step.slug}-here"] = forms.CharField(
                label="Who is that here?",
                initial=row.get("here", ""),
                max_length=200,
                required=False,
            )
            self.fields[f"{step.slug}-consulted"] = forms.MultipleChoiceField(
                label="Consulted",
                choices=parties,
                widget=forms.CheckboxSelectMultiple,
                initial=row.get("consulted", list(step.consulted)),
                required=False,
            )

    def steps(self) -> list[tuple[str, tuple[Any, Any, Any]]]:
        """The fields step by step, as the page shows them."""
        return [
            (
                step.title,
                (self[f"{step.slug}-accountable"], self[f"{step.slug}-here"], self[f"{step.slug}-consulted"]),
            )
            for step in self.template.steps
        ]

    def rows(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [
            {
                "step": step.slug,
                "accountable": given[f"{step.slug}-accountable"],
                "here": given[f"{step.slug}-here"],
                "consulted": given[f"{step.slug}-consulted"],
            }
            for step in self.template.steps
        ]


class ReadForm(forms.Form):
    """Which version was on the page?"""

    read = forms.CharField(widget=forms.HiddenInput, max_length=64)


class DataFlowForm(TextForm):
    """Every field of both legs; what is not known yet may stay empty."""

    def __init__(self, *args: Any, current: DataFlow | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.form = load_data_flow()
        held = [one for one in load_profiles() if one.patients]
        self.purposes = {one.name: one.purpose for one in held}
        self.fields["profile"] = forms.ChoiceField(
            label="By which de-identification profile do images go out?",
            help_text="Another one than before re-opens the gate that was signed on the impact assessment.",
            choices=[(one.name, f"{one.name}, version {one.version}") for one in held],
            initial=current.profile if current else BASIC,
            widget=forms.RadioSelect,
        )
        for leg in self.form.legs:
            known = current.legs.get(leg.slug, {}) if current else {}
            for field in self.form.fields:
                self.fields[f"{leg.slug}-{field.slug}"] = forms.CharField(
                    label=field.title,
                    help_text=f"{field.asks} Such as: {field.example}",
                    initial=known.get(field.slug, ""),
                    max_length=500,
                    required=False,
                )

    def legs(self) -> list[tuple[str, list[Any]]]:
        return [
            (leg.title, [self[f"{leg.slug}-{f.slug}"] for f in self.form.fields]) for leg in self.form.legs
        ]

    def given(self, cleaned: Mapping[str, str]) -> dict[str, dict[str, str]]:
        return {
            leg.slug: {field.slug: cleaned[f"{leg.slug}-{field.slug}"] for field in self.form.fields}
            for leg in self.form.legs
        }


class AssessmentForm(TextForm):
    """One text for each part of the impact assessment."""

    def __init__(self, *args: Any, written: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number, part in enumerate(load_dpia(), start=1):
            self.fields[part.slug] = forms.CharField(
                label=f"{number}. {part.title}",
                help_text=part.asks
                + (" Filled in from the record; add to it if you must." if part.from_record else ""),
                widget=forms.Textarea(attrs={"rows": 2 if part.from_record else 4}),
                initial=written.get(part.slug, ""),
                required=False,
            )


class ReadinessForm(TextForm):
    """Each point of the checklist: how it stands, until when, and a note."""

    STATES = (
        ("", "Not answered yet"),
        (Readiness.READY, "Ready"),
        (Readiness.PLANNED, "Planned"),
        (Readiness.NOT_NEEDED, "Not needed here"),
    )

    def __init__(self, *args: Any, current: Readiness | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        answers = current.answers if current else {}
        for item in load_readiness():
            known = answers.get(item.slug, {})
            self.fields[f"{item.slug}-state"] = forms.ChoiceField(
                label=item.title,
                help_text=item.asks,
                choices=self.STATES,
                initial=known.get("state", ""),
                required=False,
            )
            self.fields[f"{item.slug}-due"] = DateField(
                label="Planned for", initial=known.get("due") or None, required=False
            )
            self.fields[f"{item.slug}-note"] = forms.CharField(
                label="Note, or why it is not needed",
                initial=known.get("note", ""),
                max_length=300,
                required=False,
            )

    def points(self) -> list[tuple[Any, Any, Any]]:
        return [
            (self[f"{i.slug}-state"], self[f"{i.slug}-due"], self[f"{i.slug}-note"]) for i in load_readiness()
        ]

    def given(self, cleaned: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        return {
            item.slug: {
                "state": cleaned[f"{item.slug}-state"],
                "note": cleaned[f"{item.slug}-note"],
                "due": cleaned[f"{item.slug}-due"].isoformat() if cleaned[f"{item.slug}-due"] else "",
            }
            for item in load_readiness()
            if cleaned[f"{item.slug}-state"]
        }


class SignReadinessForm(SigningForm):
    read = forms.CharField(widget=forms.HiddenInput, max_length=64)

    field_order = ("read", "password", "code")


class InvolvementForm(TextForm):
    held_on = DateField(label="When?", error_messages={"required": "Enter the day, such as 2026-06-03."})
    who = forms.CharField(
        label="Who was asked?",
        help_text="A group and a number, such as: chest clinic, 8 people. No names of patients.",
        max_length=200,
        error_messages={"required": "Say who was asked."},
    )
    asked = forms.CharField(
        label="What were they asked?",
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say what they were asked."},
    )
    said = forms.CharField(
        label="What did they say?",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say what they said."},
    )
    changed = forms.CharField(
        label="What changed because of it?",
        help_text="Or why nothing did.",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say what changed, or why nothing did."},
    )


class PatientInformationForm(TextForm):
    """What the record does not know and patients are told."""

    def __init__(self, *args: Any, given: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for ask in load_patient_text().asks:
            self.fields[ask.slug] = forms.CharField(
                label=ask.title,
                help_text=ask.asks,
                initial=given.get(ask.slug, ""),
                max_length=400,
                error_messages={"required": f"{ask.title} Fill this in: patients would be left with a gap."},
            )
