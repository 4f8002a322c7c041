"""Stop, continue or scale? Computed against what was signed before go-live, issued with what speaks against it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from alarp.kernel import BadInput, NotNow, Outcome, Stage
from alarp.pathway import Review, ReviewCriterion, Verdict
from alarp.pathway import review as weigh
from alarp.pathway.model import REVIEW
from alarp.records import clock, permissions
from alarp.records.audit.commands import record
from alarp.records.deployments import issuing
from alarp.records.deployments.doors.moving import locked, moment
from alarp.records.deployments.models import Deployment, GateStatus
from alarp.records.people.models import Person
from alarp.records.watch import figures
from alarp.records.watch.models import ReviewRecord
from alarp.records.watch.rules import LIVE, signed
from alarp.standards.watch import monitors

BENEFIT, SAFETY, DECISION = "benefit", "safety-review", "decision-in-use"


def criteria_of(deployment: Deployment) -> tuple[ReviewCriterion, ...]:
    """The criteria that were signed before go-live; none when the stop rule holds none that can be read."""
    found = signed(deployment)
    return found.review_criteria if found else ()


def since_of(deployment: Deployment) -> datetime:
    """Since when has the tool been live, as it is now?"""
    row = GateStatus.objects.filter(deployment=deployment, gate=LIVE).first()
    return row.since if row is not None else deployment.stage_since


def compute_review(deployment: Deployment, at: datetime | None = None) -> Review:
    """What do the figures since go-live come to, and what speaks against it?"""
    at = at or clock.now()
    found = figures.for_review(deployment, since_of(deployment), at)
    return weigh(criteria_of(deployment), found, monitors())


def issue_review(deployment: Deployment, counter_argument: str, *, by: Person) -> ReviewRecord:
    """Issue the review as computed now as evidence for the review gate, with the counter-argument in words.

    One computation answers all three criteria; whoever issues it does not sign for them.
    """
    from alarp.records.watch import documents

    permissions.check(by, "prepare_review", deployment)
    if not counter_argument.strip():
        raise BadInput(
            "A review carries its counter-argument: write the best case against the computed decision."
        )
    if Stage(deployment.stage) not in (Stage.LIVE, Stage.REVIEW):
        raise NotNow(f"A review is issued while the tool is live; it is in stage {deployment.stage}.")
    at, since = clock.now(), since_of(deployment)
    found = compute_review(deployment, at)
    body = {
        "review": found.as_dict(),
        "counter_argument": counter_argument.strip(),
        "since": since.isoformat(),
    }
    with transaction.atomic():
        deployment = locked(deployment)
        evidence = [
            issuing.issue(
                deployment,
                REVIEW,
                criterion,
                title=f"{title}, {deployment.version} at {deployment.site.name}",
                body={**body, "part": criterion},
                document=documents.review(deployment, found, counter_argument, since, by, title=title),
                document_name=f"{criterion}.html",
                document_type="text/html",
                also=also,
                by=by,
            )
            for criterion, title, also in (
                (BENEFIT, "Benefit review", (DECISION,)),
                (SAFETY, "Safety review", ()),
            )
        ]
        at = moment(deployment)
        row = ReviewRecord(
            deployment=deployment,
            decision=found.decision.value,
            result=found.as_dict(),
            counter_argument=counter_argument.strip(),
            since=since,
            by=by,
            at=at,
            evidence=evidence[0],
        )
        row.save()
        record(
            by,
            "review issued",
            f"review of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            decision=row.decision,
            evidence=[e.sha256 for e in evidence],
        )
    return row


def last_issued(deployment: Deployment) -> ReviewRecord | None:
    """The review that the review gate's evidence carries now."""
    evidence = issuing.in_force(deployment, REVIEW, BENEFIT)
    return None if evidence is None else ReviewRecord.objects.filter(evidence=evidence).first()


def review_computed(deployment: Deployment, at: datetime) -> tuple[str, ...]:
    """The check of the review gate: its evidence was computed here from the figures, and is of this review."""
    row = last_issued(deployment)
    if row is None:
        return ("The review was not computed from the figures; compute and issue it on the review page.",)
    if row.decision == Verdict.NOT_MEASURABLE:
        return ("The review could decide nothing: no review criteria were signed before go-live.",)
    return ()


def against_the_computed(
    deployment: Deployment, gate: str, outcome: Outcome, meaning: str | None, reason: str
) -> str | None:
    """Whoever signs otherwise than was computed says why, and it is kept with the signature."""
    if gate != REVIEW or outcome is not Outcome.APPROVE or reason.strip():
        return None
    row = last_issued(deployment)
    if row is None or row.decision == meaning:
        return None
    return f"The review was computed as {row.decision}; to sign {meaning} instead, give your reason."
