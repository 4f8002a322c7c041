"""Is this file a set of training modules, a Trust's own competences, or a list of training records?

Nothing here reaches the database; each fault is one sentence that names its place.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

from alarp.kernel import BadInput, canonical_json, sha256_hex
from alarp.pathway import May
from alarp.pathway.assessment import RIGHT, WRONG
from alarp.pathway.entitlement import EVERY_ROLE
from alarp.standards.competences.reading import rows_of, slug_of, table_of, text_of

_MODULE = (
    "slug", "title", "product", "version", "outcomes", "teaches", "accreditor", "pass_mark", "failures_mark",
    "valid_days", "grants", "asked_of", "items",
)  # fmt: skip
_ITEM = ("case", "ai_said", "ai", "reason", "result")
COLUMNS = (
    "username",
    "module",
    "dated",
    "correct",
    "items",
    "failures_caught",
    "failures",
    "certificate",
)
LONGEST_VALIDITY_DAYS = 3660


@dataclass(frozen=True, slots=True)
class ItemRow:
    case_text: str
    ai_said: str
    ai_right: bool
    reason: str
    result: int | None


@dataclass(frozen=True, slots=True)
class ModuleRow:
    """One module as its file describes it."""

    where: str
    slug: str
    title: str
    product: str
    version: str
    outcomes: tuple[str, ...]
    teaches: dict[str, int]
    accreditor: str
    pass_mark: float
    failures_mark: float | None
    valid_days: int
    grants: dict[str, str]
    asked_of: tuple[str, ...]
    items: tuple[ItemRow, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One line of a list of training records."""

    where: str
    username: str
    module: str
    dated: date
    correct: int
    items: int
    caught: int | None
    failures: int | None
    certificate: str


def read_yaml(data: bytes, name: str) -> Mapping[str, Any]:
    """The table in a YAML file."""
    try:
        table = yaml.safe_load(data.decode("utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        place = getattr(error, "problem_mark", None)
        raise BadInput(
            f"{name} is not valid YAML{f' near line {place.line + 1}' if place else ''}. Correct it."
        ) from None
    return table_of(table, name, ("modules", "competences"))


def read_modules(
    table: Mapping[str, Any], name: str, *, roles: Iterable[str], statements: Iterable[str]
) -> tuple[ModuleRow, ...]:
    """The modules of a file, each checked against the role catalogue and the competence statements."""
    known_roles, known = set(roles), set(statements)
    rows = tuple(
        _module(row, f"{name}, module {n}", known_roles, known)
        for n, row in enumerate(rows_of(table, "modules", name), start=1)
    )
    slugs = [row.slug for row in rows]
    for slug in slugs:
        if slugs.count(slug) > 1:
            raise BadInput(f"{name} has the module {slug!r} twice. Give each its own slug.")
    return rows


def _module(value: Any, where: str, roles: set[str], statements: set[str]) -> ModuleRow:
    table = table_of(value, where, _MODULE)
    slug = slug_of(table, "slug", where)
    where = f"{where} ({slug})"
    product, version = str(table.get("product") or ""), str(table.get("version") or "")
    if bool(product) != bool(version):
        raise BadInput(
            f"{where} names {'a product' if product else 'a version'} alone; name both, or neither for a general module."
        )
    items = tuple(_item(row, f"{where}, case {n}") for n, row in enumerate(table.get("items") or (), start=1))
    if product and items and all(item.ai_right for item in items):
        raise BadInput(
            f"{where}: the AI is right in all {len(items)} cases; add cases where this tool is wrong, to learn to see them."
        )
    failures_mark = _share(table, "failures_mark", where) if table.get("failures_mark") is not None else None
    if failures_mark is not None and items and all(item.ai_right for item in items):
        raise BadInput(
            f"{where} has a mark for failures caught, but no case where the AI is wrong. Add one or leave the mark out."
        )
    return ModuleRow(
        where=where,
        slug=slug,
        title=_short(text_of(table, "title", where), where, "title"),
        product=product,
        version=version,
        outcomes=tuple(str(one).strip() for one in rows_of(table, "outcomes", where)),
        teaches=_teaches(table.get("teaches") or {}, where, statements),
        accreditor=_short(str(table.get("accreditor") or "").strip(), where, "accreditor"),
        pass_mark=_share(table, "pass_mark", where),
        failures_mark=failures_mark,
        valid_days=_days(table.get("valid_days"), where),
        grants=_grants(table.get("grants"), where, roles, product),
        asked_of=_asked_of(table.get("asked_of") or [], where, roles, product),
        items=items,
        sha256=sha256_hex(canonical_json(_plain(table))),
    )


def _plain(value: Any) -> Any:
    """Dates and other YAML scalars as their text, so that the digest is of JSON."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _item(value: Any, where: str) -> ItemRow:
    table = table_of(value, where, _ITEM)
    truth = table.get("ai")
    if truth not in (RIGHT, WRONG):
        raise BadInput(f"{where}: ai is {truth!r}; say whether the AI is {RIGHT} or {WRONG} here.")
    result = table.get("result")
    if result is not None and (not isinstance(result, int) or isinstance(result, bool) or result < 1):
        raise BadInput(f"{where}: result is {result!r}; give the number of a result, or leave it out.")
    return ItemRow(
        text_of(table, "case", where),
        text_of(table, "ai_said", where),
        truth == RIGHT,
        text_of(table, "reason", where),
        result,
    )


def _short(text: str, where: str, field: str) -> str:
    if len(text) > 200:
        raise BadInput(f"{where}: {field} has {len(text)} characters; at most 200 are kept.")
    return text


def _share(table: Mapping[str, Any], field: str, where: str) -> float:
    value = table.get(field)
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
        or not 0 < value <= 1
    ):
        raise BadInput(
            f"{where}: {field} is {value!r}; give a share above 0 and up to 1, such as 0.8 for 80 %."
        )
    return float(value)


def _days(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LONGEST_VALIDITY_DAYS:
        raise BadInput(
            f"{where}: valid_days is {value!r}; give a whole number of days from 1 to {LONGEST_VALIDITY_DAYS}."
        )
    return value


def _teaches(value: Any, where: str, statements: set[str]) -> dict[str, int]:
    for name, level in table_of(
        value, f"{where}, teaches", value if isinstance(value, Mapping) else ()
    ).items():
        if name not in statements:
            raise BadInput(
                f"{where}: there is no competence statement {name!r}. Correct it or import it first."
            )
        if not isinstance(level, int) or isinstance(level, bool) or not 1 <= level <= 4:
            raise BadInput(f"{where}: it teaches {name} to level {level!r}; levels go from 1 to 4.")
    return dict(value)


def _grants(value: Any, where: str, roles: set[str], product: str) -> dict[str, str]:
    if not product:
        if value is not None:
            raise BadInput(
                f"{where} is general and grants nothing by itself; only a module about one product version grants."
            )
        return {}
    table = {EVERY_ROLE: value} if isinstance(value, str) else value
    if not isinstance(table, Mapping) or not table:
        raise BadInput(
            f"{where} does not say what it grants; write unaided or supervised, or one of them for each role."
        )
    for role, may in table.items():
        if role != EVERY_ROLE and role not in roles:
            raise BadInput(f"{where}: the role catalogue has no {role!r}. Correct it.")
        if may not in set(May):
            raise BadInput(f"{where}: it grants {may!r} to {role}; write {', '.join(May)}.")
    if all(may == May.NONE for may in table.values()):
        raise BadInput(f"{where} grants nothing to anybody. Say which role it entitles.")
    return {str(role): str(may) for role, may in table.items()}


def _asked_of(value: Any, where: str, roles: set[str], product: str) -> tuple[str, ...]:
    if value and product:
        raise BadInput(
            f"{where}: asked_of belongs to general modules; this one is about {product}, so say whom it grants."
        )
    if not isinstance(value, list) or set(value) - roles:
        raise BadInput(f"{where}: asked_of is {value!r}; write a list of roles of the catalogue.")
    return tuple(value)


def read_records(data: bytes, name: str) -> tuple[RecordRow, ...]:
    """The lines of a CSV file of training records; its columns are joined by name."""
    try:
        lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    except UnicodeDecodeError:
        raise BadInput(f"{name} is not text in UTF-8. Save it as CSV in UTF-8.") from None
    header = [cell.strip() for cell in lines[0]] if lines else []
    if sorted(header) != sorted(COLUMNS):
        raise BadInput(
            f"{name} has the columns {', '.join(header) or 'none'}; it needs exactly {', '.join(COLUMNS)}."
        )
    rows = []
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        where = f"{name}, line {number}"
        if len(cells) != len(header):
            raise BadInput(f"{where} has {len(cells)} cells under {len(header)} columns. Correct the line.")
        rows.append(_record(dict(zip(header, (c.strip() for c in cells), strict=True)), where))
    if not rows:
        raise BadInput(f"{name} holds no record below its header. Add a line for each person trained.")
    return tuple(rows)


def _record(cells: Mapping[str, str], where: str) -> RecordRow:
    try:
        dated = date.fromisoformat(cells["dated"])
    except ValueError:
        raise BadInput(f"{where}: dated is {cells['dated']!r}; write a day such as 2026-11-03.") from None
    counts = {
        name: _count(cells[name], name, where) for name in ("correct", "items", "failures_caught", "failures")
    }
    if counts["correct"] is None or counts["items"] is None:
        raise BadInput(f"{where}: a score needs both correct and items, such as 7 and 8.")
    return RecordRow(
        where, cells["username"], cells["module"], dated, counts["correct"], counts["items"],
        counts["failures_caught"], counts["failures"], cells["certificate"],
    )  # fmt: skip


def _count(cell: str, name: str, where: str) -> int | None:
    if not cell:
        return None
    if not cell.isdecimal() or len(cell) > 6:
        raise BadInput(
            f"{where}: {name} is {cell!r}; write a whole number of cases, or leave it empty where there were none."
        )
    return int(cell)
