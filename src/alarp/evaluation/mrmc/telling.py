"""What do reports on readers and on marks both say? Tables and charts from `result.json` alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from alarp.evaluation import pieces, telling
from alarp.evaluation.pieces import Row

_CALLED = {
    "auc": "area under the ROC curve",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "wafroc": "area under the wAFROC curve",
    "afroc": "area under the AFROC curve",
    "inferred-roc": "area under the inferred ROC curve",
}


def called(endpoint: str) -> str:
    """How is the endpoint called in a sentence?"""
    return _CALLED[endpoint]


def _begun(words: str) -> str:
    """At the beginning of a title; abbreviations keep their capitals."""
    return words[:1].upper() + words[1:]


def endpoint_of(result: Row) -> str:
    """Which endpoint does this result judge by?"""
    return str(result["figures"]["design"]["endpoint"])


def contrasts(result: Row) -> list[Row]:
    """The differences between arms in the endpoint, without the overall test and the subgroups' gaps."""
    own = [c for c in result["comparisons"] if c["measure"].startswith(endpoint_of(result))]
    return [c for c in own if c["flag"] != "overall test" and c["b"] != "rest"]


def gaps(result: Row) -> list[Row]:
    """Each subgroup of cases against the rest."""
    return [c for c in result["comparisons"] if c["b"] == "rest"]


# What each endpoint counts, of 100: the area under an ROC curve is the share of such pairs put in the right order, that
# under an AFROC curve the share of lesions (weighted: each diseased case alike) above every mark of a healthy case.
_OF_HUNDRED = {
    "auc": "of 100 pairs of a diseased and a healthy case, {} are put in the right order",
    "inferred-roc": "of 100 pairs of a diseased and a healthy case, {} are put in the right order",
    "wafroc": "of 100 pairs of a lesion and a healthy case, in {} the lesion is marked and stands out",
    "afroc": "of 100 pairs of a lesion and a healthy case, in {} the lesion is marked and stands out",
    "sensitivity": "of 100 diseased cases, {} are found",
    "specificity": "of 100 healthy cases, {} are left alone",
}


def _in_hundred(endpoint: str, row: Row) -> str:
    return _OF_HUNDRED[endpoint].format(pieces.per_hundred(row))


def summary(result: Row) -> list[str]:
    """What does a board member read first?"""
    endpoint = endpoint_of(result)
    said = [pieces.claims_sentence(result)]
    names = {arm["arm"]: len(arm["readers"]) for arm in result["figures"]["arms"]}
    for name, readers in names.items():
        row = pieces.find(result, endpoint, name)
        if row and row["estimate"] is not None:
            who = f"{readers} readers" if readers > 1 else "one reader"
            said.append(
                f"{name}: {_in_hundred(endpoint, row)}; {called(endpoint)} {pieces.show(row['estimate'])} (interval "
                f"{pieces.interval(row)}), {who}, {row['n']} cases."
            )
    for row in contrasts(result):
        if row["low"] is not None and "(" not in row["a"]:
            side = "higher" if row["difference"] > 0 else "lower"
            tell = (
                "chance could explain it" if row["low"] <= 0 <= row["high"] else "chance does not explain it"
            )
            said.append(
                f"{row['a']} is {side} than {row['b']} by {abs(row['difference']):.3f} (difference between "
                f"{row['low']:.3f} and {row['high']:.3f}): {tell}."
            )
    for name in names:
        failed = pieces.find(result, "failure_rate", name)
        if failed and failed["events"]:
            said.append(
                f"{name}: {failed['events']} of {failed['n']} readings gave no usable answer; these count as wrong."
            )
    return [*said, telling.for_whom(result, lower_is_worse=True)]


def subgroups_section(result: Row) -> dict[str, Any] | None:
    """The endpoint in every subgroup of cases, and the gaps."""
    rows = [r for r in result["measures"] if "=" in r["subgroup"] and r["measure"] == endpoint_of(result)]
    if not rows:
        return None
    listed = pieces.table(
        "Gap of each subgroup of cases against the rest, the same readers in both",
        ["Group", "Difference", "Interval", "p (Holm)", "Verdict"],
        [
            [c["a"], pieces.show(c["difference"]), pieces.interval(c), pieces.show(c["p"], 4), c["flag"]]
            for c in gaps(result)
        ],
    )
    every = pieces.measures_table("Every subgroup", rows, by_subgroup=True)
    return pieces.section("Subgroups of cases", tables=[every, listed])


def arms_section(result: Row) -> dict[str, Any]:
    """Means of the arms, the other ways of counting, the differences and the overall test."""
    endpoint = endpoint_of(result)
    names = [arm["arm"] for arm in result["figures"]["arms"]]
    mine = [r for r in result["measures"] if r["subgroup"] in names]
    by_profession = [
        r
        for r in result["measures"]
        if r["subgroup"] not in (*names, "all")
        and ", " not in r["subgroup"]
        and "=" not in r["subgroup"]
        and (r["measure"].startswith(endpoint) or r["measure"] == "failure_rate")
    ]
    primary = [
        r for r in mine if r["measure"] in (endpoint, "failure_rate", "lesions_found", "false_marks_per_case")
    ]
    others = [r for r in mine if r["measure"].startswith(f"{endpoint}_")]
    tables = [
        pieces.measures_table("Every arm, every case", primary, by_subgroup=True),
        pieces.measures_table(
            "The same under other ways of counting missing answers", others, by_subgroup=True
        ),
    ]
    if by_profession:
        tables.append(pieces.measures_table("By profession of the readers", by_profession, by_subgroup=True))
    return pieces.section(f"Mean {called(endpoint)}", tables=tables)


def differences_section(result: Row) -> dict[str, Any] | None:
    """How far are the arms apart?"""
    if all(c["b"] == "rest" for c in result["comparisons"]):
        return None
    endpoint, rows = endpoint_of(result), contrasts(result)
    listed = pieces.table(
        "Differences, and the overall test where there is one",
        ["a", "b", "Difference", "Interval", "Standard error", "df", "Statistic", "p", "Method"],
        [
            [
                c["a"],
                c["b"],
                pieces.show(c["difference"], 4),
                pieces.interval(c),
                pieces.show(c["se"], 4),
                pieces.show(c["df"], 1),
                pieces.show(c["statistic"]),
                pieces.show(c["p"], 4),
                c["method"] + (f"; {c['flag']}" if c["flag"] else ""),
            ]
            for c in result["comparisons"]
            if c["b"] != "rest"
        ],
    )
    shown = [
        {
            "label": f"{c['a']} minus {c['b']}",
            "difference": c["difference"],
            "low": c["low"],
            "high": c["high"],
        }
        for c in rows
        if c["difference"] is not None
    ]
    if not shown:
        return pieces.section("Differences", tables=[listed])
    margins = [
        c.get("at_least") for c in result["claims"] if " minus " in c["claim"] and c["measure"] == endpoint
    ]
    chart = {
        "chart": "differences",
        "title": f"Differences in {called(endpoint)}",
        "description": "; ".join(f"{r['label']} {r['difference']:.3f}" for r in shown)
        + ". The line at 0 is no difference; a dashed line is the margin of a claim.",
        "x_title": "Difference",
        "rows": shown,
        "margin": next((m for m in margins if m is not None), None),
        "table": listed,
    }
    return pieces.section("Differences", charts=[chart])


def readers_section(result: Row) -> dict[str, Any]:
    """Each reader, as a table and a forest."""
    endpoint = endpoint_of(result)
    rows = result["figures"]["readers"]
    listed = pieces.table(
        "Every reader",
        ["Reader", "Arm", "Profession", pieces.name_of(endpoint), "Interval", "Diseased", "Healthy"],
        [
            [
                r["reader"],
                r["arm"],
                r["profession"] or "–",
                pieces.show(r["estimate"]),
                pieces.interval(r),
                str(r["diseased"]),
                str(r["healthy"]),
            ]
            for r in rows
        ],
        note="Each reader's interval speaks of other cases, not of other readers.",
    )
    lines = [
        {
            "label": f"{r['reader']}, {r['arm']}",
            "weak": False,
            "estimate": r["estimate"],
            "low": r["low"],
            "high": r["high"],
            "n": r["diseased"] + r["healthy"],
        }
        for r in rows
        if r["estimate"] is not None
    ]
    chart = {
        "chart": "forest",
        "title": f"{_begun(called(endpoint))} of every reader",
        "description": "; ".join(f"{line['label']} {pieces.show(line['estimate'])}" for line in lines) + ".",
        "x_title": _begun(called(endpoint)),
        "rows": lines,
        "table": listed,
    }
    return pieces.section("Readers", charts=[chart]) if lines else pieces.section("Readers", tables=[listed])


def curve_chart(
    lines: Iterable[Mapping[str, Any]],
    *,
    key: str,
    title: str,
    axes: tuple[str, str],
    titles: tuple[str, str],
    share: bool,
    marks: Sequence[Mapping[str, float]] = (),
) -> dict[str, Any] | None:
    """One curve a reader, with about eight of each one's points as a table. None when there is no curve."""
    x, y = axes
    drawn = [
        {
            "arm": line["modality"],
            "reader": line["reader"],
            "points": [{"x": p[x], "y": p[y]} for p in line.get(key) or []],
        }
        for line in lines
    ]
    drawn = [line for line in drawn if line["points"]]
    if not drawn:
        return None
    cells = [
        [f"{line['reader']}, {line['arm']}", pieces.show(p["x"]), pieces.show(p["y"])]
        for line in drawn
        for p in line["points"][:: max(1, len(line["points"]) // 8)]
    ]
    return {
        "chart": "reader-curves",
        "title": title,
        "description": f"{titles[1]} against {titles[0].lower()}, one curve for each of {len(drawn)} readings; the table "
        "gives their points.",
        "x_title": titles[0],
        "y_title": titles[1],
        "share": share,
        "lines": drawn,
        "marks": list(marks),
        "table": pieces.table(f"{title}: some points", ["Reader", *titles], cells),
    }


def roc_chart(result: Row) -> dict[str, Any] | None:
    return curve_chart(
        result["figures"]["curves"],
        key="roc",
        title="ROC curve of every reader",
        axes=("one_minus_specificity", "sensitivity"),
        titles=("1 − specificity", "Sensitivity"),
        share=True,
    )


def wafroc_chart(result: Row) -> dict[str, Any] | None:
    return curve_chart(
        result["figures"]["curves"],
        key="wafroc",
        title="wAFROC curve of every reader",
        axes=("false_cases", "weighted_lesions"),
        titles=("Healthy cases with a false mark", "Weighted share of lesions found"),
        share=True,
    )


def froc_chart(result: Row) -> dict[str, Any] | None:
    marks = [
        {"x": p["false_marks_per_case"], "y": p["lesions_found"]}
        for line in result["figures"]["curves"]
        for p in line.get("operating_points", [])
    ]
    return curve_chart(
        result["figures"]["curves"],
        key="froc",
        title="FROC curve of every reader",
        axes=("false_marks_per_case", "lesions_found"),
        titles=("False marks per case", "Share of lesions found"),
        share=False,
        marks=marks,
    )


def variation_section(result: Row) -> dict[str, Any] | None:
    """Where does the variation come from, and what would other sizes of study find?"""
    found = result["figures"].get("components")
    if not found:
        return None
    words = {
        "ms_t": "mean square, modalities",
        "ms_r": "mean square, readers",
        "ms_tr": "mean square, readers by modalities",
        "error": "error variance of one reader's figure",
        "cov1": "covariance, same reader, other modality",
        "cov2": "covariance, same modality, other reader",
        "cov3": "covariance, both other",
        "var_r": "variance between readers",
        "var_tr": "variance between readers in how far modalities differ",
    }
    tables = [
        pieces.table(
            "Variance components (Obuchowski and Rockette)",
            ["Component", "Estimate"],
            [[text, f"{found[key]:.8f}"] for key, text in words.items() if found[key] is not None],
            note="Estimates by subtraction may be negative; in tests and plans they then count as zero.",
        )
    ]
    if sizes := result["figures"].get("sizing"):
        tables.append(
            pieces.table(
                "A next study like this one: chance to find a difference of 0.05, and half the interval's width",
                ["Readers", "Cases", "Power", "Half width"],
                [
                    [
                        str(s["readers"]),
                        str(s["cases"]),
                        pieces.show(s["power"], 2),
                        pieces.show(s["half_width"]),
                    ]
                    for s in sizes
                ],
            )
        )
    return pieces.section("Variation, and the size of a next study", tables=tables)
