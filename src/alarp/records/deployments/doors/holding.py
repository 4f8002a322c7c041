"""How is a route shut: by a safety hold that must be answered, or a closing (by hand, by rule) that must be lifted?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any

from django.db import transaction
from django.db.models import Max

from alarp.kernel import BadInput, NotNow, NotPermitted, Stage
from alarp.pathway import StepUp, policies
from alarp.records import clock, permissions
from alarp.records.audit.commands import record
from alarp.records.deployments.doors.moving import locked, moment, refuse_now
from alarp.records.deployments.models import Deployment, Hold, RouteClosure
from alarp.records.people.models import Person

RULE = "alarp"  # who closes a route when a rule does
LIFTING = "open the route again"

_BARS: list[Callable[[RouteClosure], str]] = []


def raise_hold(
    deployment: Deployment, concern: str, exit_criterion: str, officer: Person, *, by: Person
) -> Hold:
    """Shut this deployment's gates and close its route, now, until the concern is answered in writing."""
    permissions.check(by, "raise_hold", deployment)
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        if deployment.stage == Stage.RETIRED:
            raise NotNow("The tool is retired; there is no route left to close.")
        sentence = policies.hold_says_what_ends_it(concern, exit_criterion)
        if sentence:
            raise BadInput(sentence)
        if officer.pk == by.pk:
            raise BadInput("Who raises a hold does not answer it; name another officer.")
        if not permissions.allowed(officer, "answer_hold", deployment):
            raise BadInput(
                f"{officer} holds no role in this deployment's team that can answer a hold; name another officer."
            )
        number = (deployment.holds.aggregate(last=Max("number"))["last"] or 0) + 1
        hold = Hold.objects.create(
            deployment=deployment,
            number=number,
            raised_by=by,
            raised_at=at,
            concern=concern.strip(),
            exit_criterion=exit_criterion.strip(),
            officer=officer,
        )
        record(
            by,
            "hold raised",
            f"hold {number} of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            hold=number,
            concern=hold.concern,
            exit_criterion=hold.exit_criterion,
            officer=str(officer),
        )
    return hold


def answer_hold(hold: Hold, answer: str, step_up: StepUp, *, by: Person) -> Hold:
    """Answer a hold in writing, as the officer it names, with proof of who you are."""
    permissions.check(by, "answer_hold", hold.deployment)
    with transaction.atomic():
        deployment = locked(hold.deployment)
        at = moment(deployment)
        hold = Hold.objects.select_related("officer").get(pk=hold.pk)
        if by.pk != hold.officer_id:
            raise NotPermitted(f"Hold {hold.number} is {hold.officer}'s to answer.")
        if hold.answered_at is not None:
            raise NotNow(f"Hold {hold.number} was answered already; raise a new one if it is not settled.")
        refuse_now(policies.step_up_is_fresh(step_up, clock.now()))
        if not answer.strip():
            raise BadInput("A hold is answered in writing: say how the exit criterion was met.")
        hold.answer, hold.answered_by, hold.answered_at = answer.strip(), by, at
        hold.save(update_fields=["answer", "answered_by", "answered_at"])
        record(
            by,
            "hold answered",
            f"hold {hold.number} of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            hold=hold.number,
            answer=hold.answer,
            authenticated_by=step_up.method,
        )
    return hold


def close_route(deployment: Deployment, reason: str, *, by: Person) -> RouteClosure:
    """Close this route by hand, at once: everybody reads without the tool until it is lifted."""
    permissions.check(by, "close_route", deployment)
    if not reason.strip():
        raise BadInput("To close a route needs a reason in writing.")
    return _closed_by(deployment, reason, by, cause=RouteClosure.BY_HAND)


def close_with_the_site(
    deployment: Deployment, reason: str, *, cause: str, reference: str, by: Person
) -> RouteClosure:
    """Close this route because its whole site is switched; whoever switches was asked for their right to there."""
    return _closed_by(deployment, reason, by, cause=cause, reference=reference)


def _closed_by(
    deployment: Deployment, reason: str, by: Person, *, cause: str, reference: str = ""
) -> RouteClosure:
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        closure = RouteClosure.objects.create(
            deployment=deployment,
            closed_by=by,
            closed_at=at,
            reason=reason.strip(),
            cause=cause,
            reference=reference,
        )
        record(
            by,
            "route closed",
            f"route of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            reason=closure.reason,
        )
    return closure


def close_by_rule(deployment: Deployment, reason: str, cause: str, *, reference: str = "") -> RouteClosure:
    """Close this route because a rule says so, at once and without asking anybody.

    The same cause and reference closes once: while that closing stands, it is the answer.
    """
    if not reason.strip() or cause == RouteClosure.BY_HAND:
        raise BadInput("A closing by rule needs its reason and a cause of its own.")
    with transaction.atomic():
        deployment = locked(deployment)
        standing = RouteClosure.objects.filter(
            deployment=deployment,
            cause=cause,
            reference=reference,
            lifted_at__isnull=True,
            closed_by__isnull=True,
        ).first()
        if standing is not None:
            return standing
        at = moment(deployment)
        closure = RouteClosure.objects.create(
            deployment=deployment, closed_at=at, reason=reason.strip(), cause=cause, reference=reference
        )
        record(
            RULE,
            "route closed",
            f"route of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            reason=closure.reason,
            cause=cause,
            reference=reference,
        )
    return closure


def bars_lifting(bar: Callable[[RouteClosure], str]) -> None:
    """State what must be settled before a closing is lifted: the sentence against it, or nothing."""
    if bar not in _BARS:
        _BARS.append(bar)


def against_lifting(closure: RouteClosure) -> str:
    """Why may this closing not be lifted yet? Empty: nothing stands in the way of a signature."""
    return next((sentence for bar in _BARS if (sentence := bar(closure))), "")


def lift_closure(closure: RouteClosure, reason: str, step_up: StepUp, *, by: Person) -> RouteClosure:
    """Lift a closing by a signed decision, with a reason and proof of who you are; others may keep the route shut."""
    permissions.check(by, "lift_closure", closure.deployment)
    with transaction.atomic():
        deployment = locked(closure.deployment)
        at = moment(deployment)
        closure = RouteClosure.objects.get(pk=closure.pk)
        if closure.lifted_at is not None:
            raise NotNow("This closing was lifted already.")
        refuse_now(policies.step_up_is_fresh(step_up, clock.now()))
        if not reason.strip():
            raise BadInput("To open a route again needs a reason in writing.")
        refuse_now(against_lifting(closure))
        closure.lifted_by, closure.lifted_at, closure.lifted_because = by, at, reason.strip()
        closure.lift_envelope = _sealed(closure, deployment, step_up, by)
        closure.save(update_fields=["lifted_by", "lifted_at", "lifted_because", "lift_envelope"])
        record(
            by,
            "route closing lifted",
            f"route of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            closed_because=closure.reason,
            reason=closure.lifted_because,
            authenticated_by=step_up.method,
        )
    return closure


def _sealed(closure: RouteClosure, deployment: Deployment, step_up: StepUp, by: Person) -> dict[str, Any]:
    """The lifting as the Trust's key seals it: which closing, why, by whom, in which role of the team."""
    from alarp.records.evidence.sealing import seal  # evidence knows deployments, not the other way round

    roles = permissions.team_roles(by, deployment) & permissions.ACTIONS["lift_closure"].roles
    said = {
        "closing": closure.pk,
        "closed_at": closure.closed_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "closed_because": closure.reason,
        "reason": closure.lifted_because,
    }
    return seal(said, subject=deployment, by=by, step_up=step_up, role=min(roles), meaning=LIFTING)
