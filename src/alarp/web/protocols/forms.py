"""The text of a protocol, its lock, the cases with their truth, and the signature under an answer."""

from __future__ import annotations

import os
from typing import Any

from django import forms

from alarp.records.protocols.doors.drafting import MOST_CHARACTERS
from alarp.records.protocols.doors.gathering import MOST_BYTES
from alarp.records.protocols.doors.running import MOST_JOBS
from alarp.records.protocols.models import TestSet
from alarp.web.forms import SigningForm, TextForm

MOST_UPLOADS = 6


class BeginForm(TextForm):
    """From which template does the protocol begin, and which version is evaluated?"""

    template = forms.ChoiceField(
        label="Begin with", widget=forms.RadioSelect, error_messages={"required": "Choose a template."}
    )
    version = forms.ChoiceField(label="Which version is evaluated?")

    def __init__(
        self, *args: Any, templates: list[tuple[str, str]], versions: list[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].choices = templates
        self.fields["version"].choices = versions


class TextOfProtocolForm(TextForm):
    """The protocol as it is written."""

    text = forms.CharField(
        label="The protocol",
        help_text="One field a line, as in YAML. Nothing is guessed: what is not written here is not known.",
        widget=forms.Textarea(attrs={"rows": 28}),
        max_length=MOST_CHARACTERS,
        strip=False,
        error_messages={"required": "The protocol is empty: begin with a template."},
    )

    def clean_text(self) -> str:
        """Line ends as they are in a file: a browser sends two characters for each."""
        return str(self.cleaned_data["text"]).replace("\r\n", "\n").rstrip() + "\n"


class AdaptForm(TextForm):
    """For which version is the same plan used?"""

    version = forms.ChoiceField(
        label="Which version is evaluated by the same plan?",
        help_text="Reference standard, margins, claims, subgroups and rules are carried over unchanged.",
    )

    def __init__(self, *args: Any, versions: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].choices = versions


class LockForm(SigningForm):
    """The signature that fixes exactly the text whose hash the page showed."""

    digest = forms.CharField(
        widget=forms.HiddenInput,
        error_messages={
            "required": "The page did not say which text you saw. Open the protocol and lock it there."
        },
    )
    field_order = ("password", "code", "digest")


class SignForm(SigningForm):
    """The signature under a run's result."""


class _Several(forms.ClearableFileInput):
    allow_multiple_selected = True


class _CsvFiles(forms.FileField):
    """Up to six tables at once."""

    def clean(self, data: Any, initial: Any = None) -> dict[str, bytes]:
        given = [file for file in (data if isinstance(data, (list, tuple)) else [data]) if file]
        if len(given) > MOST_UPLOADS:
            raise forms.ValidationError(
                f"Choose at most {MOST_UPLOADS} files; one table a protocol field is enough."
            )
        names = [file.name for file in given]
        for file in given:
            if names.count(file.name) > 1:
                raise forms.ValidationError(f"Two files are called '{file.name}'; rename one.")
            if file.size > MOST_BYTES:
                raise forms.ValidationError(
                    f"'{file.name}' is larger than {MOST_BYTES // 2**20} MB. Put it into a folder on the server."
                )
        return {file.name: super(_CsvFiles, self).clean(file, initial).read() for file in given}


class TestSetForm(TextForm):
    """Cases with their truth: tables from this computer, or a folder on the server."""

    __test__ = False

    title = forms.CharField(
        label="What are these cases?",
        max_length=200,
        help_text="Such as: 400 consecutive films, spring 2026.",
    )
    files = _CsvFiles(
        label="Tables from this computer (CSV)",
        help_text=f"At most {MOST_BYTES // 2**20} MB each. The protocol joins them by the names of their columns.",
        widget=_Several,
        required=False,
    )
    folder = forms.CharField(
        label="Or a folder on the server",
        max_length=300,
        required=False,
        help_text="For cases that are scans: the folder with cases.csv and the scans that it names.",
    )

    def __init__(self, *args: Any, folders: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not folders:
            del self.fields["folder"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if "files" in self.errors:
            return given
        files, folder = given.get("files"), given.get("folder")
        if bool(files) == bool(folder):
            both = "Give tables or a folder, not both." if files else "Choose the tables with the cases."
            self.add_error("files", both)
        return given


class StartForm(TextForm):
    """On which cases is the protocol run?"""

    test_set = forms.ModelChoiceField(
        TestSet.objects.none(),
        label="On which cases?",
        to_field_name="number",
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a test set.", "invalid_choice": "Choose one of these test sets."},
    )
    jobs = forms.IntegerField(
        label="How many processes compare the scans?",
        min_value=1,
        max_value=MOST_JOBS,
        error_messages={"required": "Give a whole number: 1 is the safe choice."},
    )

    def __init__(self, *args: Any, rows: Any, words: dict[int, str], scans: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if scans:
            self.fields["jobs"].help_text = (
                f"Two are nearly twice as fast as one. This server has {os.cpu_count() or 1} processors; leave one for "
                "the scans that pass through it. Each process holds one case in memory."
            )
        else:
            del self.fields["jobs"]
        self.fields["test_set"].queryset = rows
        self.fields["test_set"].label_from_instance = lambda row: words[row.pk]
