"""How does one deployment's hazard log stand? Rows in, the safety core's hazards out, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from alarp.kernel import digest
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.sealing import public_keys, seal_holds
from alarp.records.hazards.models import (
    Control,
    ControlChange,
    Hazard,
    HazardMove,
    HazardRevision,
    RiskAcceptance,
)
from alarp.records.hazards.snapshots import log_snapshot
from alarp.safety import (
    Acceptance,
    Category,
    ControlState,
    Owner,
    Patients,
    RiskScheme,
    Score,
    Status,
    Watch,
    control_states,
)
from alarp.safety import Control as CoreControl
from alarp.safety import Hazard as CoreHazard
from alarp.standards.safety import SCHEME, load_scheme

ACCEPTS = "accept residual risk"


@dataclass(frozen=True)
class Log:
    """One deployment's log as it stands: the core's hazards, and the rows behind them by number."""

    deployment: Deployment
    scheme: RiskScheme
    hazards: tuple[CoreHazard, ...]
    revisions: dict[str, HazardRevision]

    def hazard(self, number: str) -> CoreHazard:
        return next(h for h in self.hazards if h.number == number)

    @property
    def states(self) -> dict[str, ControlState]:
        return control_states(self.hazards)

    @property
    def digest(self) -> str:
        """The digest that a statement and a report are bound to; it changes with every word of the log."""
        return digest(log_snapshot(self.scheme.version, self.hazards))


def newest_revisions() -> QuerySet[HazardRevision]:
    """Only the revision of each hazard that counts."""
    newer = HazardRevision.objects.filter(hazard=OuterRef("hazard"), number__gt=OuterRef("number"))
    return HazardRevision.objects.filter(~Exists(newer))


def log_of(deployment: Deployment, *, scheme: str = SCHEME) -> Log:
    """The log with its controls, states and those acceptances whose seals hold. Eight queries, however long it is."""
    revisions = {
        r.hazard_id: r
        for r in newest_revisions().filter(hazard__deployment=deployment).select_related("hazard", "by")
    }
    controls = _controls(deployment)
    moves = _last_moves(revisions.values())
    reopened = {m.revision_id: m for m in moves.values() if m.status == HazardMove.REOPENED}
    accepted = _acceptances(deployment, revisions.values())
    rows = Hazard.objects.filter(deployment=deployment).order_by("number")
    hazards = tuple(
        _hazard(
            revisions[row.pk],
            controls[row.pk],
            moves.get(revisions[row.pk].pk),
            reopened.get(revisions[row.pk].pk),
            accepted[revisions[row.pk].pk],
        )
        for row in rows
    )
    by_number = {r.hazard.number: r for r in revisions.values()}
    return Log(deployment, load_scheme(scheme), hazards, by_number)


def _controls(deployment: Deployment) -> dict[int, list[CoreControl]]:
    newer = ControlChange.objects.filter(control=OuterRef("control"), pk__gt=OuterRef("pk"))
    now = {
        change.control_id: change
        for change in ControlChange.objects.filter(~Exists(newer), control__hazard__deployment=deployment)
    }
    found: dict[int, list[CoreControl]] = defaultdict(list)
    for row in Control.objects.filter(hazard__deployment=deployment).order_by("number"):
        change = now.get(row.pk)
        found[row.hazard_id].append(
            CoreControl(
                number=row.number,
                text=row.text,
                category=Category(row.category),
                mechanism=row.mechanism,
                state=ControlState(change.state) if change else ControlState.PROPOSED,
                owner_role=row.owner_role,
                due=row.due,
                evidence=change.evidence if change else "",
            )
        )
    return found


def _last_moves(revisions: Iterable[HazardRevision]) -> dict[int, HazardMove]:
    rows = HazardMove.objects.filter(revision__in=[r.pk for r in revisions]).order_by("pk")
    return {move.revision_id: move for move in rows}


def _acceptances(deployment: Deployment, revisions: Iterable[HazardRevision]) -> dict[int, list[Acceptance]]:
    digests = {r.pk: (r.hazard.number, r.digest) for r in revisions}
    rows = RiskAcceptance.objects.filter(revision__in=list(digests)).select_related("by").order_by("pk")
    found: dict[int, list[Acceptance]] = defaultdict(list)
    keys: dict[str, str] | None = None
    for row in rows:
        keys = public_keys(deployment) if keys is None else keys
        number, bound = digests[row.revision_id]
        expected = sealed_words(row, number, bound) | {"username": row.by.username}
        if seal_holds(row.envelope, expected, subject=deployment, keys=keys):
            found[row.revision_id].append(Acceptance(row.role, str(row.by), row.justification, row.review_on))
    return found


def sealed_words(row: RiskAcceptance, number: str, revision_digest: str) -> dict[str, object]:
    """What an acceptance says, as it is sealed."""
    return {
        "hazard": number,
        "revision_digest": revision_digest,
        "level": row.level,
        "role": row.role,
        "justification": row.justification,
        "review_on": row.review_on.isoformat() if row.review_on else "",
        "meaning": ACCEPTS,
    }


def _score(revision: HazardRevision, which: str) -> Score | None:
    if getattr(revision, f"{which}_level") is None:
        return None
    return Score(
        severity=getattr(revision, f"{which}_severity"),
        likelihood=getattr(revision, f"{which}_likelihood"),
        patients=Patients(getattr(revision, f"{which}_patients")),
    )


def _hazard(
    revision: HazardRevision,
    controls: list[CoreControl],
    move: HazardMove | None,
    reopened: HazardMove | None,
    acceptances: list[Acceptance],
) -> CoreHazard:
    settled = move if move is not None and move.status != HazardMove.REOPENED else None
    return CoreHazard(
        number=revision.hazard.number,
        name=revision.name,
        description=revision.description,
        effect=revision.effect,
        harm=revision.harm,
        causes=tuple(revision.causes),
        existing_controls=tuple(revision.existing_controls),
        initial=_score(revision, "initial"),
        residual=_score(revision, "residual"),
        measured_by=revision.measured_by,
        rationale=revision.rationale,
        controls=tuple(controls),
        leans_on=tuple(revision.leans_on),
        monitors=tuple(Watch(monitor, limit) for monitor, limit in revision.monitors),
        owner=Owner(revision.owner),
        created_by=revision.created_by_control,
        references=tuple(revision.references),
        acceptances=tuple(acceptances),
        status=Status(settled.status) if settled else Status.OPEN,
        status_because=settled.because if settled else "",
        transferred_to=settled.to if settled else "",
        reopened_because=reopened.because if reopened else "",
    )
