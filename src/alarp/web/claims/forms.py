"""How is evidence laid beside a claim, and how are the buyer's questions answered?"""

from __future__ import annotations

from typing import Any

from django import forms

from alarp.records.evidence.models import Evidence
from alarp.records.products.models import DueDiligenceAnswer
from alarp.standards.products import load_question_set
from alarp.web.forms import TextForm

ROWS = {"rows": 3}


class LinkForm(TextForm):
    evidence = forms.ModelChoiceField(
        Evidence.objects.none(),
        label="Which evidence speaks for or against it?",
        to_field_name="sha256",
        empty_label="Choose the evidence",
        error_messages={"required": "Choose the evidence."},
    )
    population = forms.ChoiceField(
        label="Are its patients those of the claim, or ours?",
        choices=[
            ("same", "The same"),
            ("partly", "Partly the same"),
            ("different", "Others"),
            ("not-stated", "It does not say"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Say whether the patients are the same."},
    )
    independence = forms.ChoiceField(
        label="Who made it?",
        choices=[
            ("", "As the evidence itself says"),
            ("independent", "Nobody who sells the tool"),
            ("shared", "Others, paid by or together with the supplier"),
            ("supplier", "The supplier"),
            ("not-stated", "It does not say"),
        ],
        required=False,
    )
    comparator = forms.ChoiceField(
        label="Against what was the tool held?",
        help_text="An evaluation says this itself, and its number of cases and its finding.",
        choices=[
            ("", "As the evidence itself says"),
            ("truth", "A reference standard made by people, or known"),
            ("practice", "The same work without the tool"),
            ("another-ai", "Another AI"),
            ("none", "Nothing"),
        ],
        required=False,
    )
    size = forms.IntegerField(label="On how many cases?", min_value=0, required=False)
    finding = forms.ChoiceField(
        label="Was the claim kept in it?",
        choices=[
            ("", "As the evidence itself says"),
            ("kept", "Kept"),
            ("broken", "Broken"),
            ("unclear", "It does not tell"),
        ],
        required=False,
    )
    found = forms.CharField(label="The figure found, as it was given", max_length=200, required=False)

    def __init__(self, *args: Any, evidence: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["evidence"].queryset = evidence
        self.fields["evidence"].label_from_instance = lambda e: f"{e.title} ({e.kind}, {e.dated.isoformat()})"


class UnsupportedForm(TextForm):
    word = forms.CharField(
        label="Where did you look, and what did you not find?",
        help_text="Your name stands beside it.",
        max_length=500,
        widget=forms.Textarea(attrs=ROWS),
    )


class AcceptForm(TextForm):
    reason = forms.CharField(
        label="Why do you accept that they declined?",
        help_text="Your name and this reason stand beside the answer for ever.",
        max_length=500,
        widget=forms.Textarea(attrs=ROWS),
    )


class AnswersForm(TextForm):
    """Every question at once: what is left as it is, is not recorded."""

    said_by = forms.CharField(
        label="Who at the supplier said it?",
        help_text="Name and function; empty for what the Trust answers itself.",
        max_length=120,
        required=False,
    )

    def __init__(self, *args: Any, supplier: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = [
            one for one in load_question_set().questions if not (supplier and one.answered_by == "trust")
        ]
        outcomes = [
            ("", "Leave it as it is"),
            (DueDiligenceAnswer.ANSWERED, "Answered"),
            (DueDiligenceAnswer.DECLINED, "Declined"),
        ]
        if not supplier:
            outcomes.append((DueDiligenceAnswer.NOT_ASKED, "Not asked"))
        if supplier:
            del self.fields["said_by"]
        for one in self.questions:
            self.fields[one.slug] = forms.ChoiceField(
                label="What came back?", choices=outcomes, required=False
            )
            self.fields[f"{one.slug}-text"] = forms.CharField(
                label="In which words?", widget=forms.Textarea(attrs={"rows": 2}), required=False
            )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for one in self.questions:
            outcome, text = given.get(one.slug), given.get(f"{one.slug}-text")
            if outcome and not text:
                self.add_error(
                    f"{one.slug}-text", "Write what was said, or why it was declined or not asked."
                )
            if text and not outcome:
                self.add_error(one.slug, "Choose whether it was answered, declined or not asked.")
        return given

    def answers(self) -> dict[str, tuple[str, str]]:
        given = self.cleaned_data
        return {
            one.slug: (given[one.slug], given[f"{one.slug}-text"])
            for one in self.questions
            if given[one.slug]
        }
