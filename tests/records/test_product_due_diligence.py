"""The buyer's questions: what was declined stays, and is accepted by name or keeps the gate shut."""

from __future__ import annotations

from typing import Any

import product_facts as facts
import pytest
import valley

from alarp.kernel import BadInput, NotNow, NotPermitted
from alarp.records import clock
from alarp.records.products import checks, commands, diligence
from alarp.records.products.models import DueDiligenceAnswer
from alarp.standards.products import load_question_set

REQUIRED = sum(one.required for one in load_question_set().questions)


def against(deployment: Any) -> tuple[str, ...]:
    return checks.due_diligence_answered(deployment, clock.now())


def answered(
    question: str, outcome: str = "answered", *, by: str = "procurement", number: str = "1.0"
) -> DueDiligenceAnswer:
    return commands.answer_question(
        valley.version(number),
        question,
        outcome,
        f"{outcome} it",
        said_by="Their sales",
        by=valley.person(by),
    )


def asked(question: str, number: str = "1.0") -> diligence.Asked:
    found = diligence.asked_of(valley.version(number), valley.organisation("valley"))
    return next(one for one in found if one.question.slug == question)


@pytest.mark.need("P13")
def test_every_required_question_is_asked_before_the_gate_opens(deployment: Any) -> None:
    facts.bring_everything()
    assert len(against(deployment)) == REQUIRED
    facts.answer_everything()
    assert against(deployment) == ()


@pytest.mark.need("P13")
def test_a_declined_answer_keeps_the_gate_shut_until_somebody_accepts_it_by_name(deployment: Any) -> None:
    facts.bring_everything()
    facts.answer_everything(but={"bias": "declined"})
    (sentence,) = against(deployment)
    assert "was declined; somebody must accept that by name" in sentence
    row = asked("bias").answer
    assert row is not None
    commands.accept_declined(row, "We measure subgroups ourselves.", by=valley.person("clinical-lead"))
    assert against(deployment) == ()
    accepted = asked("bias").acceptance
    assert accepted is not None and accepted.by == valley.person("clinical-lead")
    with pytest.raises(NotNow, match="accepted already"):
        commands.accept_declined(row, "Again.", by=valley.person("clinical-lead"))


@pytest.mark.need("P13")
def test_that_it_was_declined_stays_to_be_read_after_it_was_answered(trust: None) -> None:
    answered("bias", "declined")
    answered("bias")
    found = asked("bias")
    assert found.outcome == "answered"
    assert found.declined_before is not None and found.declined_before.text == "declined it"


def test_a_question_that_is_not_mandatory_holds_nothing_up(deployment: Any) -> None:
    facts.bring_everything()
    facts.answer_everything(but={"environment": "not-asked"})
    assert against(deployment) == ()


def test_a_lapsed_paper_that_is_asked_for_at_procurement_keeps_the_gate_shut(deployment: Any) -> None:
    facts.answer_everything()
    facts.bring_everything()
    for row in valley.organisation("lungco").documents.filter(kind="dspt"):
        facts.bring("dspt", days_left=-1, supersedes=row)
    (sentence,) = against(deployment)
    assert sentence.startswith("The Data Security and Protection Toolkit dspt 1234 of Lungco Ltd expired on")


def test_a_supplier_answers_once_for_every_trust_and_only_for_its_own(trust: None) -> None:
    answered("training-data", by="vendor")
    assert asked("training-data").outcome == "answered"
    hill = diligence.asked_of(valley.version(), valley.organisation("hill"))
    assert next(one for one in hill if one.question.slug == "training-data").outcome == "answered"
    with pytest.raises(NotPermitted, match="another supplier's product"):
        answered("training-data", by="rival")


def test_what_one_trust_was_told_is_not_another_trusts(trust: None) -> None:
    answered("price")
    hill = diligence.asked_of(valley.version(), valley.organisation("hill"))
    assert next(one for one in hill if one.question.slug == "price").outcome == "not-asked"


def test_a_supplier_neither_answers_for_the_trust_nor_accepts_its_own_refusal(trust: None) -> None:
    with pytest.raises(NotPermitted, match="the Trust's to answer"):
        answered("local-volume", by="vendor")
    with pytest.raises(BadInput, match="the Trust's to say"):
        answered("price", "not-asked", by="vendor")
    row = answered("price", "declined", by="vendor")
    with pytest.raises(NotPermitted, match="supplier's person may not judge"):
        commands.accept_declined(row, "Fine.", by=valley.person("vendor"))


def test_several_versions_are_compared_in_three_queries(trust: None, django_assert_num_queries: Any) -> None:
    for number in ("1.0", "2.0"):
        answered("bias", "declined", number=number)
        answered("price", number=number)
    versions = [valley.version("1.0"), valley.version("2.0")]
    trust_row = valley.organisation("valley")
    with django_assert_num_queries(2):
        found = diligence.compared(versions, trust_row)
    assert [sum(a.outcome == "declined" for a in found[v.pk]) for v in versions] == [1, 1]


@pytest.mark.parametrize(
    ("question", "outcome", "text", "says"),
    [
        ("weather", "answered", "Yes", "has no question 'weather'"),
        ("price", "perhaps", "Yes", "it is one of answered"),
        ("price", "declined", "  ", "write what was said"),
    ],
)
def test_an_answer_that_says_nothing_is_refused(
    trust: None, question: str, outcome: str, text: str, says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        commands.answer_question(valley.version(), question, outcome, text, by=valley.person("procurement"))
    assert not DueDiligenceAnswer.objects.exists()
