"""What has AI said of a study: a result, that it was not analysed and why, or nothing, in time or late?

One of these is always said, wherever a study is shown, so that the absence of a result is never read as a finding of nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alarp.records.ledger.models import Dispatch, Instance, Result, Study

RESULT, NOT_ANALYSED, AWAITED, OVERDUE = "result", "not analysed", "awaited", "overdue"
KINDS = (RESULT, NOT_ANALYSED, AWAITED, OVERDUE)
RECALLED = "The patient opted out after it was sent: people read alone, and what comes back is kept out of routine view."
KEPT_APART = " Something came back that may not be filed; it is kept apart until a person has looked."


@dataclass(frozen=True, slots=True)
class Answer:
    """What one tool has said of one study: which of the four, and in a sentence."""

    kind: str
    sentence: str


def answer(dispatch: Dispatch, *, now: datetime) -> Answer:
    """What has this tool said of this study by now?"""
    if hasattr(dispatch, "recall"):
        return Answer(NOT_ANALYSED, RECALLED)
    results = list(dispatch.results.all())
    if results:
        return _of_results(results)
    if dispatch.state == Dispatch.SENT:
        apart = KEPT_APART if _something_kept_apart(dispatch) else ""
        if dispatch.due_at is not None and dispatch.due_at < now:
            return Answer(OVERDUE, f"No result has come back in time: read it without AI.{apart}")
        return Answer(AWAITED, f"No result yet.{apart}")
    if dispatch.state == Dispatch.READY:
        return Answer(AWAITED, "Not analysed yet: it is about to be sent.")
    if dispatch.state == Dispatch.WAITING:
        return Answer(AWAITED, "Not analysed yet: it waits for the tool to fetch it.")
    return Answer(NOT_ANALYSED, f"Not analysed. {dispatch.reason}".strip())


def _something_kept_apart(dispatch: Dispatch) -> bool:
    came = Instance.objects.filter(
        study=dispatch.study_id, direction=Instance.RESULT, peer__deployment=dispatch.deployment_id
    )
    return bool(came.filter(quarantine__resolved_at__isnull=True, quarantine__isnull=False).exists())


def answer_without_a_tool(study: Study) -> Answer:
    """What is said of a study that stands at no tool?"""
    if study.held_because:
        return Answer(NOT_ANALYSED, f"Not analysed. {study.held_because}")
    if study.completed_at is None:
        return Answer(AWAITED, "Not analysed yet: more images may come, the study is not complete.")
    return Answer(NOT_ANALYSED, "Not analysed: no tool that is in use here takes it.")


def _of_results(results: list[Result]) -> Answer:
    declined = [result.summary.get("not_analysed", "") for result in results]
    if all(declined):
        return Answer(NOT_ANALYSED, f"The tool could not analyse it: {declined[-1]}.")
    fates = {result.state for result, why in zip(results, declined, strict=True) if not why}
    if Result.FILED in fates:
        return Answer(RESULT, "The result is filed to PACS.")
    if Result.FILING in fates:
        return Answer(RESULT, "The result is on its way to PACS.")
    return Answer(RESULT, "The result is kept here, not filed.")
