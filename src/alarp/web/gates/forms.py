"""Signing at a gate, and answering one of its criteria."""

from __future__ import annotations

import json
from typing import Any

from django import forms

from alarp.kernel import BadInput, Design, Outcome
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.locked import RESULT_SCHEMA, refuse_exploratory
from alarp.records.evidence.models import Evidence
from alarp.web.fields import DateField
from alarp.web.forms import SigningForm, TextForm

MOST_BYTES = 50 * 2**20


class SignForm(SigningForm):
    """One decision: role, outcome, reason, on exactly the evidence that the digest names."""

    role = forms.ChoiceField(label="You sign as")
    outcome = forms.ChoiceField(
        label="Your decision",
        choices=[
            (Outcome.APPROVE.value, "Approve"),
            (Outcome.REFUSE.value, "Refuse"),
            (Outcome.ASK.value, "Ask a question"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose approve, refuse or ask."},
    )
    meaning = forms.CharField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Reason",
        help_text="Needed when you refuse or ask; others read it here.",
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
    )
    evidence_digest = forms.CharField(
        widget=forms.HiddenInput,
        error_messages={
            "required": "The page did not say which evidence you saw. Open the gate again and sign there."
        },
    )

    field_order = ("role", "outcome", "meaning", "reason", "password", "code", "evidence_digest")

    def __init__(
        self, *args: Any, roles: list[tuple[str, str]], meanings: tuple[str, ...] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = roles
        if meanings:
            self.fields["meaning"] = forms.ChoiceField(
                label="If you approve: what follows?",
                choices=[("", "Choose what follows"), *((m, m.capitalize()) for m in meanings)],
                required=False,
            )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("outcome") in {Outcome.REFUSE.value, Outcome.ASK.value} and not given.get("reason"):
            self.add_error("reason", "Write the reason: what is wrong, or what you need to know.")
        return given


class AnswerForm(TextForm):
    """Evidence for one criterion: a new document or result, or a piece that is here already."""

    existing_evidence = forms.ModelChoiceField(
        Evidence.objects.none(),
        label="Evidence that Alarp already holds for this version",
        to_field_name="sha256",
        required=False,
        empty_label="None of these: I add a new one below",
    )
    document = forms.FileField(
        label="New document, or the result.json of an evaluation",
        help_text="At most 50 MB. It is kept as it is, under its own hash, and signed by your organisation.",
        required=False,
    )
    title = forms.CharField(label="Title", max_length=200, required=False)
    design = forms.ChoiceField(
        label="How was it made?",
        choices=[(d.value, d.value.replace("-", " ").capitalize()) for d in Design],
        initial=Design.DOCUMENT.value,
        required=False,
    )
    dated = DateField(label="Which day does it speak of?", required=False)
    expires_on = DateField(label="Valid until (when it ends)", required=False)
    supersedes = forms.ModelChoiceField(
        Evidence.objects.none(),
        label="Does it replace something older?",
        to_field_name="sha256",
        required=False,
        empty_label="No, it stands beside what is here",
    )

    def __init__(
        self, *args: Any, deployment: Deployment, kind: str, organisation: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        here = (
            Evidence.objects.filter(
                version=deployment.version, kind=kind, withdrawal=None, superseded_by=None
            )
            .select_related("version__product")
            .order_by("-dated", "-pk")
        )
        for name, rows in (
            ("existing_evidence", here),
            ("supersedes", here.filter(organisation=organisation)),
        ):
            self.fields[name].queryset = rows
            self.fields[name].label_from_instance = lambda e: (
                f"{e.title} ({e.dated.isoformat()}, {e.sha256[:12]})"
            )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("existing_evidence"):
            return given
        document = given.get("document")
        if document is None:
            if "document" not in self.errors:
                self.add_error("document", "Choose a document, or evidence that Alarp already holds.")
            return given
        if document.size > MOST_BYTES:
            self.add_error("document", "The document is larger than 50 MB. Send a smaller one.")
            return given
        given["bytes"] = document.read()
        given["body"] = body = self._result(document.name, given["bytes"])
        try:
            refuse_exploratory(self.kind, body, given["bytes"])
        except BadInput as refused:
            self.add_error("document", str(refused))
            return given
        if not given.get("title"):
            given["title"] = body.get("protocol", {}).get("title", "")
        if body and given.get("design") in {"", Design.DOCUMENT.value}:
            given["design"] = body.get("design") or given["design"]
        given["design"] = given.get("design") or Design.DOCUMENT.value
        if not given["title"]:
            self.add_error("title", "Give it a title that a colleague recognises.")
        if not given.get("dated") and "dated" not in self.errors:
            self.add_error("dated", "Enter the day that it speaks of, such as 2026-06-03.")
        return given

    def _result(self, name: str, data: bytes) -> dict[str, Any]:
        """The evaluation in an uploaded result.json; empty for any other document."""
        if not name.lower().endswith(".json"):
            return {}
        try:
            body = json.loads(data)
        except ValueError:
            self.add_error("document", f"{name} is not valid JSON. Export it again and upload that.")
            return {}
        known = isinstance(body, dict) and str(body.get("schema", "")).startswith(RESULT_SCHEMA)
        return body if known else {}
