"""Which question was fixed, on which cases was it asked, how often was the truth opened, and what came out?"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from alarp.records.deployments.models import Deployment
from alarp.records.evidence.models import Evidence
from alarp.records.immutable import Immutable
from alarp.records.people.models import Person
from alarp.records.products.models import Version


class EvaluationProtocol(Immutable):
    """One plan of an evaluation in a deployment's file. Its text is in its revisions; its newest one counts."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="evaluation_protocols")
    number = models.PositiveIntegerField()
    version = models.ForeignKey(
        Version, on_delete=models.PROTECT, related_name="+", help_text="What is evaluated"
    )
    template = models.CharField(
        max_length=80, blank=True, help_text="The national template that it began from"
    )
    earlier = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="later")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "number"], name="evaluation_protocols_are_numbered")
        ]

    def __str__(self) -> str:
        return f"protocol {self.number} of {self.deployment.slug}"


class ProtocolRevision(Immutable):
    """The text of a protocol as somebody saved it; one that cannot be read yet says why in `trouble`."""

    protocol = models.ForeignKey(EvaluationProtocol, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    text = models.TextField()
    title = models.CharField(max_length=200)
    stated_version = models.CharField(
        max_length=40, blank=True, help_text="The version that the text gives itself"
    )
    kind = models.CharField(max_length=20, blank=True)
    digest = models.CharField(
        max_length=64, blank=True, help_text="The protocol's hash; empty: it cannot be read"
    )
    plan = models.CharField(
        max_length=64,
        blank=True,
        help_text="The hash of the plan, whatever the product: equal ones are compared",
    )
    trouble = models.TextField(blank=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["protocol", "number"], name="protocol_revisions_are_numbered"),
            models.CheckConstraint(
                condition=(Q(digest="") & ~Q(trouble="")) | (~Q(digest="") & Q(trouble="")),
                name="a_revision_is_read_or_says_why_not",
            ),
        ]


class ProtocolLock(Immutable):
    """A protocol was fixed in exactly this revision, before the truth was read, under somebody's sealed word."""

    protocol = models.OneToOneField(EvaluationProtocol, on_delete=models.PROTECT, related_name="lock")
    revision = models.OneToOneField(ProtocolRevision, on_delete=models.PROTECT, related_name="lock")
    role = models.SlugField()
    file = models.JSONField(
        help_text="The lock file that lies beside the protocol: sealed, and read by `alarp evaluate`"
    )
    envelope = models.JSONField(help_text="DSSE envelope of this person's word")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()


class TestSet(Immutable):
    """Cases with their truth: files that were uploaded, or a folder on the server."""

    __test__ = False  # not a test, whatever its name begins with

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="test_sets")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    folder = models.CharField(
        max_length=300, blank=True, help_text="Below the evaluation folder; empty: the files were uploaded"
    )
    digest = models.CharField(max_length=64, help_text="SHA-256 over the names and digests of its files")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "number"], name="test_sets_are_numbered")
        ]

    def __str__(self) -> str:
        return f"test set {self.number} of {self.deployment.slug}"


class TestFile(Immutable):
    """One file of a test set, kept under its own digest; a scan in a server folder is known by name and size."""

    __test__ = False

    test_set = models.ForeignKey(TestSet, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=400)
    sha256 = models.CharField(max_length=64, blank=True, help_text="Empty: it lies in the server folder")
    size_bytes = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["test_set", "name"], name="test_files_have_one_name")]


class EvaluationRun(models.Model):
    """One protocol run on one test set: waiting, running with its progress, stopped, done, or failed and why."""

    QUEUED, RUNNING, STOPPED, DONE, FAILED = "queued", "running", "stopped", "done", "failed"
    OPEN = (QUEUED, RUNNING)

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="evaluation_runs")
    number = models.PositiveIntegerField()
    revision = models.ForeignKey(ProtocolRevision, on_delete=models.PROTECT, related_name="runs")
    test_set = models.ForeignKey(TestSet, on_delete=models.PROTECT, related_name="runs")
    exploratory = models.BooleanField(help_text="The protocol was not locked when this was started")
    state = models.CharField(max_length=8, default=QUEUED)
    jobs = models.PositiveSmallIntegerField(default=1, help_text="How many processes compare the scans")
    doing = models.CharField(max_length=120, blank=True)
    done_steps = models.PositiveIntegerField(default=0)
    all_steps = models.PositiveIntegerField(default=0)
    paced_at = models.DateTimeField(null=True, blank=True, help_text="Since when the time left is reckoned")
    paced_steps = models.PositiveIntegerField(default=0, help_text="How many steps were done by then")
    owner = models.CharField(max_length=80, blank=True)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    stopped_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="The last time"
    )
    stopped_at = models.DateTimeField(null=True, blank=True)
    stops = models.PositiveSmallIntegerField(
        default=0, help_text="How often a person stopped it while a process had it: that is no death"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    trouble = models.TextField(blank=True, help_text="Why it failed, in one sentence")
    result_sha256 = models.CharField(max_length=64, blank=True, help_text="result.json in the store")
    report_sha256 = models.CharField(max_length=64, blank=True, help_text="report.html in the store")
    pdf_sha256 = models.CharField(max_length=64, blank=True, help_text="report.pdf in the store")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "number"], name="evaluation_runs_are_numbered"),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "stopped", "done", "failed"]),
                name="known_run_state",
            ),
            models.CheckConstraint(
                condition=~Q(state="stopped") | Q(stopped_by__isnull=False),
                name="a_stopped_run_says_who_stopped",
            ),
            models.CheckConstraint(condition=Q(jobs__gte=1), name="a_run_has_a_process"),
            models.CheckConstraint(
                condition=~Q(state="done") | ~Q(result_sha256=""), name="a_done_run_has_its_result"
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(trouble=""), name="a_failed_run_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.number} of {self.deployment.slug}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class Opening(Immutable):
    """A test set's truth was opened for one run. Openings are only added, and every page shows their number."""

    test_set = models.ForeignKey(TestSet, on_delete=models.PROTECT, related_name="openings")
    number = models.PositiveIntegerField()
    run = models.OneToOneField(EvaluationRun, on_delete=models.PROTECT, related_name="opening")
    truth = models.CharField(
        max_length=64,
        db_index=True,
        help_text="The digest of cases and truth alone, whatever the tool's answers",
    )
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["test_set", "number"], name="openings_are_numbered")]


class SignedRun(Immutable):
    """A run's result was sealed as evidence of the design that its protocol states."""

    run = models.OneToOneField(EvaluationRun, on_delete=models.PROTECT, related_name="signature")
    evidence = models.OneToOneField(Evidence, on_delete=models.PROTECT, related_name="signed_run")
    role = models.SlugField()
    envelope = models.JSONField(help_text="DSSE envelope of this word")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
