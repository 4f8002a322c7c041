"""Which cost case and options stand, and what has the tool cost and brought so far by them?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Exists, Min, OuterRef
from django.utils.timezone import get_current_timezone, localdate, localtime

from alarp.economics import Option as Weighed
from alarp.economics import OptionKind, ToDate, exactly, funding_sentence, pounds, read_case, to_date
from alarp.kernel import RouteState, Stage
from alarp.records.appraisals.models import CostCase, OptionAppraisal
from alarp.records.deployments.models import Deployment
from alarp.records.ledger.models import Dispatch
from alarp.standards.economics import load_economics

DAYS_A_YEAR = Decimal("365.25")
A_DAY_S = 90_000  # how long a closed day's count is remembered: a day and an hour


def latest_case(deployment: Deployment) -> CostCase | None:
    """The cost case that counts."""
    found: CostCase | None = deployment.cost_cases.select_related("by").order_by("-number").first()
    return found


def latest_appraisal(deployment: Deployment) -> OptionAppraisal | None:
    """The option appraisal that counts."""
    found: OptionAppraisal | None = (
        deployment.option_appraisals.select_related("by", "deployment__version__product", "deployment__site")
        .prefetch_related("options")
        .order_by("-number")
        .first()
    )
    return found


def weighed(appraisal: OptionAppraisal | None) -> tuple[Weighed, ...]:
    """Its options as the core knows them, in their order."""
    if appraisal is None:
        return ()
    return tuple(
        Weighed(
            o.name,
            OptionKind(o.kind),
            o.cost_pounds,
            o.cost_source,
            tuple((str(k), int(v)) for k, v in o.scores.items()),
            o.note,
        )
        for o in sorted(appraisal.options.all(), key=lambda o: o.position)
    )


def option_rows(appraisal: OptionAppraisal | None) -> list[dict[str, Any]]:
    """Its options as they were given, to be changed and saved anew."""
    return [
        {
            "name": o.name,
            "kind": o.kind.value,
            "cost": o.cost,
            "cost_source": o.cost_source,
            "note": o.note,
            **dict(o.scores),
        }
        for o in weighed(appraisal)
    ]


@dataclass(frozen=True)
class ValueAndCost:
    """What a tool has cost and brought so far; with `because` where that cannot be said."""

    cost_to_date: str = ""
    value_to_date: str = ""
    sentence: str = ""
    because: str = ""


@dataclass(frozen=True)
class Sent:
    """How many studies went to a tool, how many of them live, and since when."""

    total: int = 0
    live: int = 0
    first_live: datetime | None = None

    def plus(self, other: Sent) -> Sent:
        firsts = [f for f in (self.first_live, other.first_live) if f is not None]
        return Sent(self.total + other.total, self.live + other.live, min(firsts, default=None))


def value_and_cost(deployments: Sequence[Deployment], at: datetime) -> dict[int, ValueAndCost]:
    """Value and cost to date of many deployments at once, by each one's newest case: three queries in all.

    The plan's money for the time since the first study was sent live, and the studies that the ledger counts as
    sent. What the plan assumes (wages, minutes, what is realised) is assumed here too.
    """
    newer = CostCase.objects.filter(deployment=OuterRef("deployment"), number__gt=OuterRef("number"))
    rows = CostCase.objects.filter(~Exists(newer), deployment__in=[d.pk for d in deployments]).defer("result")
    cases = {row.deployment_id: row for row in rows}
    sent = sent_until([d for d in deployments if d.pk in cases], at)
    return {d.pk: _value_and_cost(d, cases.get(d.pk), sent.get(d.pk, Sent()), at) for d in deployments}


def _value_and_cost(deployment: Deployment, row: CostCase | None, sent: Sent, at: datetime) -> ValueAndCost:
    if row is None:
        return ValueAndCost(because="Not measurable: no cost case is saved.")
    if sent.first_live is None:
        return ValueAndCost(because="Not measurable yet: no study has been sent live.")
    until = min(at, deployment.stage_since) if deployment.stage == Stage.RETIRED else at
    days = max(Decimal(0), Decimal(str((until - sent.first_live).total_seconds())) / Decimal(86_400))
    case = read_case(row.table, load_economics(row.rules))
    with exactly():
        so_far = to_date(case, days / DAYS_A_YEAR, Decimal(sent.total), Decimal(sent.live))
    return ValueAndCost(
        cost_to_date=pounds(float(so_far.cost)),
        value_to_date=pounds(float(so_far.value)),
        sentence=_sentence(so_far, sent, row.number, case.many_studies),
    )


def _sentence(so_far: ToDate, sent: Sent, number: int, studies: str) -> str:
    since = localtime(sent.first_live)
    return (
        f"By cost case {number}, since {since.day} {since:%B %Y}: {pounds(float(so_far.set_up))} set-up, "
        f"{pounds(float(so_far.licence))} licence and {pounds(float(so_far.running + so_far.recalls))} running for "
        f"{sent.total:,} {studies} sent, {sent.live:,} of them live; the value is time at its wage "
        f"({pounds(float(so_far.other_benefit))}) and cash ({pounds(float(so_far.cash_benefit))}), as planned."
    )


@dataclass(frozen=True)
class FundingDue:
    """The money of a tool ends: by when must somebody have decided to stop or to extend?"""

    deployment: Deployment
    decide_by: date
    ends_on: date
    sentence: str


def funding_due(day: date, within_days: int = 90) -> tuple[FundingDue, ...]:
    """For which tools must stop or extend be decided soon, or should have been? The most urgent first (P06)."""
    newer = CostCase.objects.filter(deployment=OuterRef("deployment"), number__gt=OuterRef("number"))
    rows = (
        CostCase.objects.filter(~Exists(newer))
        .exclude(deployment__stage=Stage.RETIRED)
        .select_related("deployment__version__product", "deployment__site")
        .defer("table")
    )
    due = [
        found for row in rows if (found := _funding_due(row)) and (found.decide_by - day).days <= within_days
    ]
    return tuple(sorted(due, key=lambda d: d.decide_by))


def _funding_due(row: CostCase) -> FundingDue | None:
    funding = row.result["funding"]
    if funding is None or not funding["unfunded_months"] or not funding["decide_by"]:
        return None
    decide_by, ends_on = date.fromisoformat(funding["decide_by"]), date.fromisoformat(funding["ends_on"])
    return FundingDue(row.deployment, decide_by, ends_on, funding_sentence(row.result))


def sent_until(deployments: Iterable[Deployment], at: datetime) -> dict[int, Sent]:
    """How many studies were sent to each tool until then? Closed days are counted once a day and remembered."""
    wanted = {_key(d, at): d.pk for d in deployments}
    if not wanted:
        return {}
    midnight = datetime.combine(localdate(at), time.min, tzinfo=get_current_timezone())
    before: dict[str, Sent] = cache.get_many(wanted)
    unknown = {key: pk for key, pk in wanted.items() if key not in before}
    if unknown:
        counted = _count(unknown.values(), sent_at__lt=midnight)
        fresh = {key: counted.get(pk, Sent()) for key, pk in unknown.items()}
        cache.set_many(fresh, timeout=A_DAY_S)
        before |= fresh
    today = _count(wanted.values(), sent_at__gte=midnight, sent_at__lte=at)
    return {pk: before[key].plus(today.get(pk, Sent())) for key, pk in wanted.items()}


def _key(deployment: Deployment, at: datetime) -> str:
    return f"sent-{deployment.pk}-{deployment.proposed_at:%Y%m%d%H%M%S%f}-{localdate(at)}"


def _count(pks: Iterable[int], **when: datetime) -> dict[int, Sent]:
    rows = (
        Dispatch.objects.filter(deployment__in=list(pks), study__synthetic=False, **when)
        .values("deployment", "route_when_sent")
        .annotate(n=Count("pk"), first=Min("sent_at"))
        .order_by()
    )
    found: dict[int, Sent] = {}
    for row in rows:
        live = row["route_when_sent"] == RouteState.LIVE
        part = Sent(row["n"], row["n"] if live else 0, row["first"] if live else None)
        found[row["deployment"]] = found.get(row["deployment"], Sent()).plus(part)
    return found
