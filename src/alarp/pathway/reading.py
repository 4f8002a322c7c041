"""Is this table a pathway, or a catalogue of roles? One sentence for the first thing that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from alarp.kernel import BadInput
from alarp.pathway.model import APPROVE, CHANGE, CHECKS, IN_ORDER, Criterion, Gate, Pathway, Role

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

_PATHWAY = {"version", "title", "published", "gates", "change"}
_GATE = {"slug", "title", "question", "version_bound", "criteria"}
_CRITERION = {
    "slug",
    "asks",
    "evidence_kind",
    "role",
    "valid_days",
    "source",
    "mandatory",
    "meaning",
    "checks",
}
_ROLE = {"slug", "title", "duties", "required_in_team"}


def _table(value: Any, where: str, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadInput(f"{where} is not a table of fields. Write it as `field: value` lines.")
    for field in value:
        if field not in known:
            raise BadInput(f"{where} has the field {field!r}, which is not known. Remove or correct it.")
    return value


def _text(table: Mapping[str, Any], field: str, where: str, default: str | None = None) -> str:
    value = table.get(field, default)
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{where} has no text under {field!r}. Write it.")
    return " ".join(value.split())


def _slug(table: Mapping[str, Any], field: str, where: str) -> str:
    value = _text(table, field, where)
    if not _SLUG.fullmatch(value):
        raise BadInput(
            f"{where}: {field} is {value!r}; use lower-case letters, digits and single hyphens, such as silent-run."
        )
    return value


def _flag(table: Mapping[str, Any], field: str, where: str, default: bool) -> bool:
    value = table.get(field, default)
    if not isinstance(value, bool):
        raise BadInput(f"{where}: {field} is {value!r}; write true or false.")
    return value


def _rows(table: Mapping[str, Any], field: str, where: str) -> list[Any]:
    value = table.get(field)
    if not isinstance(value, list) or not value:
        raise BadInput(f"{where} has no list under {field!r}. Give at least one.")
    return value


def read_criterion(value: Any, where: str, roles: Iterable[str]) -> Criterion:
    """One criterion with exactly one accountable role that the catalogue knows."""
    table = _table(value, where, _CRITERION)
    slug = _slug(table, "slug", where)
    where = f"{where}, criterion {slug}"
    role = table.get("role")
    if not isinstance(role, str):
        raise BadInput(
            f"{where}: role is {role!r}; an obligation has exactly one accountable role. Name one."
        )
    if role not in set(roles):
        raise BadInput(f"{where}: the role catalogue has no {role!r}. Correct it or add the role.")
    days = table.get("valid_days")
    if days is not None and (not isinstance(days, int) or isinstance(days, bool) or days < 1):
        raise BadInput(f"{where}: valid_days is {days!r}; give a whole number of days, or leave it out.")
    return Criterion(
        slug=slug,
        asks=_text(table, "asks", where),
        evidence_kind=_slug(table, "evidence_kind", where),
        role=role,
        valid_days=days,
        source=_text(table, "source", where),
        mandatory=_flag(table, "mandatory", where, True),
        meaning=_text(table, "meaning", where, APPROVE),
        checks=_checks(table, where),
    )


def _checks(table: Mapping[str, Any], where: str) -> tuple[str, ...]:
    names = table.get("checks") or []
    if not isinstance(names, list):
        raise BadInput(f"{where}: checks is {names!r}; write a list of names.")
    for name in names:
        if name not in CHECKS:
            raise BadInput(f"{where}: there is no check {name!r}; the checks are {', '.join(CHECKS)}.")
    return tuple(names)


def _read_gate(value: Any, where: str, roles: Iterable[str]) -> Gate:
    table = _table(value, where, _GATE)
    slug = _slug(table, "slug", where)
    where = f"{where} ({slug})"
    criteria = tuple(read_criterion(row, where, roles) for row in _rows(table, "criteria", where))
    names = [c.slug for c in criteria]
    for name in names:
        if names.count(name) > 1:
            raise BadInput(f"{where} has the criterion {name!r} twice. Give each its own name.")
    if not any(c.mandatory for c in criteria):
        raise BadInput(f"{where} has no mandatory criterion; nobody would sign it. Make one mandatory.")
    return Gate(
        slug=slug,
        title=_text(table, "title", where),
        question=_text(table, "question", where),
        criteria=criteria,
        version_bound=_flag(table, "version_bound", where, False),
    )


def read_pathway(value: Any, roles: Iterable[str], *, where: str = "The pathway") -> Pathway:
    """A pathway from its table (a parsed YAML file); raises BadInput in one sentence."""
    table = _table(value, where, _PATHWAY)
    published = table.get("published")
    if not isinstance(published, date):
        raise BadInput(f"{where}: published is {published!r}; give a day such as 2026-11-22.")
    known = tuple(roles)
    gates = tuple(
        _read_gate(row, f"{where}, gate {number}", known)
        for number, row in enumerate(_rows(table, "gates", where), start=1)
    )
    if tuple(g.slug for g in gates) != IN_ORDER:
        raise BadInput(
            f"{where} has the gates {', '.join(g.slug for g in gates)}; they are {', '.join(IN_ORDER)}, in this order."
        )
    change = _read_gate(table.get("change"), f"{where}, the change gate", known)
    if change.slug != CHANGE:
        raise BadInput(f"{where}: the gate under `change` is called {change.slug!r}; call it {CHANGE!r}.")
    return Pathway(
        version=_text(table, "version", where),
        title=_text(table, "title", where),
        published=published,
        gates=gates,
        change=change,
    )


def read_roles(value: Any, *, where: str = "The role catalogue") -> tuple[Role, ...]:
    """The catalogue of roles from its table; raises BadInput in one sentence."""
    table = _table(value, where, {"roles", "version"})
    roles: list[Role] = []
    for number, row in enumerate(_rows(table, "roles", where), start=1):
        place = f"{where}, role {number}"
        fields = _table(row, place, _ROLE)
        slug = _slug(fields, "slug", place)
        if any(role.slug == slug for role in roles):
            raise BadInput(f"{place}: {slug!r} is there twice. Give each role its own name.")
        roles.append(
            Role(
                slug=slug,
                title=_text(fields, "title", place),
                duties=_text(fields, "duties", place),
                required_in_team=_flag(fields, "required_in_team", place, False),
            )
        )
    return tuple(roles)
