"""Is the PACS and IT side ready? Answered point by point, then sealed by the PACS manager."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.db import transaction
from django.utils.timezone import localdate

from alarp.kernel import BadInput, NotNow
from alarp.pathway import StepUp
from alarp.records import clock, permissions
from alarp.records.audit.commands import record
from alarp.records.deployments.doors.moving import locked, moment
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.sealing import seal
from alarp.records.governance import queries
from alarp.records.governance.doors.versions import write_next
from alarp.records.governance.models import Readiness, ReadinessSeal
from alarp.records.people.models import Person
from alarp.standards.governance import ReadinessItem, load_readiness

TEMPLATE = "readiness-2026.1"
MEANING = "the PACS and IT side was asked first, and this is how each point stands"


def set_readiness(
    deployment: Deployment, answers: Mapping[str, Mapping[str, str]], *, by: Person
) -> Readiness:
    """Answer the checklist: for each point `state` (ready, planned, not-needed), `note`, and `due` when planned."""
    permissions.check(by, "edit_governance", deployment)
    items = load_readiness()
    strange = set(answers) - {item.slug for item in items}
    if strange:
        raise BadInput(f"The checklist has no point {', '.join(sorted(strange))}.")
    kept = {
        item.slug: _checked(item, answers[item.slug])
        for item in items
        if (answers.get(item.slug) or {}).get("state")
    }
    if not kept:
        raise BadInput("No point is answered; answer at least one.")
    return write_next(
        Readiness,
        deployment,
        template=TEMPLATE,
        content={"answers": kept},
        name="checklist",
        subject="readiness",
        action="readiness answered",
        by=by,
        answered=len(kept),
    )


def _checked(item: ReadinessItem, given: Mapping[str, str]) -> dict[str, str]:
    state, note = str(given.get("state", "")), " ".join(str(given.get("note") or "").split())
    due = str(given.get("due") or "")
    if state not in Readiness.STATES:
        raise BadInput(f"'{item.title}' is {state!r}; it is ready, planned or not-needed.")
    if len(note) > 300:
        raise BadInput(f"The note on '{item.title}' has {len(note)} characters; use at most 300.")
    if state == Readiness.NOT_NEEDED and not note:
        raise BadInput(f"'{item.title}' is not needed; say why.")
    if state == Readiness.PLANNED:
        try:
            day = date.fromisoformat(due)
        except ValueError:
            raise BadInput(f"'{item.title}' is planned; give the day, such as 2026-12-01.") from None
        if day < localdate(clock.now()):
            raise BadInput(f"'{item.title}' is planned for {day}, which is past; give a day to come.")
    return {"state": state, "note": note, "due": due if state == Readiness.PLANNED else ""}


def sign_readiness(deployment: Deployment, *, read: str, step_up: StepUp, by: Person) -> ReadinessSeal:
    """Seal the checklist as the PACS manager of this team; `read` is the digest of the version on the page."""
    permissions.check(by, "sign_readiness", deployment)
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        current = queries.latest(Readiness, deployment)
        if current is None:
            raise NotNow("The checklist is not answered yet; answer every point first.")
        if read != current.digest:
            raise NotNow(
                f"The checklist has changed since you opened the page; read version {current.number}."
            )
        open_points = queries.unanswered(current)
        if open_points:
            raise NotNow(f"Not answered yet: {', '.join(open_points)}. Answer every point, then sign.")
        if ReadinessSeal.objects.filter(readiness=current).exists():
            raise NotNow(f"Version {current.number} of the checklist is signed already.")
        envelope = seal(
            {"readiness": current.number, "digest": current.digest, "answers": current.answers},
            subject=deployment,
            by=by,
            step_up=step_up,
            role="pacs-manager",
            meaning=MEANING,
        )
        row = ReadinessSeal(readiness=current, person=by, envelope=envelope, at=at)
        row.save()
        record(
            by,
            "readiness signed",
            f"readiness of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            version=current.number,
            digest=current.digest,
            authenticated_by=step_up.method,
        )
    return row
