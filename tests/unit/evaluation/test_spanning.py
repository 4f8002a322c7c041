"""One chart spans evaluation and live use, and holds one definition only."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from contour_makers import block, headers, rtstruct
from contour_makers import protocol as contour_protocol
from detection_makers import findings
from hypothesis import given
from hypothesis import strategies as st

from alarp.evaluation import assemble, contouring
from alarp.evaluation.answering import answer_times
from alarp.evaluation.kinds import parse_protocol
from alarp.evaluation.spanning import Counted, LivePeriod, of_evaluation, of_live_use, span
from alarp.evaluation.text import read_text
from alarp.kernel import BadInput, Measure
from alarp.report.charts import draw


def sensitivity(estimate, low, high, n=100, **changes):
    return Measure(
        **{"measure": "sensitivity", "estimate": estimate, "low": low, "high": high, "n": n} | changes
    )


EVALUATED = sensitivity(0.9, 0.85, 0.95, 400)


@pytest.mark.need("E12")
def test_the_series_starts_with_the_evaluation_and_keeps_empty_months_as_gaps():
    live = [
        LivePeriod("2026-01", sensitivity(0.91, 0.8, 0.97)),
        LivePeriod("2026-02", Measure.not_measurable("sensitivity", because="no diseased case")),
        LivePeriod("2026-03", sensitivity(0.7, 0.6, 0.8)),
    ]
    found = span("sensitivity/primary", EVALUATED, live)
    assert [row["phase"] for row in found.rows] == ["evaluation", "live", "live", "live"]
    assert found.rows[2]["estimate"] is None
    assert found.outside == ("2026-03",)
    chart = found.chart(title="Sensitivity from test to live", y_title="Sensitivity")
    assert "apart from it lie 2026-03" in chart["description"]
    assert len(chart["table"]["rows"]) == 4
    svg = draw(chart)
    assert "2026-03" in svg
    assert draw(chart) == svg


@pytest.mark.need("E12")
@pytest.mark.parametrize(
    ("point", "said"),
    [
        (
            LivePeriod("m", sensitivity(0.9, 0.8, 1.0, measure="specificity")),
            "one chart holds one definition",
        ),
        (LivePeriod("m", sensitivity(0.9, 0.8, 1.0, level=0.9)), "compute both at one level"),
        (LivePeriod("evaluation", sensitivity(0.9, 0.8, 1.0)), "stands twice"),
    ],
)
def test_two_definitions_under_one_line_are_refused(point, said):
    with pytest.raises(BadInput, match=said):
        span("sensitivity", EVALUATED, [point])


def test_a_love_plot_shows_both_populations_before_and_after_reweighting():
    rows = [{"label": "age", "difference": 0.3, "adjusted": 0.02}, {"label": "sex", "difference": -0.05}]
    svg = draw({"chart": "love-plot", "title": "Unlike", "description": "Age differs.", "rows": rows})
    assert "Standardised difference" in svg
    assert "reweighted" in svg


def test_the_protocols_of_the_how_to_page_are_read_as_written():
    page = (
        Path(__file__).resolve().parents[3] / "docs" / "how-to" / "evaluate-numbers-and-images.md"
    ).read_text("utf-8")
    found = [parse_protocol(read_text(text)) for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    assert [plan.common.kind for plan in found] == ["measurement", "prediction", "enhancement"]


@pytest.mark.need("E12")
def test_a_contouring_study_spans_by_its_cases_without_an_answer_and_its_minutes():
    """Forty patients, one without an answer; live use holds the very minutes here, so both count the same."""
    plan = contour_protocol(columns={"answer_min": "minutes"}, analysis={"names": "as written"})
    grid = contouring.grid_from_headers("c", headers())
    drawn = contouring.structure_set("c", "reference", rtstruct({"liver": block()}), grid)
    minutes = [2.0 + i % 4 for i in range(40)]
    cases = []
    for i, took in enumerate(minutes):
        lost = i == 3
        own = contouring.Enrolled(
            f"c{i}",
            f"c{i}",
            "ct",
            "r.dcm",
            None if lost else "o.dcm",
            None,
            {},
            answer_min=None if lost else took,
        )
        output = None if lost else drawn
        cases.append(contouring.evaluate_case(plan, own, {"liver": ("liver",)}, grid, drawn, output))
    found = contouring.summarise(plan, cases)
    content = assemble(plan.common, found, lock=None, data={}, code_version="alarp test").content
    evaluated = of_evaluation(content)
    assert list(evaluated) == ["case_failure_rate", "answer_min_p50", "answer_min_p95"]
    took = tuple((m, sum(1 for i in range(40) if i != 3 and minutes[i] == m)) for m in (2, 3, 4, 5))
    live = of_live_use(Counted(sent=40, silent=1, took=took), level=0.95)
    for name, here in evaluated.items():
        there = live[name]
        assert (here.estimate, here.n) == (there.estimate, there.n), name
        assert (here.low, here.high) == pytest.approx((there.low, there.high)), name


def test_an_answer_that_nobody_timed_may_be_the_slowest_so_nothing_is_measured():
    found = answer_times(np.array([1.0, np.nan, 2.0]), np.array([True, True, False]), level=0.95)
    assert [m.because for m in found] == ["1 of 2 answers have no recorded time"] * 2


@given(st.lists(st.floats(0.1, 60), min_size=25, max_size=60), st.data())
def test_leaving_a_case_unanswered_never_makes_the_answers_look_quicker(minutes, data):
    lost = data.draw(st.integers(0, len(minutes) - 1))
    answered = np.ones(len(minutes), dtype=bool)
    whole = answer_times(np.array(minutes), answered, level=0.95)
    answered[lost] = False
    less = answer_times(np.where(answered, minutes, np.nan), answered, level=0.95)
    for before, after in zip(whole, less, strict=True):
        assert after.estimate is None or after.estimate >= before.estimate


def test_a_detection_study_tells_its_minutes_from_sending():
    rows = [
        f"c{i},{'nodule' if i % 2 else 'none'},{0.9 if i % 2 else 0.1 + i / 1000},{1 + i / 10}"
        for i in range(40)
    ]
    rows[3] = "c3,nodule,,"
    columns = {"case": "case", "truth": "truth", "score": "score", "answer_min": "took"}
    found = {m.measure: m for m in findings(rows, "case,truth,score,took", columns=columns).measures}
    assert found["answer_min_p50"].estimate == pytest.approx(1 + 20.5 / 10)
    assert found["answer_min_p50"].n == 40
