"""How does the gateway raise an alarm of its own, and end it? Through the alerts of the watch, by standing rules."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from alarp.kernel import Phase, Unavailable
from alarp.pathway import Breach, Figure
from alarp.pathway.alarms import ALL, is_past, sentence
from alarp.records import clock, spool
from alarp.records.assurance import recalls
from alarp.records.assurance.models import Downtime
from alarp.records.deployments.models import Deployment
from alarp.records.ledger import opt_outs, work
from alarp.records.ledger.identities import PatientIds
from alarp.records.ledger.models import Instance, Peer, Quarantine
from alarp.records.messages import queries as messages
from alarp.records.watch import alerts
from alarp.records.watch.models import Alert
from alarp.standards.watch import gateway_rules, monitors

REGISTER, DOWN, PROBE, RECALL = "register-unreachable", "tool-down", "probe-failed", "recall-overdue"
APART, WAITING, ARRIVALS = "objects-kept-apart", "messages-waiting", "arrivals-waiting"
STUCK = "steps-in-trouble"
# What the tool-down alert (connect, send; a program that does not read) and that of the register (opt-out) tell of
# already is not told twice.
TOLD_ELSEWHERE = (Phase.CONNECT.value, Phase.SEND.value, Phase.OPT_OUT.value)
ON_ITS_WAY = ("complete", "decide", "send", "run", "match", "file", "commit", "recall", "tell-ris")
BACK = {
    REGISTER: "The opt-out list can be asked again.",
    DOWN: "The tool answers again.",
    PROBE: "A synthetic study went through again.",
    RECALL: "Every deletion request is answered.",
    APART: "Somebody has looked at every object that was kept apart.",
    WAITING: "Somebody has looked at every message that waited.",
    ARRIVALS: "Everything that was received is in the ledger.",
    STUCK: "Every step that was in trouble went through.",
}


def connected() -> list[Deployment]:
    """The deployments whose tool is entered as a peer: those that traffic may reach."""
    tools = Peer.objects.filter(kind=Peer.TOOL, enabled=True).values("deployment")
    found = Deployment.objects.filter(pk__in=tools).exclude(stage="retired")
    return list(found.select_related("version__product", "site").order_by("pk"))


def judge(
    deployment: Deployment, monitor: str, value: float, says: str, *, cause_at: datetime
) -> Alert | None:
    """Raise the standing alert when this figure is past its limit; end the open one when it is not."""
    rule = gateway_rules()[monitor]
    figure = Figure(monitor, ALL, value, None, None, 1, clock.now(), says)
    if is_past(rule, figure):
        breach = Breach(rule, figure, sentence(rule, figure, monitors()[monitor]))
        return alerts.raise_alert(deployment, breach, cause_at=cause_at)[0]
    for alert in Alert.objects.filter(deployment=deployment, monitor=monitor, end__isnull=True):
        alerts.end(alert, BACK[monitor], clock.now())
    return None


def look_at_the_register(moment: datetime) -> None:
    """Can the Trust's opt-out list be asked? While it cannot, everything is held, and somebody has to hear of it."""
    nobody = PatientIds(patient_id="nobody has this number")
    try:
        opt_outs.find(nobody, deployment=None, since=moment)
        trouble = ""
    except Unavailable as error:
        trouble = str(error)
    for deployment in connected():
        judge(deployment, REGISTER, float(bool(trouble)), trouble, cause_at=moment)


def look_at_recalls(moment: datetime) -> None:
    """Has a supplier let the time pass in which a deletion has to be confirmed?"""
    late: dict[int, list[datetime]] = {}
    for deployment, due_at in recalls.overdue(moment).values_list("dispatch__deployment", "due_at"):
        late.setdefault(deployment, []).append(due_at)
    raised = Alert.objects.filter(monitor=RECALL, end__isnull=True).values("deployment")
    for deployment in Deployment.objects.filter(pk__in=[*late, *raised.values_list("deployment", flat=True)]):
        times = late.get(deployment.pk, [])
        says = f"The oldest was due on {min(times):%d %B %Y}." if times else ""
        judge(deployment, RECALL, float(len(times)), says, cause_at=min(times, default=moment))


def look_at_what_was_kept_apart(moment: datetime) -> None:
    """Has something come in that contradicts what is held, or cannot be read, and has nobody looked at it yet?

    What a tool sent back is its deployment's own concern; what a scanner or a PACS sent is every tool's.
    """
    waiting = Quarantine.objects.filter(
        resolved_at__isnull=True, deployment__isnull=True, instance__direction=Instance.SOURCE
    )
    count = waiting.count()
    first = waiting.order_by("at").values_list("at", flat=True).first()
    says = (
        f"The first came on {first:%d %B %Y}; the quarantine list says what is wrong with each."
        if first
        else ""
    )
    for deployment in connected():
        judge(deployment, APART, float(count), says, cause_at=first or moment)


def look_at_arrivals(moment: datetime) -> None:
    """Does something that was acknowledged wait to be written into the ledger, for longer than it should?"""
    first = spool.oldest()
    minutes = (moment - first).total_seconds() / 60 if first else 0.0
    says = f"{spool.count()} wait; the first came on {first:%d %B %Y at %H:%M}." if first else ""
    for deployment in connected():
        judge(deployment, ARRIVALS, minutes, says, cause_at=first or moment)


def look_at_steps_in_trouble(moment: datetime) -> None:
    """Has a step on a study's way (filing, say, while the PACS is away) gone wrong for longer than it should?

    It is tried again for as long as it takes; somebody has to hear of it all the same. The key of a step that is one
    tool's begins with the number of its deployment; any other step is every tool's concern.
    """
    steps = work.in_trouble().filter(kind__in=ON_ITS_WAY).exclude(kind="send", phase__in=TOLD_ELSEWHERE)
    unread = Q(kind="run", phase=Phase.PROCESS.value)
    for deployment in connected():
        own = steps.filter(~Q(key__contains=":") | Q(key__startswith=f"{deployment.pk}:"))
        if Downtime.objects.filter(deployment=deployment, ended_at__isnull=True).exists():
            own = own.exclude(unread)
        first, count = own.first(), own.count()
        since = first.trouble_since if first and first.trouble_since else moment
        says = (
            f"{count} wait; the first since {since:%d %B %Y at %H:%M} UTC: {first.trouble}" if first else ""
        )
        judge(deployment, STUCK, (moment - since).total_seconds() / 60, says, cause_at=since)


def look_at_messages_that_wait(moment: datetime) -> None:
    """Has another system told us something that could not be used, and has nobody looked at it yet?"""
    waiting = messages.waiting()
    count = waiting.count()
    first = waiting.order_by("received_at").values_list("received_at", flat=True).first()
    says = (
        f"The first came on {first:%d %B %Y}; the page of messages says what is wrong with each."
        if first
        else ""
    )
    for deployment in connected():
        judge(deployment, WAITING, float(count), says, cause_at=first or moment)
