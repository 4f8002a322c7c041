"""What is alarming, who was told, what is open, what was reported? Questions only; nothing here changes a row."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Q, QuerySet

from alarp.records.deployments.models import Deployment
from alarp.records.watch.feedback import answers_for, given_by, waiting
from alarp.records.watch.figures import unacknowledged
from alarp.records.watch.incidents import State, state
from alarp.records.watch.models import Alert, Feedback, Incident, JournalEntry
from alarp.records.watch.retirement import checklist, steps, still_out
from alarp.records.watch.reviews import compute_review, criteria_of, last_issued, since_of
from alarp.records.watch.routing import owed
from alarp.records.watch.rules import draft_of, rules_in_force, signed

__all__ = [
    "State",
    "alerts",
    "answers_for",
    "checklist",
    "compute_review",
    "criteria_of",
    "draft_of",
    "feedback_since",
    "given_by",
    "incidents",
    "last_issued",
    "open_counts",
    "owed",
    "rules_in_force",
    "signed",
    "since_of",
    "state",
    "steps",
    "still_out",
    "unacknowledged",
    "waiting",
]

_WHOLE = ("deployment__version__product__supplier", "deployment__site")


def alerts(deployments: list[Deployment], *, open_only: bool) -> QuerySet[Alert]:
    """The alerts of these tools: those still open, or those that ended; the newest first."""
    found = Alert.objects.filter(deployment__in=deployments, end__isnull=open_only)
    related = (*_WHOLE, "acknowledgement__by", "closure", "end", "incident")
    return (
        found.select_related(*related)
        .prefetch_related("notices__recipients__person")
        .order_by("-raised_at", "-pk")
    )


def incidents(deployments: list[Deployment]) -> QuerySet[Incident]:
    """The incidents of these tools, the newest first, each with its journal."""
    found = Incident.objects.filter(deployment__in=deployments)
    return found.select_related(*_WHOLE, "alert", "closure").prefetch_related("journal__by").order_by("-pk")


def feedback_since(deployment: Deployment, since: datetime, until: datetime) -> QuerySet[Feedback]:
    """What users said of this tool's results in this time; for the monitors of agreement."""
    return Feedback.objects.filter(deployment=deployment, at__gte=since, at__lt=until).order_by("pk")


def open_counts(deployments: list[Deployment]) -> dict[int, tuple[int, int]]:
    """How many open alerts and open incidents has each of these tools? By primary key; for the board."""
    closed = Q(journal__kind=JournalEntry.CLOSED)
    wrong = Incident.objects.filter(deployment__in=deployments).exclude(closed)
    by_incident = dict(wrong.values_list("deployment").annotate(n=Count("pk", distinct=True)).order_by())
    loud = Alert.objects.filter(deployment__in=deployments, end__isnull=True)
    by_alert = dict(loud.values_list("deployment").annotate(n=Count("pk")).order_by())
    return {d.pk: (by_alert.get(d.pk, 0), by_incident.get(d.pk, 0)) for d in deployments}
