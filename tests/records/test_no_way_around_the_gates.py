"""Whatever people do, in whatever order, no traffic flows that the signed rows do not carry."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
import valley

from alarp.kernel import AlarpError, Outcome, RouteState
from alarp.records.deployments import commands, queries
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.commands import withdraw
from alarp.standards import load_pathway

GATES = ("need", "appraise", "evaluate", "procure", "integrate", "live", "review", "retire", "change")
NEEDED = {
    RouteState.SILENT: ("need", "appraise", "evaluate", "procure"),
    RouteState.LIVE: ("need", "appraise", "evaluate", "procure", "integrate", "live"),
}


class Walker:
    """Does one random thing after another to one deployment; most of them are refused."""

    def __init__(self, deployment: Deployment, seed: int) -> None:
        self.deployment, self.dice = deployment, random.Random(seed)
        self.done: Counter[str] = Counter()

    def step(self) -> None:
        moves = {
            "pass": 30,
            "sign": 25,
            "answer": 8,
            "hold": 4,
            "settle": 12,
            "close": 3,
            "lift": 8,
            "withdraw": 4,
            "version": 3,
        }
        move = self.dice.choices(list(moves), weights=list(moves.values()))[0]
        try:
            getattr(self, f"do_{move}")()
        except AlarpError:
            self.done["refused"] += 1
        else:
            self.done[move] += 1
        self.deployment.refresh_from_db()

    def anybody(self) -> Any:
        return valley.person(self.dice.choice(sorted(valley.PROFESSIONS)))

    def do_pass(self) -> None:
        gate = queries.next_gate(self.deployment)
        if gate in (None, "retire") or (gate == "review" and self.dice.random() < 0.9):
            return
        for criterion in queries.gate_view(self.deployment, gate).criteria:
            if not criterion.met:
                paper = valley.paper(criterion.criterion.evidence_kind, self.deployment.version.number)
                commands.answer(
                    self.deployment, gate, criterion.criterion.slug, paper, by=valley.person("writer")
                )
        for role in queries.gate_view(self.deployment, gate).signatures_needed:
            valley.sign(self.deployment, gate, role, meaning="continue" if gate == "review" else None)

    def do_sign(self) -> None:
        gate = self.dice.choice(GATES)
        outcome = self.dice.choice([Outcome.APPROVE] * 6 + [Outcome.REFUSE, Outcome.ASK])
        role = self.dice.choice(queries.gate_view(self.deployment, gate).gate.roles)
        by = valley.person(role) if self.dice.random() < 0.7 else self.anybody()
        wish = self.dice.choice(("continue", "scale", "stop", None))
        valley.sign(self.deployment, gate, role, by=by, outcome=outcome, reason="A reason.", meaning=wish)

    def do_answer(self) -> None:
        gate = queries.gate_view(self.deployment, self.dice.choice(GATES)).gate
        criterion = self.dice.choice(gate.criteria)
        paper = valley.paper(
            criterion.evidence_kind,
            self.dice.choice(("1.0", "2.0")),
            by=self.dice.choice(("writer", criterion.role)),
        )
        commands.answer(self.deployment, gate.slug, criterion.slug, paper, by=valley.person("writer"))

    def do_hold(self) -> None:
        commands.raise_hold(self.deployment, "A concern.", "An end.", self.anybody(), by=self.anybody())

    def do_settle(self) -> None:
        for hold in self.deployment.holds.filter(answered_at__isnull=True):
            commands.answer_hold(hold, "Settled.", valley.proof_of_self(), by=hold.officer)

    def do_close(self) -> None:
        commands.close_route(self.deployment, "To be safe.", by=self.anybody())

    def do_lift(self) -> None:
        for closure in self.deployment.closures.filter(lifted_at__isnull=True):
            commands.lift_closure(closure, "Safe.", valley.proof_of_self(), by=valley.person("clinical-lead"))

    def do_withdraw(self) -> None:
        answers = list(self.deployment.answers.filter(evidence__withdrawal__isnull=True))
        if answers:
            withdraw(self.dice.choice(answers).evidence, "It was wrong.", by=valley.person("writer"))

    def do_version(self) -> None:
        number = self.dice.choice(("1.0", "2.0"))
        commands.change_version(self.deployment, valley.version(number), by=valley.person("lead-physicist"))


def check_traffic_is_carried(deployment: Deployment) -> RouteState:
    """Read straight from the rows, sharing no code with the route: is every gate signed by everybody it needs?"""
    state = queries.route(deployment).state
    if state is RouteState.CLOSED:
        return state
    assert not deployment.holds.filter(answered_at__isnull=True).exists()
    assert not deployment.closures.filter(lifted_at__isnull=True).exists()
    for slug in NEEDED[state]:
        gate = load_pathway(deployment.pathway).gate(slug)
        last_reopened = deployment.reopenings.filter(gate=slug).order_by("pk").last()
        approvals = deployment.decisions.filter(gate=slug, outcome="approve")
        if last_reopened is not None:
            approvals = approvals.filter(signed_at__gt=last_reopened.at)
        whole = [
            digest
            for digest in set(approvals.values_list("evidence_digest", flat=True))
            if {c.role for c in gate.criteria} <= {d.role for d in approvals.filter(evidence_digest=digest)}
        ]
        assert whole, slug
        for digest in whole:
            signers = list(approvals.filter(evidence_digest=digest).values_list("person", flat=True))
            assert len(signers) == len(set(signers)), slug
        newest = approvals.filter(evidence_digest__in=whole).order_by("pk").last()
        papers = [a.evidence for a in deployment.answers.filter(evidence__sha256__in=newest.evidence_hashes)]
        assert papers
        assert not any(hasattr(paper, "withdrawal") for paper in papers), slug
        if gate.version_bound:
            assert {paper.version_id for paper in papers} == {deployment.version_id}, slug
    return state


@pytest.mark.need("X01")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(4))
def test_no_walk_through_the_commands_opens_a_route_that_the_signed_rows_do_not_carry(
    deployment: Deployment, seed: int
) -> None:
    walker, seen = Walker(deployment, seed), Counter[str]()
    for _ in range(70):
        walker.step()
        seen[check_traffic_is_carried(deployment)] += 1
        if deployment.stage == "retired":
            break
    assert walker.done["refused"] > 5
    assert seen[RouteState.CLOSED] > 0
    assert seen[RouteState.SILENT] + seen[RouteState.LIVE] > 0, (walker.done, deployment.stage)
