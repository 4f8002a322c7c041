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


FRANKEN = {  # OR-DBM MRMC 2.51, Franken's data: 4 readers, 100 cases
    "ms_tr": 0.00005020, "error": 0.00152578, "cov1": 0.00079168, "cov2": 0.00048364, "cov3": 0.00051251, "cases": 100,
}  # fmt: skip


def of_readers(**changes: object) -> dict[str, object]:
    return {
        "title": "Nodules with and without",
        "plan": {"readers": {"components": FRANKEN, "difference": 0.05, "readers": [4, 6], **changes}},
    }


@pytest.mark.need("E05")
def test_a_reader_study_is_sized_as_rjafroc_sizes_it_from_franken(tmp_path: Path) -> None:
    found = json.loads(run(tmp_path, of_readers(cases=[120, 121]), "--json").stdout)["readers"]
    six = next(row for row in found["rows"] if row["readers"] == 6)
    assert six["enrolled"] == 121
    power = {(size["readers"], size["cases"]): size["power"] for size in found["table"]}
    assert power[(6, 121)] == pytest.approx(0.8004469, abs=2e-4)
    assert power[(6, 120)] < 0.8 <= power[(6, 121)]
    assert power[(4, 121)] < power[(6, 121)]


def test_a_pilot_is_a_result_of_a_reader_study_beside_the_plan(tmp_path: Path) -> None:
    written = {
        "figures": {"components": {**FRANKEN, "readers": 4, "modalities": 2, "ms_t": 0.1, "ms_r": 0.2}}
    }
    (tmp_path / "pilot.json").write_text(json.dumps(written), "utf-8")
    plan = of_readers(pilot="pilot.json")
    del plan["plan"]["readers"]["components"]
    found = json.loads(run(tmp_path, plan, "--json").stdout)["readers"]
    by_hand = json.loads(run(tmp_path, of_readers(), "--json").stdout)["readers"]
    assert found["rows"] == by_hand["rows"]
    answer = run(tmp_path, plan, "--html", str(tmp_path / "plan.html"))
    assert answer.exit_code == 0
    page = (tmp_path / "plan.html").read_text("utf-8")
    assert "Power by readers and cases" in page
    assert "SHA-256 of pilot.json" in page


def test_too_few_readers_are_not_helped_by_more_cases_and_the_plan_says_so(tmp_path: Path) -> None:
    apart = {**FRANKEN, "ms_tr": 0.004}
    answer = run(tmp_path, of_readers(components=apart, readers=[3, 40]))
    assert answer.exit_code == 0
    assert "Fewer than 40 readers do not suffice" in " ".join(answer.stdout.split())
    found = work_out(parse_plan(of_readers(components=apart, readers=[3, 40])))["readers"]
    assert found["rows"][0]["enrolled"] is None


def test_cases_without_a_reference_are_enrolled_beside_those_that_count() -> None:
    plan = of_readers(readers=[6])
    plan["plan"]["lost_share"] = 0.1
    assert work_out(parse_plan(plan))["readers"]["rows"][0]["enrolled"] == 135  # 121 / 0.9, rounded up


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"difference": None}, "difference"),
        ({"difference": 0}, "between 0 and 1"),
        ({"readers": [1]}, "at least 2"),
        ({"power": 1.2}, "power"),
        ({"components": {"error": 1}}, "cov1"),
        ({"components": None}, "pilot"),
        ({"pilot": "result.json", "components": None}, "no variance components"),
        ({"readers_are": "tired"}, "readers_are"),
    ],
)
def test_a_plan_of_readers_that_will_not_do_is_one_sentence(changes: dict[str, object], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        parse_plan(of_readers(**changes))
