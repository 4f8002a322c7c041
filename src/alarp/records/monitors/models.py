"""What has been counted, of which day, as known since when? And what did others deliver?"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from alarp.records.deployments.models import Deployment
from alarp.records.immutable import Immutable

# The words of alarp.monitoring.cube, written out: every process loads its models, few need numpy. A test holds the two
# together.
OUTCOMES = ("returned", "overdue", "failed", "refused", "opted-out", "held")
AGREEMENT = ("agree", "disagree", "wrong", "unsure")


class DailyCount(models.Model):
    """What happened on this day at this scanner on this route, as far as it became known on `known_day`.

    The counts of a day are the sum over its rows; as known on D: over those with `known_day` up to D. A late label is
    one more row of an old day. Made again whenever its `known_day` is rolled again, from the same rows.
    """

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="daily_counts")
    day = models.DateField(help_text="The day it happened on, where the hospital is")
    known_day = models.DateField(db_index=True, help_text="The day it became known on")
    scanner = models.CharField(max_length=200)
    route = models.CharField(max_length=10)
    counts = models.JSONField(help_text="What is not 0, by family and name (alarp.monitoring.cube)")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["deployment", "day", "scanner", "route", "known_day"],
                name="one_count_per_day_scanner_route_and_knowledge",
            ),
            models.CheckConstraint(
                condition=Q(known_day__gte=models.F("day")), name="known_after_it_happened"
            ),
        ]


class RolledDay(models.Model):
    """This day is closed: its events lie in a file of this digest."""

    day = models.DateField(unique=True)
    sha256 = models.CharField(
        max_length=64, help_text="Digest of the day's file; empty: no event that day", blank=True
    )
    events = models.PositiveIntegerField()
    rolled_at = models.DateTimeField()


class DeliveredEvent(Immutable):
    """One event that the ledger does not know by itself: a judgement of a result, or a result that went another way."""

    # A digest of deployment, source and the sender's own name for it: no accession number is ever kept.
    event_id = models.CharField(max_length=64, unique=True)
    content = models.CharField(
        max_length=64, help_text="Digest of what it says: delivered twice, it says the same"
    )
    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="delivered_events")
    source = models.CharField(max_length=100, help_text="Who says so: feedback, reports, another gateway …")
    at = models.DateTimeField()
    known_at = models.DateTimeField(db_index=True)
    station = models.CharField(max_length=64, blank=True)
    manufacturer = models.CharField(max_length=64, blank=True)
    model = models.CharField(max_length=64, blank=True)
    software = models.CharField(max_length=64, blank=True)
    route = models.CharField(max_length=10)
    outcome = models.CharField(max_length=10, blank=True, choices=[(o, o) for o in OUTCOMES])
    reason = models.CharField(max_length=60, blank=True)
    turnaround_s = models.FloatField(null=True, blank=True)
    score = models.FloatField(null=True, blank=True)
    decision = models.CharField(max_length=60, blank=True)
    version = models.CharField(max_length=64, blank=True)
    agreement = models.CharField(max_length=10, blank=True, choices=[(a, a) for a in AGREEMENT])
    corrects = models.CharField(max_length=10, blank=True)
    minutes_saved = models.FloatField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(outcome="") | ~Q(agreement="") | Q(minutes_saved__isnull=False),
                name="a_delivered_event_says_something",
            ),
            models.CheckConstraint(
                condition=Q(known_at__gte=models.F("at")), name="nothing_is_known_before_it_happens"
            ),
        ]
        indexes = [models.Index(fields=["deployment", "at"], name="delivered_by_deployment")]
