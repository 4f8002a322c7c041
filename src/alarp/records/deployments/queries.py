"""Where does a deployment stand, what may the gateway do for it, and what is missing at which gate?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.timezone import localdate

from alarp.kernel import Outcome, Stage
from alarp.pathway import Criterion, Gate, Route, RouteFacts, states
from alarp.pathway import route as decide_route
from alarp.pathway.policies import blockers, refusals, warnings
from alarp.pathway.route import stands_on
from alarp.pathway.standing import GateStanding, waiting_for
from alarp.records import clock
from alarp.records.deployments.facts import DeploymentFacts, pathway_of, required_roles, signatures
from alarp.records.deployments.history import TimelineEntry, timeline
from alarp.records.deployments.models import Decision, Deployment, GateStatus, TeamMember, TrustCriterion
from alarp.records.evidence.models import Evidence
from alarp.records.people.models import Person
from alarp.records.people.queries import line_of
from alarp.records.permissions import SUPPLIER, is_supplier, roles_at

__all__ = [
    "BoardRow",
    "CriterionView",
    "GateView",
    "TimelineEntry",
    "board",
    "deviations",
    "gate_view",
    "next_gate",
    "pathway_of",
    "route",
    "team",
    "timeline",
    "vacant_roles",
]


@dataclass(frozen=True)
class CriterionView:
    """One criterion with the evidence that answers it now, or what is missing, and who signed for it."""

    criterion: Criterion
    evidence: tuple[Evidence, ...]
    met: bool
    missing: str
    signed_by: Decision | None
    valid_until: object  # datetime.date | None


@dataclass(frozen=True)
class GateView:
    """Everything a page shows of one gate; `evidence_digest` is what a signature given now would bind."""

    gate: Gate
    status: str
    reason: str
    criteria: tuple[CriterionView, ...]
    evidence_digest: str
    blockers: tuple[str, ...]
    warnings: tuple[str, ...]
    signatures_needed: tuple[str, ...]
    waiting_for: str | None
    since: datetime
    decisions: tuple[Decision, ...]
    signable: bool

    @property
    def met(self) -> int:
        return sum(1 for c in self.criteria if c.met)


@dataclass(frozen=True)
class BoardRow:
    """One line of the board: what it does, where it stands, who must act and for how many days."""

    deployment: Deployment
    stage: str
    route: Route
    next_gate: str | None
    met: int
    criteria: int
    waiting_for: str | None
    days_waiting: int
    open_holds: int


def route(deployment: Deployment, at: datetime | None = None) -> Route:
    """May the gateway send for this deployment, and file? Read afresh from signed rows; nothing is remembered.

    Stage, gate statuses, the seals of the decisions that opened each gate, holds, closings by hand, and
    whether the evidence under those decisions still stands at `at`.
    """
    return _route(_facts(_fresh(deployment), at))


def _facts(deployment: Deployment, at: datetime | None) -> DeploymentFacts:
    return DeploymentFacts(deployment, at or clock.now(), as_of_then=at is not None)


def _fresh(deployment: Deployment) -> Deployment:
    return Deployment.objects.select_related("version__product__supplier", "site__parent__parent").get(
        pk=deployment.pk
    )


def _route(facts: DeploymentFacts) -> Route:
    needed = stands_on(facts.stage)
    return decide_route(
        RouteFacts(
            stage=facts.stage,
            unsigned=facts.unsigned(needed),
            lapses=tuple(lapse.sentence for lapse in facts.lapses()),
            holds=facts.hold_sentences(),
            closures=facts.closure_sentences(),
        )
    )


def next_gate(deployment: Deployment) -> str | None:
    """Which gate does this deployment wait for? None when it is retired."""
    open_gates = GateStatus.objects.filter(deployment=deployment, status=GateStatus.OPEN)
    stage = Deployment.objects.values_list("stage", flat=True).get(pk=deployment.pk)
    return states.next_gate(Stage(stage), list(open_gates.values_list("gate", flat=True)))


def gate_view(deployment: Deployment, gate_slug: str, at: datetime | None = None) -> GateView:
    """How does this gate stand: what is met, what is missing, who must sign, what would they sign?"""
    return _gate_view(_facts(_fresh(deployment), at), gate_slug)


def _gate_view(facts: DeploymentFacts, gate_slug: str) -> GateView:
    gate = facts.pathway.gate(gate_slug)
    standing = facts.standing(gate)
    decisions = facts.decisions_on(gate_slug, standing.digest)
    given = signatures(decisions)
    team = facts.team()
    status, reason = _status(facts, gate_slug)
    needed = standing.needed(given)
    settled = status == GateStatus.OPEN and not needed
    return GateView(
        gate=gate,
        status=status,
        reason=reason,
        criteria=_criteria(facts, standing, decisions),
        evidence_digest=standing.digest,
        blockers=() if settled else (*blockers(gate, team, facts.hold_sentences()), *refusals(given)),
        warnings=warnings(gate, team),
        signatures_needed=needed,
        waiting_for=None if settled else waiting_for(standing, given),
        since=_since(facts, gate_slug),
        decisions=tuple(d for d in facts.decisions if d.gate == gate_slug),
        signable=gate_slug in states.signable(facts.stage, facts.open_gates),
    )


def _status(facts: DeploymentFacts, gate: str) -> tuple[str, str]:
    row = facts.status.get(gate)
    if row is None:
        return GateStatus.SHUT, ""
    if row.status == GateStatus.OPEN:
        lapsed = next((lapse.sentence for lapse in facts.lapses() if lapse.gate == gate), "")
        if lapsed:
            return GateStatus.REOPENED, lapsed
    return row.status, row.reason


def _criteria(
    facts: DeploymentFacts, standing: GateStanding, decisions: list[Decision]
) -> tuple[CriterionView, ...]:
    rows = {a.evidence.sha256: a.evidence for a in facts.answers}
    approved = {d.role: d for d in decisions if d.outcome == Outcome.APPROVE}
    return tuple(
        CriterionView(
            criterion=c.criterion,
            evidence=tuple(rows[fact.sha256] for fact in c.evidence),
            met=c.met,
            missing=c.missing,
            signed_by=approved.get(c.criterion.role),
            valid_until=c.valid_until,
        )
        for c in standing.criteria
    )


def _since(facts: DeploymentFacts, gate: str) -> datetime:
    """Since when does the one who must act wait? Since the last thing that happened at this gate."""
    row = facts.status.get(gate)
    times = [facts.deployment.stage_since if row is None else row.since]
    times += [a.given_at for a in facts.answers if a.gate == gate]
    times += [d.signed_at for d in facts.decisions if d.gate == gate]
    return max(times)


def board(person: Person, at: datetime | None = None) -> tuple[BoardRow, ...]:
    """Every deployment that this person may see, each as one line."""
    return tuple(_board_row(_facts(d, at)) for d in _visible(person, at or clock.now()))


def _visible(person: Person, at: datetime) -> list[Deployment]:
    every = Deployment.objects.select_related(
        "version__product__supplier", "site__parent__parent", "abandonment"
    ).order_by("pk")
    today = localdate(at)
    if is_supplier(person):
        if SUPPLIER not in roles_at(person, None, today):
            return []
        return list(every.filter(version__product__supplier_id=person.organisation_id))
    return [d for d in every if roles_at(person, d.site, today)]


def _board_row(facts: DeploymentFacts) -> BoardRow:
    gate = states.next_gate(facts.stage, facts.open_gates)
    view = _gate_view(facts, gate) if gate else None
    return BoardRow(
        deployment=facts.deployment,
        stage=facts.deployment.stage,
        route=_route(facts),
        next_gate=gate,
        met=view.met if view else 0,
        criteria=len(view.criteria) if view else 0,
        waiting_for=view.waiting_for if view else None,
        days_waiting=max(0, (facts.at - view.since).days) if view else 0,
        open_holds=len(facts.open_holds()),
    )


def team(deployment: Deployment) -> tuple[TeamMember, ...]:
    """Who is in the team now, by role?"""
    members = TeamMember.objects.filter(deployment=deployment, until__isnull=True)
    return tuple(members.select_related("person").order_by("role", "since"))


def vacant_roles(deployment: Deployment) -> tuple[str, ...]:
    """Which roles that the team must have, or that a gate's criterion names, are vacant?"""
    filled = {member.role for member in team(deployment)}
    asked = [c.role for gate in pathway_of(deployment).all_gates for c in gate.criteria if c.mandatory]
    return tuple(role for role in dict.fromkeys((*required_roles(), *asked)) if role not in filled)


def deviations(deployment: Deployment) -> tuple[TrustCriterion, ...]:
    """Where does this Trust deviate from the national pathway, and why? (A13)"""
    rows = TrustCriterion.objects.filter(
        organisation__in=line_of(deployment.site), pathway=deployment.pathway
    )
    return tuple(rows.select_related("added_by", "organisation").order_by("gate", "slug"))
