"""Where does each tool stand on the pathway, who stands behind it, and what holds it back?"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from alarp.kernel import Outcome, Stage
from alarp.records.evidence.models import Evidence
from alarp.records.immutable import Immutable
from alarp.records.people.models import Organisation, Person
from alarp.records.products.models import Version


class Deployment(models.Model):
    """One product version, for one use, at one site. Its stage is the position on the pathway."""

    slug = models.SlugField(unique=True)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="deployments")
    site = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="deployments")
    use = models.CharField(max_length=200, help_text="What for, in one line")
    problem = models.TextField(help_text="The need, from the ward")
    baseline = models.CharField(max_length=300, blank=True, help_text="The figure today, with its source")
    raised_by_role = models.CharField(max_length=100, blank=True)
    supply_led = models.BooleanField(default=False)
    pathway = models.CharField(
        max_length=40, help_text="Version of the national pathway, such as national-2026.1"
    )
    stage = models.CharField(
        max_length=20, choices=[(s.value, s.value) for s in Stage], default=Stage.NEED.value
    )
    stage_since = models.DateTimeField()
    # The Trust's own narrowing of the intended use; same keys as IntendedUse.rules.
    eligibility = models.JSONField(default=dict)
    proposed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="proposals")
    proposed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.version} at {self.site.name}"


class GateStatus(models.Model):
    """Is this gate shut, open, or re-opened for a new decision? One row per deployment and gate."""

    SHUT, OPEN, REOPENED = "shut", "open", "re-opened"

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="gates")
    gate = models.SlugField()
    status = models.CharField(max_length=12, default=SHUT)
    since = models.DateTimeField()
    reason = models.CharField(max_length=500, blank=True)
    evidence_digest = models.CharField(
        max_length=64, blank=True, help_text="What the signatures that opened it are bound to"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "gate"], name="one_status_per_gate"),
            models.CheckConstraint(
                condition=Q(status__in=["shut", "open", "re-opened"]), name="known_gate_status"
            ),
        ]


class Answer(Immutable):
    """This evidence answers this criterion of this gate."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="answers")
    gate = models.SlugField()
    criterion = models.SlugField()
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="answers")
    given_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["deployment", "gate", "criterion", "evidence"],
                name="one_answer_per_criterion_and_evidence",
            )
        ]


class Decision(Immutable):
    """What one person decided at one gate, having looked at exactly this evidence."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="decisions")
    gate = models.SlugField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="decisions")
    role = models.SlugField()
    outcome = models.CharField(max_length=10, choices=[(o.value, o.value) for o in Outcome])
    meaning = models.CharField(max_length=200, help_text="approve, accept residual risk, continue, stop …")
    reason = models.TextField(blank=True)
    evidence_hashes = models.JSONField(help_text="Sorted SHA-256 digests of the evidence looked at")
    evidence_digest = models.CharField(
        max_length=64, help_text="Digest of pathway, gate, criteria and hashes"
    )
    authenticated_by = models.CharField(
        max_length=40, help_text="How the signer proved who they are, then and there"
    )
    signed_at = models.DateTimeField()
    envelope = models.JSONField(help_text="DSSE envelope of this decision")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="approve") | ~Q(reason=""), name="a_refusal_or_question_has_its_reason"
            )
        ]


class Reopening(Immutable):
    """A gate was re-opened by a material change, for this reason."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="reopenings")
    gate = models.SlugField()
    cause = models.CharField(max_length=40, help_text="new version, expired, withdrawn, superseded")
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()


class Hold(models.Model):
    """A safety concern that shuts the gate and closes the route until it is answered in writing."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="holds")
    number = models.PositiveIntegerField()
    raised_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="holds_raised")
    raised_at = models.DateTimeField()
    concern = models.TextField()
    exit_criterion = models.TextField()
    officer = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="holds_to_answer")
    answered_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="holds_answered"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "number"], name="holds_are_numbered"),
            models.CheckConstraint(
                condition=~Q(concern="") & ~Q(exit_criterion=""), name="a_hold_says_what_ends_it"
            ),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answered_by__isnull=True, answer="")
                | (Q(answered_at__isnull=False, answered_by__isnull=False) & ~Q(answer="")),
                name="a_hold_is_answered_in_writing_by_somebody",
            ),
        ]


class RouteClosure(models.Model):
    """The route was closed by hand or by a rule signed before go-live; only a signed lifting opens it again."""

    BY_HAND, VERSION, ALARM = "by-hand", "version", "alarm"

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="closures")
    closed_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Empty: a rule"
    )
    closed_at = models.DateTimeField()
    reason = models.TextField()
    cause = models.SlugField(default=BY_HAND, help_text="by-hand, version, alarm, silence, certificate …")
    reference = models.CharField(max_length=200, blank=True, help_text="What the rule closed it upon")
    lifted_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_because = models.TextField(blank=True)
    lift_envelope = models.JSONField(null=True, blank=True, help_text="DSSE envelope of the lifting")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="a_lifting_has_its_person",
            ),
            models.CheckConstraint(
                condition=Q(closed_by__isnull=False) | ~Q(cause="by-hand"),
                name="who_closes_by_hand_is_somebody",
            ),
            models.UniqueConstraint(
                fields=["deployment", "cause", "reference"],
                condition=Q(lifted_at__isnull=True, closed_by__isnull=True),
                name="a_rule_closes_once_until_it_is_lifted",
            ),
        ]

    @property
    def who(self) -> str:
        """Who closed it, as a person reads it?"""
        return str(self.closed_by) if self.closed_by else "Alarp"


class Abandonment(Immutable):
    """The tool was stopped before go-live, at the gate where it stood, by this signed word."""

    deployment = models.OneToOneField(Deployment, on_delete=models.PROTECT, related_name="abandonment")
    gate = models.SlugField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    role = models.SlugField()
    reason = models.TextField()
    at = models.DateTimeField()
    envelope = models.JSONField(help_text="DSSE envelope of this word")

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="an_abandonment_has_its_reason")]


class TeamMember(models.Model):
    """Who holds which role in this deployment's team, with how many protected hours a week?"""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="team")
    role = models.SlugField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="teams")
    protected_hours_week = models.DecimalField(max_digits=4, decimal_places=1, default=0)
    funded_by = models.CharField(max_length=100, blank=True)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)


class TrustCriterion(models.Model):
    """A criterion that a Trust adds to the inherited national pathway, with its reason (a listed deviation)."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="added_criteria")
    pathway = models.CharField(max_length=40)
    gate = models.SlugField()
    slug = models.SlugField()
    asks = models.TextField()
    evidence_kind = models.SlugField()
    role = models.SlugField()
    valid_days = models.PositiveIntegerField(null=True, blank=True)
    source = models.CharField(max_length=200)
    reason = models.TextField(help_text="Why this Trust deviates")
    added_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "pathway", "slug"], name="added_criteria_have_one_name"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="a_deviation_has_its_reason"),
        ]
