"""`alarp plan` says how many cases a study needs, over what is not known beforehand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from alarp.cli.__main__ import app
from alarp.evaluation.planning import assurance, parse_plan, work_out
from alarp.kernel import BadInput

PLAN = {
    "prevalence": [0.1, 0.3],
    "sensitivity": {"expected": 0.92, "at_least": 0.8},
    "specificity": {"expected": 0.9, "half_width": 0.05},
    "sources": {"sensitivity": "the supplier's multi-site study"},
}


def planned(**changes: object) -> dict[str, object]:
    return {"title": "Chest films at a small Trust", "plan": {**PLAN, **changes}}


def run(folder: Path, values: object, *more: str):
    file = folder / "plan.yaml"
    file.write_text(yaml.safe_dump(values), "utf-8")
    return CliRunner().invoke(app, ["plan", str(file), *more])


@pytest.mark.need("E05")
def test_the_answer_is_a_range_over_prevalence_and_not_one_number(tmp_path: Path) -> None:
    found = json.loads(run(tmp_path, planned(), "--json").stdout)
    assert {row["prevalence"] for row in found["rows"]} == {0.1, 0.3}
    assert found["needed"] == max(row["enrolled"] for row in found["rows"])
    curve = [r for r in found["curves"] if r["prevalence"] == 0.1 and r["aim"].startswith("sensitivity")]
    assert curve[0]["assurance"] < 0.5 < curve[-1]["assurance"]


def test_the_size_found_gives_the_assurance_that_was_asked_for() -> None:
    plan = parse_plan(planned())
    aim = plan.aims[0]
    rows = [r for r in work_out(plan)["rows"] if r["aim"] == aim.sentence and "assurance" in r["method"]]
    for row in rows:
        reached = assurance(aim, row["enrolled"], row["prevalence"], level=0.95)
        assert 0.78 <= reached <= 0.86


def test_fewer_diseased_ask_for_more_cases_and_clusters_and_losses_for_more_still() -> None:
    plain = {r["prevalence"]: r["enrolled"] for r in work_out(parse_plan(planned()))["rows"][:2]}
    assert plain[0.1] > 2 * plain[0.3]
    worse = planned(cases_per_patient=2, correlation=0.5, lost_share=0.1)
    assert work_out(parse_plan(worse))["needed"] > 1.5 * work_out(parse_plan(planned()))["needed"]


def test_the_page_has_the_picture_the_table_and_the_assumptions(tmp_path: Path) -> None:
    answer = run(tmp_path, planned(sources=None), "--html", str(tmp_path / "plan.html"))
    assert answer.exit_code == 0
    assert "they are assumptions" in answer.stdout
    page = (tmp_path / "plan.html").read_text("utf-8")
    assert "Chance of reaching the aim" in page
    assert "<svg" in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"prevalence": [1.2]}, "prevalence"),
        ({"sensitivity": {"expected": 0.9}}, "wants nothing"),
        ({"sensitivity": {"expected": 0.9, "at_least": 0.95}}, "no study can show it"),
        ({"astrology": 1}, "astrology"),
        ({"lost_share": 1}, "lost_share"),
        ({"auc": {"expected": 0.4, "half_width": 0.1}}, "AUC between 0.5 and 1"),
    ],
)
def test_a_plan_that_will_not_do_is_one_sentence(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        parse_plan(planned(**changes))


def test_a_file_without_a_plan_says_what_to_add(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no field 'plan'"):
        parse_plan({"title": "x"})
