"""Who says that a result is wrong, why, and what came of it? One click in, an answer back (need M12)."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from alarp.kernel import BadInput, NotNow
from alarp.records import permissions
from alarp.records.audit.commands import record
from alarp.records.deployments.doors.moving import locked, moment
from alarp.records.ledger.models import Dispatch, Result
from alarp.records.people.models import Person
from alarp.records.watch.incidents import open_incident
from alarp.records.watch.models import Feedback, Incident, Triage
from alarp.standards.watch import feedback_reasons

MOST_TEXT = 2000


def give(
    dispatch: Dispatch,
    verdict: str,
    reason: str,
    text: str = "",
    *,
    result: Result | None = None,
    by: Person,
) -> Feedback:
    """Say that what this tool sent back for this study is wrong, or that you are unsure."""
    permissions.check(by, "give_feedback", dispatch.deployment)
    if verdict not in (Feedback.WRONG, Feedback.UNSURE):
        raise BadInput(f"Feedback is {Feedback.WRONG} or {Feedback.UNSURE}; it was {verdict!r}.")
    if reason not in {choice.slug for choice in feedback_reasons()}:
        known = ", ".join(choice.slug for choice in feedback_reasons())
        raise BadInput(f"The reason is {reason!r}; it is one of {known}.")
    if reason == "other" and not text.strip():
        raise BadInput("Something else needs a few words: what is it?")
    if len(text) > MOST_TEXT:
        raise BadInput(f"The text has {len(text):,} characters; {MOST_TEXT:,} are the most.")
    from alarp.records.monitors.commands import judge  # brings polars: only where somebody gives feedback

    with transaction.atomic():
        deployment = locked(dispatch.deployment)
        at = moment(deployment)
        row = Feedback(
            deployment=deployment,
            study_id=dispatch.study_id,
            dispatch=dispatch,
            result=result,
            by=by,
            at=at,
            verdict=verdict,
            reason=reason,
            text=text.strip(),
        )
        row.save()
        record(
            by,
            "feedback given",
            f"study {dispatch.study_id}",
            stream=deployment.slug,
            at=at,
            feedback=row.pk,
            dispatch=dispatch.pk,
            verdict=verdict,
            reason=reason,
        )
        judge(dispatch, verdict, source="feedback", name=str(row.pk), reason=reason, by=by)
    return row


def triage(
    feedback: Feedback, outcome: str, answer: str, *, by: Person, incident: Incident | None = None
) -> Triage:
    """Say what comes of it, in words that its reporter will read; an incident is opened where none is named."""
    permissions.check(by, "handle_incident", feedback.deployment)
    if outcome not in (Triage.NO_ACTION, Triage.INCIDENT, Triage.SUPPLIER):
        raise BadInput(f"The outcome is {outcome!r}; it is no-action, incident or supplier-told.")
    if not answer.strip():
        raise BadInput("The reporter is told what came of it: write the answer.")
    if incident is not None and incident.deployment_id != feedback.deployment_id:
        raise BadInput(f"Incident {incident.number} belongs to another deployment; name one of this.")
    with transaction.atomic():
        deployment = locked(feedback.deployment)
        if Triage.objects.filter(feedback=feedback).exists():
            raise NotNow("Somebody has answered this feedback already.")
        if outcome == Triage.INCIDENT and incident is None:
            incident = open_incident(deployment, _summary(feedback), study=feedback.study, by=by)
        at = moment(deployment)
        row = Triage(
            feedback=feedback,
            outcome=outcome,
            answer=answer.strip(),
            by=by,
            at=at,
            incident=incident if outcome == Triage.INCIDENT else None,
        )
        row.save()
        record(
            by,
            "feedback answered",
            f"study {feedback.study_id}",
            stream=deployment.slug,
            at=at,
            feedback=feedback.pk,
            outcome=outcome,
            incident=incident.number if incident and outcome == Triage.INCIDENT else None,
        )
    return row


def _summary(feedback: Feedback) -> str:
    titles = {choice.slug: choice.title for choice in feedback_reasons()}
    said = f" “{feedback.text}”" if feedback.text else ""
    return f"Study {feedback.study_id} was reported as {feedback.verdict}: {titles[feedback.reason]}.{said}"


def waiting() -> QuerySet[Feedback]:
    """Which feedback has nobody answered yet? The oldest first."""
    related = ("deployment__version__product", "deployment__site", "by")
    return Feedback.objects.filter(triage__isnull=True).select_related(*related).order_by("at", "pk")


def answers_for(person: Person, most: int = 10) -> tuple[Triage, ...]:
    """What came of what this person reported? The newest first."""
    rows = Triage.objects.filter(feedback__by=person).select_related(
        "feedback__deployment__version__product",
        "feedback__deployment__site",
        "feedback__by",
        "by",
        "incident",
    )
    return tuple(rows.order_by("-at", "-pk")[:most])


def given_by(person: Person, most: int = 10) -> tuple[Feedback, ...]:
    """What did this person report that is not answered yet?"""
    rows = Feedback.objects.filter(by=person, triage__isnull=True)
    related = ("deployment__version__product", "deployment__site", "by")
    return tuple(rows.select_related(*related).order_by("-at", "-pk")[:most])
