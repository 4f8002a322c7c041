"""What do the monitors that hazards name say now? Nothing, where monitoring is not there or has not begun."""

from __future__ import annotations

from datetime import datetime

from alarp.kernel import AlarpError
from alarp.records.deployments.models import Deployment

# The monitors' own short names, where they differ from the names that hazards and alarm rules use.
_SAME = {
    "results-missing": "missing",
    "turnaround-p95": "turnaround",
    "score-drift": "scores",
    "version-seen": "version",
    "feedback-wrong": "wrong",
    "quarantine-open": "quarantine",
}


def latest_values(deployment: Deployment) -> dict[str, tuple[str, datetime]]:
    """Each monitor's latest value in a sentence, and as of when; read once for the whole page."""
    try:
        from alarp.records.monitors.queries import latest_values as read
    except ImportError:  # an installation without monitoring
        return {}
    try:
        found = dict(read(deployment))
    except AlarpError:
        return {}
    return found | {
        ours: found[theirs] for ours, theirs in _SAME.items() if theirs in found and ours not in found
    }
