"""Does a day counted anew name the study, the witness and both numbers, and can the finding be found again?"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from alarp.records import clock
from alarp.records.audit.queries import verify
from alarp.records.ledger import recounting, work
from alarp.records.ledger.models import Work
from alarp.records.ledger.recounting import Difference, Recount, Witness, differing

pytestmark = pytest.mark.django_db
DAY = clock.now().date()


def test_a_difference_says_who_holds_what_of_which_study() -> None:
    (one,) = differing("PACS1", "results filed", Counter({7: 2, 8: 1}), Counter({7: 1, 8: 1}))
    assert one.sentence == "Study 7, results filed: 2 by the ledger, 1 by PACS1."
    assert Difference(0, "the store", "objects received", 0, 3).sentence.startswith("No study of the ledger")


def test_where_more_is_no_fault_only_less_is_a_difference() -> None:
    ledger, found = Counter({7: 2, 8: 2}), Counter({7: 3, 8: 1})
    assert [one.study for one in differing("AI", "images sent", ledger, found, more_is_wrong=False)] == [8]
    assert [one.study for one in differing("AI", "images sent", ledger, found)] == [7, 8]


@pytest.mark.need("G01")
@pytest.mark.parametrize(
    ("witness", "agrees"),
    [
        (Witness("PACS1", 4, ()), True),
        (Witness("PACS1", 4, (), silent=2), True),
        (Witness("PACS1", 0, (), trouble="PACS1 does not answer."), False),  # silence is no agreement
        (Witness("PACS1", 4, (Difference(7, "PACS1", "results filed", 2, 1),)), False),
    ],
)
def test_a_recount_agrees_only_when_nobody_differs_and_everybody_could_be_asked(
    witness: Witness, agrees: bool
) -> None:
    assert Recount(DAY, clock.now(), (Witness("the store", 4, ()), witness)).agrees is agrees


@pytest.mark.need("G01")
def test_a_recount_is_sealed_in_the_audit_chain_and_the_newest_is_answered() -> None:
    for number in (1, 2):
        recounting.ask(DAY)
        (step,) = [one for one in work.claim("here", 5) if one.kind == recounting.KIND]
        lost = tuple(Difference(study, "PACS1", "results filed", 1, 0) for study in range(number))
        recounting.keep(step, Recount(DAY, clock.now(), (Witness("PACS1", 9, lost),)))
    found = recounting.latest(DAY)
    assert found is not None and len(found.differences) == 2 and found.differences[1].study == 1
    assert found.sentence == "2 differences from the ledger."
    assert recounting.latest(DAY - timedelta(days=1)) is None
    assert all(check.ok for check in verify())


def test_a_day_without_an_image_is_not_counted_by_itself() -> None:
    recounting.ask_for_yesterday(clock.now())
    assert not Work.objects.exists()
