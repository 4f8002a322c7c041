"""When may it be done, and may this person sign this? Each rule answers None (allowed) or one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alarp.kernel import Outcome, Stage
from alarp.pathway.model import NEED, RETIRE, REVIEW, Gate
from alarp.pathway.standing import GateStanding, Signature, orphans, vacancies
from alarp.pathway.states import BEFORE_LIVE, signable

Rule = str | None

STEP_UP_LASTS = timedelta(minutes=5)
CLOCK_SKEW = timedelta(seconds=30)
REVIEW_MEANINGS = ("continue", "scale", "stop")
ABANDON_ROLES = ("clinical-lead", "executive")
# The most careful wish among the signatures of one review carries: stop, then continue, then scale.
_CAREFUL_FIRST = ("stop", "continue", "scale")


@dataclass(frozen=True, slots=True)
class StepUp:
    """How and when did the signer last prove who they are?"""

    method: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Signer:
    """What the rules need to know of the person who wants to sign."""

    person: int
    team_roles: tuple[str, ...]  # roles held in this deployment's team, now
    is_supplier: bool
    interest: str = ""  # the nature of a declared interest in this supplier


@dataclass(frozen=True, slots=True)
class Team:
    """Which roles are filled in the deployment's team, and which must be before the need gate opens?"""

    filled: tuple[str, ...]
    required: tuple[str, ...]
    without_time: tuple[str, ...] = ()  # required roles with 0 protected hours a week


def first(*rules: Rule) -> Rule:
    """The first sentence against it, or None when every rule allows it."""
    return next((rule for rule in rules if rule), None)


# --- who may sign ---------------------------------------------------------------------------------


def signer_is_not_a_supplier(signer: Signer) -> Rule:
    return "A supplier's person cannot sign a Trust's gate." if signer.is_supplier else None


def signer_holds_the_role(signer: Signer, role: str) -> Rule:
    if role in signer.team_roles:
        return None
    held = ", ".join(signer.team_roles) or "none"
    return f"You do not hold the role {role} in this deployment's team (yours: {held}); ask for it to be recorded first."


def signer_has_no_interest(signer: Signer) -> Rule:
    if not signer.interest:
        return None
    return f"You declared an interest in this supplier ({signer.interest}); another person must sign."


def signer_is_not_the_author(signer: Signer, standing: GateStanding, role: str) -> Rule:
    for criterion in standing.of_role(role):
        for fact in criterion.evidence:
            if fact.author == signer.person:
                return (
                    f"You wrote '{fact.title}', which answers {criterion.criterion.slug}; "
                    "who writes evidence does not approve it. Another person must sign."
                )
    return None


def signer_signs_once(signer: Signer, signatures: Sequence[Signature], role: str) -> Rule:
    for given in signatures:
        if given.person == signer.person and given.outcome is not Outcome.ASK:
            return (
                f"You have signed this gate as {given.role}; one person signs a gate once, "
                f"so somebody else must sign as {role}."
            )
    return None


def who_may_sign(
    signer: Signer, standing: GateStanding, role: str, outcome: Outcome, signatures: Sequence[Signature]
) -> Rule:
    """May this person sign this gate in this role?"""
    return first(
        signer_is_not_a_supplier(signer),
        signer_holds_the_role(signer, role),
        signer_has_no_interest(signer),
        signer_is_not_the_author(signer, standing, role) if outcome is Outcome.APPROVE else None,
        signer_signs_once(signer, signatures, role) if outcome is not Outcome.ASK else None,
    )


# --- when may it be signed ------------------------------------------------------------------------


def gate_is_next(stage: Stage, open_gates: Sequence[str], gate: str) -> Rule:
    allowed = signable(stage, open_gates)
    if gate in allowed:
        return None
    waits = ", ".join(allowed) or "none"
    return f"Gate {gate} cannot be signed in stage {stage}; gates are opened in order (now: {waits})."


def role_signs_here(gate: Gate, role: str) -> Rule:
    if role in gate.roles:
        return None
    return f"The role {role} does not sign gate {gate.slug}; {', '.join(gate.roles)} do."


def step_up_is_fresh(step_up: StepUp, now: datetime) -> Rule:
    if not step_up.method.strip():
        return "Prove who you are again before you sign."
    if step_up.at > now + CLOCK_SKEW:
        return "The proof of who you are carries a time that lies ahead; prove it again."
    if now - step_up.at > STEP_UP_LASTS:
        return "You proved who you are more than 5 minutes ago; prove it again before you sign."
    return None


def evidence_is_what_was_seen(standing: GateStanding, digest: str) -> Rule:
    if standing.digest == digest:
        return None
    return "The evidence changed since you opened this page; look at it again before you sign."


def reason_is_given(outcome: Outcome, reason: str) -> Rule:
    if outcome is Outcome.APPROVE or reason.strip():
        return None
    return f"To {outcome} needs a reason in writing."


def role_has_not_signed(signatures: Sequence[Signature], role: str) -> Rule:
    for given in signatures:
        if given.role == role and given.outcome is Outcome.APPROVE:
            return f"The role {role} has approved this evidence already."
        if given.role == role and given.outcome is Outcome.REFUSE:
            return (
                f"The role {role} refused on this evidence; the gate stays shut until the evidence changes."
            )
    return None


def criteria_of_the_role_are_met(standing: GateStanding, role: str) -> Rule:
    for criterion in standing.of_role(role):
        if not criterion.met:
            return f"Criterion {criterion.criterion.slug} is not met: {criterion.missing}"
    return None


def blockers(gate: Gate, team: Team, holds: Sequence[str]) -> tuple[str, ...]:
    """What keeps this gate shut whatever the evidence says? One sentence each."""
    empty = vacancies(team.required, team.filled) if gate.slug == NEED else ()
    return (*holds, *empty, *orphans(gate, team.filled))


def warnings(gate: Gate, team: Team) -> tuple[str, ...]:
    """What should a signer know that does not bar the gate? (H02: protected time)"""
    if gate.slug != NEED:
        return ()
    return tuple(f"The role {role} has 0 protected hours a week." for role in team.without_time)


def refusals(signatures: Sequence[Signature]) -> tuple[str, ...]:
    """Which refusals keep the gate shut? They stand until the evidence changes."""
    return tuple(
        f"The role {given.role} refused on this evidence; the gate stays shut until the evidence changes."
        for given in signatures
        if given.outcome is Outcome.REFUSE
    )


def review_meaning(stage: Stage, gate: str, outcome: Outcome, meaning: str | None) -> Rule:
    """A review ends in continue, scale or stop; after a change, before it is signed, only in stop."""
    if gate != REVIEW or outcome is not Outcome.APPROVE:
        return None
    if meaning not in REVIEW_MEANINGS:
        return f"A review is signed with one of {', '.join(REVIEW_MEANINGS)}; it was {meaning!r}."
    if stage is Stage.CHANGE and meaning != "stop":
        return "In stage change a review can only stop the tool; to go on, sign the re-opened gates."
    return None


def is_stop(gate: str, outcome: Outcome, meaning: str | None) -> bool:
    """To stop a tool needs no evidence and no full team: nothing stands in the way of stopping."""
    return gate == REVIEW and outcome is Outcome.APPROVE and meaning == "stop"


def when_may_be_signed(
    *,
    stage: Stage,
    open_gates: Sequence[str],
    standing: GateStanding,
    team: Team,
    holds: Sequence[str],
    signatures: Sequence[Signature],
    role: str,
    outcome: Outcome,
    meaning: str | None,
    reason: str,
    digest: str,
    step_up: StepUp,
    now: datetime,
) -> Rule:
    """May this decision be signed now? Blockers and unmet criteria bar an approval, never a refusal or a stop."""
    gate = standing.gate
    approves = outcome is Outcome.APPROVE and not is_stop(gate.slug, outcome, meaning)
    return first(
        gate_is_next(stage, open_gates, gate.slug),
        role_signs_here(gate, role),
        step_up_is_fresh(step_up, now),
        reason_is_given(outcome, reason),
        review_meaning(stage, gate.slug, outcome, meaning),
        evidence_is_what_was_seen(standing, digest),
        role_has_not_signed(signatures, role) if outcome is not Outcome.ASK else None,
        *(blockers(gate, team, holds) if approves else ()),
        criteria_of_the_role_are_met(standing, role) if approves else None,
    )


def review_outcome(signatures: Sequence[Signature]) -> str:
    """What did the review decide, once every role has signed? The most careful wish carries."""
    wishes = {s.meaning for s in signatures if s.outcome is Outcome.APPROVE}
    return next((wish for wish in _CAREFUL_FIRST if wish in wishes), "continue")


# --- the other doors ------------------------------------------------------------------------------


def is_not_stopped(stage: Stage) -> Rule:
    if stage in (Stage.RETIRE, Stage.RETIRED):
        return f"The tool is in stage {stage}; nothing but its retirement can be recorded."
    return None


def may_be_abandoned(stage: Stage, role: str) -> Rule:
    """Before go-live the clinical lead or the executive may stop a tool where it stands."""
    if stage not in BEFORE_LIVE:
        return f"In stage {stage} a tool is stopped by a review, not by ending its proposal."
    if role not in ABANDON_ROLES:
        return f"To stop a tool here needs one of the roles {', '.join(ABANDON_ROLES)} in its team."
    return None


def gate_can_be_answered(stage: Stage, gate: str) -> Rule:
    """Evidence may be gathered for any gate ahead; the retire gate's only once the tool was stopped."""
    if stage is Stage.RETIRED:
        return "The tool is retired; its record is closed."
    if stage is Stage.RETIRE and gate != RETIRE:
        return f"The tool was stopped; evidence is gathered for the {RETIRE} gate only."
    if stage in BEFORE_LIVE and gate in (REVIEW, RETIRE, "change"):
        return f"Gate {gate} comes after live; in stage {stage} it takes no evidence yet."
    return None


def hold_says_what_ends_it(concern: str, exit_criterion: str) -> Rule:
    if not concern.strip():
        return "A safety hold needs the concern in writing."
    if not exit_criterion.strip():
        return "A safety hold needs an exit criterion: say what would end it."
    return None
