"""The cost case as a file, one option of the appraisal, and what is issued as evidence."""

from __future__ import annotations

from typing import Any

from django import forms

from alarp.economics import OptionKind, read_text
from alarp.economics.text import MOST_CHARACTERS
from alarp.kernel import BadInput
from alarp.web.forms import TextForm

KINDS = (
    (OptionKind.DO_NOTHING.value, "Do nothing: stay as it is today"),
    (OptionKind.NON_AI.value, "A way without AI"),
    (OptionKind.AI.value, "A tool with AI"),
)
WHAT = (("cost", "The cost case"), ("options", "The option appraisal"))


class CaseForm(TextForm):
    """A whole CASE.yaml."""

    case = forms.FileField(
        label="The cost case, a CASE.yaml",
        help_text="Every figure with its unit and its source. It is read whole or refused with the line to correct.",
        error_messages={"required": "Choose the file with the cost case."},
    )

    def clean_case(self) -> dict[str, Any]:
        """The table that the file holds."""
        file = self.cleaned_data["case"]
        if file.size > MOST_CHARACTERS:
            raise forms.ValidationError("The file is larger than a cost case can be. Choose the CASE.yaml.")
        try:
            return read_text(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise forms.ValidationError(
                "The file is not text in UTF-8. Save it as a plain text file."
            ) from None
        except BadInput as refusal:
            raise forms.ValidationError(str(refusal)) from refusal


class OptionForm(TextForm):
    """One way to answer the need, scored on the same criteria as all others."""

    name = forms.CharField(
        label="Name", max_length=120, help_text="One that is here already is replaced by what you enter."
    )
    kind = forms.ChoiceField(
        label="What sort of way is it?",
        choices=(("", "Choose a sort"), *KINDS),
        error_messages={"required": "Choose what sort of way it is."},
    )
    cost = forms.DecimalField(
        label="Cost over the whole life, in pounds",
        help_text="Leave it empty for the tool itself: it comes from the newest cost case.",
        required=False,
        min_value=0,
        error_messages={
            "invalid": "Enter pounds as a number, such as 180000.",
            "min_value": "Enter pounds as a number of 0 or more.",
        },
    )
    cost_source = forms.CharField(label="Where does the cost come from?", max_length=500, required=False)
    note = forms.CharField(
        label="Why these scores?",
        help_text="One or two sentences that a colleague can argue with.",
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
    )

    def __init__(
        self, *args: Any, criteria: tuple[tuple[str, str, str], ...], best: int, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.criteria = tuple(slug for slug, _, _ in criteria)
        for slug, title, asks in criteria:
            self.fields[slug] = forms.TypedChoiceField(
                label=f"{title}, 0 to {best}",
                help_text=f"{asks[:1].upper()}{asks[1:]}.",
                choices=[("", "Choose a score"), *((str(n), str(n)) for n in range(best + 1))],
                coerce=int,
                error_messages={"required": f"{title}: choose a score."},
            )
        self.order_fields(("name", "kind", "cost", "cost_source", *self.criteria, "note"))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if "cost" not in given or "kind" not in given:
            return given
        if given["cost"] is None and given["kind"] != OptionKind.AI.value:
            self.add_error("cost", "Enter the cost over the whole life; 0 when nothing is bought.")
        elif given["cost"] is not None and not given.get("cost_source"):
            self.add_error("cost_source", "Say where the figure comes from.")
        return given

    def row(self) -> dict[str, Any]:
        """The option as the command takes it."""
        names = ("name", "kind", "cost", "cost_source", "note", *self.criteria)
        return {name: self.cleaned_data[name] for name in names}


class IssueForm(TextForm):
    """What becomes evidence: the newest cost case, or the newest option appraisal."""

    what = forms.ChoiceField(choices=WHAT, widget=forms.HiddenInput)
