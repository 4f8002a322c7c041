"""The safety case report: eleven sections, made from the log, with everything a reader must find."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hazards_here import DAY, EXECUTIVE, OFFICER, SCHEME, accepted, control, hazard, score

from alarp.report import document, to_html
from alarp.safety import (
    Approval,
    Condition,
    ControlState,
    SafetyCase,
    Statement,
    Status,
    against_statement,
    safety_case_story,
)
from alarp.standards.safety import load_sections

CONDITION = Condition(
    "Late results are listed each day",
    ("H02",),
    "Ten working days without a miss",
    "clinical-lead",
    date(2027, 1, 31),
)
LOG = (
    hazard("H01", name="Filed wrongly"),
    hazard("H02", name="Comes late", initial=score(4, 3), residual=score(4, 2),
           acceptances=accepted(OFFICER, EXECUTIVE, review_on=date(2027, 5, 1))),
    hazard("H03", name="Given to the supplier", status=Status.TRANSFERRED, transferred_to="Lungco",
           status_because="Notice of 30 days"),
    hazard("H04", name="Not here", initial=None, residual=None, status=Status.CLOSED,
           status_because="No triage at this site"),
    hazard("H05", name="Not finished", initial=score(3, 4), residual=score(3, 3), controls=(control(state=ControlState.PROPOSED),)),
)  # fmt: skip


def case(**more: Any) -> SafetyCase:
    values: dict[str, Any] = {
        "product": "Flag 1.0",
        "supplier": "Lungco Ltd",
        "site": "River Hospital",
        "use": "Read first",
        "phase": "Deployment",
        "system": (("Users", "Radiologists"),),
        "people": (Approval("Clinical safety officer", "Dr Marsh", "GMC 1"),),
        "chapters": load_sections(),
        "scheme": SCHEME,
        "hazards": LOG,
        "statement": Statement(
            "conditional", "Late results are the open point.", "Dr Marsh", "GMC 1", DAY, (CONDITION,)
        ),
        "log_version": 3,
        "log_digest": "ab" * 32,
        "dated": DAY,
        "library": "imaging-ai-2026.1",
        "roles": {"clinical-lead": "Clinical lead"},
        **more,
    }
    return SafetyCase(**values)


@pytest.fixture(scope="module")
def page() -> str:
    return to_html(document(safety_case_story(case())))


@pytest.mark.need("A01")
def test_the_report_has_the_eleven_sections_of_the_guidance_in_their_order() -> None:
    headings = [s["heading"] for s in safety_case_story(case())["sections"]]
    assert len(headings) == 11
    assert [int(h.split(".")[0]) for h in headings] == list(range(1, 12))
    assert headings[8] == "9. Summary safety statement"


@pytest.mark.parametrize(
    "words",
    [
        "only under the conditions below",
        "Ten working days without a miss",
        "31 January 2027",
        "Transferred, with the controls that were declared",
        "Notice of 30 days",
        "No triage at this site",
        "What each level asks",
        "Not reduced as far as reasonably practicable",
        "H05: the residual risk is below the initial one, but no control is built",
        "reconciliation-gap (0)",
        "ab" * 32,
    ],
)
def test_a_reader_finds_what_the_guidance_wants_found(page: str, words: str) -> None:
    assert words in page


def test_the_matrix_is_drawn_with_its_numbers_as_a_table(page: str) -> None:
    assert "<svg" in page
    assert "Initial risk: 4 hazards" in page
    assert "Hazards by risk level" in page


def test_a_no_and_a_missing_statement_are_warnings_on_the_first_page() -> None:
    no = Statement("no", "It fails here.", "Dr Marsh", "", DAY)
    assert "says no" in safety_case_story(case(statement=no))["warnings"][0]
    assert "not yet given a statement" in safety_case_story(case(statement=None))["warnings"][0]


def test_residual_risks_stand_on_the_first_page_highest_first() -> None:
    rows = safety_case_story(case())["claims"]["rows"]
    assert [row[:2] for row in rows] == [["H02 Comes late", "3"], ["H05 Not finished", "3"]]
    assert "to be reviewed by 1 May 2027" in rows[0][2]
    assert rows[1][2] == "nobody yet"


@pytest.mark.parametrize(
    ("answer", "words", "conditions", "sentence"),
    [
        ("maybe", "w", (), "The statement is 'maybe'"),
        ("yes", " ", (), "needs its reasons in words"),
        ("conditional", "w", (), "needs at least one condition"),
        ("yes", "w", (CONDITION,), "yet it has conditions"),
        ("conditional", "w", (Condition("c", ("H02",), "", "o", DAY),), "Condition 1 has no test of completion"),
        ("conditional", "w", (Condition("c", (), "t", "o", DAY),), "Condition 1 names no hazard"),
        ("conditional", "w", (Condition("c", ("H99",), "t", "o", DAY),), "names hazard H99, which is not in the log"),
        ("conditional", "w", (CONDITION,), ""),
        ("no", "w", (), ""),
    ],
)  # fmt: skip
def test_a_statement_is_whole_or_refused(
    answer: str, words: str, conditions: tuple[Condition, ...], sentence: str
) -> None:
    said = against_statement(answer, words, conditions, ("H01", "H02"))
    assert said == "" if not sentence else sentence in said
