"""What alarms, against which limit, since when, who was told, who has it in hand?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alarp.pathway import AlarmRule, ReviewCriterion
from alarp.pathway.alarms import JudgedOn, Reaction, Unit, shown
from alarp.records.watch.alerts import rule_of
from alarp.records.watch.models import Alert
from alarp.standards.watch import monitors
from alarp.web import words
from alarp.web.alerts.gauges import Gauge, gauge


@dataclass(frozen=True)
class Told:
    """One round of telling: which role, which people, when, and why."""

    role: str
    people: str
    at: datetime
    because: str


@dataclass(frozen=True)
class AlertLine:
    """One alert as a list and its own page show it."""

    number: int
    slug: str
    tool: str
    site: str
    what: str
    where: str
    sentence: str
    figure: str
    limit: str
    gauge: Gauge | None
    closes: bool
    cause_at: datetime
    raised_at: datetime
    closed_at: datetime | None
    due_at: datetime
    told: tuple[Told, ...]
    acknowledged: str
    note: str
    ended: str
    incident: int | None
    waiting: str  # empty once somebody has it in hand
    late: bool
    because: str
    may_acknowledge: bool

    @property
    def open(self) -> bool:
        return not self.ended


def line(alert: Alert, now: datetime, *, may: bool = False) -> AlertLine:
    """One alert in words."""
    rule, figure = rule_of(alert), alert.figure
    monitor = monitors().get(alert.monitor)
    unit = monitor.unit if monitor else Unit.INDEX
    seen = getattr(alert, "acknowledgement", None)
    over = getattr(alert, "end", None)
    incident = getattr(alert, "incident", None)
    told = tuple(_told(notice) for notice in sorted(alert.notices.all(), key=lambda n: n.step))
    value = figure.get("value")
    return AlertLine(
        number=alert.number,
        slug=alert.deployment.slug,
        tool=str(alert.deployment.version),
        site=str(alert.deployment.site),
        what=monitor.title if monitor else words.lowered(alert.monitor),
        where="" if alert.subgroup in ("", "all") else alert.subgroup,
        sentence=alert.sentence,
        figure=shown(value, unit),
        limit=f"{rule.direction} {shown(rule.limit, unit)}",
        gauge=gauge(
            value,
            figure.get("low"),
            figure.get("high"),
            [("limit", rule.limit, shown(rule.limit, unit))],
            unit,
            past=True,
            says=alert.sentence,
        )
        if unit is not Unit.COUNT
        else None,
        closes=alert.reaction == Reaction.CLOSE,
        cause_at=alert.cause_at,
        raised_at=alert.raised_at,
        closed_at=alert.closure.closed_at if alert.closure else None,
        due_at=alert.due_at,
        told=told,
        acknowledged=f"{seen.by}, {_after(seen.at - alert.raised_at)} after it was raised" if seen else "",
        note=seen.note if seen else "",
        ended=over.because if over else "",
        incident=incident.number if incident else None,
        waiting="" if seen else (told[-1].role if told else words.role(alert.role)),
        late=not seen and now > alert.due_at,
        because=rule.because,
        may_acknowledge=may and not seen,
    )


def _told(notice: Any) -> Told:
    people = [str(r.person) for r in notice.recipients.all()]
    return Told(
        words.role(notice.role), words.listed(people) if people else "nobody", notice.at, notice.because
    )


def _after(span: timedelta) -> str:
    """'2 s', '14 min', '3 h', '2 days'."""
    seconds = max(0.0, span.total_seconds())
    for size, unit in ((172_800, "days"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / (86_400 if unit == 'days' else size):.0f} {unit}"
    return f"{seconds:.0f} s"


def sentence(lines: Sequence[AlertLine]) -> str:
    """'2 alerts are open; nobody has acknowledged 1 of them.'"""
    if not lines:
        return "No alert is open."
    waiting = sum(1 for one in lines if one.waiting)
    shut = sum(1 for one in lines if one.closes)
    text = "1 alert is open" if len(lines) == 1 else f"{len(lines)} alerts are open"
    text += f"; nobody has acknowledged {waiting} of them" if waiting else "; somebody has each in hand"
    return f"{text}; {shut} closed the route." if shut else f"{text}."


def first_the_unseen(lines: Iterable[AlertLine]) -> tuple[AlertLine, ...]:
    """Unacknowledged first, those that closed a route before those that warn, the newest first."""
    return tuple(sorted(lines, key=lambda one: (not one.waiting, not one.closes, -one.raised_at.timestamp())))


# --- the rules ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RuleLine:
    """One alarm rule in words."""

    slug: str
    what: str
    says: str
    limit: str
    closes: bool
    told: str
    within: str
    because: str
    source: str


@dataclass(frozen=True)
class CriterionLine:
    """One review criterion in words."""

    asks: str
    figure: str
    stops: str
    scales: str
    least: int
    because: str


def rule_line(rule: AlarmRule) -> RuleLine:
    """One alarm rule in words."""
    monitor = monitors()[rule.monitor]
    limit = f"{rule.direction} {shown(rule.limit, monitor.unit)}"
    if rule.judged_on is JudgedOn.INTERVAL:
        limit = f"whole interval {limit}"
    if rule.minimum_n > 1:
        limit += f", from {rule.minimum_n:,} studies on"
    return RuleLine(
        slug=rule.slug,
        what=monitor.title,
        says=monitor.says,
        limit=limit,
        closes=rule.reaction is Reaction.CLOSE,
        told=", then ".join(words.lowered(words.role(role)) for role in rule.chain),
        within=_after(timedelta(minutes=rule.acknowledge_within_min)),
        because=rule.because,
        source=monitor.source,
    )


def criterion_line(criterion: ReviewCriterion) -> CriterionLine:
    """One review criterion in words."""
    monitor = monitors()[criterion.monitor]
    worse = "below" if criterion.better == "higher" else "above"
    best = "at or above" if criterion.better == "higher" else "at or below"
    stop, scale = criterion.stop_at, criterion.scale_at
    return CriterionLine(
        asks=criterion.asks,
        figure=monitor.title,
        stops="never by itself" if stop is None else f"{worse} {shown(stop, monitor.unit)}",
        scales="has no say" if scale is None else f"{best} {shown(scale, monitor.unit)}",
        least=criterion.minimum_n,
        because=criterion.because,
    )
