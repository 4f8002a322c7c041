"""Who was trained on what, with which result, and who is to use which tool?"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from alarp.records.deployments.models import Deployment
from alarp.records.immutable import Immutable
from alarp.records.ledger.models import Result
from alarp.records.people.models import Organisation, Person
from alarp.records.products.models import Version


class Module(Immutable):
    """One edition of a training module: about exactly one product version, or general when it names none."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="training_modules")
    slug = models.SlugField()
    edition = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    version = models.ForeignKey(
        Version, null=True, blank=True, on_delete=models.PROTECT, related_name="training_modules"
    )
    outcomes = models.JSONField(help_text="What a learner can do afterwards, one sentence each")
    teaches = models.JSONField(default=dict, help_text="Competence statement → level")
    accreditor = models.CharField(max_length=200, blank=True)
    pass_mark = models.FloatField(help_text="Share of all cases that must be judged rightly")
    failures_mark = models.FloatField(
        null=True, blank=True, help_text="Share of the AI's failures that must be caught"
    )
    valid_days = models.PositiveIntegerField()
    grants = models.JSONField(default=dict, help_text="Role, or `every` → none, supervised or unaided")
    asked_of = models.JSONField(default=list, help_text="General: the roles that need it; empty: every user")
    sha256 = models.CharField(max_length=64, help_text="Digest of the module as imported, items included")
    added_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "slug", "edition"], name="one_module_per_slug_and_edition"
            ),
            models.CheckConstraint(
                condition=Q(pass_mark__gt=0, pass_mark__lte=1), name="a_pass_mark_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def tool(self) -> str:
        """'NoduleFlag 2.1.0', or nothing for a general module."""
        return str(self.version) if self.version_id else ""


class Item(Immutable):
    """One case of a module's assessment: what was seen, what the AI said, and whether it was right."""

    module = models.ForeignKey(Module, on_delete=models.PROTECT, related_name="items")
    number = models.PositiveIntegerField()
    case_text = models.TextField()
    ai_said = models.TextField()
    result = models.ForeignKey(
        Result,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="A result of this hospital that shows the case",
    )
    ai_right = models.BooleanField()
    reason = models.TextField(help_text="Why the AI is right or wrong here; shown once the module is passed")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["module", "number"], name="one_item_per_number")]


class Attempt(Immutable):
    """One person took a module's assessment: every answer, and what it scored."""

    module = models.ForeignKey(Module, on_delete=models.PROTECT, related_name="attempts")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="training_attempts")
    at = models.DateTimeField()
    answers = models.JSONField(help_text="Item number → right or wrong")
    correct = models.PositiveIntegerField()
    items = models.PositiveIntegerField()
    caught = models.PositiveIntegerField()
    failures = models.PositiveIntegerField()
    passed = models.BooleanField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(correct__lte=F("items"), caught__lte=F("failures")),
                name="an_attempt_has_no_more_hits_than_cases",
            )
        ]


class TrainingRecord(Immutable):
    """One person passed one edition of a module on one day, with this score; sealed, so that it can travel."""

    module = models.ForeignKey(Module, on_delete=models.PROTECT, related_name="records")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="training_records")
    dated = models.DateField(help_text="The day on which it was passed")
    expires_on = models.DateField(help_text="The last day on which it counts")
    correct = models.PositiveIntegerField()
    items = models.PositiveIntegerField()
    caught = models.PositiveIntegerField(null=True, blank=True)
    failures = models.PositiveIntegerField(null=True, blank=True)
    certificate = models.CharField(max_length=200, blank=True, help_text="Reference, for training elsewhere")
    attempt = models.OneToOneField(
        Attempt, null=True, blank=True, on_delete=models.PROTECT, related_name="record"
    )
    recorded_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    envelope = models.JSONField(help_text="DSSE envelope of the badge")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["module", "person", "dated"], name="one_training_record_per_module_and_day"
            ),
            models.CheckConstraint(
                condition=Q(correct__lte=F("items")), name="a_record_has_no_more_hits_than_cases"
            ),
            models.CheckConstraint(
                condition=Q(caught__isnull=True, failures__isnull=True) | Q(caught__lte=F("failures")),
                name="failures_caught_have_their_denominator",
            ),
            models.CheckConstraint(condition=Q(expires_on__gte=F("dated")), name="training_ends_after_it"),
            models.CheckConstraint(
                condition=Q(attempt__isnull=False) | ~Q(certificate=""),
                name="training_elsewhere_has_its_certificate",
            ),
        ]


class RecordWithdrawal(Immutable):
    """This training record was made in error and no longer counts."""

    record = models.OneToOneField(TrainingRecord, on_delete=models.PROTECT, related_name="withdrawal")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.TextField()


class DeploymentUser(models.Model):
    """This person is to use this tool here, in this role: the denominator of the coverage."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="users")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="tools_used")
    role = models.SlugField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    added_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["deployment", "person"], condition=Q(until__isnull=True), name="a_user_is_named_once"
            )
        ]


class LocalCompetences(Immutable):
    """A Trust's own competence statements, in one version, added to the national framework."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="competences")
    version = models.CharField(max_length=40)
    adds_to = models.CharField(max_length=40)
    content = models.JSONField(help_text="The imported table")
    added_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "version"], name="local_competences_have_one_version"
            )
        ]
