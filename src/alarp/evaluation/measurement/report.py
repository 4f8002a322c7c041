"""What does the report on a tool that measures say?"""

from __future__ import annotations

from typing import Any

from alarp.evaluation import mixed, pieces, telling
from alarp.evaluation.pieces import Row, Story

_HEADLINE = ("within_tolerance", "tdi", "bias", "loa_low", "loa_high", "mae", "rmse", "failure_rate")
_OTHER = (
    "icc",
    "ccc",
    "proportional_bias",
    "repeatability_output",
    "repeatability_reference",
    "observer_icc",
    "reference_icc",
)


def story(result: Row) -> Story:
    """Which story does a measurement result tell, to a board member first and a statistician after?"""
    groups = telling.subgroups(result, forests=["within_tolerance"], tabled=["bias"])
    sections = [_agreement(result), _plot(result), groups, mixed.case_mix(result)]
    return pieces.frame(result, summary=_summary(result), sections=[s for s in sections if s is not None])


def _amount(result: Row, value: float) -> str:
    """How is a deviation read? With its unit, or as a ratio or per cent."""
    figures = result["figures"]
    if figures["scale"] == "ratio":
        return f"{value:.3g} times the reference"
    unit = " %" if figures["scale"] == "percent" else f" {figures['quantity_unit']}".rstrip()
    return f"{value:.3g}{unit}"


def _tolerance(result: Row) -> str:
    figures = result["figures"]
    if figures["tolerance_is_percent"]:
        return f"{figures['tolerance']:g} % of the reference"
    return f"{figures['tolerance']:g} {figures['quantity_unit']}".rstrip()


def _summary(result: Row) -> list[str]:
    said = [pieces.claims_sentence(result)]
    near = pieces.find(result, "within_tolerance")
    if near and near["estimate"] is not None:
        said.append(
            f"Of 100 cases, {pieces.per_hundred(near)} are measured to within {_tolerance(result)} of the reference. "
            f"Counted over {near['n']} cases; no answer counts as outside."
        )
    said += _bias_sentences(result)
    failed = pieces.find(result, "failure_rate")
    if failed and failed["events"]:
        said.append(f"It gave no usable value for {failed['events']} of {failed['n']} cases.")
    return [*said, telling.for_whom(result)]


def _bias_sentences(result: Row) -> list[str]:
    bias, low, high = (pieces.find(result, m) for m in ("bias", "loa_low", "loa_high"))
    if not bias or bias["estimate"] is None:
        return []
    if result["figures"]["scale"] == "ratio":
        text = f"On average its value is {_amount(result, bias['estimate'])}"
    else:
        side = "above" if bias["estimate"] >= 0 else "below"
        text = f"On average it measures {_amount(result, abs(bias['estimate']))} {side} the reference"
    if low and high and low["estimate"] is not None and high["estimate"] is not None:
        share = f"{100 * result['figures']['limits']:g}"
        text += (
            f"; {share} in 100 single measurements are expected between {_amount(result, low['estimate'])} and "
            f"{_amount(result, high['estimate'])}"
        )
    return [text + "."]


def _agreement(result: Row) -> dict[str, Any]:
    rows = {row["measure"]: row for row in result["measures"] if row["subgroup"] == "all"}
    unit = result["figures"]["quantity_unit"]
    note = f" (in {unit} where it has a unit)" if unit else ""
    return pieces.section(
        "Agreement with the reference",
        tables=[
            pieces.measures_table(f"Primary analysis{note}", [rows[m] for m in _HEADLINE if m in rows]),
            pieces.measures_table(
                "Telling patients apart, and repeating itself", [rows[m] for m in _OTHER if m in rows]
            ),
            telling.variants_table(result, (*_HEADLINE, *_OTHER)),
        ],
    )


def _plot(result: Row) -> dict[str, Any] | None:
    figures = result["figures"]
    lines = [row for m in ("loa_low", "bias", "loa_high") if (row := _line(result, m)) is not None]
    if not figures["points"] or not lines:
        return None
    unit = f" ({figures['quantity_unit']})" if figures["quantity_unit"] else ""
    y_title = {
        "ratio": "Tool divided by reference",
        "percent": "Tool minus reference, % of their mean",
        "difference": f"Tool minus reference{unit}",
    }[figures["scale"]]
    words = "; ".join(f"{line['label']} {line['estimate']:.3g}" for line in lines)
    return pieces.section(
        "Difference plot",
        charts=[
            {
                "chart": "bland-altman",
                "title": f"Difference between tool and reference: {figures['quantity']}",
                "description": (
                    f"Each of {len(figures['points'])} points is one measurement: how far the tool lies from the "
                    f"reference, against the size of what is measured. {words}. The bands are their intervals."
                ),
                "points": figures["points"],
                "lines": lines,
                "x_title": f"Mean of tool and reference{unit}",
                "y_title": y_title,
                "table": _points_table(figures, y_title),
            }
        ],
    )


def _line(result: Row, measure: str) -> dict[str, Any] | None:
    found = pieces.find(result, f"{measure}_as_treated")
    if not found or found["estimate"] is None:
        return None
    label = {"bias": "bias", "loa_low": "lower limit", "loa_high": "upper limit"}[measure]
    return {"label": label} | {k: found[k] for k in ("estimate", "low", "high")}


def _points_table(figures: Row, y_title: str) -> dict[str, Any]:
    neutral = 1.0 if figures["scale"] == "ratio" else 0.0
    worst = sorted(figures["points"], key=lambda p: (-abs(p["difference"] - neutral), p["case"]))[:20]
    return pieces.table(
        "The twenty cases furthest from the reference",
        ["Case", "Mean of both", y_title],
        [[p["case"], pieces.show(p["middle"]), pieces.show(p["difference"])] for p in worst],
    )
