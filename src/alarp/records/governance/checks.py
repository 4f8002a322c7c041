"""What do the gates ask of governance? Each answers with the sentences that speak against it."""

from __future__ import annotations

from datetime import datetime

from django.utils.timezone import localdate

from alarp.records.deployments.models import Deployment
from alarp.records.evidence.sealing import seal_holds
from alarp.records.governance import queries
from alarp.records.governance.models import (
    DataFlow,
    Readiness,
    ReadinessSeal,
    Responsibilities,
    SelfTestReport,
)


def responsibilities_acknowledged(deployment: Deployment, at: datetime) -> tuple[str, ...]:
    """Is it written who answers for each step, and has everybody on the team and every user acknowledged it?"""
    if queries.latest(Responsibilities, deployment) is None:
        return ("Nobody has written who answers for each step; set the responsibilities.",)
    waiting = [str(person) for person in queries.outstanding(deployment)]
    if not waiting:
        return ()
    named = ", ".join(waiting[:3]) + (f" and {len(waiting) - 3} more" if len(waiting) > 3 else "")
    return (f"The responsibilities are not acknowledged yet by {named}.",)


def data_flow_complete(deployment: Deployment, at: datetime) -> tuple[str, ...]:
    """Are both legs of the round trip recorded, with every field?"""
    return queries.gaps(queries.latest(DataFlow, deployment))


def readiness_signed(deployment: Deployment, at: datetime) -> tuple[str, ...]:
    """Is every point of the PACS and IT checklist answered, and does the PACS manager's seal on it hold?"""
    current = queries.latest(Readiness, deployment)
    if current is None:
        return ("The PACS and IT checklist is not answered; speak with them first.",)
    open_points = queries.unanswered(current)
    if open_points:
        return (f"The PACS and IT checklist is not answered for: {', '.join(open_points)}.",)
    sealed = ReadinessSeal.objects.filter(readiness=current).select_related("person").first()
    if sealed is None:
        return (
            f"Version {current.number} of the PACS and IT checklist waits for the PACS manager's signature.",
        )
    expected = {
        "readiness": current.number,
        "digest": current.digest,
        "role": "pacs-manager",
        "username": sealed.person.username,
    }
    if not seal_holds(sealed.envelope, expected, subject=deployment):
        return ("The seal on the PACS and IT checklist does not hold; sign it again.",)
    return _late(current, at)


def _late(readiness: Readiness, at: datetime) -> tuple[str, ...]:
    today = localdate(at).isoformat()
    late = [slug for slug, given in readiness.answers.items() if given["due"] and given["due"] < today]
    if not late:
        return ()
    return (f"Planned for a day that is past, and not said to be ready: {', '.join(sorted(late))}.",)


def self_test_passed(deployment: Deployment, at: datetime) -> tuple[str, ...]:
    """Did the connections work when they were tested last?"""
    rows = SelfTestReport.objects.filter(test__deployment=deployment).select_related("test")
    report = rows.order_by("-test__number").first()
    if report is None:
        return ("The connections were never tested; run the self-test.",)
    if report.passed:
        return ()
    failed = next(f["sentence"] for f in report.findings if f["passed"] is False)
    return (f"The last self-test (number {report.test.number}) did not pass: {failed}",)


def patient_information_current(deployment: Deployment, at: datetime) -> tuple[str, ...]:
    """Is what patients are told published, and made from the record as it is now?"""
    publication = queries.published(deployment)
    if publication is None:
        return ("What patients are told is not published; write it and publish it.",)
    against = queries.outdated(publication.information, deployment)
    return tuple(f"The published patient information is out of date. {sentence}" for sentence in against)
