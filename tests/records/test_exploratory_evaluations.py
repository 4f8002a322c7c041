"""An evaluation whose protocol nobody locked answers no criterion, by whichever door it comes."""

from __future__ import annotations

import json
from typing import Any

import pytest
import valley
from product_facts import evaluation

from alarp.kernel import BadInput
from alarp.records.deployments import commands
from alarp.records.evidence.models import Evidence

RESULT = evaluation(0.9, 0.85, 0.94)
UNLOCKED: list[dict[str, Any]] = [{"exploratory": True}, {"minimum_n": 20}, {}]


def criterion_of(deployment: Any, kind: str) -> tuple[str, str]:
    """Which gate's criterion asks for this kind of evidence?"""
    from alarp.records.deployments import queries

    return next(
        (gate.slug, criterion.slug)
        for gate in queries.pathway_of(deployment).gates
        for criterion in gate.criteria
        if criterion.evidence_kind == kind
    )


@pytest.mark.need("E06")
@pytest.mark.parametrize("protocol", UNLOCKED)
def test_an_exploratory_result_is_not_taken_as_an_evaluation(trust: None, protocol: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="exploratory: its protocol was not locked"):
        valley.paper("evaluation", body=RESULT | {"protocol": protocol})
    assert not Evidence.objects.exists()


@pytest.mark.need("E06")
def test_an_exploratory_result_is_not_taken_under_another_file_name(trust: None) -> None:
    document = json.dumps(RESULT | {"protocol": {"exploratory": True}}).encode()
    with pytest.raises(BadInput, match="exploratory"):
        valley.paper("evaluation", body=None, document=document, document_name="report.txt")


@pytest.mark.need("E06")
def test_an_exploratory_result_that_lies_here_already_answers_no_criterion(
    deployment: Any, monkeypatch: Any
) -> None:
    from alarp.records.evidence import commands as recording

    with monkeypatch.context() as before_the_rule:
        before_the_rule.setattr(recording, "refuse_exploratory", lambda *given: None)
        paper = valley.paper("evaluation", body=RESULT | {"protocol": {"exploratory": True}})
    valley.bring_to(deployment, "appraise")
    gate, criterion = criterion_of(deployment, "evaluation")
    with pytest.raises(BadInput, match=r"cannot answer a criterion\. Lock the protocol"):
        commands.answer(deployment, gate, criterion, paper, by=valley.person("writer"))


@pytest.mark.need("E05")
@pytest.mark.parametrize(("enrolled", "taken"), [(299, False), (300, True)])
def test_an_evaluation_smaller_than_its_plan_answers_no_criterion(
    deployment: Any, enrolled: int, taken: bool
) -> None:
    paper = valley.paper("evaluation", body=RESULT | {"planned_n": 300, "enrolled": enrolled})
    valley.bring_to(deployment, "appraise")
    gate, criterion = criterion_of(deployment, "evaluation")
    if taken:
        assert commands.answer(deployment, gate, criterion, paper, by=valley.person("writer")).pk
        return
    with pytest.raises(BadInput, match="enrolled 299 cases and its plan asked for 300"):
        commands.answer(deployment, gate, criterion, paper, by=valley.person("writer"))


def test_a_locked_result_and_a_paper_that_is_no_result_are_taken(trust: None) -> None:
    assert valley.paper("evaluation", body=RESULT).pk
    assert valley.paper("evaluation", body=None, document=b"%PDF-1.7", document_name="study.pdf").pk


def test_what_is_filed_as_something_else_may_be_exploratory(trust: None) -> None:
    assert valley.paper("dtac", body=RESULT | {"protocol": {"exploratory": True}}).pk
