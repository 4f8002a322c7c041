"""What do the records say of one deployment at one moment? Rows in, the pathway's facts out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

from django.db.models import Q
from django.utils.timezone import localdate

from alarp.kernel import BrokenEvidence, Outcome, Stage, canonical_json
from alarp.pathway import Criterion, EvidenceFact, Gate, GateStanding, Pathway, Signature, Team, gate_standing
from alarp.pathway.model import CHANGE, REVIEW
from alarp.pathway.policies import Signer
from alarp.pathway.proof import open_sealed
from alarp.pathway.route import day_in_words
from alarp.records.deployments import checks
from alarp.records.deployments.models import (
    Answer,
    Decision,
    Deployment,
    GateStatus,
    Hold,
    Reopening,
    RouteClosure,
    TeamMember,
    TrustCriterion,
)
from alarp.records.evidence.models import Evidence, SigningKey
from alarp.records.people.models import Person
from alarp.records.people.queries import interest_in, line_of
from alarp.records.permissions import is_supplier, team_roles
from alarp.standards import load_pathway, load_roles


def pathway_of(deployment: Deployment) -> Pathway:
    """The national pathway as this deployment's Trust inherits it, with the criteria the Trust added."""
    return _extended(deployment, _added_criteria(deployment))


def _added_criteria(deployment: Deployment) -> list[TrustCriterion]:
    rows = TrustCriterion.objects.filter(
        organisation__in=line_of(deployment.site), pathway=deployment.pathway
    )
    return list(rows.order_by("added_at", "pk"))


def _extended(deployment: Deployment, rows: Iterable[TrustCriterion]) -> Pathway:
    added: dict[str, tuple[Criterion, ...]] = defaultdict(tuple)
    for row in rows:
        added[row.gate] += (
            Criterion(
                slug=row.slug,
                asks=row.asks,
                evidence_kind=row.evidence_kind,
                role=row.role,
                valid_days=row.valid_days,
                source=row.source,
                added_because=row.reason,
            ),
        )
    return load_pathway(deployment.pathway).extended(added)


def required_roles() -> tuple[str, ...]:
    return tuple(role.slug for role in load_roles() if role.required_in_team)


def evidence_fact(evidence: Evidence, deployment: Deployment, as_of: datetime | None = None) -> EvidenceFact:
    """This evidence for this deployment, with all that is known of it, or only what was at that moment."""
    withdrawal = getattr(evidence, "withdrawal", None)
    newer = next((e for e in evidence.superseded_by.all() if as_of is None or e.received_at <= as_of), None)
    withdrawn = withdrawal is not None and (as_of is None or withdrawal.at <= as_of)
    return EvidenceFact(
        sha256=evidence.sha256,
        title=evidence.title,
        dated=evidence.dated,
        expires_on=evidence.expires_on,
        author=evidence.author_id,
        for_this_version=evidence.version_id == deployment.version_id,
        withdrawn=withdrawal.reason if withdrawal is not None and withdrawn else "",
        superseded_by=newer.title if newer is not None else "",
    )


@lru_cache(maxsize=4096)
def _sealed_statement(envelope: bytes, public_pem: str) -> dict[str, object] | None:
    import json

    try:
        return open_sealed(json.loads(envelope), public_pem)
    except BrokenEvidence:
        return None


def decision_holds(decision: Decision, keys: dict[str, str]) -> bool:
    """Does the seal on this decision hold, and does it say what the row says?"""
    signatures = decision.envelope.get("signatures") or [{}]
    public = keys.get(signatures[0].get("keyid", ""))
    value = _sealed_statement(canonical_json(decision.envelope), public) if public else None
    said = (value or {}).get("predicate")
    if not isinstance(said, dict):
        return False
    return (
        said.get("gate") == decision.gate
        and said.get("role") == decision.role
        and said.get("outcome") == decision.outcome
        and said.get("meaning") == decision.meaning
        and said.get("evidence_digest") == decision.evidence_digest
        and said.get("evidence_hashes") == decision.evidence_hashes
        and said.get("deployment") == decision.deployment.slug
        and said.get("username") == decision.person.username
    )


CHECK = "check failed"


@dataclass(frozen=True)
class Lapse:
    """Evidence under an open gate's signatures that no longer stands: which gate, why, in a sentence."""

    gate: str
    cause: str
    sentence: str


class DeploymentFacts:
    """One deployment, read once: answers, statuses, decisions, team, holds.

    Everything that is written counts, whatever time it carries: the clocks of two machines differ, and a
    signature or a hold from the faster one is no less given. `at` says which day it is for what expires. With
    `as_of_then` only what was written by `at` counts, to look at another moment.
    """

    def __init__(self, deployment: Deployment, at: datetime, *, as_of_then: bool = False) -> None:
        self.deployment, self.at = deployment, at
        self.as_of = at if as_of_then else None
        self.day = localdate(at)
        self.added = _added_criteria(deployment)
        self.pathway = _extended(deployment, self.added)
        self.status = {row.gate: row for row in GateStatus.objects.filter(deployment=deployment)}
        self.answers = list(
            Answer.objects.filter(self._by("given_at"), deployment=deployment)
            .select_related("evidence__withdrawal", "evidence__author", "evidence__version", "given_by")
            .defer("evidence__envelope")
            .prefetch_related("evidence__superseded_by")
            .order_by("given_at", "pk")
        )
        self.decisions = list(
            Decision.objects.filter(self._by("signed_at"), deployment=deployment)
            .select_related("person", "deployment")
            .order_by("signed_at", "pk")
        )
        self.reopened_at: dict[str, datetime] = {}
        for row in Reopening.objects.filter(self._by("at"), deployment=deployment).order_by("at", "pk"):
            self.reopened_at[row.gate] = row.at

    def _by(self, field: str) -> Q:
        return Q() if self.as_of is None else Q(**{f"{field}__lte": self.as_of})

    def _not_yet(self, field: str) -> Q:
        """The ending that this field times has not come (at the moment looked at)."""
        ended = Q(**{f"{field}__isnull": True})
        return ended if self.as_of is None else ended | Q(**{f"{field}__gt": self.as_of})

    @property
    def stage(self) -> Stage:
        return Stage(self.deployment.stage)

    @property
    def open_gates(self) -> tuple[str, ...]:
        return tuple(gate for gate, row in self.status.items() if row.status == GateStatus.OPEN)

    def answers_to(self, gate: str) -> list[Answer]:
        """The answers that count at this gate; at the change gate only those given since the change."""
        since = self.reopened_at.get(CHANGE) if gate == CHANGE else None
        return [a for a in self.answers if a.gate == gate and (since is None or a.given_at >= since)]

    def standing(self, gate: Gate) -> GateStanding:
        by_criterion: dict[str, list[EvidenceFact]] = defaultdict(list)
        for answer in self.answers_to(gate.slug):
            by_criterion[answer.criterion].append(evidence_fact(answer.evidence, self.deployment, self.as_of))
        return gate_standing(
            gate,
            by_criterion,
            pathway=self.deployment.pathway,
            deployment=self.deployment.slug,
            version=f"{self.deployment.version.product.slug} {self.deployment.version.number}",
            day=self.day,
            against={c.slug: self._against(c) for c in gate.criteria if c.checks},
        )

    def _against(self, criterion: Criterion, *, while_live: bool = False) -> tuple[str, ...]:
        """The sentences of this criterion's checks. The past is not looked at: their facts are of the moment."""
        if self.as_of is not None:
            return ()
        return checks.against(criterion.checks, self.deployment, self.at, while_live=while_live)

    def round_began(self, gate: str) -> datetime | None:
        """Since when do signatures count? Since the gate's last re-opening, or since this review began."""
        row = self.status.get(gate)
        if gate == REVIEW and row is not None and row.status != GateStatus.OPEN:
            return row.since
        return self.reopened_at.get(gate)

    def decisions_on(self, gate: str, digest: str) -> list[Decision]:
        """The decisions of this round on exactly this evidence."""
        since = self.round_began(gate)
        return [
            d
            for d in self.decisions
            if d.gate == gate and d.evidence_digest == digest and (since is None or d.signed_at >= since)
        ]

    @cached_property
    def _lapses(self) -> tuple[Lapse, ...]:
        from alarp.pathway.standing import lapse, lapse_cause

        found = []
        for gate in self.pathway.gates:
            row = self.status.get(gate.slug)
            if row is None or row.status != GateStatus.OPEN or gate.slug in (REVIEW, "retire"):
                continue
            bound = self._bound_hashes(row)
            for answer in self.answers_to(gate.slug):
                if answer.evidence.sha256 not in bound or answer.criterion not in {
                    c.slug for c in gate.criteria
                }:
                    continue
                criterion = gate.criterion(answer.criterion)
                fact = evidence_fact(answer.evidence, self.deployment, self.as_of)
                cause = lapse_cause(criterion, fact, version_bound=gate.version_bound, day=self.day)
                if cause:
                    sentence = lapse(criterion, fact, version_bound=gate.version_bound, day=self.day)
                    found.append(Lapse(gate.slug, cause, f"Gate {gate.slug}: {sentence}"))
            for criterion in gate.criteria:
                found += [
                    Lapse(gate.slug, CHECK, f"Gate {gate.slug}: {sentence}")
                    for sentence in self._against(criterion, while_live=True)
                ]
        return tuple(found)

    def lapses(self) -> tuple[Lapse, ...]:
        """Which evidence under open gates no longer stands, or which check of theirs does not hold, at this moment?"""
        return self._lapses

    def _bound_hashes(self, row: GateStatus) -> set[str]:
        return {
            sha
            for d in self.decisions
            if d.gate == row.gate and d.evidence_digest == row.evidence_digest
            for sha in d.evidence_hashes
        }

    def unsigned(self, gates: Iterable[str]) -> tuple[str, ...]:
        """Which of these gates are not open on a whole set of approvals whose seals hold?"""
        found = []
        keys = dict(
            SigningKey.objects.filter(organisation__in=line_of(self.deployment.site)).values_list(
                "keyid", "public_pem"
            )
        )
        for slug in gates:
            row = self.status.get(slug)
            if row is None or row.status != GateStatus.OPEN or not self._whole(row, keys):
                found.append(slug)
        return tuple(found)

    def _whole(self, row: GateStatus, keys: dict[str, str]) -> bool:
        then = (c for c in self.added if c.gate == row.gate and c.added_at <= row.since)
        needed = set(_extended(self.deployment, then).gate(row.gate).roles)
        approved = {
            d.role
            for d in self.decisions_on(row.gate, row.evidence_digest)
            if d.outcome == Outcome.APPROVE and decision_holds(d, keys)
        }
        return needed <= approved

    def open_holds(self) -> list[Hold]:
        return list(
            self.deployment.holds.filter(self._by("raised_at"), self._not_yet("answered_at"))
            .select_related("officer")
            .order_by("number")
        )

    def hold_sentences(self) -> tuple[str, ...]:
        return tuple(
            f"Safety hold {h.number} is open since {day_in_words(localdate(h.raised_at))}; "
            f"{h.officer} has to answer it in writing."
            for h in self.open_holds()
        )

    def closure_sentences(self) -> tuple[str, ...]:
        rows: Iterable[RouteClosure] = (
            self.deployment.closures.filter(self._by("closed_at"), self._not_yet("lifted_at"))
            .select_related("closed_by")
            .order_by("pk")
        )
        return tuple(f"Closed by {c.who} on {day_in_words(localdate(c.closed_at))}: {c.reason}" for c in rows)

    def team(self) -> Team:
        members = list(TeamMember.objects.filter(deployment=self.deployment, until__isnull=True))
        hours: dict[str, float] = defaultdict(float)
        for member in members:
            hours[member.role] += float(member.protected_hours_week)
        required = required_roles()
        return Team(
            filled=tuple(dict.fromkeys(m.role for m in members)),
            required=required,
            without_time=tuple(r for r in required if r in hours and hours[r] == 0),
        )

    def signer(self, person: Person) -> Signer:
        interest = interest_in(person, self.deployment.version.product.supplier, self.at)
        return Signer(
            person=person.pk,
            team_roles=tuple(sorted(team_roles(person, self.deployment))),
            is_supplier=is_supplier(person),
            interest=interest.nature if interest else "",
        )


def signatures(decisions: Iterable[Decision]) -> tuple[Signature, ...]:
    """The pathway's view of these decisions."""
    return tuple(Signature(d.person_id, d.role, Outcome(d.outcome), d.meaning) for d in decisions)
