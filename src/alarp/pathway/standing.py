"""How does a gate stand: what is met, what is missing, who must sign, and which bytes would they sign?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from alarp.kernel import Outcome, digest
from alarp.pathway.model import Criterion, Gate
from alarp.pathway.route import day_in_words


@dataclass(frozen=True, slots=True)
class EvidenceFact:
    """What a rule needs to know of one piece of evidence, as at one moment."""

    sha256: str
    title: str
    dated: date
    expires_on: date | None
    author: int
    for_this_version: bool
    withdrawn: str = ""  # the reason, when it was withdrawn
    superseded_by: str = ""  # the title of what superseded it


@dataclass(frozen=True, slots=True)
class Signature:
    """One decision that counts in this round: same digest, given since the gate was last shut or re-opened."""

    person: int
    role: str
    outcome: Outcome
    meaning: str


@dataclass(frozen=True, slots=True)
class CriterionStanding:
    """Is this criterion met, by what, until when; if not, what is missing?"""

    criterion: Criterion
    evidence: tuple[EvidenceFact, ...]
    valid_until: date | None
    missing: str

    @property
    def met(self) -> bool:
        return not self.missing


@dataclass(frozen=True, slots=True)
class GateStanding:
    """Everything a signer, a page or a rule asks of one gate at one moment."""

    gate: Gate
    criteria: tuple[CriterionStanding, ...]
    hashes: tuple[str, ...]
    digest: str

    def of_role(self, role: str) -> tuple[CriterionStanding, ...]:
        return tuple(c for c in self.criteria if c.criterion.role == role)

    def needed(self, signatures: Sequence[Signature]) -> tuple[str, ...]:
        """Which roles have not approved this evidence yet, in the order of the criteria?"""
        given = {s.role for s in signatures if s.outcome is Outcome.APPROVE}
        return tuple(role for role in self.gate.roles if role not in given)


def lapse(criterion: Criterion, fact: EvidenceFact, *, version_bound: bool, day: date) -> str:
    """Why does this evidence no longer answer the criterion on this day? Empty: it stands."""
    cause = lapse_cause(criterion, fact, version_bound=version_bound, day=day)
    name = f"'{fact.title}' ({criterion.slug})"
    if cause == "withdrawn":
        return f"{name} was withdrawn: {fact.withdrawn}"
    if cause == "superseded":
        return f"{name} was superseded by '{fact.superseded_by}'."
    if cause == "other version":
        return f"{name} speaks of another version."
    if cause == "expired":
        until = criterion.valid_until(fact.dated, fact.expires_on)
        return f"{name} was valid until {day_in_words(until) if until else 'a day unknown'}."
    return ""


def lapse_cause(criterion: Criterion, fact: EvidenceFact, *, version_bound: bool, day: date) -> str:
    """In one word: withdrawn, superseded, other version, expired, or empty when the evidence stands."""
    if fact.withdrawn:
        return "withdrawn"
    if fact.superseded_by:
        return "superseded"
    if version_bound and not fact.for_this_version:
        return "other version"
    until = criterion.valid_until(fact.dated, fact.expires_on)
    return "expired" if until is not None and until < day else ""


def _criterion_standing(
    criterion: Criterion,
    facts: Sequence[EvidenceFact],
    against: Sequence[str],
    *,
    version_bound: bool,
    day: date,
) -> CriterionStanding:
    standing, fallen = [], []
    for fact in facts:
        reason = lapse(criterion, fact, version_bound=version_bound, day=day)
        if reason:
            fallen.append(reason)
        else:
            standing.append(fact)
    ends = [end for fact in standing if (end := criterion.valid_until(fact.dated, fact.expires_on))]
    missing = ""
    if not standing and criterion.mandatory:
        missing = fallen[-1] if fallen else f"No evidence of kind {criterion.evidence_kind} has been given."
    missing = " ".join((missing, *against)).strip()
    return CriterionStanding(
        criterion=criterion,
        evidence=tuple(standing),
        valid_until=min(ends) if ends else None,
        missing=missing,
    )


def gate_standing(
    gate: Gate,
    answers: Mapping[str, Sequence[EvidenceFact]],
    *,
    pathway: str,
    deployment: str,
    version: str,
    day: date,
    against: Mapping[str, Sequence[str]] | None = None,
) -> GateStanding:
    """How does this gate stand on this day, given the evidence that answers each criterion?

    `against`: by criterion, the sentences of the checks that do not hold. They keep it unmet, whatever was uploaded.

    The digest names pathway, deployment, version (at a version-bound gate), gate and, by criterion, the
    evidence that stands: whatever is added, lapses or changes makes another digest, so that a signature
    binds exactly what was looked at.
    """
    criteria = tuple(
        _criterion_standing(
            c,
            answers.get(c.slug, ()),
            (against or {}).get(c.slug, ()),
            version_bound=gate.version_bound,
            day=day,
        )
        for c in gate.criteria
    )
    looked_at = {c.criterion.slug: sorted({fact.sha256 for fact in c.evidence}) for c in criteria}
    return GateStanding(
        gate=gate,
        criteria=criteria,
        hashes=tuple(sorted({sha for hashes in looked_at.values() for sha in hashes})),
        digest=digest(
            {
                "pathway": pathway,
                "deployment": deployment,
                "version": version if gate.version_bound else "",
                "gate": gate.slug,
                "criteria": looked_at,
            }
        ),
    )


def waiting_for(standing: GateStanding, signatures: Sequence[Signature]) -> str | None:
    """Which role must act next? Who owes evidence first, then who owes a signature."""
    for criterion in standing.criteria:
        if not criterion.met:
            return criterion.criterion.role
    needed = standing.needed(signatures)
    return needed[0] if needed else None


def orphans(gate: Gate, filled: Sequence[str]) -> tuple[str, ...]:
    """Which obligations have nobody? One sentence for each criterion whose role is vacant in the team."""
    return tuple(
        f"Criterion {c.slug} has nobody who answers for it: the role {c.role} is vacant in the team."
        for c in gate.criteria
        if c.mandatory and c.role not in filled
    )


def vacancies(required: Sequence[str], filled: Sequence[str]) -> tuple[str, ...]:
    """Which required roles are vacant? One sentence each."""
    return tuple(
        f"The required role {role} is vacant in the team." for role in required if role not in filled
    )
