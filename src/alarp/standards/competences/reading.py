"""Is this table a competence framework, or a Trust's addition to one? One sentence for the first thing that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from alarp.kernel import BadInput
from alarp.standards.competences.model import MOST, Domain, Framework, Statement, Step

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
ADDITION = {"version", "adds_to", "statements"}


def text_of(table: Mapping[str, Any], field: str, where: str) -> str:
    value = table.get(field)
    if not isinstance(value, str | int | float) or isinstance(value, bool) or not str(value).strip():
        raise BadInput(f"{where} has no text under {field!r}. Write it.")
    return " ".join(str(value).split())


def slug_of(table: Mapping[str, Any], field: str, where: str) -> str:
    value = text_of(table, field, where)
    if not _SLUG.fullmatch(value) or len(value) > 50:
        raise BadInput(
            f"{where}: {field} is {value!r}; use at most 50 lower-case letters, digits and single hyphens."
        )
    return value


def table_of(value: Any, where: str, known: Iterable[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadInput(f"{where} is not a table of fields. Write it as `field: value` lines.")
    for field in value:
        if field not in set(known):
            raise BadInput(f"{where} has the field {field!r}, which is not known. Remove or correct it.")
    return value


def rows_of(table: Mapping[str, Any], field: str, where: str) -> list[Any]:
    value = table.get(field)
    if not isinstance(value, list) or not value:
        raise BadInput(f"{where} has no list under {field!r}. Give at least one.")
    return value


def levels_of(value: Any, where: str, known: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Archetype or role → level from 0 to 4."""
    if not isinstance(value, Mapping) or not value:
        raise BadInput(f"{where} says of nobody which level is needed. Write such as {{U: 2}}.")
    for name, level in value.items():
        if name not in set(known):
            raise BadInput(f"{where}: {name!r} is none of {', '.join(sorted(known))}. Correct it.")
        if not isinstance(level, int) or isinstance(level, bool) or not 0 <= level <= MOST:
            raise BadInput(
                f"{where}: the level for {name} is {level!r}; it is a whole number from 0 to {MOST}."
            )
    return tuple(value.items())


def read_framework(value: Any, roles: Iterable[str], *, where: str) -> Framework:
    """The shipped framework, checked."""
    table = table_of(value, where, _FRAMEWORK)
    letters = tuple(
        (k, text_of(v, "title", where), text_of(v, "says", where)) for k, v in table["archetypes"].items()
    )
    known = {letter for letter, _, _ in letters}
    by_role = {role: tuple(kinds) for role, kinds in table["roles"].items()}
    for role, kinds in by_role.items():
        if role not in set(roles) or set(kinds) - known:
            raise BadInput(
                f"{where}: role {role} with archetypes {', '.join(kinds)} is not known. Correct it."
            )
    domains = tuple(_domain(row, known, where) for row in rows_of(table, "domains", where))
    slugs = {d.slug for d in domains}
    return Framework(
        version=text_of(table, "version", where),
        title=text_of(table, "title", where),
        source=text_of(table, "source", where),
        url=text_of(table, "url", where),
        levels=tuple((int(n), str(says)) for n, says in table["levels"].items()),
        archetypes=letters,
        domains=domains,
        roles=tuple(by_role.items()),
        steps=tuple(_step(row, slugs, where) for row in rows_of(table, "steps", where)),
        coverage_target=float(table["coverage_target"]),
        coverage_source=text_of(table, "coverage_source", where),
        expiry_warning_days=int(table["expiry_warning_days"]),
    )


_FRAMEWORK = (
    "version",
    "title",
    "source",
    "url",
    "levels",
    "archetypes",
    "domains",
    "roles",
    "steps",
    "coverage_target",
    "coverage_source",
    "expiry_warning_days",
)


def _domain(value: Any, letters: set[str], where: str) -> Domain:
    table = table_of(value, f"{where}, domain", ("slug", "title", "number", "statements"))
    slug = slug_of(table, "slug", where)
    found = []
    for row in rows_of(table, "statements", f"{where}, domain {slug}"):
        one = table_of(row, f"{where}, domain {slug}", ("slug", "says", "levels"))
        name = slug_of(one, "slug", f"{where}, domain {slug}")
        says = text_of(one, "says", f"{where}, statement {name}")
        found.append(
            Statement(name, says, slug, levels_of(one.get("levels"), f"{where}, statement {name}", letters))
        )
    return Domain(slug, text_of(table, "title", where), text_of(table, "number", where), tuple(found))


def _step(value: Any, domains: set[str], where: str) -> Step:
    table = table_of(value, f"{where}, step", ("slug", "title", "says", "needs"))
    slug = slug_of(table, "slug", where)
    needs = levels_of(table.get("needs"), f"{where}, step {slug}", domains)
    return Step(slug, text_of(table, "title", where), text_of(table, "says", where), needs)


def read_addition(
    value: Any, framework: Framework, roles: Iterable[str], *, by: str, where: str = "The addition"
) -> tuple[str, tuple[Statement, ...]]:
    """A Trust's own statements and the version they carry; each belongs to a domain of the framework.

    Levels are stated by archetype (S, D, C, E, U), by role, or by both.
    """
    table = table_of(value, where, ADDITION)
    if text_of(table, "adds_to", where) != framework.version:
        raise BadInput(
            f"{where} adds to {table['adds_to']!r}; shipped is {framework.version}. Say which one it adds to."
        )
    letters = {letter for letter, _, _ in framework.archetypes}
    domains = {d.slug for d in framework.domains}
    taken = {s.name for s in framework.statements}
    found: list[Statement] = []
    for number, row in enumerate(rows_of(table, "statements", where), start=1):
        here = f"{where}, statement {number}"
        one = table_of(row, here, ("slug", "says", "domain", "levels", "roles"))
        domain = slug_of(one, "domain", here)
        if domain not in domains:
            raise BadInput(
                f"{here}: there is no domain {domain!r}; the domains are {', '.join(sorted(domains))}."
            )
        made = Statement(
            slug=slug_of(one, "slug", here),
            says=text_of(one, "says", here),
            domain=domain,
            by_archetype=levels_of(one["levels"], here, letters) if one.get("levels") else (),
            by_role=levels_of(one["roles"], here, roles) if one.get("roles") else (),
            added_by=by,
        )
        if not made.by_archetype and not made.by_role:
            raise BadInput(f"{here} says of nobody which level is needed. Write levels or roles.")
        if made.name in taken:
            raise BadInput(f"{here}: {made.name} is there already. Give it another slug.")
        taken.add(made.name)
        found.append(made)
    return text_of(table, "version", where), tuple(found)
