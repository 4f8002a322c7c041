"""Who called the gateway and was not let in? An alert for the tool in whose name they called, or for every tool."""

from __future__ import annotations

from datetime import datetime

from alarp.pathway import Breach, Figure
from alarp.pathway.alarms import ALL
from alarp.records import clock
from alarp.records.deployments.models import Deployment
from alarp.records.ledger.models import Peer
from alarp.records.watch.alerts import end, raise_alert
from alarp.records.watch.models import Alert
from alarp.standards.watch import gateway_rules

UNEXPECTED = "unexpected-caller"
SEEN_TO = "Somebody has looked into it."


def unexpected_caller(calling: str, address: str, why: str, *, tool: Peer | None) -> list[Alert]:
    """Raise the alert of a refused caller; one is open at a time for each tool, and further callers are in the audit.

    A caller who is nobody's concerns whatever the gateway carries: every deployment that has a tool entered.
    """
    rule, at = gateway_rules()[UNEXPECTED], clock.now()
    figure = Figure(UNEXPECTED, ALL, 1.0, None, None, 1, at)
    sentence = f"{calling[:16] or 'Somebody without a name'} called from {address} and was refused: {why}"
    raised = []
    for deployment in _concerned(tool):
        alert, fresh = raise_alert(deployment, Breach(rule, figure, sentence), cause_at=at)
        if fresh:
            raised.append(alert)
    return raised


def _concerned(tool: Peer | None) -> list[Deployment]:
    if tool is not None and tool.deployment is not None:
        return [tool.deployment]
    connected = Peer.objects.filter(kind=Peer.TOOL, enabled=True).values("deployment")
    return list(Deployment.objects.filter(pk__in=connected).exclude(stage="retired").order_by("pk"))


def end_seen_to(moment: datetime) -> int:
    """End the alerts that somebody has acknowledged: a caller comes and goes, there is no figure to come back."""
    seen = Alert.objects.filter(monitor=UNEXPECTED, end__isnull=True, acknowledgement__isnull=False)
    found = list(seen.select_related("deployment"))
    for alert in found:
        end(alert, SEEN_TO, moment)
    return len(found)
