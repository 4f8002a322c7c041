"""Are we safe, is it worth it? What the board shows of each tool beside its stage: risk, alarms, value and cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alarp.records import permissions
from alarp.records.appraisals.queries import value_and_cost
from alarp.records.hazards.queries import RiskSummary, risk_summaries
from alarp.records.watch.queries import open_counts
from alarp.web.protocols.tasks import in_short

UNACCEPTABLE = 4  # from this level on a risk cannot be accepted (standards/safety)
UNDESIRABLE = 3


@dataclass(frozen=True)
class Standing:
    """One tool in a few words; a part that this person may not see is empty."""

    risk_level: int | None = None
    risk: str = ""
    alerts: int = 0
    incidents: int = 0
    cost: str = ""
    value: str = ""
    evaluation: str = ""  # what waits for somebody there
    money: str = ""  # how both were counted, or why they cannot be

    @property
    def risk_mark(self) -> str:
        """How the risk is drawn: none, fine, undesirable or unacceptable."""
        if self.risk_level is None:
            return "none"
        if self.risk_level >= UNACCEPTABLE:
            return "unacceptable"
        return "undesirable" if self.risk_level == UNDESIRABLE else "fine"

    @property
    def alarms(self) -> str:
        """'2 open alerts, 1 open incident'; 'nothing alarms'."""
        parts = [_counted(self.alerts, "open alert"), _counted(self.incidents, "open incident")]
        return ", ".join(part for part in parts if part) or "Nothing alarms."


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}" if number else ""


def standings(person: Any, deployments: Sequence[Any], at: Any) -> Mapping[int, Standing]:
    """The standing of each of these tools, in a fixed number of queries, as far as this person may see it."""
    may = {
        action: [d for d in deployments if permissions.allowed(person, action, d)]
        for action in ("view_hazards", "view_alerts", "view_costs")
    }
    risks = risk_summaries(may["view_hazards"]) if may["view_hazards"] else {}
    counts = open_counts(may["view_alerts"]) if may["view_alerts"] else {}
    money = value_and_cost(may["view_costs"], at) if may["view_costs"] else {}
    waits = in_short(person, deployments)
    return {
        d.pk: _standing(risks.get(d.pk), counts.get(d.pk), money.get(d.pk), waits.get(d.pk, ""))
        for d in deployments
    }


def _standing(
    risk: RiskSummary | None, counts: tuple[int, int] | None, money: Any, evaluation: str
) -> Standing:
    alerts, incidents = counts or (0, 0)
    return Standing(
        risk_level=risk.highest if risk else None,
        risk=risk.sentence if risk else "",
        alerts=alerts,
        incidents=incidents,
        evaluation=evaluation,
        cost=money.cost_to_date if money else "",
        value=money.value_to_date if money else "",
        money=(money.sentence or money.because) if money else "",
    )


@dataclass(frozen=True)
class Vital:
    """One of the figures at the top: what, how much, and whether it wants looking at."""

    title: str
    figure: str
    says: str
    mark: str = "fine"  # fine, look, act: drawn with a shape, too
    href: str = ""


def vitals(rows: Sequence[Any], *, alerts_href: str = "") -> tuple[Vital, ...]:
    """What is live, what alarms, the highest risk left, who waits longest: the board in four figures."""
    live = sum(row.route.state.value == "live" for row in rows)
    silent = sum(row.route.state.value == "silent" for row in rows)
    alerts = sum(row.standing.alerts for row in rows)
    incidents = sum(row.standing.incidents for row in rows)
    holds = sum(len(row.open_holds) for row in rows)
    risks = [row.standing.risk_level for row in rows if row.standing.risk_level is not None and row.in_use]
    worst = max(risks, default=None)
    waiting = max((row for row in rows if row.waiting), key=lambda row: row.waiting.days, default=None)
    return (
        Vital("Live now", str(live), f"of {len(rows)} tools; {silent} in silent running"),
        Vital(
            "Alarms",
            str(alerts + incidents + holds),
            ", ".join(
                part
                for part in (
                    _counted(alerts, "open alert"),
                    _counted(incidents, "open incident"),
                    _counted(holds, "safety hold"),
                )
                if part
            )
            or "no alert, incident or safety hold is open",
            mark="act" if incidents or holds else "look" if alerts else "fine",
            href=alerts_href,
        ),
        Vital(
            "Highest risk left",
            "none" if worst is None else f"level {worst}",
            "among the tools in use, on the scale of 1 to 5; 4 and 5 cannot be accepted",
            mark="fine"
            if worst is None or worst < UNDESIRABLE
            else "look"
            if worst == UNDESIRABLE
            else "act",
        ),
        Vital(
            "Longest wait",
            "none" if waiting is None else waiting.waiting.since,
            "nothing waits for anybody"
            if waiting is None
            else f"for the {waiting.waiting.role[:1].lower() + waiting.waiting.role[1:]}: {waiting.name}",
            mark="look" if waiting is not None and waiting.waiting.long else "fine",
        ),
    )
