"""How is a message resolved, and how does a FHIR file come in? In writing; by one file."""

from __future__ import annotations

from django import forms

from alarp.web.forms import TextForm

LARGEST_MB = 10


class ResolveForm(TextForm):
    resolution = forms.CharField(
        label="What was found, and what was done?",
        help_text="The message stays as it came. Name no patient: this text goes into the audit trail.",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=2000,
        error_messages={"required": "Say what was found and done before the entry is closed."},
    )


class FhirForm(TextForm):
    file = forms.FileField(
        label="FHIR R4 file (JSON)",
        help_text="One resource or a Bundle: ImagingStudy, DiagnosticReport, ServiceRequest, Consent.",
        error_messages={"required": "Choose the file.", "empty": "The file is empty. Choose another."},
    )

    def clean_file(self) -> object:
        file = self.cleaned_data["file"]
        if file.size > LARGEST_MB * 2**20:
            raise forms.ValidationError(
                f"The file is larger than {LARGEST_MB} MB. Split it, or use the command line: alarp messages import."
            )
        return file
