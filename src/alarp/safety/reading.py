"""Is this table a risk scheme, or a hazard log? One sentence for the first thing that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from alarp.kernel import BadInput
from alarp.safety import fields
from alarp.safety.hazard import Category, Control, ControlState, Hazard, Owner, Status, Watch
from alarp.safety.rules import against_score, control_states
from alarp.safety.scheme import LevelRule, Likelihood, Patients, RiskScheme, Score, Severity

_SCHEME = frozenset({"version", "title", "source", "severities", "likelihoods", "grid", "levels"})
_LOG = frozenset({"scheme", "hazards"})
_SCORE = frozenset({"severity", "likelihood", "patients"})
_CONTROL = frozenset({"number", "text", "category", "mechanism", "state", "owner_role", "due", "evidence"})
_HAZARD = frozenset(
    {
        *("number", "name", "description", "effect", "harm", "causes", "existing_controls", "initial"),
        *("residual", "measured_by", "rationale", "controls", "leans_on", "monitors", "owner"),
        *("created_by", "references", "transferred_to", "declared_controls", "closed"),
    }
)
_WATCH = frozenset({"monitor", "limit"})
_NUMBER = re.compile(r"[A-Z][A-Z0-9-]{0,11}")
STEPS = 5


@dataclass(frozen=True, slots=True)
class Known:
    """What a log may refer to: the scheme, the monitors that exist, the roles, the library's hazards by number."""

    scheme: RiskScheme
    monitors: Collection[str]
    roles: Collection[str]
    library: Mapping[str, Hazard]


def read_scheme(value: Any, *, where: str = "The risk scheme") -> RiskScheme:
    """A scheme from its table; raises BadInput when a step, a cell or a level's rule is missing."""
    table = fields.row(value, where, _SCHEME)
    severities = tuple(
        Severity(
            fields.whole(s, "level", where, 1, STEPS),
            fields.text(s, "word", where),
            fields.text(s, "one", where, ""),
            fields.text(s, "several", where, ""),
        )
        for s in fields.rows(table, "severities", where)
    )
    likelihoods = tuple(
        Likelihood(
            fields.whole(s, "level", where, 1, STEPS),
            fields.text(s, "word", where),
            fields.text(s, "meaning", where),
        )
        for s in fields.rows(table, "likelihoods", where)
    )
    rules = tuple(
        LevelRule(
            fields.whole(s, "level", where, 1, STEPS),
            fields.text(s, "rule", where),
            fields.flag(s, "acceptable", where),
            fields.texts(s, "accepted_by", where),
            fields.flag(s, "review_date", where),
        )
        for s in fields.rows(table, "levels", where)
    )
    for name, steps in (("severities", severities), ("likelihoods", likelihoods), ("levels", rules)):
        if sorted(step.level for step in steps) != list(range(1, STEPS + 1)):
            raise BadInput(f"{where}: {name} must have each of the steps 1 to {STEPS} once.")
    return RiskScheme(
        version=fields.text(table, "version", where),
        title=fields.text(table, "title", where),
        source=fields.text(table, "source", where),
        severities=severities,
        likelihoods=likelihoods,
        grid=_grid(table, where),
        rules=rules,
    )


def _grid(table: fields.Row, where: str) -> tuple[tuple[int, ...], ...]:
    """The rows of the file are the likelihoods 1 to 5, from the least likely on."""
    found = fields.rows(table, "grid", where)
    if len(found) != STEPS or any(not isinstance(line, list) or len(line) != STEPS for line in found):
        raise BadInput(f"{where}: the grid must have {STEPS} rows of {STEPS} cells.")
    if any(cell not in range(1, STEPS + 1) for line in found for cell in line):
        raise BadInput(f"{where}: the grid holds a level that is not 1 to {STEPS}.")
    return tuple(tuple(line) for line in found)


def read_log(value: Any, known: Known, *, where: str = "The hazard log") -> tuple[Hazard, ...]:
    """A hazard log from its table: every row whole, every number once, every pointer leading somewhere."""
    table = fields.row(value, where, _LOG)
    scheme = fields.text(table, "scheme", where)
    if scheme != known.scheme.version:
        raise BadInput(
            f"{where} is scored by scheme {scheme!r}; this log uses {known.scheme.version}. Score it by that."
        )
    found = fields.rows(table, "hazards", where)
    if not found:
        raise BadInput(f"{where} has no hazards; give at least one.")
    log = tuple(_hazard(line, f"{where}, row {place}", known) for place, line in enumerate(found, start=1))
    check_references(log, where=where)
    _check_scores(log, known.scheme)
    return log


def check_references(log: tuple[Hazard, ...], *, where: str = "The hazard log") -> None:
    """Two hazards with one number, a control twice, a pointer that leads nowhere: refused."""
    numbers = [h.number for h in log]
    for number in numbers:
        if numbers.count(number) > 1:
            raise BadInput(f"{where} has two hazards with the number {number}; give each its own.")
    states = control_states(log)
    for hazard in log:
        for address in hazard.leans_on:
            if address not in states:
                raise BadInput(
                    f"{where}: {hazard.number} leans on control {address}, which is not in the log; correct the pointer."
                )
            if address.startswith(f"{hazard.number}/"):
                raise BadInput(
                    f"{where}: {hazard.number} leans on its own control {address}; name another hazard's, or none."
                )
        if hazard.created_by and hazard.created_by not in (*states, *numbers):
            raise BadInput(
                f"{where}: {hazard.number} was created by {hazard.created_by}, which is not in the log; "
                "correct the pointer."
            )


def _check_scores(log: tuple[Hazard, ...], scheme: RiskScheme) -> None:
    states = control_states(log)
    for hazard in log:
        if hazard.initial is None or hazard.residual is None:
            continue
        leaning = [states[address] for address in hazard.leans_on]
        wrong = against_score(
            hazard.number,
            hazard.initial,
            hazard.residual,
            measured=bool(hazard.measured_by),
            built_controls=sum(s.built for s in (*(c.state for c in hazard.controls), *leaning)),
            scheme=scheme,
        )
        if wrong:
            raise BadInput(wrong[0])


def _hazard(value: Any, where: str, known: Known) -> Hazard:
    table = fields.row(value, where, _HAZARD)
    number = fields.text(table, "number", where)
    if not _NUMBER.fullmatch(number):
        raise BadInput(f"{where}: the number is {number!r}; take capital letters and digits, such as H07.")
    where = f"{where} ({number})"
    shipped = known.library.get(number)
    initial, residual = _score(table, "initial", where, known), _score(table, "residual", where, known)
    if (initial is None) != (residual is None):
        raise BadInput(f"{where} has only one of initial and residual; give both, or neither.")
    hazard = Hazard(
        number=number,
        name=fields.text(table, "name", where, shipped.name if shipped else None),
        description=fields.text(table, "description", where, shipped.description if shipped else None),
        effect=fields.text(table, "effect", where, shipped.effect if shipped else None),
        harm=fields.text(table, "harm", where, shipped.harm if shipped else None),
        causes=fields.texts(table, "causes", where, shipped.causes if shipped else ()),
        existing_controls=fields.texts(table, "existing_controls", where),
        initial=initial,
        residual=residual,
        measured_by=fields.text(table, "measured_by", where, ""),
        rationale=fields.text(table, "rationale", where, ""),
        controls=_controls(table, where, known, shipped),
        leans_on=fields.texts(table, "leans_on", where),
        monitors=_watches(table, where, known, shipped),
        owner=fields.word(table, "owner", where, Owner, Owner.TRUST),
        created_by=fields.text(table, "created_by", where, shipped.created_by if shipped else ""),
        references=fields.texts(table, "references", where),
    )
    return _settled(hazard, table, where)


def _settled(hazard: Hazard, table: fields.Row, where: str) -> Hazard:
    closed = fields.text(table, "closed", where, "")
    to = fields.text(table, "transferred_to", where, "")
    declared = fields.text(table, "declared_controls", where, "")
    if bool(to) != bool(declared):
        raise BadInput(
            f"{where}: a transferred hazard names who takes it (transferred_to) and which controls they declared "
            "(declared_controls); give both."
        )
    if closed and to:
        raise BadInput(f"{where} is both closed and transferred; it is one of them.")
    if closed:
        return replace(hazard, status=Status.CLOSED, status_because=closed)
    if to:
        return replace(hazard, status=Status.TRANSFERRED, status_because=declared, transferred_to=to)
    return hazard


def _score(table: fields.Row, name: str, where: str, known: Known) -> Score | None:
    if table.get(name) is None:
        return None
    place = f"{where}, {name}"
    given = fields.row(table[name], place, _SCORE)
    score = Score(
        severity=_step(given.get("severity"), known.scheme.severities, f"{place}: severity"),
        likelihood=_step(given.get("likelihood"), known.scheme.likelihoods, f"{place}: likelihood"),
        patients=fields.word(given, "patients", place, Patients, Patients.ONE),
    )
    try:
        known.scheme.check(score)
    except BadInput as refusal:
        raise BadInput(f"{place}: {refusal}") from None
    return score


def _step(value: Any, steps: tuple[Severity, ...] | tuple[Likelihood, ...], where: str) -> int:
    """A step of the scheme, by its word or by its number."""
    for step in steps:
        if value == step.level and not isinstance(value, bool):
            return step.level
        if isinstance(value, str) and value.strip().lower() == step.word.lower():
            return step.level
    raise BadInput(f"{where} is {value!r}; it is one of {', '.join(step.word.lower() for step in steps)}.")


def _controls(table: fields.Row, where: str, known: Known, shipped: Hazard | None) -> tuple[Control, ...]:
    if table.get("controls") is None:
        return shipped.controls if shipped else ()
    by_number = {c.number: c for c in shipped.controls} if shipped else {}
    made: list[Control] = []
    for place, value in enumerate(fields.rows(table, "controls", where), start=1):
        control = _control(value, f"{where}, control {place}", known, by_number)
        if any(other.number == control.number for other in made):
            raise BadInput(f"{where} has two controls with the number {control.number}; give each its own.")
        made.append(control)
    return tuple(made)


def _control(value: Any, where: str, known: Known, shipped: Mapping[str, Control]) -> Control:
    table = fields.row(value, where, _CONTROL)
    number = fields.text(table, "number", where)
    if not _NUMBER.fullmatch(number):
        raise BadInput(f"{where}: the number is {number!r}; take capital letters and digits, such as C1.")
    like = shipped.get(number)
    state = fields.word(table, "state", where, ControlState, ControlState.PROPOSED)
    evidence = fields.text(table, "evidence", where, "")
    if state.built and not evidence:
        raise BadInput(f"{where} ({number}) is {state}, but names no evidence; say what shows it.")
    role = fields.text(table, "owner_role", where, "")
    if role and role not in known.roles:
        raise BadInput(f"{where} ({number}): the role catalogue has no {role!r}; name one that it has.")
    return Control(
        number=number,
        text=fields.text(table, "text", where, like.text if like else None),
        category=fields.word(table, "category", where, Category, like.category if like else None),
        mechanism=fields.whole(
            {"mechanism": like.mechanism if like else None, **table}, "mechanism", where, 1, 5
        ),
        state=state,
        owner_role=role or (like.owner_role if like else ""),
        due=fields.day(table, "due", where),
        evidence=evidence,
    )


def _watches(table: fields.Row, where: str, known: Known, shipped: Hazard | None) -> tuple[Watch, ...]:
    if table.get("monitors") is None:
        return shipped.monitors if shipped else ()
    found = []
    for place, value in enumerate(fields.rows(table, "monitors", where), start=1):
        line = fields.row(value, f"{where}, monitor {place}", _WATCH)
        slug = fields.text(line, "monitor", where)
        if slug not in known.monitors:
            raise BadInput(
                f"{where} is watched by {slug!r}, which is no monitor; choose from {', '.join(sorted(known.monitors))}."
            )
        found.append(Watch(slug, fields.text(line, "limit", where)))
    return tuple(found)
