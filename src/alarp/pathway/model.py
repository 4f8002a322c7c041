"""What is a pathway made of? Gates with their criteria, and the roles that answer for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from alarp.kernel import BadInput

CHANGE = "change"
REVIEW = "review"
RETIRE = "retire"
NEED = "need"
# The gates before live traffic, in the order in which they open; the same slugs in every version.
TO_LIVE = ("need", "appraise", "evaluate", "procure", "integrate", "live")
IN_ORDER = (*TO_LIVE, REVIEW, RETIRE)

APPROVE = "approve"

# What the records can look at besides evidence: name of the check → what it asks for. A criterion names the checks
# that must hold too; each is answered by the records app that keeps the facts.
CHECKS = {
    "needs-a-named-role": "the need names the frontline role that raised it, with the figure today",
    "certificates-current": "no mandatory certificate or supplier document is missing or has expired",
    "intended-use-complete": "all six statements of intended use are there",
    "readiness-signed": "the PACS and IT readiness checklist is complete and signed",
    "claims-graded": "every claim of the supplier is linked to graded evidence or marked unsupported",
    "due-diligence-answered": "every due-diligence question is answered, or its refusal accepted with a reason",
    "options-appraised": "the options include doing nothing and one without AI",
    "cost-complete": "the whole-life cost has every required line, and the evidence is of its latest version",
    "data-flow-complete": "the outbound and the inbound leg of the data flow are recorded",
    "self-test-passed": "the latest connectivity self-test passed",
    "hazards-acceptable": "no hazard is unscored, unwatched or above what may be accepted",
    "safety-case-current": "the safety case is of the hazard log as it stands, and the officer did not say no",
    "responsibilities-acknowledged": "everybody on the team and every user acknowledged the responsibilities",
    "training-coverage": "enough of the users are entitled on exactly this version",
    "patient-information-current": "what patients are told is published and is of this version",
    "alarm-rules-complete": "alarm rules and review criteria are set, each with its reaction and its role",
    "review-computed": "the review is computed against the criteria signed before go-live",
    "retirement-complete": "every item of the retirement checklist is done",
}


@dataclass(frozen=True, slots=True)
class Role:
    """What does somebody in this role do, and must every deployment team have one?"""

    slug: str
    title: str
    duties: str
    required_in_team: bool


@dataclass(frozen=True, slots=True)
class Criterion:
    """What must be shown at a gate, by which kind of evidence, for how long, and who answers for it?"""

    slug: str
    asks: str
    evidence_kind: str
    role: str
    valid_days: int | None
    source: str
    mandatory: bool = True
    meaning: str = APPROVE
    checks: tuple[str, ...] = ()  # names of CHECKS that must hold besides the evidence
    added_because: str = ""  # set for a criterion that a Trust added, with its reason

    def valid_until(self, dated: date, expires_on: date | None) -> date | None:
        """Through which day does evidence of this date answer the criterion? None: no end."""
        ends = [expires_on] if expires_on else []
        if self.valid_days is not None:
            ends.append(dated + timedelta(days=self.valid_days))
        return min(ends) if ends else None


@dataclass(frozen=True, slots=True)
class Gate:
    """Which question does this gate put, and what answers it?

    At a `version_bound` gate evidence counts only for the deployment's exact version, and a new version
    re-opens it; at the others it counts for the product.
    """

    slug: str
    title: str
    question: str
    criteria: tuple[Criterion, ...]
    version_bound: bool = False

    @property
    def roles(self) -> tuple[str, ...]:
        """Who signs here, in the order of the criteria? Each accountable role once."""
        return tuple(dict.fromkeys(c.role for c in self.criteria if c.mandatory))

    def criterion(self, slug: str) -> Criterion:
        for criterion in self.criteria:
            if criterion.slug == slug:
                return criterion
        raise BadInput(
            f"Gate {self.slug} has no criterion {slug!r}; it has {', '.join(c.slug for c in self.criteria)}."
        )

    def meaning(self, role: str) -> str:
        """What does this role's signature say? 'approve', or what its criterion asks it to accept."""
        own = dict.fromkeys(c.meaning for c in self.criteria if c.role == role and c.mandatory)
        special = [meaning for meaning in own if meaning != APPROVE]
        return "; ".join(special) or APPROVE

    def extended(self, added: tuple[Criterion, ...]) -> Gate:
        """The same gate with a Trust's own criteria behind the national ones."""
        return replace(self, criteria=(*self.criteria, *added)) if added else self


@dataclass(frozen=True, slots=True)
class Pathway:
    """Which gates lead from need to retirement in this version, and which gate guards a change?"""

    version: str
    title: str
    published: date
    gates: tuple[Gate, ...]
    change: Gate

    @property
    def all_gates(self) -> tuple[Gate, ...]:
        return (*self.gates, self.change)

    def gate(self, slug: str) -> Gate:
        for gate in self.all_gates:
            if gate.slug == slug:
                return gate
        raise BadInput(
            f"Pathway {self.version} has no gate {slug!r}; it has {', '.join(g.slug for g in self.all_gates)}."
        )

    def extended(self, added: dict[str, tuple[Criterion, ...]]) -> Pathway:
        """The inherited pathway with a Trust's own criteria, by gate."""
        if not added:
            return self
        return replace(
            self,
            gates=tuple(g.extended(added.get(g.slug, ())) for g in self.gates),
            change=self.change.extended(added.get(self.change.slug, ())),
        )
