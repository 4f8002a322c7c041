"""One chart spans evaluation and live use, and holds one definition only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alarp.evaluation.kinds import parse_protocol
from alarp.evaluation.spanning import LivePeriod, span
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
