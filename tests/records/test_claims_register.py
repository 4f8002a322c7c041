"""Every claim of a supplier has its grade, or a person who says that nothing supports it."""

from __future__ import annotations

from typing import Any

import product_facts as facts
import pytest
import valley

from alarp.kernel import BadInput, Design, NotNow, NotPermitted
from alarp.records import clock
from alarp.records.deployments.issuing import in_force
from alarp.records.evidence.commands import withdraw
from alarp.records.evidence.queries import check_seal
from alarp.records.products import checks, commands
from alarp.records.products.claims import GradedClaim, claims_of
from alarp.records.products.commands import Respects
from alarp.records.products.models import Claim, ClaimLink


def graded(trust: str = "valley") -> tuple[GradedClaim, ...]:
    return claims_of(valley.version(), valley.organisation(trust))


def link(claim: Claim, evidence: Any, *, by: str = "procurement", **respects: Any) -> ClaimLink:
    return commands.link_claim(
        claim, evidence, Respects(**{"population": "same", **respects}), by=valley.person(by)
    )


def evaluated(estimate: float, low: float, high: float, **more: Any) -> Any:
    body = facts.evaluation(estimate, low, high, **more)
    return valley.paper("evaluation", title="Local evaluation", design=Design.RETROSPECTIVE, body=body)


def against(deployment: Any) -> tuple[str, ...]:
    return checks.claims_graded(deployment, clock.now())


@pytest.mark.need("P01")
def test_a_local_evaluation_that_keeps_the_claim_supports_it_with_its_figure(trust: None) -> None:
    claim = facts.claim()
    link(claim, evaluated(0.92, 0.85, 0.96))
    (found,) = graded()
    assert (found.grade.level, found.local_measure.sentence() if found.local_measure else "") == (
        "supported",
        "0.92 (0.85-0.96), 70 of 80, Wilson",
    )
    assert [f.holds for f in found.grade.pieces[0].facets] == [True] * 5


@pytest.mark.need("P01")
def test_a_local_evaluation_whose_whole_interval_falls_short_contradicts_the_claim(trust: None) -> None:
    link(facts.claim(), evaluated(0.7, 0.6, 0.8))
    (found,) = graded()
    assert found.grade.level == "contradicted"
    assert found.links[0].finding == "broken"


def test_an_evaluation_against_another_ai_does_not_fully_support(trust: None) -> None:
    link(facts.claim(), evaluated(0.95, 0.9, 0.98, reference_is_ai=True))
    (found,) = graded()
    assert found.grade.level == "partly supported"
    assert found.grade.pieces[0].lacking == ("comparator",)


@pytest.mark.need("P01")
def test_the_suppliers_own_paper_is_never_independent(trust: None) -> None:
    paper = valley.paper(
        "study",
        by="vendor",
        organisation=valley.organisation("lungco"),
        design=Design.TRIAL,
        title="Our trial",
    )
    claim = facts.claim()
    with pytest.raises(BadInput, match="who sells the tool; it is not independent"):
        link(claim, paper, independence="independent", comparator="truth", size=9000, finding="kept")
    link(claim, paper, comparator="truth", size=9000, finding="kept")
    (found,) = graded()
    assert found.grade.because == "“Our trial” found it kept, but independence does not hold."


@pytest.mark.need("P01")
def test_a_claim_nobody_looked_at_keeps_the_gate_shut_until_it_is_linked_or_marked(deployment: Any) -> None:
    assert against(deployment) == (
        "The claims register holds no claim of Flag 1.0; ask what Lungco Ltd claims.",
    )
    claim = facts.claim("Halves the time to report", about="effect", measure="", figure=None)
    assert against(deployment) == (
        "Claim 1, “Halves the time to report”, is neither linked to evidence nor marked unsupported.",
    )
    commands.mark_unsupported(
        claim, "Searched PubMed and asked them; no study.", by=valley.person("clinical-lead")
    )
    assert against(deployment) == ()
    (found,) = graded()
    assert found.grade.level == "unsupported"
    assert found.mark is not None and found.mark.by == valley.person("clinical-lead")


def test_one_trusts_word_is_not_another_trusts(trust: None) -> None:
    claim = facts.claim()
    commands.mark_unsupported(claim, "Nothing found.", by=valley.person("procurement"))
    link(claim, evaluated(0.92, 0.85, 0.96))
    (elsewhere,) = graded("hill")
    assert (elsewhere.settled, elsewhere.grade.level) == (False, "unsupported")
    with pytest.raises(NotPermitted, match="link your own evidence"):
        link(claim, evaluated(0.9, 0.8, 0.95), by="stranger")


def test_withdrawn_evidence_supports_nothing_any_more(deployment: Any) -> None:
    paper = evaluated(0.92, 0.85, 0.96)
    link(facts.claim(), paper)
    withdraw(paper, "The cases were chosen afterwards.", by=valley.person("writer"))
    (found,) = graded()
    assert (found.grade.level, len(found.fallen)) == ("unsupported", 1)
    assert len(against(deployment)) == 1


def test_a_claim_that_was_written_wrong_is_superseded_and_no_longer_graded(trust: None) -> None:
    wrong = facts.claim(figure=0.99)
    right = commands.add_claim(
        valley.version(),
        commands.Promise("Finds 9 of 10", "Brochure", "sensitivity", 0.9),
        supersedes=wrong,
        by=valley.person("procurement"),
    )
    assert [one.claim for one in graded()] == [right]
    assert right.number == 2
    with pytest.raises(NotNow, match="corrected already"):
        commands.add_claim(
            valley.version(), commands.Promise("x", "y"), supersedes=wrong, by=valley.person("procurement")
        )


def test_evidence_of_another_version_is_not_linked(trust: None) -> None:
    with pytest.raises(BadInput, match=r"speaks of Flag 2\.0; the claim is about Flag 1\.0"):
        link(facts.claim(), valley.paper("evaluation", "2.0"))


@pytest.mark.need("P01")
def test_the_claims_table_is_issued_as_sealed_evidence_that_answers_its_criterion(trust: None) -> None:
    tool = valley.proposed(pathway="national-2026.2")
    with pytest.raises(NotNow, match="holds no claim"):
        commands.issue_claims(tool, by=valley.person("writer"))
    link(facts.claim(), evaluated(0.7, 0.6, 0.8))
    bring_to_evaluate(tool)
    issued = commands.issue_claims(tool, by=valley.person("writer"))
    check_seal(issued)
    (row,) = issued.body["claims"]
    assert (row["level"], row["local"]["estimate"], row["figure"]) == ("contradicted", 0.7, 0.9)
    assert row["evidence"][0]["facets"]["size"] == {"reading": "n = 80", "holds": True}
    assert issued.document_name in ("claims.pdf", "claims.html")
    assert in_force(tool, "evaluate", "claims") == issued


def bring_to_evaluate(tool: Any) -> None:
    """The stage alone: what the gates before ask is tested elsewhere."""
    type(tool).objects.filter(pk=tool.pk).update(stage="evaluate")
    tool.refresh_from_db()


def test_device_intended_use_and_due_diligence_are_issued_from_the_register(trust: None) -> None:
    tool = valley.proposed(pathway="national-2026.2")
    facts.bring_everything()
    commands.state_device(
        valley.version(), "IIa", "ukca", registration="4711", by=valley.person("lead-physicist")
    )
    facts.answer_everything()
    writer = valley.person("writer")
    type(tool).objects.filter(pk=tool.pk).update(stage="appraise")
    tool.refresh_from_db()
    device = commands.issue_device(tool, by=writer)
    assert device.expires_on == facts.paper().valid_to
    assert device.body["device"]["registration"] == "4711"
    use = commands.issue_intended_use(tool, by=writer)
    assert use.body["statements"]["indication"] == "Suspected nodule"
    type(tool).objects.filter(pk=tool.pk).update(stage="procure")
    tool.refresh_from_db()
    diligence = commands.issue_due_diligence(tool, by=writer)
    assert {a["outcome"] for a in diligence.body["answers"]} == {"answered"}
    assert {e.kind for e in (device, use, diligence)} == {
        "device-certificate",
        "intended-use",
        "due-diligence",
    }


BAD = [
    ({"text": ""}, "one sentence of 1 to 300"),
    ({"source": " "}, "say where it was claimed"),
    ({"measure": "", "figure": 0.9}, "a figure but no measure"),
    ({"about": "hope"}, "is about 'hope'"),
    ({"figure": float("nan")}, "not a number"),
]


@pytest.mark.parametrize(("fault", "says"), BAD)
def test_a_claim_that_cannot_be_held_against_anything_is_refused(
    trust: None, fault: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        facts.claim(**{"text": "It is good", **fault})
    assert not Claim.objects.exists()
