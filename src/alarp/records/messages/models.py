"""What did the hospital's other systems tell us: who was sent for what, what was reported, who is the same person?"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from alarp.records.immutable import Immutable
from alarp.records.people.models import Person


class Message(models.Model):
    """One message as it was received. Its text lies under its digest; here is what finds it and what was answered."""

    HL7, FHIR, LIST = "hl7", "fhir", "csv"
    TAKEN, UNUSED, WAITING, REFUSED = "taken", "unused", "waiting", "refused"

    way = models.CharField(max_length=10, choices=[(w, w) for w in (HL7, FHIR, LIST)])
    sender = models.CharField(
        max_length=200, help_text="Sending application and facility (MSH-3, MSH-4), or who"
    )
    control_id = models.CharField(max_length=200, help_text="MSH-10, or type, id and version of a resource")
    kind = models.CharField(max_length=60, blank=True, help_text="Such as ORU^R01 or DiagnosticReport")
    sent_at = models.DateTimeField(null=True, blank=True, help_text="When the sender made it, as it says")
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    content_kept = models.BooleanField(
        default=True, help_text="False: nothing here uses it, so its text is not kept"
    )
    received_at = models.DateTimeField(db_index=True)
    times_received = models.PositiveIntegerField(default=1)
    outcome = models.CharField(
        max_length=10, choices=[(o, o) for o in (TAKEN, UNUSED, WAITING, REFUSED)], default=TAKEN
    )
    reason = models.CharField(max_length=500, blank=True, help_text="Why it was not used; names nobody")
    answer = models.TextField(
        blank=True, help_text="The acknowledgement, given again to whoever sends it again"
    )
    resolved_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolution = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sender", "control_id", "sha256"], name="the_same_message_is_taken_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["received_at"],
                name="message_waiting",
                condition=Q(outcome="waiting", resolved_at__isnull=True),
            )
        ]


class Order(Immutable):
    """What was asked for, as one message tells it. The newest telling of an accession is the order."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="orders")
    accession = models.CharField(max_length=64, db_index=True)
    placer = models.CharField(max_length=64, blank=True)
    patient_id = models.CharField(max_length=64, blank=True)
    issuer = models.CharField(max_length=64, blank=True)
    nhs_number = models.CharField(max_length=10, blank=True)
    study_uid = models.CharField(max_length=64, blank=True, db_index=True)
    procedure_code = models.CharField(max_length=64, blank=True)
    procedure = models.CharField(max_length=200, blank=True)
    modality = models.CharField(max_length=16, blank=True)
    state = models.CharField(max_length=10, help_text="open, changed, completed or cancelled")
    requested_at = models.DateTimeField(null=True, blank=True)
    expected_instances = models.PositiveIntegerField(null=True, blank=True)
    said_at = models.DateTimeField(help_text="When the sender said so; the order of tellings")

    class Meta:
        indexes = [models.Index(fields=["accession", "said_at"], name="order_by_accession")]


class Report(Immutable):
    """What a reader reported, as one message tells it. A corrected report stands beside the first and goes before it."""

    PRELIMINARY, FINAL, CORRECTED = "P", "F", "C"

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="reports")
    key = models.CharField(
        max_length=64,
        help_text="Digest of what a later telling of the same report has in common with this one",
    )
    accession = models.CharField(max_length=64, blank=True, db_index=True)
    study_uid = models.CharField(max_length=64, blank=True, db_index=True)
    patient_id = models.CharField(max_length=64, blank=True)
    issuer = models.CharField(max_length=64, blank=True)
    nhs_number = models.CharField(max_length=10, blank=True)
    reader = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=1, choices=[(s, s) for s in (PRELIMINARY, FINAL, CORRECTED)])
    reported_at = models.DateTimeField(null=True, blank=True)
    text_sha256 = models.CharField(max_length=64, help_text="Digest of the report's text, UTF-8")
    said_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["key", "said_at"], name="report_by_key")]


class Merge(Immutable):
    """These numbers mean one person: two records became one (merged), or one message named them together (same).

    Stored in the plain form in which `ledger.identities` compares numbers.
    """

    MERGED, SAME = "merged", "same"

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="merges")
    kind = models.CharField(max_length=10, choices=[(MERGED, MERGED), (SAME, SAME)])
    patient_id = models.CharField(max_length=64, blank=True, db_index=True)
    issuer = models.CharField(max_length=64, blank=True)
    nhs_number = models.CharField(max_length=10, blank=True, db_index=True)
    old_patient_id = models.CharField(max_length=64, blank=True, db_index=True)
    old_issuer = models.CharField(max_length=64, blank=True)
    old_nhs_number = models.CharField(max_length=10, blank=True, db_index=True)
    at = models.DateTimeField()
