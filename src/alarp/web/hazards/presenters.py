"""What does the hazard log say above the fold: how bad, how many, who must act, what watches?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from alarp.safety import (
    Cell,
    Control,
    ControlState,
    Hazard,
    Matrix,
    RiskScheme,
    Score,
    Status,
    against_hazard,
    control_states,
    controlled,
    initial_matrix,
    levels,
    residual_matrix,
    unscored,
)
from alarp.web.words import listed, lowered

STATE_WORDS = {
    ControlState.PROPOSED: "proposed",
    ControlState.BUILT: "built, not verified",
    ControlState.VERIFIED_IMPLEMENTED: "verified to be there",
    ControlState.VERIFIED_EFFECTIVE: "verified to work",
}
CATEGORY_WORDS = {
    "design": "Design",
    "test": "Test",
    "training": "Training",
    "business-process-change": "Business process change",
}
# What the filters of the list are called, and whether a hazard belongs.
SHOWS = ("all", "act", "high", "3", "2", "1", "open", "transferred", "closed", "unwatched")
SHOW_WORDS = {
    "all": "All",
    "act": "Somebody must act",
    "high": "Level 4 or 5",
    "3": "Level 3",
    "2": "Level 2",
    "1": "Level 1",
    "open": "Open",
    "transferred": "Transferred",
    "closed": "Closed",
    "unwatched": "Unwatched",
}
Values = Mapping[str, tuple[str, datetime]]


@dataclass(frozen=True)
class Monitor:
    """What watches a hazard: the monitor, its limit, and what it says now."""

    title: str
    limit: str
    says: str
    at: datetime | None


@dataclass(frozen=True)
class Row:
    """One hazard of the list."""

    number: str
    name: str
    initial: int | None
    level: int | None
    was_reopened: bool
    held: str
    controls: str
    monitors: tuple[Monitor, ...]
    status: str
    against: tuple[str, ...]
    waits_for: tuple[str, ...]

    @property
    def acts(self) -> bool:
        return bool(self.against)


@dataclass(frozen=True)
class MatrixView:
    """One grid with its counts, as a table."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    total: int


@dataclass(frozen=True)
class LogView:
    """The whole log's page."""

    sentence: str
    waiting: tuple[str, ...]
    initial: MatrixView
    residual: MatrixView
    rows: tuple[Row, ...]
    filters: tuple[tuple[str, str, int], ...]
    shown: str

    @property
    def shown_rows(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if belongs(row, self.shown))


def belongs(row: Row, show: str) -> bool:
    """Does this hazard stand under this filter?"""
    if show == "act":
        return row.acts
    if show == "high":
        return (row.level or 0) >= 4
    if show in ("1", "2", "3"):
        return row.level == int(show)
    if show == "unwatched":
        return not row.monitors and row.status != Status.CLOSED
    if show in ("open", "transferred", "closed"):
        return row.status == show
    return True


def log_view(
    hazards: Iterable[Hazard],
    scheme: RiskScheme,
    day: date,
    *,
    titles: Mapping[str, str],
    monitors: Mapping[str, str],
    values: Values,
    show: str = "all",
) -> LogView:
    """The log as a page: matrices, who must act, and the list, worst first."""
    log = tuple(hazards)
    states = control_states(log)
    rows = [_row(h, scheme, against_hazard(h, scheme, states, day), monitors, values) for h in log]
    rows.sort(key=lambda r: (-(r.level or (6 if r.status == Status.OPEN else 0)), r.number))
    before, after = initial_matrix(log, scheme), residual_matrix(log, scheme)
    counted = [(show_, SHOW_WORDS[show_], sum(belongs(r, show_) for r in rows)) for show_ in SHOWS]
    return LogView(
        sentence=sentence(log, scheme),
        waiting=_waiting(rows, titles),
        initial=_matrix_view("Initial risk", before, scheme),
        residual=_matrix_view("Residual risk, now", after, scheme),
        rows=tuple(rows),
        filters=tuple(entry for entry in counted if entry[2] or entry[0] in ("all", show)),
        shown=show if show in SHOWS else "all",
    )


def sentence(log: tuple[Hazard, ...], scheme: RiskScheme) -> str:
    """'24 hazards: none at level 4 or 5 now (9 before the controls), 1 at level 3.'"""
    before, after = (levels(found(log, scheme), scheme) for found in (initial_matrix, residual_matrix))
    high, was = after[5] + after[4], before[5] + before[4]
    count = sum(not h.set_aside for h in log)
    text = f"{count} {'hazard' if count == 1 else 'hazards'}: "
    text += (
        f"{high or 'none'} at level 4 or 5 now ({was} before the controls), {after[3] or 'none'} at level 3"
    )
    missing = len(unscored(log))
    return text + (f"; {missing} not scored." if missing else ".")


def _waiting(rows: Iterable[Row], titles: Mapping[str, str]) -> tuple[str, ...]:
    """Who must act, on how many? 'Clinical safety officer: 3 risks to accept'."""
    lines: dict[str, list[str]] = {}
    work: list[str] = []
    for row in rows:
        for role in row.waits_for:
            lines.setdefault(role, []).append(row.number)
        if row.against and len(row.against) > len(row.waits_for):
            work.append(row.number)
    found = [
        f"{titles.get(role, role)}: {_counted(len(numbers), 'risk')} to accept ({listed(numbers)})"
        for role, numbers in lines.items()
    ]
    if work:
        found.insert(0, f"The team: {_counted(len(work), 'hazard')} to work on ({listed(work)})")
    return tuple(found)


def _counted(number: int, one: str) -> str:
    return f"{number} {one if number == 1 else one + 's'}"


def _row(
    hazard: Hazard, scheme: RiskScheme, against: tuple[str, ...], monitors: Mapping[str, str], values: Values
) -> Row:
    proven = sum(c.state is ControlState.VERIFIED_EFFECTIVE for c in hazard.controls)
    built = sum(c.state.built for c in hazard.controls)
    return Row(
        number=hazard.number,
        name=hazard.name,
        initial=scheme.level(hazard.initial) if hazard.initial else None,
        level=scheme.level(hazard.standing) if hazard.standing else None,
        was_reopened=bool(hazard.reopened_because),
        held="does not apply here" if hazard.set_aside else controlled(hazard, scheme).value,
        controls=f"{built} of {len(hazard.controls)} controls built, {proven} verified to work",
        monitors=watched(hazard, monitors, values),
        status=hazard.status.value,
        against=tuple(_shortly(s, hazard) for s in against),
        waits_for=tuple(
            role
            for role in (scheme.rule(scheme.level(hazard.residual)).accepted_by if hazard.residual else ())
            if any(f"; {role} has not accepted" in s or f"acceptance by {role} was" in s for s in against)
        ),
    )


def _shortly(sentence: str, hazard: Hazard) -> str:
    """The sentence beside the hazard's own name: 'H05 (Missed finding) has …' → 'Has …'."""
    for opening in (
        f"{hazard.number} ({hazard.name}): ",
        f"{hazard.number} ({hazard.name}) ",
        f"{hazard.number}: ",
    ):
        if sentence.startswith(opening):
            rest = sentence.removeprefix(opening)
            return rest[:1].upper() + rest[1:]
    return sentence


def watched(hazard: Hazard, monitors: Mapping[str, str], values: Values) -> tuple[Monitor, ...]:
    """Each monitor that the hazard names, with its latest value where there is one."""
    return tuple(
        Monitor(
            monitors.get(w.monitor, w.monitor),
            w.limit,
            values[w.monitor][0] if w.monitor in values else "",
            values[w.monitor][1] if w.monitor in values else None,
        )
        for w in hazard.monitors
    )


def _matrix_view(title: str, found: Matrix, scheme: RiskScheme) -> MatrixView:
    return MatrixView(
        title=title,
        columns=tuple(s.word for s in sorted(scheme.severities, key=lambda s: s.level)),
        rows=tuple((scheme.likelihood(row[0].likelihood).word, row) for row in found.rows),
        total=found.total,
    )


@dataclass(frozen=True)
class ControlLine:
    """One control of a hazard's page."""

    number: str
    text: str
    kind: str
    state: str
    built: bool
    proven: bool
    evidence: str
    owner: str
    due: date | None


def control_line(control: Control, titles: Mapping[str, str]) -> ControlLine:
    return ControlLine(
        number=control.number,
        text=control.text,
        kind=CATEGORY_WORDS[control.category.value],
        state=STATE_WORDS[control.state],
        built=control.state.built,
        proven=control.state is ControlState.VERIFIED_EFFECTIVE,
        evidence=control.evidence,
        owner=lowered(titles.get(control.owner_role, control.owner_role)),
        due=control.due,
    )


@dataclass(frozen=True)
class ScoreView:
    """A score in words, with what it means."""

    level: int
    words: str
    means: str


def score_view(score: Score | None, scheme: RiskScheme) -> ScoreView | None:
    if score is None:
        return None
    severity, likelihood = scheme.severity(score.severity), scheme.likelihood(score.likelihood)
    many = "for one patient" if score.patients.value == "one" else "for several patients"
    return ScoreView(
        level=scheme.level(score),
        words=f"{severity.word} {many}, {likelihood.word.lower()} likelihood",
        means=f"{severity.means(score.patients)}. {likelihood.meaning}.",
    )
