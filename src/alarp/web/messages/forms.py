"""How does a FHIR file come in? One file, and not a large one."""

from __future__ import annotations

from django import forms

from alarp.web.forms import TextForm

LARGEST_MB = 10


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
