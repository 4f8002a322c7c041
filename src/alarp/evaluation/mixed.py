"""What does a report say of our patients and the vendor's?"""

from __future__ import annotations

from typing import Any

from alarp.evaluation import pieces
from alarp.evaluation.casemix import LARGE_DIFFERENCE
from alarp.evaluation.pieces import Row
from alarp.evaluation.transporting import ENDING


def case_mix(result: Row) -> dict[str, Any] | None:
    """How unlike the vendor's patients are ours, and what would be found in theirs?"""
    mixed = result["figures"].get("case_mix")
    if not mixed:
        return None
    rows = [
        {
            "label": f"{r['variable']}={r['group']}",
            "difference": r["difference"],
            "adjusted": r["weighted_difference"],
        }
        for r in mixed["rows"]
    ]
    body = [
        [
            f"{r['variable']}={r['group']}",
            _per_cent(r["vendor_share"]),
            _per_cent(r["local_share"]),
            pieces.show(r["difference"], 2),
            pieces.show(r["weighted_difference"], 2),
        ]
        for r in mixed["rows"]
    ]
    columns = ["Group", "Vendor's", "Here", "Standardised difference", "After weighting"]
    far = sum(1 for r in rows if r["difference"] is None or abs(r["difference"]) > LARGE_DIFFERENCE)
    chart = {
        "chart": "love-plot",
        "title": "Our patients against the vendor's",
        "description": f"Standardised differences of {len(rows)} groups, {far} of them beyond {LARGE_DIFFERENCE:g}.",
        "rows": rows,
        "table": pieces.table("Shares of each group, there and here", columns, body),
    }
    rows_of = _both(result)
    several = len({m["subgroup"] for m in rows_of}) > 1
    tables = [
        pieces.measures_table(
            "As found here, and in the vendor's case mix by weighting ours", rows_of, by_subgroup=several
        )
    ]
    return pieces.section(
        "Our patients and the vendor's", charts=[chart], tables=tables, paragraphs=list(mixed["remarks"])
    )


def _both(result: Row) -> list[Row]:
    """Each estimate as it was found here, then the same in the vendor's case mix."""
    found: list[Row] = []
    for row in result["measures"]:
        if row["measure"].endswith(ENDING):
            here = pieces.find(result, row["measure"].removesuffix(ENDING), row["subgroup"])
            found += [here, row] if here else [row]
    return found


def _per_cent(share: float) -> str:
    return f"{100 * share:.0f} %"
