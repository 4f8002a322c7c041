"""How is a route shut by hand: a safety hold that must be answered, or a closing that must be lifted?"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max

from alarp.kernel import BadInput, NotNow, NotPermitted, Stage
from alarp.pathway import StepUp, policies
from alarp.records import clock, permissions
from alarp.records.audit.commands import record
from alarp.records.deployments.doors.moving import locked, moment, refuse_now
from alarp.records.deployments.models import Deployment, Hold, RouteClosure
from alarp.records.people.models import Person


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
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        closure = RouteClosure.objects.create(
            deployment=deployment, closed_by=by, closed_at=at, reason=reason.strip()
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


def lift_closure(closure: RouteClosure, reason: str, step_up: StepUp, *, by: Person) -> RouteClosure:
    """Lift a closing made by hand, with a reason and proof of who you are; other reasons may keep the route shut."""
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
        closure.lifted_by, closure.lifted_at, closure.lifted_because = by, at, reason.strip()
        closure.save(update_fields=["lifted_by", "lifted_at", "lifted_because"])
        record(
            by,
            "route closing lifted",
            f"route of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            reason=closure.lifted_because,
            authenticated_by=step_up.method,
        )
    return closure
