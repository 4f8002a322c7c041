"""How do the working records of governance become evidence at a gate? Whole and current, or not at all."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from alarp.kernel import NotNow
from alarp.records import clock
from alarp.records.deployments import issuing
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.models import Evidence
from alarp.records.governance import checks, documents, queries
from alarp.records.governance.models import (
    DataFlow,
    ImpactAssessment,
    Readiness,
    ReadinessSeal,
    Responsibilities,
)
from alarp.records.people.models import Person
from alarp.standards.deidentification import load_named


def _issue(
    deployment: Deployment,
    gate: str,
    criterion: str,
    title: str,
    body: dict[str, Any],
    story: dict[str, Any],
    by: Person,
) -> Evidence:
    return issuing.issue(
        deployment,
        gate,
        criterion,
        title=title,
        body=body,
        document=documents.as_html(story),
        document_name=f"{criterion}.html",
        document_type="text/html",
        by=by,
    )


def _refuse(sentences: tuple[str, ...]) -> None:
    if sentences:
        raise NotNow(sentences[0])


def issue_patient_view(deployment: Deployment, *, by: Person) -> Evidence:
    """The involvement log as evidence at the need gate."""
    entries = queries.involvements(deployment)
    if not entries:
        raise NotNow("Nobody was asked yet; log what patients or the public said first.")
    body = {
        "schema": "alarp.involvement/1",
        "entries": [
            {
                "held_on": e.held_on.isoformat(),
                "who": e.who,
                "asked": e.asked,
                "said": e.said,
                "changed": e.changed,
            }
            for e in entries
        ],
    }
    title = f"Patient and public involvement, {len(entries)} {'entry' if len(entries) == 1 else 'entries'}"
    return _issue(
        deployment, "need", "patient-view", title, body, documents.involvement(deployment, entries), by
    )


def issue_readiness(deployment: Deployment, *, by: Person) -> Evidence:
    """The sealed PACS and IT checklist as evidence at the appraise gate."""
    _refuse(checks.readiness_signed(deployment, clock.now()))
    current = queries.latest(Readiness, deployment)
    sealed = ReadinessSeal.objects.select_related("person").get(readiness=current)
    assert current is not None
    body = {
        "schema": "alarp.readiness/1",
        "version": current.number,
        "digest": current.digest,
        "answers": current.answers,
        "signed_by": str(sealed.person),
        "signed_at": sealed.at.astimezone(UTC).isoformat(timespec="seconds"),
        "seal": sealed.envelope,
    }
    story = documents.readiness(deployment, current, sealed)
    return _issue(
        deployment,
        "appraise",
        "it-readiness",
        f"PACS and IT readiness, version {current.number}",
        body,
        story,
        by,
    )


def issue_data_flow(deployment: Deployment, *, by: Person) -> Evidence:
    """The data flow with the impact assessment, as evidence at the procure gate; every part has to be there."""
    flow = queries.latest(DataFlow, deployment)
    _refuse(queries.gaps(flow))
    assessment = queries.latest(ImpactAssessment, deployment)
    waiting = queries.to_write(assessment)
    if waiting:
        named = ", ".join(s.title for s in waiting)
        raise NotNow(f"The impact assessment is still to be written in: {named}.")
    assert flow is not None and assessment is not None
    profile, _ = load_named(flow.profile)
    body = {
        "schema": "alarp.dpia/1",
        "data_flow": {
            "version": flow.number,
            "digest": flow.digest,
            "legs": flow.legs,
            "de_identification": {
                "name": profile.name,
                "version": profile.version,
                "options": list(profile.options),
            },
        },
        "assessment": {"version": assessment.number, "written": assessment.written},
    }
    story = documents.assessment(deployment, flow, assessment)
    title = f"Data flow {flow.number} with impact assessment {assessment.number}"
    return _issue(deployment, "procure", "dpia", title, body, story, by)


def issue_responsibilities(deployment: Deployment, *, by: Person) -> Evidence:
    """Who answers for each step, with who acknowledged it, as evidence at the live gate."""
    current = queries.latest(Responsibilities, deployment)
    if current is None:
        raise NotNow("Nobody has written who answers for each step; set the responsibilities first.")
    read = queries.acknowledgements(deployment)
    body = {
        "schema": "alarp.responsibilities/1",
        "version": current.number,
        "digest": current.digest,
        "rows": current.rows,
        "acknowledged": [
            {"person": str(a.person), "at": a.at.astimezone(UTC).isoformat(timespec="seconds")} for a in read
        ],
    }
    story = documents.responsibilities(deployment, current, read)
    title = f"Responsibilities, version {current.number}"
    return _issue(deployment, "live", "responsibilities", title, body, story, by)


def issue_patient_information(deployment: Deployment, *, by: Person) -> Evidence:
    """What patients are told, as published and as it is now, as evidence at the live gate."""
    _refuse(checks.patient_information_current(deployment, clock.now()))
    publication = queries.published(deployment)
    assert publication is not None
    told = publication.information
    body = {
        "schema": "alarp.patient-information/1",
        "version": told.number,
        "digest": told.digest,
        "text": told.text,
        "published_at": publication.at.astimezone(UTC).isoformat(timespec="seconds"),
        "reading_ease": documents.ease(told),
    }
    story = documents.patient_information(deployment, publication)
    title = f"Patient information, version {told.number}"
    return _issue(deployment, "live", "patient-information", title, body, story, by)


# What the overview offers: name → the door.
ISSUES = {
    "patient-view": issue_patient_view,
    "it-readiness": issue_readiness,
    "dpia": issue_data_flow,
    "responsibilities": issue_responsibilities,
    "patient-information": issue_patient_information,
}
