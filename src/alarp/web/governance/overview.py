"""Which questions does governance ask of a deployment, and how does each stand?"""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from alarp.kernel import BadInput
from alarp.pathway import Criterion
from alarp.records.deployments.issuing import in_force
from alarp.records.deployments.models import Deployment
from alarp.records.deployments.queries import pathway_of
from alarp.records.governance import checks, commands, queries
from alarp.web import words
from alarp.web.governance.presenters import Line, Overview

# slug, URL name, the question, the gate whose criterion of this name it answers, the check
LINES = (
    ("patient-view", "involvement", "What did patients and the public say?", "need", None, "Logged."),
    ("it-readiness", "readiness", "Is the PACS and IT side ready?", "appraise", checks.readiness_signed, "Answered and signed."),
    ("dpia", "data-flow", "Where do the data go, and how do they come back?", "procure", checks.data_flow_complete, "Both legs are recorded."),
    ("connectivity", "connections", "Do the connections work?", "integrate", checks.self_test_passed, "The last self-test passed."),
    ("responsibilities", "responsibilities", "Who is answerable here?", "live", checks.responsibilities_acknowledged, "Written, and acknowledged by the whole team."),
    ("patient-information", "patient-information", "What are patients told?", "live", checks.patient_information_current, "Published, and as the record is now."),
)  # fmt: skip


def overview(deployment: Deployment, at: datetime) -> Overview:
    """Each question with what speaks against it, and the evidence that it has become."""
    pathway = pathway_of(deployment)
    lines = []
    for slug, name, question, gate, check, done in LINES:
        against = check(deployment, at) if check else _nobody_asked(deployment)
        if slug == "dpia" and not against:
            waiting = queries.to_write(queries.latest(queries.ImpactAssessment, deployment))
            against = tuple(f"The impact assessment lacks '{s.title}'." for s in waiting[:1])
        criterion = _criterion(pathway, gate, slug)
        lines.append(
            Line(
                slug=slug,
                question=question,
                href=reverse(name, kwargs={"slug": deployment.slug}),
                against=against,
                done=done,
                gate=words.gate_titles(deployment.pathway)[gate],
                role=words.role(criterion.role) if criterion else "",
                evidence=in_force(deployment, gate, slug) if criterion else None,
                issuable=criterion is not None and not against and slug in commands.ISSUES,
            )
        )
    return Overview(tuple(lines))


def _nobody_asked(deployment: Deployment) -> tuple[str, ...]:
    if queries.involvements(deployment):
        return ()
    return ("Nobody was asked yet; log what patients or the public said.",)


def _criterion(pathway: object, gate: str, slug: str) -> Criterion | None:
    """What this deployment's pathway asks under this name; an older pathway may not ask it."""
    try:
        found: Criterion = pathway.gate(gate).criterion(slug)  # type: ignore[attr-defined]
    except BadInput:
        return None
    return found
