"""The field's reporting checklists are answered from the run itself, and what is open is said to be open."""

from __future__ import annotations

import pytest
from detection_makers import EIGHT, cases

from alarp.evaluation import assemble, detection
from alarp.evaluation.checklists import facts, fill
from alarp.evaluation.pieces import frame
from alarp.standards.reporting import load_checklists


def content(**changes):
    plan, found = cases(EIGHT, **changes)
    return assemble(
        plan.common,
        detection.evaluate(plan, found),
        lock=None,
        data={},
        code_version="alarp 0",
        checklists=load_checklists(),
    ).content


def item(result, checklist, number):
    filled = next(c for c in result["checklists"] if c["name"].startswith(checklist))
    return next(i for i in filled["items"] if i["id"] == number)


@pytest.mark.need("E09")
def test_the_run_answers_what_it_knows_and_names_what_nobody_said():
    result = content(reporting={"funding": "No funding from the supplier."})
    assert "sensitivity" in item(result, "STARD", "24")["answer"]
    assert item(result, "STARD", "24")["missing"] == []
    assert item(result, "STARD", "30")["answer"] == "No funding from the supplier."
    assert item(result, "STARD", "25")["missing"] == ["harm"]
    assert item(result, "STARD", "28")["missing"] == ["locked"]


def test_a_checklist_is_shown_only_for_the_studies_it_is_for():
    names = {c["name"] for c in content(design="retrospective")["checklists"]}
    assert "DECIDE-AI" not in names
    assert "DECIDE-AI" in {c["name"] for c in content(design="silent-prospective")["checklists"]}


def test_every_item_asks_for_a_fact_that_exists():
    known = facts(content())
    asked = {name for checklist in load_checklists() for i in checklist.items for name in i.facts}
    assert asked <= set(known)
    assert set(known) <= asked | {"kind"}


def test_the_report_marks_the_open_items():
    result = content()
    told = frame(result, summary=[], sections=[])
    tables = next(s for s in told["sections"] if s["heading"] == "Reporting checklists")["tables"]
    assert len(tables) == len(fill(load_checklists(), result))
    assert any("OPEN: funding" in cell for row in tables[0]["rows"] for cell in row)
