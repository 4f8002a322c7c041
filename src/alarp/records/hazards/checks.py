"""May the risks of this deployment stand, and is its safety case of the log as it is now?"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef
from django.utils.timezone import localdate

from alarp.kernel import Stage
from alarp.pathway.states import IN_USE
from alarp.records.deployments.issuing import in_force
from alarp.records.deployments.models import Deployment
from alarp.records.hazards.facts import log_of, newest_revisions
from alarp.records.hazards.models import HazardMove, RiskAcceptance
from alarp.records.hazards.queries import statement_now
from alarp.records.hazards.reporting import CRITERION, GATE
from alarp.safety import RiskInUse, against_log, against_use
from alarp.standards.safety import load_scheme


def hazards_acceptable(deployment: Deployment, at: datetime) -> tuple[str, ...]:
    """What speaks against the risks? Before use everything does; in use only a risk that has risen or fell due."""
    if Stage(deployment.stage) in IN_USE:
        return risks_in_use(deployment, at)
    log = log_of(deployment)
    return against_log(log.hazards, log.scheme, localdate(at))


def risks_in_use(deployment: Deployment, at: datetime) -> tuple[str, ...]:
    """Which risks close the route of a tool in use? Two queries, on the hazards that are not at rest."""
    scheme = load_scheme()
    fallen = HazardMove.objects.filter(revision=OuterRef("pk"), status=HazardMove.REOPENED)
    rows = (
        newest_revisions()
        .filter(hazard__deployment=deployment, initial_level__gt=1)
        .annotate(fallen=Exists(fallen))
        .values_list("pk", "hazard_id", "hazard__number", "name", "initial_level", "residual_level", "fallen")
        .order_by("hazard__number")
    )
    accepted: dict[int, list[RiskAcceptance]] = {}
    given = RiskAcceptance.objects.filter(revision__hazard__deployment=deployment).order_by("pk")
    for row in given.select_related("revision").only("role", "level", "review_on", "revision__hazard"):
        accepted.setdefault(row.revision.hazard_id, []).append(row)
    found: list[str] = []
    for pk, hazard, number, name, initial, residual, has_fallen in rows:
        level = initial if has_fallen else residual
        said = accepted.get(hazard, [])
        last = said[-1] if said else None
        same = [a for a in said if last is not None and a.revision_id == last.revision_id]
        risk = RiskInUse(
            number=number,
            name=name,
            level=level,
            accepted_by=() if has_fallen else tuple(a.role for a in said if a.revision_id == pk),
            last_accepted=last.level if last else None,
            review_on=max((a.review_on for a in same if a.review_on), default=None),
        )
        found += against_use(risk, scheme, localdate(at))
    return tuple(found)


def safety_case_current(deployment: Deployment, at: datetime) -> tuple[str, ...]:
    """Is the report of the log as it stands, and did the officer not say no?"""
    log = log_of(deployment)
    evidence = in_force(deployment, GATE, CRITERION)
    if evidence is None:
        return (
            "No safety case report has been issued for this version; issue it from the safety case page.",
        )
    if evidence.body.get("log_digest") != log.digest:
        return (
            "The hazard log has changed since the safety case report was issued; give a new statement and issue it again.",
        )
    statement = statement_now(deployment, log)
    if statement is None:
        return ("The clinical safety officer has given no statement on the hazard log as it stands.",)
    if statement.answer == "no":
        return (f"The clinical safety officer says no: {statement.words}",)
    if evidence.body.get("statement", {}).get("answer") != statement.answer:
        return ("The clinical safety officer has said something else since the report; issue it again.",)
    return ()
