"""A hazard log from a table: read whole, or refused in one sentence."""

from __future__ import annotations

from typing import Any

import pytest
from hazards_here import KNOWN, row, table

from alarp.kernel import BadInput
from alarp.safety import Category, ControlState, Patients, Status, read_log

CONTROL = row()["controls"][0]


def test_a_whole_row_is_read() -> None:
    (one,) = read_log(table(row(owner="shared", references=["DPIA 4"])), KNOWN)
    assert one.initial is not None
    assert (one.initial.cell, one.initial.patients) == ((4, 3), Patients.ONE)
    assert one.controls[0].state is ControlState.BUILT
    assert one.controls[0].category is Category.DESIGN
    assert one.monitors[0].monitor == "reconciliation-gap"


def test_a_number_of_the_library_brings_its_words_and_controls() -> None:
    thin = {
        "number": "H01",
        "initial": {"severity": 4, "likelihood": 3},
        "residual": {"severity": 4, "likelihood": 3},
        "controls": [{"number": "C1", "state": "built", "evidence": "run 3"}, {"number": "C2"}],
    }
    (one,) = read_log(table(thin), KNOWN)
    assert one.name == "Result filed to the wrong patient or study"
    assert one.controls[0].text.startswith("Pseudonym, study, accession")
    assert [c.state for c in one.controls] == [ControlState.BUILT, ControlState.PROPOSED]
    assert one.monitors[0].monitor == "quarantine-open"


REFUSED: list[tuple[list[dict[str, Any]], str]] = [
    ([row("X1"), row("X1")], "two hazards with the number X1; give each its own"),
    ([row(leans_on=["X9/C1"])], "X1 leans on control X9/C1, which is not in the log; correct the pointer"),
    ([row(leans_on=["X1/C1"])], "X1 leans on its own control X1/C1"),
    ([row(created_by="X7/C2")], "X1 was created by X7/C2, which is not in the log"),
    ([row(monitors=[{"monitor": "crystal-ball", "limit": "0"}])], "'crystal-ball', which is no monitor"),
    ([row(controls=[CONTROL, CONTROL])], "two controls with the number C1"),
    ([row(controls=[{**CONTROL, "evidence": None}])], "is built, but names no evidence; say what shows it"),
    ([row(controls=[{**CONTROL, "state": "finished"}])], "state is 'finished'; it is one of proposed, built"),
    ([row(controls=[{**CONTROL, "category": "magic"}])], "category is 'magic'; it is one of design, test"),
    ([row(controls=[{**CONTROL, "mechanism": 9}])], "mechanism is 9; give a whole number from 1 to 5"),
    ([row(controls=[{**CONTROL, "owner_role": "wizard"}])], "the role catalogue has no 'wizard'"),
    ([row(controls=[{**CONTROL, "due": "soon"}])], "due is 'soon'; give a day such as 2026-11-22"),
    ([row(initial={"severity": "awful", "likelihood": 3})], "severity is 'awful'; it is one of catastrophic"),
    ([row(initial={"severity": 5, "likelihood": 3})], "Catastrophic has no meaning for one patient"),
    ([row(residual=None)], "has only one of initial and residual; give both, or neither"),
    ([row(measured_by=None)], "nothing has measured it"),
    ([row(controls=[])], "no control is built; a control that is not built scores nothing"),
    ([row(residual={"severity": 4, "likelihood": 4})], "the residual risk is above the initial one"),
    ([row(name=None)], "has no text under 'name'; write it"),
    ([row(number="h 1")], "the number is 'h 1'"),
    ([row(colour="red")], "has the field 'colour', which is not known"),
    ([row(transferred_to="Lungco")], "names who takes it (transferred_to) and which controls they declared"),
    ([row(transferred_to="L", declared_controls="x", closed="y")], "is both closed and transferred"),
    ([], "has no hazards; give at least one"),
]


@pytest.mark.parametrize(("rows", "sentence"), REFUSED, ids=[s[:40] for _, s in REFUSED])
def test_a_table_that_cannot_be_used_is_refused_in_one_sentence(
    rows: list[dict[str, Any]], sentence: str
) -> None:
    with pytest.raises(BadInput) as refusal:
        read_log(table(*rows), KNOWN)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "value", [None, [], "text", {"scheme": "nhs-2018.1", "hazards": "many"}, {"hazards": [3]}]
)
def test_what_is_no_table_is_refused(value: Any) -> None:
    with pytest.raises(BadInput):
        read_log(value, KNOWN)


def test_a_log_scored_by_another_scheme_is_refused() -> None:
    with pytest.raises(BadInput, match="is scored by scheme 'dpia-5x5'"):
        read_log({"scheme": "dpia-5x5", "hazards": [row()]}, KNOWN)


def test_closed_and_transferred_hazards_keep_their_reasons() -> None:
    gone, given = read_log(
        table(
            row("X1", closed="not used here", initial=None, residual=None),
            row("X2", transferred_to="Lungco", declared_controls="Notice of 30 days"),
        ),
        KNOWN,
    )
    assert (gone.status, gone.status_because, gone.set_aside) == (Status.CLOSED, "not used here", True)
    assert (given.status, given.transferred_to) == (Status.TRANSFERRED, "Lungco")
