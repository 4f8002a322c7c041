"""Which limit was passed, who is told, and does the route close? Told to a role, acknowledged, or passed on.

An alert is raised once for a rule and a subgroup and stays open until the figure is back and somebody has acknowledged
it, or until the route that it closed was opened again by a signed decision. Whoever does not acknowledge in time is
followed by the next role, and that is counted.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max
from django.utils.timezone import localdate

from alarp.kernel import AlarpError, NotNow, Stage
from alarp.pathway import (
    AlarmRule,
    Breach,
    Figure,
    Reaction,
    breaches,
    read_alarm_rules,
)
from alarp.pathway.alarms import SILENCE, VERSION_SEEN, is_past
from alarp.records import permissions
from alarp.records.audit.commands import record
from alarp.records.deployments.doors.holding import RULE, close_by_rule
from alarp.records.deployments.doors.moving import locked, moment
from alarp.records.deployments.models import Deployment, RouteClosure, TeamMember
from alarp.records.ledger.models import Dispatch
from alarp.records.people.models import Person
from alarp.records.watch import figures
from alarp.records.watch.models import Alert, AlertAcknowledgement, AlertEnd, Notice, Recipient
from alarp.records.watch.rules import rules_in_force
from alarp.standards import load_roles
from alarp.standards.watch import gateway_rules, monitors

LOG = logging.getLogger(__name__)

WATCHED = (Stage.INTEGRATE, Stage.GO_LIVE, Stage.LIVE, Stage.REVIEW)
BACK = "The figure is back within its limit."
LIFTED = "The route was opened again by a signed decision."


def look(now: datetime) -> tuple[Alert, ...]:
    """Evaluate every tool's rules on its figures, pass on what nobody acknowledged, end what is settled.

    What is wrong with one tool's figures does not keep the others from being looked at.
    """
    raised: list[Alert] = []
    stages = [stage.value for stage in WATCHED]
    for deployment in Deployment.objects.filter(stage__in=stages).select_related("version__product", "site"):
        try:
            if any(rule.monitor != VERSION_SEEN for rule in rules_in_force(deployment)):
                raised += look_at(deployment, figures.now_of(deployment, now), now)
        except AlarpError as error:
            LOG.warning("the alarm rules of %s were not looked at: %s", deployment.slug, error)
    escalate(now)
    return tuple(raised)


def look_at(deployment: Deployment, found: tuple[Figure, ...], now: datetime) -> list[Alert]:
    """Evaluate one tool's rules on these figures; answers the alerts that are new.

    The version is not looked at here: the gateway asks of every single result as it comes (`version_seen`), and a
    figure over a month would hold against the tool what was decided upon long ago.
    """
    rules = tuple(rule for rule in rules_in_force(deployment) if rule.monitor != VERSION_SEEN)
    raised = [
        raise_alert(deployment, breach, cause_at=breach.figure.at)
        for breach in breaches(rules, found, monitors())
        if not _just_opened_again(deployment, breach)
    ]
    _end_settled(deployment, rules, found, now)
    return [alert for alert, fresh in raised if fresh]


def _just_opened_again(deployment: Deployment, breach: Breach) -> bool:
    """Was the route opened again after this rule had closed it, and have too few results come since to judge anew?

    The figure still holds what was decided upon; once the rule's `minimum_n` new results are there, it counts again.
    """
    if breach.rule.reaction is not Reaction.CLOSE:
        return False
    lifted = RouteClosure.objects.filter(
        deployment=deployment, reference=breach.key[:200], lifted_at__isnull=False, closed_by__isnull=True
    )
    last = lifted.order_by("-lifted_at").values_list("lifted_at", flat=True).first()
    if last is None:
        return False
    fresh = Dispatch.objects.filter(deployment=deployment, returned_at__gt=last)[: breach.rule.minimum_n]
    return fresh.count() < breach.rule.minimum_n


def raise_alert(
    deployment: Deployment,
    breach: Breach,
    *,
    cause_at: datetime,
    dispatch: Dispatch | None = None,
    key: str = "",
) -> tuple[Alert, bool]:
    """Raise this alert, and close the route where the rule says so, in one transaction; or the one that is open.

    One alert is open at a time for its `key` (rule and subgroup). Answers the alert and whether it is new.
    """
    key = (key or breach.key)[:200]
    standing = _open(deployment, key)
    if standing is not None and not _closes_again(standing):
        return standing, False
    with transaction.atomic():
        deployment = locked(deployment)
        standing = _open(deployment, key)
        if standing is not None and not _closes_again(standing):
            return standing, False
        closure = _closed(deployment, breach, key) if breach.rule.reaction is Reaction.CLOSE else None
        alert = _written(deployment, breach, key, cause_at, closure, dispatch)
    return alert, True


def _open(deployment: Deployment, key: str) -> Alert | None:
    open_ones = Alert.objects.filter(deployment=deployment, key=key, end__isnull=True)
    return open_ones.select_related("closure").order_by("-pk").first()


def _closes_again(alert: Alert) -> bool:
    """Its closing was lifted and nobody has looked since: what happens now is a new alert."""
    return alert.closure is not None and alert.closure.lifted_at is not None


def _closed(deployment: Deployment, breach: Breach, key: str) -> RouteClosure:
    cause = {VERSION_SEEN: RouteClosure.VERSION, SILENCE: SILENCE}.get(
        breach.rule.monitor, RouteClosure.ALARM
    )
    return close_by_rule(deployment, breach.sentence, cause, reference=key)


def _written(
    deployment: Deployment,
    breach: Breach,
    key: str,
    cause_at: datetime,
    closure: RouteClosure | None,
    dispatch: Dispatch | None,
) -> Alert:
    rule, figure, at = breach.rule, breach.figure, moment(deployment)
    last = deployment.alerts.aggregate(last=Max("number"))["last"] or 0
    alert = Alert(
        deployment=deployment,
        number=last + 1,
        key=key,
        monitor=rule.monitor,
        subgroup=figure.subgroup,
        rule=rule.as_dict(),
        figure={**asdict(figure), "at": figure.at.isoformat()},
        sentence=f"{breach.sentence} {figure.sentence}".strip(),
        reaction=rule.reaction.value,
        role=rule.role,
        cause_at=cause_at,
        raised_at=at,
        due_at=at + timedelta(minutes=rule.acknowledge_within_min),
        closure=closure,
        dispatch=dispatch,
    )
    alert.save()
    record(
        RULE,
        "alert raised",
        f"alert {alert.number} of {deployment.slug}",
        stream=deployment.slug,
        at=at,
        rule=rule.slug,
        subgroup=figure.subgroup,
        sentence=alert.sentence,
        reaction=alert.reaction,
    )
    _tell(alert, rule, 0, at, "")
    return alert


def _tell(alert: Alert, rule: AlarmRule, step: int, at: datetime, because: str) -> None:
    """Tell the people who hold this role in the team; where nobody does, the next role at once."""
    role = rule.chain[step]
    notice = Notice(alert=alert, step=step, role=role, at=at, because=because)
    notice.save()
    members = TeamMember.objects.filter(deployment=alert.deployment, role=role, until__isnull=True)
    people = sorted(set(members.filter(person__is_active=True).values_list("person_id", flat=True)))
    for person in people:
        Recipient(notice=notice, person_id=person).save()
    record(
        RULE,
        "alert told" if step == 0 else "alert escalated",
        f"alert {alert.number} of {alert.deployment.slug}",
        stream=alert.deployment.slug,
        at=at,
        role=role,
        people=len(people),
        because=because,
    )
    if step + 1 < len(rule.chain):
        if not people:
            _tell(alert, rule, step + 1, at, f"Nobody holds the role {role} in the team.")
        elif all(misrouted(recipient) for recipient in notice.recipients.select_related("person")):
            _tell(alert, rule, step + 1, at, f"Nobody who was told holds the role {role} any more.")


def misrouted(recipient: Recipient) -> bool:
    """Was this person told of it in a role that they did not hold at the Trust that day (need G16)?"""
    notice = recipient.notice
    day = localdate(notice.at)
    return notice.role not in permissions.roles_at(recipient.person, notice.alert.deployment.site, day)


def escalate(now: datetime) -> int:
    """Pass on every alert that nobody acknowledged in time; answers how many."""
    late = Alert.objects.filter(acknowledgement__isnull=True, end__isnull=True, due_at__lt=now)
    passed_on = 0
    for alert in late.select_related("deployment").prefetch_related("notices"):
        rule = rule_of(alert)
        last = max(alert.notices.all(), key=lambda notice: notice.step)
        within = timedelta(minutes=rule.acknowledge_within_min)
        if last.step + 1 >= len(rule.chain) or now < last.at + within:
            continue
        with transaction.atomic():
            deployment = locked(alert.deployment)
            if Notice.objects.filter(alert=alert, step=last.step + 1).exists():
                continue
            if AlertAcknowledgement.objects.filter(alert=alert).exists():
                continue
            because = f"Nobody who holds the role {last.role} acknowledged it in {rule.acknowledge_within_min} minutes."
            _tell(alert, rule, last.step + 1, max(now, moment(deployment)), because)
        passed_on += 1
    return passed_on


def rule_of(alert: Alert) -> AlarmRule:
    """The rule as it was in force when the alert was raised."""
    roles = [role.slug for role in load_roles()]
    return read_alarm_rules([alert.rule], monitors=monitors(), roles=roles)[0]


def acknowledge(alert: Alert, note: str, *, by: Person) -> AlertAcknowledgement:
    """Say that you have seen it and have it in hand."""
    permissions.check(by, "acknowledge_alert", alert.deployment)
    with transaction.atomic():
        deployment = locked(alert.deployment)
        at = moment(deployment)
        earlier = AlertAcknowledgement.objects.filter(alert=alert).select_related("by").first()
        if earlier is not None:
            raise NotNow(f"Alert {alert.number} was acknowledged already, by {earlier.by}.")
        row = AlertAcknowledgement(alert=alert, by=by, at=at, note=note.strip(), in_time=at <= alert.due_at)
        row.save()
        record(
            by,
            "alert acknowledged",
            f"alert {alert.number} of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            note=row.note,
            in_time=row.in_time,
        )
    return row


def _end_settled(
    deployment: Deployment, rules: tuple[AlarmRule, ...], found: tuple[Figure, ...], now: datetime
) -> None:
    """End what is over: its closing was lifted, or somebody acknowledged it and the figure is back."""
    by_slug = {rule.slug: rule for rule in rules}
    here = {(figure.monitor, figure.subgroup): figure for figure in found}
    # What the gateway itself raised, the gateway ends: it knows when the tool or the register is back.
    open_ones = Alert.objects.filter(deployment=deployment, end__isnull=True)
    open_ones = open_ones.exclude(monitor__in=gateway_rules())
    for alert in open_ones.select_related("closure", "acknowledgement"):
        because = ""
        if alert.closure is not None:
            because = LIFTED if alert.closure.lifted_at is not None else ""
        elif hasattr(alert, "acknowledgement"):
            because = _over(by_slug.get(alert.key.split(":")[0]), here.get((alert.monitor, alert.subgroup)))
        if because:
            end(alert, because, now)


def _over(rule: AlarmRule | None, figure: Figure | None) -> str:
    """Why is an acknowledged warning over? Empty: it is not, or nobody can tell."""
    if rule is None:
        return "No rule in force asks for it any more."
    measured = figure is not None and figure.value is not None
    return BACK if figure is not None and measured and not is_past(rule, figure) else ""


def end(alert: Alert, because: str, at: datetime) -> None:
    """Close the alert's own record, once."""
    with transaction.atomic():
        deployment = locked(alert.deployment)
        if AlertEnd.objects.filter(alert=alert).exists():
            return
        at = max(at, moment(deployment))
        AlertEnd(alert=alert, at=at, because=because).save()
        record(
            RULE,
            "alert ended",
            f"alert {alert.number} of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            because=because,
        )
