"""What does the board say: are we safe, what waits for me, what waits for whom?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from alarp.kernel import RouteState
from alarp.web import shapes
from alarp.web.board.standing import Standing, Vital, vitals


@dataclass(frozen=True)
class BoardRow:
    """One deployment as the board shows it."""

    slug: str
    name: str
    site: str
    use: str
    supply_led: bool
    raised_by: str
    line: tuple[shapes.Station, ...]
    next_gate: str
    next_title: str
    met: int
    criteria: int
    waiting: shapes.Waiting | None
    yours: bool
    route: shapes.RouteSwitch
    open_holds: tuple[tuple[int, str], ...]
    standing: Standing
    in_use: bool
    ended: str = ""  # why it was stopped before it went live

    @property
    def sentence(self) -> str:
        """'Evaluate: 12 of 14 criteria met'."""
        if not self.next_gate:
            return f"Stopped: {self.ended}" if self.ended else "No gate is next."
        return f"{self.next_title}: {self.met} of {self.criteria} criteria met"


@dataclass(frozen=True)
class Board:
    rows: tuple[BoardRow, ...]
    alerts_href: str = ""

    @property
    def vitals(self) -> tuple[Vital, ...]:
        return vitals(self.rows, alerts_href=self.alerts_href) if self.rows else ()

    @property
    def yours(self) -> tuple[BoardRow, ...]:
        """The deployments that wait for the person who looks, longest first."""
        mine = [row for row in self.rows if row.yours and row.waiting]
        return tuple(sorted(mine, key=lambda row: -row.waiting.days if row.waiting else 0))

    @property
    def summary(self) -> str:
        """'3 deployments: 1 live, 1 silent, 1 closed. 1 open safety hold. The longest wait is 12 days.'"""
        if not self.rows:
            return "No tool has been proposed yet."
        states = Counter(row.route.state for row in self.rows)
        parts = [
            f"{states[s]} {s.value}"
            for s in (RouteState.LIVE, RouteState.SILENT, RouteState.CLOSED)
            if states[s]
        ]
        holds = sum(len(row.open_holds) for row in self.rows)
        text = f"{_counted(len(self.rows), 'deployment')}: {', '.join(parts)}. "
        text += f"{_counted(holds, 'open safety hold')}. " if holds else "No open safety hold. "
        longest = max((row.waiting.days for row in self.rows if row.waiting), default=0)
        return text + (
            f"The longest wait is {_counted(longest, 'day')}."
            if longest
            else "Nothing waits longer than today."
        )


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def row(
    fact: Any,
    *,
    gates: Iterable[Any],
    titles: Mapping[str, str],
    my_roles: frozenset[str] = frozenset(),
    standing: Standing | None = None,
) -> BoardRow:
    """One row of the records' board, as it is shown."""
    deployment, gates = fact.deployment, tuple(gates)
    statuses = {status.gate: status.status for status in deployment.gates.all()}
    holds = tuple((hold.number, hold.concern) for hold in deployment.holds.all() if hold.answered_at is None)
    return BoardRow(
        slug=deployment.slug,
        name=str(deployment.version),
        site=str(deployment.site),
        use=deployment.use,
        supply_led=deployment.supply_led,
        raised_by=deployment.raised_by_role,
        line=shapes.gate_line(gates, statuses, fact.next_gate),
        next_gate=fact.next_gate or "",
        next_title=next((gate.title for gate in gates if gate.slug == fact.next_gate), ""),
        met=fact.met,
        criteria=fact.criteria,
        waiting=shapes.Waiting(titles.get(fact.waiting_for, fact.waiting_for), fact.days_waiting)
        if fact.waiting_for
        else None,
        yours=fact.waiting_for in my_roles,
        route=shapes.RouteSwitch(fact.route.state, fact.route.reason, held=bool(holds)),
        open_holds=holds,
        standing=standing or Standing(),
        in_use=fact.route.state is not RouteState.CLOSED or fact.stage in ("live", "review", "change"),
        ended=getattr(getattr(deployment, "abandonment", None), "reason", ""),
    )
