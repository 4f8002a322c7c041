"""What did users say of results, and what were they told?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alarp.records import permissions
from alarp.records.ledger.models import Dispatch, Study
from alarp.records.watch.models import Feedback, Triage
from alarp.standards.watch import feedback_reasons
from alarp.web.feedback.forms import FeedbackForm

OUTCOMES = {
    Triage.NO_ACTION: "Nothing more needs doing",
    Triage.INCIDENT: "It became an incident",
    Triage.SUPPLIER: "The supplier was told",
}


@dataclass(frozen=True)
class Said:
    """One report of a user, and what came of it."""

    number: int
    slug: str
    study: int
    tool: str
    site: str
    verdict: str
    reason: str
    hazard: str
    text: str
    by: str
    at: datetime
    outcome: str
    answer: str
    answered_by: str
    answered_at: datetime | None
    incident: int | None


@dataclass(frozen=True)
class Ask:
    """One tool that this study was sent to, about whose result the reader may say something."""

    dispatch: int
    tool: str
    said: tuple[str, ...]
    form: FeedbackForm


def said(row: Feedback, triage: Triage | None = None) -> Said:
    """One report in words."""
    reasons = {choice.slug: choice for choice in feedback_reasons()}
    reason = reasons.get(row.reason)
    done = triage or getattr(row, "triage", None)
    return Said(
        number=row.pk,
        slug=row.deployment.slug,
        study=row.study_id,
        tool=str(row.deployment.version),
        site=str(row.deployment.site),
        verdict="wrong" if row.verdict == Feedback.WRONG else "perhaps wrong",
        reason=reason.title if reason else row.reason,
        hazard=reason.hazard if reason else "",
        text=row.text,
        by=str(row.by),
        at=row.at,
        outcome=OUTCOMES.get(done.outcome, "") if done else "",
        answer=done.answer if done else "",
        answered_by=str(done.by) if done else "",
        answered_at=done.at if done else None,
        incident=done.incident.number if done and done.incident else None,
    )


def asks(person: Any, study: Study) -> tuple[Ask, ...]:
    """About which tools may this person say that they were wrong on this study; what was said already?"""
    sent = Dispatch.objects.filter(study=study, sent_at__isnull=False)
    rows: Iterable[Dispatch] = (
        sent.select_related("deployment__version__product", "deployment__site__parent__parent")
        .prefetch_related("feedback__by")
        .order_by("pk")
    )
    titles = {choice.slug: choice.title for choice in feedback_reasons()}
    return tuple(
        Ask(
            dispatch=row.pk,
            tool=str(row.deployment.version),
            form=FeedbackForm(auto_id=f"feedback-{row.pk}-%s"),
            said=tuple(
                f"{f.by} said {'wrong' if f.verdict == Feedback.WRONG else 'unsure'}: {titles.get(f.reason, f.reason)}"
                for f in row.feedback.all()
            ),
        )
        for row in rows
        if permissions.allowed(person, "give_feedback", row.deployment)
    )
