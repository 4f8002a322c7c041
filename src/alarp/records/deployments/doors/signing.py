"""How does a gate open? Evidence answers its criteria, and people sign what they have looked at."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import transaction
from django.utils.timezone import localdate

from alarp.kernel import BadInput, NotNow, Outcome, Stage
from alarp.pathway import Gate, GateStanding, Signature, StepUp, policies
from alarp.pathway.model import REVIEW
from alarp.pathway.proof import DECISION_TYPE, statement
from alarp.pathway.standing import lapse
from alarp.pathway.states import IN_USE, Event
from alarp.records import clock, permissions
from alarp.records.audit.commands import record
from alarp.records.deployments.doors import following
from alarp.records.deployments.doors.moving import (
    advance,
    locked,
    moment,
    refuse_now,
    refuse_person,
    set_status,
)
from alarp.records.deployments.facts import DeploymentFacts, evidence_fact, signatures
from alarp.records.deployments.models import Answer, Decision, Deployment, GateStatus
from alarp.records.evidence import keys
from alarp.records.evidence.locked import refuse_exploratory, refuse_too_small
from alarp.records.evidence.models import Evidence
from alarp.records.evidence.queries import check_seal
from alarp.records.people.models import Person
from alarp.records.people.queries import line_of, trust_of
from alarp.records.products.identity import version_subject


def answer(deployment: Deployment, gate: str, criterion: str, evidence: Evidence, *, by: Person) -> Answer:
    """Say that this evidence answers this criterion. What was signed before was signed on less, and shows it."""
    permissions.check(by, "upload_evidence", deployment)
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        facts = DeploymentFacts(deployment, at)
        found = facts.pathway.gate(gate)
        asked = found.criterion(criterion)
        refuse_now(policies.gate_can_be_answered(facts.stage, gate))
        if evidence.kind != asked.evidence_kind:
            raise BadInput(
                f"'{evidence.title}' is of kind {evidence.kind}; criterion {criterion} asks for {asked.evidence_kind}."
            )
        if evidence.version_id != deployment.version_id:
            raise BadInput(
                f"'{evidence.title}' speaks of {evidence.version}; this deployment runs {deployment.version}."
            )
        refuse_exploratory(asked.evidence_kind, evidence.body)
        refuse_too_small(asked.evidence_kind, evidence.body)
        _check_origin(evidence, deployment, by)
        check_seal(evidence)
        fact = evidence_fact(evidence, deployment)
        fallen = lapse(asked, fact, version_bound=found.version_bound, day=localdate(at))
        if fallen:
            raise BadInput(f"It cannot answer the criterion: {fallen}")
        if any(a.criterion == criterion and a.evidence_id == evidence.pk for a in facts.answers_to(gate)):
            raise NotNow(f"'{evidence.title}' answers criterion {criterion} already.")
        row = Answer(
            deployment=deployment,
            gate=gate,
            criterion=criterion,
            evidence=evidence,
            given_by=by,
            given_at=at,
        )
        row.save()
        record(
            by,
            "criterion answered",
            f"criterion {criterion} of gate {gate} of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            gate=gate,
            evidence=evidence.sha256,
            kind=evidence.kind,
        )
        if gate == REVIEW:
            _begin_review(deployment, at, by)
    return row


def _check_origin(evidence: Evidence, deployment: Deployment, by: Person) -> None:
    """Evidence comes from this Trust's line or from the product's supplier; a supplier gives only its own."""
    supplier = deployment.version.product.supplier
    if permissions.is_supplier(by) and evidence.organisation_id != by.organisation_id:
        raise BadInput("A supplier's person gives the supplier's own evidence only.")
    if evidence.organisation_id == supplier.pk:
        return
    if evidence.organisation_id not in {o.pk for o in line_of(deployment.site)}:
        raise BadInput(
            f"'{evidence.title}' comes from {evidence.organisation.name}, which is neither this Trust nor the supplier."
        )


def _begin_review(deployment: Deployment, at: datetime, by: Person) -> None:
    """The first evidence or signature after the last review begins the next one."""
    if deployment.stage == Stage.LIVE:
        set_status(deployment, REVIEW, GateStatus.SHUT, at, reason="A review has begun.")
        advance(deployment, Event.REVIEW_BEGUN, REVIEW, at, by, "A review has begun.")


def decide(
    deployment: Deployment,
    gate: str,
    role: str,
    outcome: Outcome | str,
    reason: str,
    evidence_digest: str,
    step_up: StepUp,
    *,
    by: Person,
    meaning: str | None = None,
) -> Decision:
    """Sign at a gate: approve, refuse or ask, in one role, on exactly the evidence that was looked at.

    With the last approval that the gate needs it opens, and the deployment moves on, in this same transaction.
    A refusal keeps the gate shut until the evidence changes; a question does not bind.
    """
    permissions.check(by, "sign_gate", deployment)
    try:
        outcome = Outcome(outcome)
    except ValueError:
        raise BadInput(f"A decision is approve, refuse or ask; it was {outcome!r}.") from None
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        facts = DeploymentFacts(deployment, at)
        found = facts.pathway.gate(gate)
        standing = facts.standing(found)
        given = signatures(_this_round(facts, gate, standing.digest))
        refuse_person(policies.who_may_sign(facts.signer(by), standing, role, outcome, given))
        refuse_now(
            policies.when_may_be_signed(
                stage=facts.stage,
                open_gates=facts.open_gates,
                standing=standing,
                team=facts.team(),
                holds=facts.hold_sentences(),
                signatures=given,
                role=role,
                outcome=outcome,
                meaning=meaning,
                reason=reason,
                digest=evidence_digest,
                step_up=step_up,
                now=clock.now(),
            )
        )
        refuse_now(following.against_signing(deployment, gate, outcome, meaning, reason))
        if gate == REVIEW and outcome is Outcome.APPROVE:
            _begin_review(deployment, at, by)
        decision = _sign(
            facts,
            standing,
            role,
            outcome,
            reason.strip(),
            _meaning(found, role, outcome, meaning),
            step_up,
            by,
        )
        if outcome is Outcome.APPROVE:
            now_given = (*given, Signature(by.pk, role, outcome, decision.meaning))
            if not standing.needed(now_given):
                _open(facts, found, standing, now_given, by)
    return decision


def _this_round(facts: DeploymentFacts, gate: str, digest: str) -> list[Decision]:
    """The decisions that count with this one; a signature in stage live begins a review of its own."""
    if gate == REVIEW and facts.stage is Stage.LIVE:
        return []
    return facts.decisions_on(gate, digest)


def _meaning(gate: Gate, role: str, outcome: Outcome, meaning: str | None) -> str:
    """What the signature says; outside a review it is what the role's criteria ask, and cannot be reworded."""
    if outcome is not Outcome.APPROVE:
        return outcome.value
    if gate.slug == REVIEW:
        return meaning or ""
    return gate.meaning(role)


def _sign(
    facts: DeploymentFacts,
    standing: GateStanding,
    role: str,
    outcome: Outcome,
    reason: str,
    meaning: str,
    step_up: StepUp,
    by: Person,
) -> Decision:
    deployment, gate, at = facts.deployment, standing.gate.slug, facts.at
    said = {
        "deployment": deployment.slug,
        "pathway": deployment.pathway,
        "gate": gate,
        "role": role,
        "username": by.username,
        "person": str(by),
        "registration": by.registration,
        "outcome": outcome.value,
        "meaning": meaning,
        "reason": reason,
        "evidence_hashes": list(standing.hashes),
        "evidence_digest": standing.digest,
        "authenticated_by": step_up.method,
        "authenticated_at": step_up.at.astimezone(UTC).isoformat(timespec="seconds"),
        "signed_at": at.astimezone(UTC).isoformat(timespec="microseconds"),
    }
    sealed = keys.seal_for(
        trust_of(deployment.site),
        statement(
            subjects=[version_subject(deployment.version)], predicate_type=DECISION_TYPE, predicate=said
        ),
    )
    decision = Decision(
        deployment=deployment,
        gate=gate,
        person=by,
        role=role,
        outcome=outcome.value,
        meaning=meaning,
        reason=reason,
        evidence_hashes=list(standing.hashes),
        evidence_digest=standing.digest,
        authenticated_by=step_up.method,
        signed_at=at,
        envelope=sealed,
    )
    decision.save()
    record(
        by,
        f"signed: {outcome.value}",
        f"gate {gate} of {deployment.slug}",
        stream=deployment.slug,
        at=at,
        gate=gate,
        role=role,
        meaning=meaning,
        reason=reason,
        evidence_digest=standing.digest,
        authenticated_by=step_up.method,
    )
    return decision


def _open(
    facts: DeploymentFacts,
    gate: Gate,
    standing: GateStanding,
    given: tuple[Signature, ...],
    by: Person,
) -> None:
    deployment, at, slug = facts.deployment, facts.at, gate.slug
    renewed = slug in facts.open_gates and slug != REVIEW
    set_status(deployment, slug, GateStatus.OPEN, at, digest=standing.digest)
    record(
        by,
        "gate renewed" if renewed else "gate opened",
        f"gate {slug} of {deployment.slug}",
        stream=deployment.slug,
        at=at,
        gate=slug,
        evidence_digest=standing.digest,
        evidence_hashes=list(standing.hashes),
    )
    if renewed:
        return
    if slug == REVIEW:
        wish = policies.review_outcome(given)
        event = Event.STOPPED if wish == "stop" else Event.CONTINUED
        advance(deployment, event, slug, at, by, f"The review decided: {wish}.")
        return
    if deployment.stage in IN_USE:
        return
    advance(deployment, Event.OPENED, slug, at, by, f"Gate {slug} opened.")
