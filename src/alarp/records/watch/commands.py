"""The doors through which limits, alerts, incidents, feedback, reviews and retirements change: their one front."""

from alarp.records.watch.alerts import acknowledge, escalate, look, raise_alert
from alarp.records.watch.callers import end_seen_to, unexpected_caller
from alarp.records.watch.feedback import give, triage
from alarp.records.watch.incidents import (
    add_note,
    close,
    decide,
    find_cause,
    judge_harm,
    link_hazard,
    make_safe,
    open_incident,
    report_sent,
)
from alarp.records.watch.retirement import issue_retirement, tick_off
from alarp.records.watch.reviews import issue_review
from alarp.records.watch.rules import issue_stop_rule, save_draft
from alarp.records.watch.versions import version_seen

__all__ = [
    "acknowledge",
    "add_note",
    "close",
    "decide",
    "end_seen_to",
    "escalate",
    "find_cause",
    "give",
    "issue_retirement",
    "issue_review",
    "issue_stop_rule",
    "judge_harm",
    "link_hazard",
    "look",
    "make_safe",
    "open_incident",
    "raise_alert",
    "report_sent",
    "save_draft",
    "tick_off",
    "triage",
    "unexpected_caller",
    "version_seen",
]
