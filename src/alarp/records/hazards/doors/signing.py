"""How is a residual risk accepted, and what does the safety officer say of the log? Sealed, on exactly what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils.timezone import localdate

from alarp.kernel import BadInput, NotNow, NotPermitted
from alarp.pathway import StepUp
from alarp.records import permissions
from alarp.records.deployments.doors.moving import moment
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.sealing import seal
from alarp.records.hazards.doors.writing import audit, begun
from alarp.records.hazards.facts import ACCEPTS, Log, log_of, sealed_words
from alarp.records.hazards.models import Hazard, LogVersion, RiskAcceptance, SafetyStatement
from alarp.records.hazards.snapshots import log_snapshot
from alarp.records.people.models import Person
from alarp.records.people.queries import interest_in
from alarp.safety import Condition, against_statement

OFFICER = "clinical-safety-officer"
STATES = "state clinical safety"


def accept_risk(
    hazard: Hazard,
    role: str,
    justification: str,
    review_on: date | None,
    step_up: StepUp,
    *,
    by: Person,
    revision_digest: str = "",
) -> RiskAcceptance:
    """Accept the residual risk of this hazard as it stands, in one role, with the reason. A 4 or 5 never is.

    With `revision_digest` the acceptance is refused when the hazard is not the one that was looked at.
    """
    permissions.check(by, "accept_risk", hazard.deployment)
    with transaction.atomic():
        deployment = begun(hazard.deployment)
        at = moment(deployment)
        log = log_of(deployment)
        revision = log.revisions[hazard.number]
        if revision_digest and revision_digest != revision.digest:
            raise NotNow(f"{hazard.number} has changed since you looked at it; look again and sign then.")
        level = _acceptable(log, hazard.number, role, justification, review_on, at)
        _check_person(deployment, role, by, at)
        if revision.by_id == by.pk:
            raise NotPermitted(
                f"You wrote {hazard.number} as it stands; who scores a risk does not accept it."
            )
        before = RiskAcceptance.objects.filter(revision=revision)
        if before.filter(by=by).exclude(role=role).exists():
            raise NotPermitted(f"You accepted {hazard.number} in another role; another person must sign.")
        row = RiskAcceptance(
            revision=revision,
            role=role,
            level=level,
            justification=justification.strip(),
            review_on=review_on,
            by=by,
            at=at,
        )
        said = sealed_words(row, hazard.number, revision.digest)
        said = {name: value for name, value in said.items() if name not in ("role", "meaning")}
        row.envelope = seal(said, subject=deployment, by=by, step_up=step_up, role=role, meaning=ACCEPTS)
        row.save()
        audit(
            deployment,
            "residual risk accepted",
            at,
            by,
            hazard=hazard.number,
            level=level,
            role=role,
            revision=revision.digest,
            review_on=review_on.isoformat() if review_on else "",
        )
    return row


def _acceptable(
    log: Log, number: str, role: str, justification: str, review_on: date | None, at: datetime
) -> int:
    hazard = log.hazard(number)
    if hazard.residual is None:
        raise NotNow(f"{number} has no score; there is nothing to accept yet.")
    if hazard.reopened_because:
        raise NotNow(f"{number} is open again: {hazard.reopened_because} It must be scored again first.")
    level = log.scheme.level(hazard.residual)
    rule = log.scheme.rule(level)
    if not rule.acceptable:
        raise NotNow(f"{number} has residual risk level {level}, which nobody may accept; add controls.")
    if not rule.accepted_by:
        raise NotNow(f"{number} has residual risk level {level}; it needs no acceptance.")
    if role not in rule.accepted_by:
        raise BadInput(
            f"A risk of level {level} is accepted by {' and '.join(rule.accepted_by)}, not by {role!r}."
        )
    if not justification.strip():
        raise BadInput("Write why the risk cannot reasonably be reduced further.")
    if rule.review_date and review_on is None:
        raise BadInput(f"An acceptance of level {level} carries the day on which it is looked at again.")
    if review_on is not None and review_on <= localdate(at):
        raise BadInput(f"The review date {review_on} does not lie ahead; give a later day.")
    return level


def _check_person(deployment: Deployment, role: str, by: Person, at: datetime) -> None:
    if role not in permissions.team_roles(by, deployment):
        raise NotPermitted(f"You do not hold the role {role} in this deployment's team.")
    interest = interest_in(by, deployment.version.product.supplier, at)
    if interest is not None:
        raise NotPermitted(
            f"You declared an interest in this supplier ({interest.nature}); another person must sign."
        )


def state_safety(
    deployment: Deployment,
    answer: str,
    words: str,
    conditions: Sequence[Condition],
    step_up: StepUp,
    *,
    by: Person,
    log_digest: str = "",
) -> SafetyStatement:
    """Say as the clinical safety officer whether the tool is safe to use here: yes, no, or under conditions.

    The log is kept as it is at this moment, under its digest, and the statement is bound to that.
    """
    permissions.check(by, "state_safety", deployment)
    with transaction.atomic():
        deployment = begun(deployment)
        at = moment(deployment)
        log = log_of(deployment)
        if not log.hazards:
            raise NotNow("There is no hazard log to speak of; start one first.")
        if log_digest and log_digest != log.digest:
            raise NotNow("The hazard log has changed since you looked at it; look again and sign then.")
        _check_person(deployment, OFFICER, by, at)
        wrong = against_statement(answer, words, tuple(conditions), tuple(h.number for h in log.hazards))
        if wrong:
            raise BadInput(wrong)
        if answer != "no":
            _check_may_say_yes(log)
        version = keep_version(log, at, by)
        row = SafetyStatement(
            log_version=version,
            answer=answer,
            words=words.strip(),
            conditions=[_as_table(c) for c in conditions],
            by=by,
            at=at,
        )
        row.envelope = seal(
            statement_words(row, version),
            subject=deployment,
            by=by,
            step_up=step_up,
            role=OFFICER,
            meaning=STATES,
        )
        row.save()
        audit(
            deployment,
            "safety statement given",
            at,
            by,
            answer=answer,
            log_version=version.number,
            log=version.digest,
        )
    return row


def statement_words(row: SafetyStatement, version: LogVersion) -> dict[str, object]:
    """What a statement says, as it is sealed."""
    return {
        "log_version": version.number,
        "log_digest": version.digest,
        "answer": row.answer,
        "words": row.words,
        "conditions": row.conditions,
    }


def _check_may_say_yes(log: Log) -> None:
    for hazard in log.hazards:
        if hazard.set_aside:
            continue
        if hazard.residual is None:
            raise NotNow(f"{hazard.number} ({hazard.name}) has no score; the statement can only be 'no'.")
        if hazard.reopened_because:
            raise NotNow(f"{hazard.number} ({hazard.name}) is open again; the statement can only be 'no'.")
        level = log.scheme.level(hazard.residual)
        if not log.scheme.rule(level).acceptable:
            raise NotNow(
                f"{hazard.number} ({hazard.name}) has residual risk level {level}; the statement can only be 'no'."
            )


def keep_version(log: Log, at: datetime, by: Person) -> LogVersion:
    """The log as it is, kept; the last version again when nothing has changed."""
    last = LogVersion.objects.filter(deployment=log.deployment).order_by("-number").first()
    if last is not None and last.digest == log.digest:
        return last
    version = LogVersion(
        deployment=log.deployment,
        number=(last.number if last else 0) + 1,
        snapshot=log_snapshot(log.scheme.version, log.hazards),
        digest=log.digest,
        by=by,
        at=at,
    )
    version.save()
    return version


def _as_table(condition: Condition) -> dict[str, object]:
    return {
        "condition": condition.condition.strip(),
        "hazards": list(condition.hazards),
        "test": condition.test.strip(),
        "owner": condition.owner.strip(),
        "due": condition.due.isoformat(),
    }
