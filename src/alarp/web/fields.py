"""Which NHS component draws this form field, and which sentences go into the error summary?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.forms.boundfield import BoundField


def kind(bound: BoundField) -> str:
    """Which component of the design system draws this field?"""
    widget = bound.field.widget
    if widget.is_hidden:
        return "hidden"
    for widget_class, name in (
        (forms.CheckboxSelectMultiple, "checkboxes"),  # a kind of RadioSelect to Django, so it comes first
        (forms.RadioSelect, "radios"),
        (forms.CheckboxInput, "checkbox"),
        (forms.Select, "select"),
        (forms.Textarea, "textarea"),
        (forms.FileInput, "file"),
        (forms.PasswordInput, "password"),
        (forms.DateInput, "date"),
    ):
        if isinstance(widget, widget_class):
            return name
    return "input"


def problems(form: Any) -> list[dict[str, str]]:
    """Every error of a form as the error summary wants it: the sentence and where to correct it."""
    if not isinstance(form, forms.BaseForm) or not form.is_bound:
        return []
    listed = []
    for name, errors in form.errors.items():
        target = next(iter(form.fields), "") if name == "__all__" else name
        bound = form[target] if target in form.fields else None
        visible = bound is not None and kind(bound) != "hidden"
        for text in errors:
            if not visible or name == "__all__":
                listed.append({"text": str(text)})
            else:
                listed.append({"text": str(text), "href": f"#{first_id(bound)}"})
    return listed


def first_id(bound: BoundField) -> str:
    """The element that the error summary leads to: for a group, its first choice."""
    if kind(bound) in {"radios", "checkboxes"}:
        return str(bound.auto_id)  # Django gives a group of choices no label's id of its own
    return bound.id_for_label


class DateField(forms.DateField):
    """A day, typed or picked, sent as 2026-06-03."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_error_messages = {"invalid": "Enter a real date, such as 2026-06-03."}


class WordsField(forms.CharField):
    """An answer in words: how many lines it is likely to have, how long it may be, and what is said when it is missing.

    Without a sentence for that (`missing`) it may be left empty.
    """

    def __init__(
        self, label: str, *, missing: str = "", about: str = "", lines: int = 2, most: int = 500, **more: Any
    ) -> None:
        super().__init__(
            label=label,
            help_text=about,
            required=bool(missing),
            max_length=most,
            widget=forms.Textarea(attrs={"rows": lines}),
            error_messages={"required": missing},
            **more,
        )


class OneOfField(forms.ChoiceField):
    """One of a few answers, all in view, and what is said when none was chosen."""

    def __init__(self, label: str, choices: Iterable[tuple[str, str]] = (), *, missing: str) -> None:
        super().__init__(
            label=label, choices=list(choices), widget=forms.RadioSelect, error_messages={"required": missing}
        )
