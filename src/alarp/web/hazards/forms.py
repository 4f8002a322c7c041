"""Scoring, describing, controlling, settling and signing: what each form asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms

from alarp.records.hazards.models import HazardRevision
from alarp.safety import MECHANISMS, Condition, Hazard, Patients, RiskScheme, Score, Watch
from alarp.standards import load_roles
from alarp.standards.safety import load_monitors
from alarp.web.fields import DateField
from alarp.web.forms import SigningForm, TextForm
from alarp.web.hazards.presenters import CATEGORY_WORDS, STATE_WORDS

MOST_BYTES = 2 * 2**20
CONDITIONS = (1, 2, 3)


def role_choices() -> list[tuple[str, str]]:
    return [("", "Choose a role"), *((role.slug, role.title) for role in load_roles())]


def lines(text: str) -> tuple[str, ...]:
    """What stands on each line."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


class ScoreForm(TextForm):
    """How bad and how likely, before the added controls and after them."""

    initial_severity = forms.ChoiceField(label="How severe is the harm?")
    initial_patients = forms.ChoiceField(
        label="For how many patients?",
        choices=[("one", "One patient"), ("several", "Several patients")],
        widget=forms.RadioSelect,
        initial="one",
    )
    initial_likelihood = forms.ChoiceField(label="How likely, with what was in place before?")
    residual_severity = forms.ChoiceField(label="How severe is the harm, with the controls that are built?")
    residual_patients = forms.ChoiceField(
        label="For how many patients then?",
        choices=[("one", "One patient"), ("several", "Several patients")],
        widget=forms.RadioSelect,
        initial="one",
    )
    residual_likelihood = forms.ChoiceField(label="How likely then?")
    measured_by = forms.CharField(
        label="What measured the likelihood?",
        help_text="Left empty, nothing did; then it is at least medium.",
        required=False,
    )
    rationale = forms.CharField(label="Why so?", widget=forms.Textarea(attrs={"rows": 3}))
    leans_on = forms.CharField(
        label="Controls of other hazards that this leans on",
        help_text="Such as H01/C1, H02/C1. If one of them falls, this hazard opens again.",
        required=False,
    )

    def __init__(self, *args: Any, scheme: RiskScheme, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        severities = [
            (str(s.level), f"{s.word}: {s.one or s.several}")
            for s in sorted(scheme.severities, key=lambda s: s.level)
        ]
        likelihoods = [
            (str(s.level), f"{s.word}: {s.meaning}")
            for s in sorted(scheme.likelihoods, key=lambda s: s.level)
        ]
        for which in ("initial", "residual"):
            self.fields[f"{which}_severity"].choices = [("", "Choose"), *severities]
            self.fields[f"{which}_likelihood"].choices = [("", "Choose"), *likelihoods]

    def score(self, which: str) -> Score:
        given = self.cleaned_data
        return Score(
            int(given[f"{which}_severity"]),
            int(given[f"{which}_likelihood"]),
            Patients(given[f"{which}_patients"]),
        )

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(word.upper() for word in self.cleaned_data["leans_on"].replace(",", " ").split())

    @staticmethod
    def shown(hazard: Hazard) -> dict[str, Any]:
        """What the form holds before anybody writes: the present score."""
        found: dict[str, Any] = {
            "measured_by": hazard.measured_by,
            "rationale": hazard.rationale,
            "leans_on": ", ".join(hazard.leans_on),
        }
        for which, score in (("initial", hazard.initial), ("residual", hazard.residual)):
            if score is not None:
                found[f"{which}_severity"] = score.severity
                found[f"{which}_patients"] = score.patients.value
                found[f"{which}_likelihood"] = score.likelihood
        return found


class DescribeForm(TextForm):
    """A hazard in words, and what watches it."""

    name = forms.CharField(label="Name", max_length=200)
    description = forms.CharField(label="What happens?", widget=forms.Textarea(attrs={"rows": 3}))
    effect = forms.CharField(label="What follows for care?", widget=forms.Textarea(attrs={"rows": 2}))
    harm = forms.CharField(
        label="Which harm could a patient come to?", widget=forms.Textarea(attrs={"rows": 2})
    )
    causes = forms.CharField(
        label="Causes",
        help_text="One on each line.",
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
    )
    existing_controls = forms.CharField(
        label="Controls that were there before",
        help_text="One on each line.",
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
    )
    monitor = forms.ChoiceField(label="Which monitor watches it?", required=False)
    limit = forms.CharField(label="At which limit does it speak?", required=False, max_length=100)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["monitor"].choices = [
            ("", "None: the hazard is unwatched"),
            *(
                (slug, f"{slug.replace('-', ' ').capitalize()}: {words}")
                for slug, words in load_monitors().items()
            ),
        ]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("monitor") and not given.get("limit"):
            self.add_error("limit", "Say at which limit the monitor speaks.")
        return given

    @property
    def monitors(self) -> tuple[Watch, ...]:
        given = self.cleaned_data
        return (Watch(given["monitor"], given["limit"]),) if given["monitor"] else ()

    @staticmethod
    def shown(hazard: Hazard) -> dict[str, Any]:
        first = hazard.monitors[0] if hazard.monitors else None
        return {
            "name": hazard.name,
            "description": hazard.description,
            "effect": hazard.effect,
            "harm": hazard.harm,
            "causes": "\n".join(hazard.causes),
            "existing_controls": "\n".join(hazard.existing_controls),
            "monitor": first.monitor if first else "",
            "limit": first.limit if first else "",
        }


class ChangeForm(DescribeForm):
    """A hazard described anew, with the reason."""

    because = forms.CharField(label="Why is it described anew?", max_length=300)


class ControlForm(TextForm):
    """A control that somebody proposes."""

    text = forms.CharField(label="What does the control do?", widget=forms.Textarea(attrs={"rows": 3}))
    category = forms.ChoiceField(label="Kind", choices=list(CATEGORY_WORDS.items()), widget=forms.RadioSelect)
    mechanism = forms.TypedChoiceField(
        label="How does it work?",
        help_text="The higher up the list, the better it holds.",
        choices=[(str(n), words) for n, words in MECHANISMS.items()],
        coerce=int,
    )
    owner_role = forms.ChoiceField(label="Who owns it?")
    due = DateField(label="By when?", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner_role"].choices = role_choices()


class StateForm(TextForm):
    """How far a control has come, and what shows it."""

    state = forms.ChoiceField(
        label="How far has it come?",
        choices=[(s.value, words.capitalize()) for s, words in STATE_WORDS.items()],
        widget=forms.RadioSelect,
    )
    evidence = forms.CharField(
        label="What shows it, or why did it fall back?", widget=forms.Textarea(attrs={"rows": 3})
    )


class SettleForm(TextForm):
    """Close the hazard, or hand it to another party."""

    status = forms.ChoiceField(
        label="What becomes of it?",
        choices=[
            ("closed", "Close it: all is done, or it does not apply here"),
            ("transferred", "Transfer it"),
        ],
        widget=forms.RadioSelect,
    )
    to = forms.CharField(label="If transferred: to whom?", max_length=200, required=False)
    because = forms.CharField(
        label="The reason, or the controls that the other party declared",
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ImportForm(TextForm):
    """A hazard log as a table."""

    log = forms.FileField(
        label="The hazard log (YAML or JSON)",
        help_text="At most 2 MB. Numbers of the library may leave out their texts.",
    )

    def clean_log(self) -> Any:
        given = self.cleaned_data["log"]
        if given.size > MOST_BYTES:
            raise forms.ValidationError("The file is larger than 2 MB. Send a smaller one.")
        return given


class AcceptForm(SigningForm):
    """One person accepts one residual risk."""

    role = forms.ChoiceField(label="You sign as")
    justification = forms.CharField(
        label="Why can it not reasonably be reduced further?", widget=forms.Textarea(attrs={"rows": 3})
    )
    review_on = DateField(label="On which day is it looked at again?", required=False)
    revision_digest = forms.CharField(
        widget=forms.HiddenInput,
        error_messages={
            "required": "The page did not say which hazard you saw. Open it again and sign there."
        },
    )
    field_order = ("role", "justification", "review_on", "password", "code", "revision_digest")

    def __init__(
        self, *args: Any, roles: list[tuple[str, str]], revision: HazardRevision, dated: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, initial={"revision_digest": revision.digest}, **kwargs)
        self.fields["role"].choices = roles
        if dated:
            self.fields["review_on"].help_text = "A risk of level 3 is accepted until this day only."


@dataclass(frozen=True)
class ConditionFields:
    """The fields of one condition, as the template draws them."""

    number: int
    fields: tuple[Any, ...]


class StatementForm(SigningForm):
    """The clinical safety officer's yes, no, or conditional."""

    answer = forms.ChoiceField(
        label="Is the tool safe to use here?",
        choices=[("yes", "Yes"), ("conditional", "Only under conditions"), ("no", "No")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose yes, only under conditions, or no."},
    )
    words = forms.CharField(label="Your reasons", widget=forms.Textarea(attrs={"rows": 3}))
    log_digest = forms.CharField(
        widget=forms.HiddenInput,
        error_messages={"required": "The page did not say which log you saw. Open it again and sign there."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number in CONDITIONS:
            self.fields[f"condition_{number}"] = forms.CharField(label="Condition", required=False)
            self.fields[f"hazards_{number}"] = forms.CharField(label="Hazards that it closes", required=False)
            self.fields[f"test_{number}"] = forms.CharField(label="Test of completion", required=False)
            self.fields[f"owner_{number}"] = forms.ChoiceField(
                label="Owner", choices=role_choices(), required=False
            )
            self.fields[f"due_{number}"] = DateField(label="By when", required=False)

    @property
    def rows(self) -> tuple[ConditionFields, ...]:
        return tuple(
            ConditionFields(
                n, tuple(self[f"{name}_{n}"] for name in ("condition", "hazards", "test", "owner", "due"))
            )
            for n in CONDITIONS
        )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for number in CONDITIONS:
            if given.get(f"condition_{number}") and not given.get(f"due_{number}"):
                self.add_error(f"due_{number}", f"Condition {number}: enter the day, such as 2027-01-31.")
        return given

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions that somebody wrote."""
        given = self.cleaned_data
        return tuple(
            Condition(
                condition=given[f"condition_{n}"],
                hazards=tuple(word.upper() for word in given[f"hazards_{n}"].replace(",", " ").split()),
                test=given[f"test_{n}"],
                owner=given[f"owner_{n}"],
                due=given[f"due_{n}"] or date.max,
            )
            for n in CONDITIONS
            if given[f"condition_{n}"]
        )
