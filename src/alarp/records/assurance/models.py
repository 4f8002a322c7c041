"""What proves that the gateway keeps its word, and what happens to a study when the AI cannot or may not have it?"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from alarp.records.deployments.models import Deployment
from alarp.records.immutable import Immutable
from alarp.records.ledger.models import Dispatch, OptOut, Study
from alarp.records.people.models import Organisation, Person
from alarp.records.watch.models import Recipient


class Recall(Immutable):
    """A supplier is asked to delete what left before the patient said no. What was asked; never edited."""

    dispatch = models.OneToOneField(Dispatch, on_delete=models.PROTECT, related_name="recall")
    opt_out = models.ForeignKey(
        OptOut,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="recalls",
        help_text="Empty: the Trust's own list",
    )
    images = models.PositiveIntegerField(help_text="How many images the tool had acknowledged")
    unanswered = models.PositiveIntegerField(
        default=0, help_text="How many more may have left: handed over, never acknowledged"
    )
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="By when the supplier has to have answered")
    letter = models.TextField(help_text="What the Trust sends: pseudonyms only")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(images__gt=0) | Q(unanswered__gt=0), name="a_recall_is_of_what_may_have_left"
            )
        ]


class RecallEntry(Immutable):
    """What became of a recall: it was sent to the supplier, or the supplier answered."""

    SENT, DELETED, REFUSED = "sent", "deleted", "not-deleted"

    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=12, choices=[(k, k) for k in (SENT, DELETED, REFUSED)])
    text = models.TextField(help_text="How it was sent, or the supplier's answer in its words")
    dated = models.DateField(help_text="The date of the letter or of the answer")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="a_recall_entry_says_something"),
            models.UniqueConstraint(
                fields=["recall"], condition=~Q(kind="sent"), name="a_recall_is_answered_once"
            ),
        ]


class OptOutProof(Immutable):
    """The comparison of what left with every patient who had said no, as it was computed; never edited."""

    begin = models.DateTimeField()
    end = models.DateTimeField()
    proven = models.BooleanField()
    body = models.JSONField(help_text="Counts, rows by study number, what is wrong with the record itself")
    sha256 = models.CharField(max_length=64, help_text="Digest of the body")
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(end__gt=models.F("begin")), name="a_proof_has_a_period")
        ]


class HumanReading(models.Model):
    """A site reads without AI, every tool at once, from one moment to another: who, why, and who ended it."""

    site = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="human_readings")
    begun_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    begun_at = models.DateTimeField()
    reason = models.TextField()
    ended_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_because = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="human_reading_has_its_reason"),
            models.UniqueConstraint(
                fields=["site"], condition=Q(ended_at__isnull=True), name="a_site_is_switched_once"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="who_ends_human_reading_is_somebody",
            ),
        ]


class Release(Immutable):
    """A study was given to human reading because the AI did not take it or answer in time."""

    dispatch = models.OneToOneField(Dispatch, on_delete=models.PROTECT, related_name="release")
    at = models.DateTimeField(db_index=True)
    because = models.CharField(max_length=300)


class Clearance(Immutable):
    """Somebody has looked at a study's pictures, as far as they had come, and says that no text in them names anybody."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="clearances")
    reason = models.CharField(max_length=500, help_text="What was looked at, and how")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="a_clearance_has_its_reason")]


class Downtime(models.Model):
    """A tool took nothing from then to then, and in which phase it failed."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="downtimes")
    began_at = models.DateTimeField()
    phase = models.CharField(max_length=20)
    sentence = models.CharField(max_length=500)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["deployment"],
                condition=Q(ended_at__isnull=True),
                name="a_tool_is_down_once_at_a_time",
            )
        ]


class Probe(models.Model):
    """A synthetic study of our own on the real route, and what became of it, phase after phase."""

    ASKED, UNDER_WAY, PASSED, FAILED = "asked", "under-way", "passed", "failed"

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="probes")
    number = models.PositiveIntegerField()
    by = models.ForeignKey(
        Person,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Empty: on schedule",
    )
    asked_at = models.DateTimeField()
    study_uid = models.CharField(max_length=64, unique=True)
    sha256 = models.CharField(max_length=64, blank=True, help_text="Digest of the object that was sent")
    study = models.OneToOneField(Study, null=True, blank=True, on_delete=models.PROTECT, related_name="probe")
    state = models.CharField(
        max_length=10, choices=[(s, s) for s in (ASKED, UNDER_WAY, PASSED, FAILED)], default=ASKED
    )
    phase = models.CharField(max_length=20, blank=True, help_text="Where it is, or where it failed")
    sentence = models.CharField(max_length=500, blank=True)
    steps = models.JSONField(
        default=list, help_text="Each phase: when it was reached, after how many seconds"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "number"], name="probes_are_numbered"),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(phase=""), name="a_failed_probe_names_its_phase"
            ),
        ]
        indexes = [models.Index(fields=["state"], name="probes_open")]


class Delivery(Immutable):
    """A person who was told of an alert has had it before their eyes."""

    recipient = models.OneToOneField(Recipient, on_delete=models.PROTECT, related_name="delivery")
    way = models.CharField(max_length=20, help_text="Where they saw it, such as a page of Alarp")
    at = models.DateTimeField()
