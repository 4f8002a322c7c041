"""Acknowledging an alert, and working out alarm rules and review criteria before they are signed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory

from alarp.pathway import AlarmRule, ReviewCriterion
from alarp.pathway.alarms import Direction, JudgedOn, Reaction
from alarp.pathway.review_rules import Better
from alarp.standards import load_roles
from alarp.standards.watch import gateway_rules, monitors
from alarp.web.forms import TextForm


class AcknowledgeForm(TextForm):
    note = forms.CharField(
        label="What do you do about it? (optional)",
        help_text="Others read it here. No names of patients.",
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=1000,
        required=False,
    )


def _monitors() -> list[tuple[str, str]]:
    """What a Trust may set limits on; what the gateway watches by itself has its standing rules."""
    own = [(m.slug, m.title) for m in monitors().values() if m.slug not in gateway_rules()]
    return [("", "Nothing: leave this one out"), *own]


def _roles(blank: str) -> list[tuple[str, str]]:
    return [("", blank), *((role.slug, role.title) for role in load_roles())]


class RuleForm(TextForm):
    """One alarm rule; left out when nothing is watched."""

    monitor = forms.ChoiceField(label="What is watched?", required=False)
    direction = forms.ChoiceField(
        label="It is wrong when it is", choices=[(d.value, f"{d.value} the limit") for d in Direction]
    )
    limit = forms.FloatField(
        label="Limit", help_text="A share is a number from 0 to 1: 0.05 is 5 %.", initial=0
    )
    minimum_n = forms.IntegerField(label="On at least so many studies", initial=20, min_value=1)
    judged_on = forms.ChoiceField(
        label="Judged on",
        choices=[
            (JudgedOn.VALUE.value, "the figure itself"),
            (JudgedOn.INTERVAL.value, "its whole interval"),
        ],
    )
    reaction = forms.ChoiceField(
        label="What happens?",
        choices=[(Reaction.WARN.value, "Warn"), (Reaction.CLOSE.value, "Close the route at once")],
    )
    role = forms.ChoiceField(label="Who hears of it?", required=False)
    escalate_1 = forms.ChoiceField(label="Then who?", required=False)
    escalate_2 = forms.ChoiceField(label="And then?", required=False)
    acknowledge_within_min = forms.IntegerField(
        label="To be acknowledged within (minutes)", initial=60, min_value=1
    )
    because = forms.CharField(
        label="Why this limit?", widget=forms.Textarea(attrs={"rows": 2}), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["monitor"].choices = _monitors()
        self.fields["role"].choices = _roles("Choose a role")
        for name in ("escalate_1", "escalate_2"):
            self.fields[name].choices = _roles("Nobody else")

    def as_row(self) -> dict[str, Any] | None:
        """The rule as the records read it; None when it is left out."""
        given = self.cleaned_data
        if not given.get("monitor"):
            return None
        row = {name: given[name] for name in self.fields if not name.startswith("escalate_")}
        return row | {"escalate_to": [r for r in (given["escalate_1"], given["escalate_2"]) if r]}


class CriterionForm(TextForm):
    """One review criterion; left out when it watches nothing."""

    monitor = forms.ChoiceField(label="Which figure decides?", required=False)
    slug = forms.SlugField(label="Short name", max_length=40, required=False)
    asks = forms.CharField(label="The question", max_length=200, required=False)
    better = forms.ChoiceField(label="Better is", choices=[(b.value, b.value) for b in Better])
    stop_at = forms.FloatField(label="Stops past", required=False)
    scale_at = forms.FloatField(label="Scales within", required=False)
    minimum_n = forms.IntegerField(label="On at least so many studies", initial=30, min_value=1)
    because = forms.CharField(
        label="Why these limits?", widget=forms.Textarea(attrs={"rows": 2}), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["monitor"].choices = _monitors()

    def as_row(self) -> dict[str, Any] | None:
        given = self.cleaned_data
        return {name: given[name] for name in self.fields} if given.get("monitor") else None


RuleSet = formset_factory(RuleForm, extra=1, max_num=30)
CriterionSet = formset_factory(CriterionForm, extra=1, max_num=20)


def rule_initial(rules: Sequence[AlarmRule]) -> list[dict[str, Any]]:
    """The rules as the form shows them."""
    return [
        {
            **rule.as_dict(),
            "escalate_1": rule.escalate_to[0] if rule.escalate_to else "",
            "escalate_2": rule.escalate_to[1] if len(rule.escalate_to) > 1 else "",
        }
        for rule in rules
    ]


def criterion_initial(criteria: Sequence[ReviewCriterion]) -> list[dict[str, Any]]:
    return [criterion.as_dict() for criterion in criteria]


def rows_of(given: BaseFormSet[Any]) -> list[dict[str, Any]]:
    """What a form set holds, without the entries that were left out."""
    return [row for form in given.forms if (row := form.as_row()) is not None]


class WholeForm(TextForm):
    """Carries what the records refuse of the draft as a whole, for the error summary."""
