"""Who was meant to hear of it, who did, when did they see it, who took it up? Every alert, with each round of telling.

A notification that nobody took up in time is an incident of its own: the alarm worked and the answer did not. So is
one that reached only people who did not hold the role (need G16).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from alarp.records import clock
from alarp.records.assurance.models import Delivery
from alarp.records.audit.commands import record
from alarp.records.deployments.models import Deployment
from alarp.records.people.models import Person
from alarp.records.watch.alerts import misrouted, rule_of
from alarp.records.watch.models import Alert, Notice, Recipient

SHOWN_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class Told:
    """One person who was told: in a role they held or not, and when they had it before their eyes."""

    person: str
    misrouted: bool
    delivered_at: datetime | None
    way: str


@dataclass(frozen=True, slots=True)
class Round:
    """One round of telling: the intended role, when, why it came to that, who was told."""

    role: str
    at: datetime
    because: str
    told: tuple[Told, ...]

    @property
    def missed(self) -> bool:
        """Nobody who held the role was told."""
        return all(one.misrouted for one in self.told)


@dataclass(frozen=True, slots=True)
class Notification:
    """One alert as a notification: its rule, its rounds, who took it up and whether in time."""

    alert: Alert
    rule: str
    rounds: tuple[Round, ...]
    acknowledged_by: str
    acknowledged_at: datetime | None
    in_time: bool | None

    @property
    def escalated(self) -> bool:
        return len(self.rounds) > 1

    @property
    def missed(self) -> bool:
        """Did a round reach nobody who held the role it was meant for?"""
        return any(one.missed for one in self.rounds)

    @property
    def counts(self) -> bool:
        """Does it count as an incident: taken up late or not at all, or sent to the wrong people?"""
        return self.in_time is False or self.missed


def notifications(deployments: list[Deployment], now: datetime) -> list[Notification]:
    """Every notification of these tools, the newest first."""
    found = Alert.objects.filter(deployment__in=deployments)
    related = ("deployment__version__product", "deployment__site", "acknowledgement__by", "incident")
    rows = found.select_related(*related).prefetch_related(
        "notices__recipients__person", "notices__recipients__delivery"
    )
    return [_notification(alert, now) for alert in rows.order_by("-raised_at", "-pk")[:SHOWN_AT_MOST]]


def _notification(alert: Alert, now: datetime) -> Notification:
    taken = getattr(alert, "acknowledgement", None)
    in_time = taken.in_time if taken else (False if now > alert.due_at else None)
    return Notification(
        alert=alert,
        rule=rule_of(alert).slug,
        rounds=tuple(_round(notice) for notice in sorted(alert.notices.all(), key=lambda n: n.step)),
        acknowledged_by=str(taken.by) if taken else "",
        acknowledged_at=taken.at if taken else None,
        in_time=in_time,
    )


def _round(notice: Notice) -> Round:
    return Round(
        role=notice.role,
        at=notice.at,
        because=notice.because,
        told=tuple(_told(recipient) for recipient in notice.recipients.all()),
    )


def _told(recipient: Recipient) -> Told:
    seen = getattr(recipient, "delivery", None)
    return Told(
        person=str(recipient.person),
        misrouted=misrouted(recipient),
        delivered_at=seen.at if seen else None,
        way=seen.way if seen else "",
    )


def delivered_to(person: Person, way: str) -> int:
    """This person has a page with their open alerts before their eyes; answers how many they saw for the first time."""
    fresh = Recipient.objects.filter(person=person, delivery__isnull=True, notice__alert__end__isnull=True)
    if not fresh.exists():
        return 0
    with transaction.atomic():
        Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
        rows = list(fresh.select_related("notice__alert__deployment"))
        for recipient in rows:
            alert = recipient.notice.alert
            Delivery(recipient=recipient, way=way, at=clock.now()).save()
            record(
                person,
                "alert seen",
                f"alert {alert.number} of {alert.deployment.slug}",
                stream=alert.deployment.slug,
                role=recipient.notice.role,
                way=way,
            )
    return len(rows)
