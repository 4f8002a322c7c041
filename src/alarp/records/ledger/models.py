"""What arrived, where did it go, what came back, and who has said no?"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from alarp.records.deployments.models import Deployment
from alarp.records.people.models import Organisation, Person


class Peer(models.Model):
    """A DICOM application entity that may talk to the gateway. Nobody else gets an association."""

    SOURCE, TOOL, PACS = "source", "tool", "pacs"
    DIMSE, DICOMWEB, COMMAND = "dimse", "dicomweb", "command"
    OPEN, TLS, MUTUAL_TLS = "", "tls", "mutual"

    aet = models.CharField(max_length=16, unique=True)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=[(k, k) for k in (SOURCE, TOOL, PACS)])
    host = models.CharField(max_length=200, blank=True)
    port = models.PositiveIntegerField(null=True, blank=True)
    deployment = models.ForeignKey(
        Deployment, null=True, blank=True, on_delete=models.PROTECT, related_name="peers"
    )
    site = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="peers"
    )
    enabled = models.BooleanField(default=True)
    addresses = models.CharField(
        max_length=400,
        blank=True,
        help_text="From where it may call: addresses or networks, separated by spaces; empty: anywhere",
    )
    secured = models.CharField(
        max_length=10, choices=[(OPEN, "no TLS"), (TLS, "TLS"), (MUTUAL_TLS, "mutual TLS")], blank=True
    )
    way = models.CharField(max_length=10, choices=[(w, w) for w in (DIMSE, DICOMWEB, COMMAND)], default=DIMSE)
    url = models.CharField(max_length=300, blank=True, help_text="Where its DICOMweb service lies")
    may_pull = models.BooleanField(
        default=False, help_text="May find and fetch studies here (C-FIND, C-MOVE, C-GET, QIDO, WADO)"
    )
    token_sha256 = models.CharField(
        max_length=64, blank=True, db_index=True, help_text="Digest of its token for DICOMweb; empty: none"
    )
    patient_issuer = models.CharField(
        max_length=64,
        blank=True,
        help_text="Who issues its patient numbers where an object does not say so, (0010,0021)",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="tool") | Q(deployment__isnull=False), name="a_tool_belongs_to_a_deployment"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.aet})"


class Study(models.Model):
    """One study of one patient as it arrived. Its row number is its only name in logs, URLs and the audit."""

    study_uid = models.CharField(max_length=64, db_index=True)
    patient_id = models.CharField(max_length=64, db_index=True)
    issuer = models.CharField(max_length=64, blank=True)
    nhs_number = models.CharField(max_length=10, blank=True, db_index=True)
    patient_name = models.CharField(max_length=400, blank=True)
    birth_date = models.CharField(max_length=8, blank=True)
    sex = models.CharField(max_length=4, blank=True)
    age_years = models.FloatField(null=True, blank=True)
    accession = models.CharField(max_length=16, blank=True, db_index=True)
    study_date = models.CharField(max_length=8, blank=True)
    modality = models.CharField(max_length=16, blank=True)
    body_part = models.CharField(max_length=64, blank=True)
    view = models.CharField(max_length=64, blank=True)
    description = models.CharField(max_length=64, blank=True)
    manufacturer = models.CharField(max_length=64, blank=True)
    model = models.CharField(max_length=64, blank=True)
    software = models.CharField(max_length=64, blank=True)
    station = models.CharField(max_length=64, blank=True)
    peer = models.ForeignKey(Peer, on_delete=models.PROTECT, related_name="studies")
    first_received_at = models.DateTimeField()
    last_received_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)
    # What another system says the study holds (C-FIND, an order, a performed procedure step), beside what came.
    expected_instances = models.PositiveIntegerField(null=True, blank=True)
    expected_from = models.CharField(max_length=40, blank=True, help_text="Who said how many there are")
    expected_at = models.DateTimeField(null=True, blank=True)
    # Set on receipt for a study from which nothing may leave for a reason of its own (phantom, QA).
    held_because = models.CharField(max_length=300, blank=True)
    synthetic = models.BooleanField(
        default=False, help_text="A health probe that we made ourselves: no patient, counted nowhere"
    )
    opted_out_on_receipt = models.BooleanField(
        default=False, help_text="The register said no when the study arrived; this study stays out for good"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study_uid", "patient_id", "issuer"], name="one_row_per_study_and_patient"
            )
        ]


class Instance(models.Model):
    """One object as received: its bytes lie under their own digest and never change."""

    SOURCE, RESULT = "source", "result"

    study = models.ForeignKey(
        Study, null=True, blank=True, on_delete=models.PROTECT, related_name="instances"
    )
    direction = models.CharField(max_length=10, choices=[(SOURCE, SOURCE), (RESULT, RESULT)])
    peer = models.ForeignKey(Peer, on_delete=models.PROTECT, related_name="instances")
    sop_uid = models.CharField(max_length=64, blank=True, db_index=True)
    sop_class = models.CharField(max_length=64, blank=True)
    series_uid = models.CharField(max_length=64, blank=True)
    modality = models.CharField(max_length=16, blank=True)
    transfer_syntax = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    received_at = models.DateTimeField(db_index=True)
    times_received = models.PositiveIntegerField(
        default=1, help_text="Same bytes sent again are acknowledged, counted here"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["peer", "sop_uid", "sha256"], name="same_bytes_are_one_instance")
        ]


class Dispatch(models.Model):
    """The journey of one study to one deployment's tool."""

    WAITING, HELD, REFUSED, OPTED_OUT, READY, SENT, RETURNED, FAILED = (
        "waiting",
        "held",
        "refused",
        "opted-out",
        "ready",
        "sent",
        "returned",
        "failed",
    )
    STATES = (WAITING, HELD, REFUSED, OPTED_OUT, READY, SENT, RETURNED, FAILED)

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="dispatches")
    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="dispatches")
    number = models.PositiveIntegerField(
        default=1, help_text="2 and up for instances that came after completion"
    )
    state = models.CharField(max_length=10, choices=[(s, s) for s in STATES], default=WAITING)
    phase = models.CharField(max_length=20, help_text="Where it is, or where it broke")
    reason = models.CharField(
        max_length=500, blank=True, help_text="Why it stands where it stands, for a person"
    )
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    route_when_sent = models.CharField(max_length=10, blank=True)
    profile = models.CharField(
        max_length=80, blank=True, help_text="De-identification profile, version and key version"
    )
    patient_pseudonym = models.CharField(max_length=64, blank=True, db_index=True)
    accession_pseudonym = models.CharField(max_length=16, blank=True)
    study_uid_sent = models.CharField(max_length=64, blank=True, db_index=True)
    sent_at = models.DateTimeField(null=True, blank=True, db_index=True)
    due_at = models.DateTimeField(null=True, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "deployment", "number"], name="one_dispatch_per_round"),
            models.CheckConstraint(
                condition=~Q(state__in=["sent", "returned"]) | Q(sent_at__isnull=False, due_at__isnull=False),
                name="what_was_sent_has_its_time",
            ),
        ]
        # The monitors ask what became known in one day; without these the answer would grow with the history.
        indexes = [
            models.Index(
                fields=["returned_at"], name="dispatch_returned", condition=Q(returned_at__isnull=False)
            ),
            models.Index(fields=["due_at"], name="dispatch_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["changed_at"], name="dispatch_ended"),
            models.Index(fields=["deployment", "sent_at"], name="dispatch_sent_to"),
        ]


class DispatchInstance(models.Model):
    """One instance of a dispatch, under the names it was sent with: the crosswalk."""

    dispatch = models.ForeignKey(Dispatch, on_delete=models.PROTECT, related_name="items")
    instance = models.ForeignKey(Instance, on_delete=models.PROTECT, related_name="items")
    sop_uid_sent = models.CharField(max_length=64, blank=True, db_index=True)
    series_uid_sent = models.CharField(max_length=64, blank=True)
    frame_uid_sent = models.CharField(max_length=64, blank=True)
    sent_sha256 = models.CharField(max_length=64, blank=True, help_text="Digest of the bytes that left")
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dispatch", "instance"], name="an_instance_once_per_dispatch")
        ]


class Result(models.Model):
    """An object that a tool sent back, after it was matched to the one study it belongs to."""

    KEPT, FILING, FILED = "kept", "filing", "filed"

    instance = models.OneToOneField(Instance, on_delete=models.PROTECT, related_name="result")
    dispatch = models.ForeignKey(Dispatch, on_delete=models.PROTECT, related_name="results")
    modality = models.CharField(max_length=16, help_text="SR, SEG, RTSTRUCT …")
    state = models.CharField(max_length=10, choices=[(s, s) for s in (KEPT, FILING, FILED)])
    restored_sha256 = models.CharField(
        max_length=64, blank=True, help_text="Digest of the re-identified object"
    )
    summary = models.JSONField(default=dict, help_text="What a list shows of it, such as score and decision")
    matched_at = models.DateTimeField()
    filed_at = models.DateTimeField(null=True, blank=True)
    committed_at = models.DateTimeField(
        null=True, blank=True, help_text="When the PACS took responsibility (storage commitment)"
    )


class Commitment(models.Model):
    """A PACS was asked to answer for filed results (storage commitment), and what it said of each."""

    transaction_uid = models.CharField(max_length=64, unique=True)
    peer = models.ForeignKey(Peer, on_delete=models.PROTECT, related_name="commitments")
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    # Numbers of results: what was asked about, what the PACS answers for, what it says that it has not.
    asked = models.JSONField()
    kept = models.JSONField(default=list)
    missing = models.JSONField(default=list)


class Quarantine(models.Model):
    """An object that was received and does not fit: kept whole, never filed, looked at by a person."""

    instance = models.OneToOneField(Instance, on_delete=models.PROTECT, related_name="quarantine")
    phase = models.CharField(max_length=20)
    reason = models.CharField(max_length=500)
    # [{"field": "patient pseudonym", "expected": …, "found": …}]: pseudonyms and digests, not names.
    disagreements = models.JSONField(default=list)
    deployment = models.ForeignKey(
        Deployment, null=True, blank=True, on_delete=models.PROTECT, related_name="quarantine"
    )
    at = models.DateTimeField(db_index=True)
    resolved_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolution = models.TextField(blank=True)


class OptOut(models.Model):
    """This patient does not want AI. Effective at once; withdrawing restores future studies only."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="opt_outs")
    patient_id = models.CharField(max_length=64, blank=True, db_index=True)
    issuer = models.CharField(max_length=64, blank=True)
    nhs_number = models.CharField(max_length=10, blank=True, db_index=True)
    deployment = models.ForeignKey(
        Deployment,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="opt_outs",
        help_text="Empty: every tool",
    )
    note = models.CharField(max_length=300, blank=True)
    source = models.CharField(
        max_length=20, default="person", help_text="How it came: person, csv, hl7 or fhir"
    )
    effective_from = models.DateTimeField(
        null=True, blank=True, help_text="Empty: from the moment it was recorded"
    )
    recorded_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(patient_id="") | ~Q(nhs_number=""), name="an_opt_out_names_a_patient"
            )
        ]


class Work(models.Model):
    """One step to be done once: leased, fenced, retried until it is done. Also the outbox of external effects."""

    READY, LEASED, DONE, STOPPED = "ready", "leased", "done", "stopped"

    kind = models.SlugField()
    key = models.CharField(max_length=100, help_text="With kind: the idempotency key")
    payload = models.JSONField(default=dict)
    state = models.CharField(
        max_length=10, choices=[(s, s) for s in (READY, LEASED, DONE, STOPPED)], default=READY
    )
    owner = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(
        default=0, help_text="Grows with every claim; a late worker's writes are refused"
    )
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    phase = models.CharField(max_length=20, blank=True)
    trouble = models.CharField(
        max_length=500, blank=True, help_text="What went wrong last, without identifiers"
    )
    trouble_since = models.DateTimeField(
        null=True, blank=True, help_text="Since when every try has gone wrong; empty: none has"
    )
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="work_is_asked_for_once")]
        indexes = [
            models.Index(fields=["state", "due_at"], name="work_by_due"),
            models.Index(fields=["due_at"], name="work_open", condition=Q(state__in=["ready", "leased"])),
        ]
