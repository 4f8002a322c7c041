"""Which items of the field's reporting checklists does this run answer by itself, and which are still open?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
NOT_STATED = "not stated"
_MOST_NAMED = 6

# What no run can know: somebody writes it under `reporting` in the protocol, or it stays a gap that is shown.
WRITTEN = (
    "sampling", "reference_reason", "test_blinding", "severity", "alternatives", "interval_between", "harm",
    "funding", "independence", "human_interaction", "preprocessing", "de_identification", "annotation_tools",
    "supplier_training", "explanation", "users", "implementation", "human_factors", "exposure",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One item: its official number, what it asks in our words, and the facts that answer it."""

    id: str
    asks: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checklist:
    """A checklist of the field, and the kinds and designs of study that it is for (no designs: all)."""

    name: str
    source: str
    kinds: tuple[str, ...]
    designs: tuple[str, ...]
    items: tuple[Item, ...]


def fill(checklists: Iterable[Checklist], result: Row) -> list[dict[str, Any]]:
    """Which answer has each item of every checklist that applies to this result?

    An item is answered when every fact it asks for is there; otherwise the missing ones are named, and nothing is
    invented. Plain data: `name`, `source`, `answered`, `items` (each `id`, `asks`, `answer`, `missing`).
    """
    known = facts(result)
    filled = []
    for checklist in checklists:
        if result["kind"] not in checklist.kinds:
            continue
        if checklist.designs and result["design"] not in checklist.designs:
            continue
        items = [_answered(item, known) for item in checklist.items]
        answered = sum(not item["missing"] for item in items)
        filled.append(
            {"name": checklist.name, "source": checklist.source, "answered": answered, "items": items}
        )
    return filled


def _answered(item: Item, known: Mapping[str, str | None]) -> dict[str, Any]:
    found = [known[name] for name in item.facts if known.get(name)]
    missing = [name.replace("_", " ") for name in item.facts if not known.get(name)]
    return {"id": item.id, "asks": item.asks, "answer": "; ".join(map(str, found)), "missing": missing}


def facts(result: Row) -> dict[str, str | None]:
    """What does this result say by itself? Each fact is one line, or None where nobody said it."""
    reference, protocol, product = result["reference"], result["protocol"], result["product"]
    planned = result["planned_n"]
    written = {name: _stated(result.get("reporting", {}).get(name)) for name in WRITTEN}
    return (
        written
        | {
            "title": _stated(protocol["title"]),
            "kind": f"evaluation of a tool of the kind '{result['kind']}'",
            "product": None
            if product["name"] == NOT_STATED
            else f"{product['name']}, version {product['version']}",
            "intended_use": _stated(result["intended_use"]),
            "population": _stated(result["population"]),
            "design": _stated(result["design"]),
            "data_source": _stated(result["data_source"]),
            "reference": _stated(reference["description"]),
            "reference_kind": _stated(reference["kind"]),
            "reference_readers": f"{reference['readers']} readers" if reference["readers"] else None,
            "adjudication": _stated(reference["adjudication"]),
            "blinding": None
            if reference["blinded"] is None
            else ("blinded" if reference["blinded"] else "not blinded"),
            "locked": f"protocol locked on {protocol['locked_at']}" if protocol["locked_at"] else None,
            "protocol_hash": f"protocol version {protocol['version']}, SHA-256 {protocol['hash'][:16]}…",
            "code": result["code_version"],
            "failure_rule": f"no answer is {protocol['failure_rule']}",
            "planned_n": f"{planned} planned, {result['enrolled']} enrolled" if planned else None,
            "enrolled": f"{result['enrolled']} enrolled ({result['unit']})",
            "remarks": " ".join(result["remarks"]) or None,
            "changes": "; ".join(f"version {v['version']} locked before" for v in protocol["earlier"])
            or "none",
        }
        | _found(result)
    )


def _found(result: Row) -> dict[str, str | None]:
    """Which facts are numbers?"""
    overall = [m for m in result["measures"] if m["subgroup"] == "all" and m["estimate"] is not None]
    plain = [m for m in overall if not m["measure"].endswith(("_case", "_as_treated"))]
    variants = [m for m in overall if m["measure"].endswith(("_best_case", "_worst_case", "_as_treated"))]
    groups = sorted({m["subgroup"] for m in result["measures"]} - {"all"})
    claims = [f"{c['claim']}: {c['status']}" for c in result["claims"]]
    counts = {k: v for k, v in result["outcomes"].items() if k != "enrolled" and v}
    lost = {k: v for k, v in counts.items() if k not in ("scored", "both_empty")}
    figures = result["figures"]
    return {
        "headline": _list(_number(m) for m in plain),
        "methods": _list(dict.fromkeys(m["method"] for m in plain if m["method"])),
        "variants": "best case, worst case and as treated beside the primary analysis" if variants else None,
        "claims": _list(claims),
        "outcomes": _list(
            [f"{result['enrolled']} enrolled", *(f"{v} {_words(k)}" for k, v in counts.items())]
        ),
        "failures": _list(f"{v} {_words(k)}" for k, v in lost.items()) or "every case was scored",
        "subgroups": _list(groups),
        "gaps": _list(
            f"{c['measure']} {c['a']} against {c['b']}: {c['flag'] or 'compared'}"
            for c in result["comparisons"]
        ),
        "operating_point": _stated(figures.get("operating_point", {}).get("rule")),
        "confusion": _list(f"{v} {_words(k)}" for k, v in figures.get("confusion", {}).items()),
        "casemix": "compared with the supplier's test population" if figures.get("case_mix") else None,
        "agreement": "agreement between readers is in the report" if figures.get("agreement") else None,
    }


def _number(measure: Row) -> str:
    text = f"{measure['measure']} {measure['estimate']:.3g}"
    if measure["low"] is None or measure["high"] is None:
        return text
    return f"{text} ({measure['low']:.3g} to {measure['high']:.3g})"


def _list(parts: Iterable[str]) -> str | None:
    """How is a list said in one line? The first few by name, the others by number."""
    named = list(parts)
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    return (", ".join(named[:_MOST_NAMED]) + more) or None


def _words(name: str) -> str:
    return name.replace("_", " ")


def _stated(value: Any) -> str | None:
    return None if value is None or value == NOT_STATED or value == "" else str(value)
