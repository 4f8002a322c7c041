"""What must hold of costs and options before anybody may buy? Sentences against it; none when it holds."""

from __future__ import annotations

from datetime import datetime

from alarp.economics import missing
from alarp.records.appraisals import queries
from alarp.records.deployments.issuing import in_force
from alarp.records.deployments.models import Deployment

WHERE = "under Cost and options"


def options_appraised(deployment: Deployment, at: datetime) -> tuple[str, ...]:
    """Were doing nothing and a way without AI weighed beside this tool, and is the evidence of that appraisal? (P02)"""
    appraisal = queries.latest_appraisal(deployment)
    if appraisal is None:
        return (f"No options are appraised: add doing nothing, a way without AI and this tool {WHERE}.",)
    if appraisal.version_id != deployment.version_id:
        return (f"Option appraisal {appraisal.number} speaks of another version: save it anew {WHERE}.",)
    lacking = missing(queries.weighed(appraisal))
    if lacking:
        return lacking
    return _evidence_is_of(
        deployment, "option-appraisal", appraisal.digest, f"option appraisal {appraisal.number}"
    )


def cost_complete(deployment: Deployment, at: datetime) -> tuple[str, ...]:
    """Is there a whole cost case for this version, and is the evidence of that case? (P05)

    A case that is not whole is never saved: the required lines are checked on the way in.
    """
    case = queries.latest_case(deployment)
    if case is None:
        return (f"No cost case is saved: add one {WHERE}.",)
    if case.version_id != deployment.version_id:
        return (
            f"Cost case {case.number} speaks of another version: save one for {deployment.version} {WHERE}.",
        )
    return _evidence_is_of(deployment, "whole-life-cost", case.digest, f"cost case {case.number}")


def _evidence_is_of(deployment: Deployment, criterion: str, digest: str, what: str) -> tuple[str, ...]:
    evidence = in_force(deployment, "procure", criterion)
    if evidence is None:
        return (f"{what.capitalize()} is not issued as evidence: issue it {WHERE}.",)
    if evidence.body.get("digest") != digest:
        return (f"The evidence is not of {what}, the newest: issue that one {WHERE}.",)
    return ()
