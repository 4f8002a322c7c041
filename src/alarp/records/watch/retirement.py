"""What does a stopped tool still owe: to its users, to the worklists, to the data, to the work it did?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction

from alarp.kernel import BadInput, NotNow, Stage
from alarp.pathway.model import RETIRE
from alarp.records import clock, permissions
from alarp.records.audit.commands import record
from alarp.records.deployments import issuing
from alarp.records.deployments.doors.holding import RULE
from alarp.records.deployments.doors.moving import locked, moment
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.models import Evidence
from alarp.records.ledger import work
from alarp.records.ledger.models import Dispatch, Quarantine, Work
from alarp.records.people.models import Person
from alarp.records.watch.models import RetirementChecklist, RetirementDone
from alarp.standards.watch import RETIREMENT, retirement_steps

LAST_STUDY = "last-study"


@dataclass(frozen=True)
class Step:
    """One step of the checklist, done or not."""

    slug: str
    title: str
    asks: str
    role: str
    source: str
    done: RetirementDone | None


def begin(deployment: Deployment, at: datetime) -> RetirementChecklist:
    """Begin the retirement of a tool that was stopped, in the transaction that stopped it; once."""
    found = RetirementChecklist.objects.filter(deployment=deployment).first()
    if found is not None:
        return found
    row = RetirementChecklist(
        deployment=deployment,
        begun_at=at,
        standard=RETIREMENT,
        steps=[asdict(step) for step in retirement_steps()],
    )
    row.save()
    record(
        RULE,
        "retirement begun",
        f"deployment {deployment.slug}",
        stream=deployment.slug,
        at=at,
        steps=[step.slug for step in retirement_steps()],
    )
    return row


def begin_when_stopped(deployment: Deployment, stage: Stage, at: datetime) -> None:
    """Follows a deployment into stage retire, however it came there."""
    if stage is Stage.RETIRE:
        begin(deployment, at)


def checklist(deployment: Deployment) -> RetirementChecklist | None:
    return RetirementChecklist.objects.filter(deployment=deployment).first()


def steps(found: RetirementChecklist) -> tuple[Step, ...]:
    """Each step as it stood when the retirement began, with who did it."""
    done = {row.step: row for row in found.done.select_related("by", "evidence")}
    rows: list[Mapping[str, str]] = found.steps
    return tuple(Step(**row, done=done.get(row["slug"])) for row in rows)


def still_out(deployment: Deployment, now: datetime) -> tuple[str, ...]:
    """What of this tool's traffic has no end yet? One sentence for each kind; overdue results are given up here."""
    waiting = Dispatch.objects.filter(
        deployment=deployment, state=Dispatch.SENT, returned_at__isnull=True, due_at__gte=now
    ).count()
    open_work = Work.objects.filter(
        kind__in=("send", "file"), key__startswith=f"{deployment.pk}:", state__in=work.OPEN
    ).count()
    quarantined = Quarantine.objects.filter(deployment=deployment, resolved_at__isnull=True).count()
    found = (
        (waiting, "studies are at the tool and their results are not due yet"),
        (open_work, "studies or results are on their way"),
        (quarantined, "results are in quarantine and nobody has resolved them"),
    )
    return tuple(f"{count:,} {words}." for count, words in found if count)


def tick_off(
    deployment: Deployment, step: str, note: str, *, by: Person, evidence: Evidence | None = None
) -> RetirementDone:
    """Say that a step is done, how, and by which evidence it is shown."""
    permissions.check(by, "keep_retirement", deployment)
    if not note.strip():
        raise BadInput("Say how the step was done: who was told, what was removed, where it is written.")
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        found = checklist(deployment)
        if found is None or Stage(deployment.stage) is not Stage.RETIRE:
            raise NotNow("The tool is not being retired; its review gate stops it first.")
        known = {row["slug"]: row for row in found.steps}
        if step not in known:
            raise BadInput(f"There is no step {step!r}; the steps are {', '.join(known)}.")
        if found.done.filter(step=step).exists():
            raise NotNow(f"'{known[step]['title']}' is done already.")
        if step == LAST_STUDY:
            out = still_out(deployment, clock.now())
            if out:
                raise NotNow(f"The last study is not reconciled: {' '.join(out)}")
        row = RetirementDone(checklist=found, step=step, note=note.strip(), evidence=evidence, by=by, at=at)
        row.save()
        record(
            by,
            "retirement step done",
            f"step {step} of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            step=step,
            note=row.note,
            evidence=evidence.sha256 if evidence else "",
        )
    return row


def retirement_complete(deployment: Deployment, at: datetime) -> tuple[str, ...]:
    """The check of the retire gate: every step is done."""
    found = checklist(deployment)
    if found is None:
        return ("The retirement has not begun; it begins when the review gate stops the tool.",)
    left = [step.title for step in steps(found) if step.done is None]
    return (f"Not done yet: {'; '.join(left)}.",) if left else ()


def issue_retirement(deployment: Deployment, *, by: Person) -> tuple[Evidence, ...]:
    """Issue the finished checklist as evidence for the retire gate: decommissioning, traffic drained, data returned."""
    from alarp.records.watch import documents

    permissions.check(by, "keep_retirement", deployment)
    left = retirement_complete(deployment, clock.now())
    if left:
        raise NotNow(f"The retirement cannot be issued yet. {left[0]}")
    found = checklist(deployment)
    assert found is not None
    every = steps(found)
    parts = (
        ("decommissioning", "Decommissioning report", every),
        ("traffic-drained", "The last study reconciled", _of(every, LAST_STUDY, "worklist-rules")),
        ("data-return", "Data and keys returned", _of(every, "keys-and-data")),
    )
    made = []
    with transaction.atomic():
        for criterion, title, part in parts:
            rows = [
                (s.title, s.done.note, str(s.done.by), documents.moment(s.done.at)) for s in part if s.done
            ]
            made.append(
                issuing.issue(
                    deployment,
                    RETIRE,
                    criterion,
                    title=f"{title}, {deployment.version} at {deployment.site.name}",
                    body={
                        "standard": found.standard,
                        "begun_at": found.begun_at.isoformat(),
                        "steps": [_as_dict(step) for step in part],
                    },
                    document=documents.retirement(deployment, rows, found.begun_at, by, title=title),
                    document_name=f"{criterion}.html",
                    document_type="text/html",
                    by=by,
                )
            )
    return tuple(made)


def _of(every: tuple[Step, ...], *slugs: str) -> tuple[Step, ...]:
    return tuple(step for step in every if step.slug in slugs)


def _as_dict(step: Step) -> dict[str, str]:
    done = step.done
    return {
        "step": step.slug,
        "note": done.note if done else "",
        "by": str(done.by) if done else "",
        "at": done.at.isoformat() if done else "",
        "evidence": done.evidence.sha256 if done and done.evidence else "",
    }
