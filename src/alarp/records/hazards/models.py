"""What could hurt a patient, how was it judged, what holds it back, and who accepted what is left?"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from alarp.records.deployments.models import Deployment
from alarp.records.immutable import Immutable
from alarp.records.people.models import Person


class Hazard(Immutable):
    """One hazard of one deployment's log. Its number is never used again; it is closed, never deleted."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="hazards")
    number = models.CharField(max_length=12)
    library = models.CharField(max_length=40, blank=True, help_text="The library that it was copied from")
    raised_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    raised_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "number"], name="hazards_have_one_number")
        ]

    def __str__(self) -> str:
        return f"{self.number} of {self.deployment.slug}"


class HazardRevision(Immutable):
    """A hazard as somebody described and scored it at one moment; the newest one counts."""

    hazard = models.ForeignKey(Hazard, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    description = models.TextField()
    effect = models.TextField(help_text="Potential clinical impact")
    harm = models.TextField(help_text="What severity and likelihood speak of")
    causes = models.JSONField(default=list)
    existing_controls = models.JSONField(default=list)
    scheme = models.CharField(max_length=40)
    initial_severity = models.PositiveSmallIntegerField(null=True)
    initial_likelihood = models.PositiveSmallIntegerField(null=True)
    initial_patients = models.CharField(max_length=8, blank=True)
    initial_level = models.PositiveSmallIntegerField(null=True)
    residual_severity = models.PositiveSmallIntegerField(null=True)
    residual_likelihood = models.PositiveSmallIntegerField(null=True)
    residual_patients = models.CharField(max_length=8, blank=True)
    residual_level = models.PositiveSmallIntegerField(null=True)
    measured_by = models.TextField(blank=True, help_text="What measured the likelihood; empty: nothing did")
    rationale = models.TextField(blank=True)
    leans_on = models.JSONField(default=list, help_text="Controls of other hazards, such as H01/C1")
    monitors = models.JSONField(default=list, help_text="[monitor, limit] pairs that watch this hazard")
    owner = models.CharField(max_length=10, default="trust")
    created_by_control = models.CharField(max_length=30, blank=True)
    references = models.JSONField(default=list)
    digest = models.CharField(max_length=64)
    because = models.CharField(max_length=300, help_text="Why this revision was written")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hazard", "number"], name="revisions_are_numbered"),
            models.CheckConstraint(
                condition=Q(initial_level__isnull=True, residual_level__isnull=True)
                | Q(initial_level__isnull=False, residual_level__isnull=False),
                name="a_hazard_is_scored_before_and_after",
            ),
        ]


class Control(Immutable):
    """One added control of a hazard. How far it has come is in its changes."""

    hazard = models.ForeignKey(Hazard, on_delete=models.PROTECT, related_name="controls")
    number = models.CharField(max_length=12)
    text = models.TextField()
    category = models.CharField(max_length=30)
    mechanism = models.PositiveSmallIntegerField()
    owner_role = models.SlugField(blank=True)
    due = models.DateField(null=True, blank=True)
    added_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hazard", "number"], name="controls_have_one_number")]


class ControlChange(Immutable):
    """A control came this far, or fell back, and this shows it."""

    control = models.ForeignKey(Control, on_delete=models.PROTECT, related_name="changes")
    state = models.CharField(max_length=24)
    evidence = models.TextField(help_text="What shows it, or why it fell")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()


class HazardMove(Immutable):
    """A revision's hazard was transferred, closed, or opened again; a new revision is open by itself."""

    TRANSFERRED, CLOSED, REOPENED = "transferred", "closed", "re-opened"

    revision = models.ForeignKey(HazardRevision, on_delete=models.PROTECT, related_name="moves")
    status = models.CharField(max_length=12)
    to = models.CharField(max_length=200, blank=True, help_text="Who takes a transferred hazard")
    because = models.TextField(help_text="The reason, or the controls that the other party declared")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["transferred", "closed", "re-opened"]), name="known_hazard_move"
            )
        ]


class RiskAcceptance(Immutable):
    """One person accepted the residual risk of exactly this revision, in one role, sealed."""

    revision = models.ForeignKey(HazardRevision, on_delete=models.PROTECT, related_name="acceptances")
    role = models.SlugField()
    level = models.PositiveSmallIntegerField()
    justification = models.TextField()
    review_on = models.DateField(null=True, blank=True)
    envelope = models.JSONField(help_text="DSSE envelope of this acceptance")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()


class LogVersion(Immutable):
    """The whole log as it was when it was signed."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="log_versions")
    number = models.PositiveIntegerField()
    snapshot = models.JSONField()
    digest = models.CharField(max_length=64)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "number"], name="log_versions_are_numbered")
        ]


class SafetyStatement(Immutable):
    """What the clinical safety officer says of one version of the log: yes, no or conditional, sealed."""

    log_version = models.ForeignKey(LogVersion, on_delete=models.PROTECT, related_name="statements")
    answer = models.CharField(max_length=12)
    words = models.TextField()
    conditions = models.JSONField(default=list)
    envelope = models.JSONField(help_text="DSSE envelope of this statement")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(answer__in=["yes", "no", "conditional"]), name="known_safety_answer"
            )
        ]
