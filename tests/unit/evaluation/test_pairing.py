"""Two products on the same cases: compared case by case, in whatever order their files stand; otherwise not at all."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy import stats

from alarp.evaluation import assemble, parse_protocol, read_csv
from alarp.evaluation.beside import Entry, beside
from alarp.evaluation.kinds import room
from alarp.evaluation.pairing import Answered, paired

COMMON = {
    "title": "Two products", "version": 1, "cases": "cases.csv", "reference_standard": "a panel",
    "design": "retrospective", "product": {"name": "A", "version": "1"},
}  # fmt: skip
DETECTION = COMMON | {
    "kind": "detection", "columns": {"case": "case", "truth": "truth", "score": "score"},
    "positive": "ill", "negative": "well", "higher_means": "disease", "threshold": 0.5,
}  # fmt: skip
MEASUREMENT = COMMON | {
    "kind": "measurement", "columns": {"case": "case", "reference": "reference", "output": "output"},
    "quantity": "bone age", "quantity_unit": "months", "tolerance": 12,
}  # fmt: skip
PREDICTION = COMMON | {
    "kind": "prediction", "columns": {"case": "case", "outcome": "outcome", "probability": "probability"},
    "positive": "missed", "negative": "came",
}  # fmt: skip
CONTOURING = COMMON | {
    "kind": "contouring", "columns": {"case": "case", "reference": "reference", "output": "output"},
    "tolerance_mm": 2, "structures": {"liver": ["liver"], "spleen": ["spleen"]},
}  # fmt: skip


def answered(label: str, plan: dict[str, Any], head: str, rows: list[str]) -> Answered:
    """One product's run of a plan whose cases are rows."""
    protocol = parse_protocol(plan)
    tables = {"cases": read_csv("\n".join([head, *rows]) + "\n", name="cases.csv")}
    found = room(plan["kind"]).findings(protocol, tables)
    result = assemble(protocol.common, found, lock=None, data={}, code_version="test", checklists=())
    return Answered(label, protocol, tables, json.loads(result.as_json()))


def films(label: str, scores: list[str], *, ill: int = 40, backwards: bool = False) -> Answered:
    rows = [f"c{n},{'ill' if n < ill else 'well'},{score}" for n, score in enumerate(scores)]
    return answered(label, DETECTION, "case,truth,score", rows[::-1] if backwards else rows)


def two_scores() -> tuple[list[str], list[str]]:
    random = np.random.default_rng(7)
    hard = random.normal(0, 1.2, 120) + np.where(np.arange(120) < 40, 1.5, 0.0)
    one, two = hard + random.normal(0, 0.4, 120), hard + random.normal(0.2, 0.4, 120)
    as_scores = [[f"{stats.norm.cdf(x - 0.7):.4f}" for x in side] for side in (one, two)]
    return as_scores[0], as_scores[1]


@pytest.mark.need("E08")
def test_two_runs_on_the_same_films_say_what_one_study_of_both_scores_says() -> None:
    one, two = two_scores()
    two[3] = ""  # the second product is silent on one film, which counts as wrong
    both = DETECTION | {"columns": {"case": "case", "truth": "truth", "score": {"B": "b", "A": "a"}}}
    rows = [
        f"c{n},{'ill' if n < 40 else 'well'},{a},{b}" for n, (a, b) in enumerate(zip(one, two, strict=True))
    ]
    study = answered("both", both, "case,truth,a,b", rows)
    expected = {
        row["measure"]: row for row in study.result["comparisons"] if (row["a"], row["b"]) == ("B", "A")
    }
    found = paired(films("A", one), films("B", two, backwards=True))
    assert found.sentence == "Paired: both answered the same 120 cases."
    got = {row.measure: row for row in found.comparisons}
    for measure in ("sensitivity", "specificity", "auc"):
        row, known = got[measure], expected[measure]
        assert (row.difference, row.low, row.high) == pytest.approx(
            (known["difference"], known["low"], known["high"])
        ), measure
    assert "Tango" in got["sensitivity"].method and "DeLong paired" in got["auc"].method
    assert got["failure_rate"].difference == pytest.approx(1 / 120)


@pytest.mark.parametrize(
    ("other", "common"),
    [
        (lambda one: films("B", one[:-1]), 119),
        (lambda one: films("B", one, ill=41), 119),
    ],
    ids=["a case is lacking", "a truth differs"],
)
def test_where_the_cases_differ_nothing_is_paired_and_the_common_ones_are_counted(
    other: Any, common: int
) -> None:
    one, _ = two_scores()
    found = paired(films("A", one), other(one))
    assert found.comparisons == () and found.common == common
    assert f"Not paired: {common} cases are common" in found.sentence


def test_pairing_tells_apart_what_the_two_intervals_alone_cannot() -> None:
    one, two = two_scores()
    first, other = films("A", one), films("B", two)
    entries = [Entry(run.label, run.result, "t") for run in (first, other)]
    apart, together = (
        {row[0]: row for row in beside(entries, known)["sections"][0]["tables"][1]["rows"]}
        for known in ({}, {"B": paired(first, other)})
    )
    name = next(name for name in apart if name.startswith("AUC"))
    widths = []
    for table in (apart, together):
        low, high = (float(v) for v in table[name][2].split("(")[1].rstrip(")").split(" to "))
        widths.append(high - low)
    assert widths[1] < 0.7 * widths[0], (apart[name], together[name])
    assert "DeLong paired" in together[name][3] and "square-and-add" in apart[name][3]
    predictive = next(row for key, row in together.items() if key.startswith("PPV"))
    assert "square-and-add" in predictive[3]


def test_the_paired_error_of_a_measurement_is_that_of_a_paired_t_test() -> None:
    random = np.random.default_rng(3)
    truth = random.uniform(60, 200, 50).round(1)
    outputs = [(truth + random.normal(0, s, 50)).round(1) for s in (6.0, 8.0)]
    runs = [
        answered(
            label, MEASUREMENT, "case,reference,output",
            [f"c{n},{t},{o}" for n, (t, o) in enumerate(zip(truth, output, strict=True))],
        )
        for label, output in zip("AB", outputs, strict=True)
    ]  # fmt: skip
    row = next(row for row in paired(*runs).comparisons if row.measure == "mae")
    errors = [np.abs(output - truth) for output in outputs]
    known = stats.ttest_rel(errors[1], errors[0]).confidence_interval()
    assert (row.low, row.high) == pytest.approx((known.low, known.high))


def test_the_paired_brier_score_is_that_of_a_paired_t_test_and_the_areas_are_delongs() -> None:
    random = np.random.default_rng(5)
    missed = random.random(80) < 0.3
    given = [np.clip(0.3 + 0.3 * missed + random.normal(0, s, 80), 0.01, 0.99).round(3) for s in (0.1, 0.2)]
    runs = [
        answered(
            label, PREDICTION, "case,outcome,probability",
            [f"c{n},{'missed' if m else 'came'},{p}" for n, (m, p) in enumerate(zip(missed, side, strict=True))],
        )
        for label, side in zip("AB", given, strict=True)
    ]  # fmt: skip
    rows = {row.measure: row for row in paired(*runs).comparisons}
    squares = [(side - missed) ** 2 for side in given]
    known = stats.ttest_rel(squares[1], squares[0]).confidence_interval()
    assert (rows["brier"].low, rows["brier"].high) == pytest.approx((known.low, known.high))
    assert "DeLong paired" in rows["auc"].method


def outlines(label: str, dice: np.ndarray, lost: int | None = None) -> Answered:
    """Livers and spleens of as many patients; of case `lost` the spleen is missed."""
    protocol = parse_protocol(CONTOURING)
    cases = [f"p{n}" for n in range(len(dice))]
    table = "case,reference,output\n" + "".join(f"{c},r{c}.dcm,o{c}.dcm\n" for c in cases)
    rows = [
        {"case": case, "structure": structure, "outcome": "missed" if gone else "scored",
         "dice": 0.0 if gone else value, "surface_dice": value, "hd95_mm": None if gone else 3.0,
         "mean_surface_distance_mm": None if gone else 1.0, "added_path_length_mm": 1.0}
        for n, (case, value) in enumerate(zip(cases, dice.tolist(), strict=True))
        for structure in ("liver", "spleen")
        for gone in [n == lost and structure == "spleen"]
    ]  # fmt: skip
    data = {f"{case}: reference": "same bytes" for case in cases}
    result = {"data": data, "figures": {"per_case": rows}}
    return Answered(label, protocol, {"cases": read_csv(table, name="cases.csv")}, result)


@pytest.mark.need("E04")
def test_outlines_of_the_same_patients_are_compared_patient_by_patient_and_organ_by_organ() -> None:
    hard = np.linspace(0.5, 0.95, 30)
    better = hard + 0.02 + 0.005 * np.sin(np.arange(30))
    rows = {row.measure: row for row in paired(outlines("A", hard), outlines("B", better)).comparisons}
    dice = rows["dice"]
    assert dice.low is not None and 0.015 < dice.low < 0.02 < (dice.high or 0) < 0.025
    assert rows["dice, liver"].difference == pytest.approx(rows["dice, spleen"].difference)
    assert "paired bootstrap by patient" in dice.method


def test_a_missed_outline_counts_in_the_paired_difference_and_leaves_no_distance_to_pair() -> None:
    even = np.full(20, 0.9)
    rows = {row.measure: row for row in paired(outlines("A", even), outlines("B", even, lost=3)).comparisons}
    assert rows["dice, spleen"].difference == pytest.approx(-0.9 / 20)
    assert rows["dice, liver"].difference == 0
    assert "hd95_mm" not in rows and "hd95_mm, liver" in rows
