"""Which limits were signed, which were passed, who heard of it, what went wrong, and what came of it?"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from alarp.records.deployments.models import Deployment, RouteClosure
from alarp.records.evidence.models import Evidence
from alarp.records.immutable import Immutable
from alarp.records.ledger.models import Dispatch, Result, Study
from alarp.records.people.models import Person


class RuleDraft(models.Model):
    """The alarm rules and review criteria of a deployment as they are being worked out, before they are signed."""

    deployment = models.OneToOneField(Deployment, on_delete=models.PROTECT, related_name="rule_draft")
    alarm_rules = models.JSONField(default=list)
    review_criteria = models.JSONField(default=list)
    changed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()


class Alert(Immutable):
    """A figure passed a limit. What was found, under which rule, who was meant to hear of it; never edited."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="alerts")
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=200, help_text="Rule and subgroup: one alert is open for it at a time")
    monitor = models.SlugField()
    subgroup = models.CharField(max_length=100, default="all")
    rule = models.JSONField(help_text="The rule as it was in force")
    figure = models.JSONField(help_text="Value, interval and n as they were found")
    sentence = models.TextField()
    reaction = models.CharField(max_length=10, choices=[("warn", "warn"), ("close", "close")])
    role = models.SlugField(help_text="The role that hears of it first")
    cause_at = models.DateTimeField(help_text="Since when it was so: the study left, or the figure was taken")
    raised_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="By when somebody has to acknowledge it")
    closure = models.ForeignKey(
        RouteClosure, null=True, blank=True, on_delete=models.PROTECT, related_name="alerts"
    )
    dispatch = models.ForeignKey(
        Dispatch, null=True, blank=True, on_delete=models.PROTECT, related_name="alerts"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "number"], name="alerts_are_numbered"),
            models.CheckConstraint(
                condition=Q(reaction="warn") | Q(closure__isnull=False),
                name="an_alert_that_closes_has_closed",
            ),
        ]
        indexes = [models.Index(fields=["deployment", "key"], name="alerts_by_key")]


class Notice(Immutable):
    """Who was told of an alert: the role it was meant for, and the people who hold it here (need G16)."""

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="notices")
    step = models.PositiveIntegerField(help_text="0: the first role; 1 and up: after nobody acknowledged it")
    role = models.SlugField()
    at = models.DateTimeField()
    because = models.CharField(max_length=300, blank=True, help_text="Why it escalated; empty for the first")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "step"], name="one_notice_for_each_step")]


class Recipient(Immutable):
    """One person who was told."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="recipients")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["notice", "person"], name="told_once_for_each_notice")]


class AlertAcknowledgement(Immutable):
    """Somebody has seen the alert and has it in hand."""

    alert = models.OneToOneField(Alert, on_delete=models.PROTECT, related_name="acknowledgement")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    note = models.TextField(blank=True)
    in_time = models.BooleanField()


class AlertEnd(Immutable):
    """The figure is back within its limit, or the route it closed was opened again."""

    alert = models.OneToOneField(Alert, on_delete=models.PROTECT, related_name="end")
    at = models.DateTimeField()
    because = models.CharField(max_length=300)


class Feedback(Immutable):
    """Somebody says that a result is wrong, or that they are unsure, with a reason."""

    WRONG, UNSURE = "wrong", "unsure"

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="feedback")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="feedback")
    dispatch = models.ForeignKey(Dispatch, on_delete=models.PROTECT, related_name="feedback")
    result = models.ForeignKey(
        Result, null=True, blank=True, on_delete=models.PROTECT, related_name="feedback"
    )
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="feedback_given")
    at = models.DateTimeField(db_index=True)
    verdict = models.CharField(max_length=10, choices=[(WRONG, WRONG), (UNSURE, UNSURE)])
    reason = models.SlugField()
    text = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__in=["wrong", "unsure"]), name="feedback_has_a_verdict"
            )
        ]
        indexes = [models.Index(fields=["deployment", "at"], name="feedback_by_day")]


class Incident(Immutable):
    """Something went wrong, or nearly did. Its state is its journal, entry after entry."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="incidents")
    number = models.PositiveIntegerField()
    summary = models.TextField()
    happened_at = models.DateTimeField()
    opened_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    alert = models.OneToOneField(
        Alert, null=True, blank=True, on_delete=models.PROTECT, related_name="incident"
    )
    closure = models.ForeignKey(
        RouteClosure, null=True, blank=True, on_delete=models.PROTECT, related_name="incidents"
    )
    study = models.ForeignKey(
        Study, null=True, blank=True, on_delete=models.PROTECT, related_name="incidents"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "number"], name="incidents_are_numbered"),
            models.CheckConstraint(condition=~Q(summary=""), name="an_incident_says_what_happened"),
        ]


class JournalEntry(Immutable):
    """One thing that was found, done or decided about an incident: who, when, what."""

    NOTE, MADE_SAFE, CAUSE, HARM, HAZARD, DECISION, REPORTED, CLOSED = (
        "note",
        "made-safe",
        "cause",
        "harm",
        "hazard",
        "decision",
        "reported",
        "closed",
    )
    KINDS = (NOTE, MADE_SAFE, CAUSE, HARM, HAZARD, DECISION, REPORTED, CLOSED)

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="journal")
    kind = models.CharField(max_length=10, choices=[(k, k) for k in KINDS])
    text = models.TextField()
    facts = models.JSONField(default=dict)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    envelope = models.JSONField(null=True, blank=True, help_text="DSSE envelope of a decision")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="an_entry_says_something"),
            models.CheckConstraint(
                condition=~Q(kind="decision") | Q(envelope__isnull=False), name="a_decision_is_sealed"
            ),
        ]


class Triage(Immutable):
    """What came of a piece of feedback; its reporter is told."""

    NO_ACTION, INCIDENT, SUPPLIER = "no-action", "incident", "supplier-told"

    feedback = models.OneToOneField(Feedback, on_delete=models.PROTECT, related_name="triage")
    outcome = models.CharField(max_length=15, choices=[(o, o) for o in (NO_ACTION, INCIDENT, SUPPLIER)])
    answer = models.TextField(help_text="What the reporter is told")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    incident = models.ForeignKey(
        Incident, null=True, blank=True, on_delete=models.PROTECT, related_name="feedback"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(answer=""), name="the_reporter_is_told_something"),
            models.CheckConstraint(
                condition=~Q(outcome="incident") | Q(incident__isnull=False), name="an_incident_is_named"
            ),
        ]


class ReviewRecord(Immutable):
    """A review as it was computed, with the counter-argument; issued as evidence of the review gate."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="reviews")
    decision = models.CharField(max_length=15)
    result = models.JSONField(help_text="Each criterion, its figure and verdict, and what speaks against it")
    counter_argument = models.TextField(blank=True)
    since = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="reviews")


class RetirementChecklist(Immutable):
    """Begun when a review stops the tool: the steps as they stood then."""

    deployment = models.OneToOneField(Deployment, on_delete=models.PROTECT, related_name="retirement")
    begun_at = models.DateTimeField()
    standard = models.CharField(max_length=40)
    steps = models.JSONField()


class RetirementDone(Immutable):
    """One step was done: by whom, when, shown by what."""

    checklist = models.ForeignKey(RetirementChecklist, on_delete=models.PROTECT, related_name="done")
    step = models.SlugField()
    note = models.TextField()
    evidence = models.ForeignKey(Evidence, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["checklist", "step"], name="a_step_is_done_once"),
            models.CheckConstraint(condition=~Q(note=""), name="a_step_says_how_it_was_done"),
        ]
