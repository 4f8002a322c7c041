"""How does the hazard log become the safety case report that answers the gate? Made from the log, then issued as evidence."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils.timezone import localdate

from alarp.kernel import NotNow, NotPermitted
from alarp.records import clock, permissions
from alarp.records.deployments import queries as deployments
from alarp.records.deployments.issuing import issue, printed
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.models import Evidence
from alarp.records.hazards.facts import Log, log_of
from alarp.records.hazards.models import LogVersion, SafetyStatement
from alarp.records.hazards.queries import statement_now, statement_of
from alarp.records.people.models import Person
from alarp.safety import (
    Approval,
    SafetyCase,
    against_log,
    initial_matrix,
    levels,
    residual_matrix,
    safety_case_story,
)
from alarp.standards import load_roles
from alarp.standards.safety import LIBRARY, load_sections

SCHEMA = "alarp.safety-case/1"
GATE, CRITERION, RISK = "live", "safety-case", "residual-risk"
SIGNERS = ("clinical-safety-officer", "executive")
_SYSTEM = (
    ("indication", "Indication"),
    ("body_part", "Body part"),
    ("population", "Patients"),
    ("user", "Users"),
    ("environment", "Environment"),
    ("principle", "How it works"),
)


def safety_case(
    deployment: Deployment, log: Log, statement: SafetyStatement | None, *, on: date
) -> SafetyCase:
    """Everything that the report says of this deployment on this day."""
    last = LogVersion.objects.filter(deployment=deployment).order_by("-number").values_list("number").first()
    version = statement.log_version.number if statement else (last[0] if last else 0) + 1
    titles = {role.slug: role.title for role in load_roles()}
    return SafetyCase(
        product=str(deployment.version),
        supplier=str(deployment.version.product.supplier),
        site=deployment.site.name,
        use=deployment.use,
        phase="Deployment",
        system=_system(deployment),
        people=tuple(
            Approval(titles.get(m.role, m.role), str(m.person), m.person.registration)
            for m in deployments.team(deployment)
        ),
        chapters=load_sections(),
        scheme=log.scheme,
        hazards=log.hazards,
        statement=statement_of(statement) if statement else None,
        log_version=version,
        log_digest=log.digest,
        dated=on,
        library=LIBRARY,
        roles=titles,
    )


def _system(deployment: Deployment) -> tuple[tuple[str, str], ...]:
    use = getattr(deployment.version, "intended_use", None)
    stated = tuple((words, getattr(use, name, "") or "not stated by the supplier") for name, words in _SYSTEM)
    return (
        ("Product and version", str(deployment.version)),
        ("Site", deployment.site.name),
        ("Use here", deployment.use),
        *stated,
        (
            "Interfaces",
            "Images and results travel by DICOM through the Trust's own gateway, which opens on signed gates",
        ),
    )


def report_html(deployment: Deployment, log: Log, statement: SafetyStatement | None, *, on: date) -> str:
    """The report as one page, as it would be issued now."""
    from alarp.report import document, to_html  # brings the chart library: only where a report is made

    return to_html(document(safety_case_story(safety_case(deployment, log, statement, on=on))))


def issue_safety_case(deployment: Deployment, *, by: Person) -> Evidence:
    """Issue the safety case report as evidence for the live gate: for the safety case and for the residual risk.

    The safety officer and the executive sign for it at the gate, so neither of them may be its author.
    """
    permissions.check(by, "edit_hazards", deployment)
    permissions.check(by, "upload_evidence", deployment)
    signing = sorted(permissions.team_roles(by, deployment) & set(SIGNERS))
    if signing:
        raise NotPermitted(f"You sign for the safety case as {signing[0]}; another person issues it.")
    log = log_of(deployment)
    statement = statement_now(deployment, log)
    if statement is None:
        raise NotNow(
            "The clinical safety officer has given no statement on the log as it stands; that comes first."
        )
    now = clock.now()
    on = localdate(now)
    html = report_html(deployment, log, statement, on=on)
    return issue(
        deployment,
        GATE,
        CRITERION,
        title=f"Clinical safety case report, hazard log version {statement.log_version.number}",
        body=_body(log, statement, now),
        **printed(html, f"safety-case-{deployment.slug}-v{statement.log_version.number}"),
        also=(RISK,),
        by=by,
    )


def _body(log: Log, statement: SafetyStatement, now: datetime) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "scheme": log.scheme.version,
        "log_version": statement.log_version.number,
        "log_digest": log.digest,
        "hazards": len(log.hazards),
        "initial": _counts(levels(initial_matrix(log.hazards, log.scheme), log.scheme)),
        "residual": _counts(levels(residual_matrix(log.hazards, log.scheme), log.scheme)),
        "not_standing": list(against_log(log.hazards, log.scheme, localdate(now))),
        "statement": {
            "answer": statement.answer,
            "words": statement.words,
            "by": str(statement.by),
            "on": localdate(statement.at).isoformat(),
            "conditions": statement.conditions,
        },
    }


def _counts(found: dict[int, int]) -> dict[str, int]:
    return {str(level): number for level, number in sorted(found.items())}
