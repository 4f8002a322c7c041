"""Which version does a result name, and is it the approved one? Asked of every result, before anything else is done."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from alarp.pathway import AlarmRule, Breach, Figure, Reaction, same_version
from alarp.pathway.alarms import ALL, VERSION_SEEN
from alarp.records import clock
from alarp.records.deployments.models import Deployment
from alarp.records.ledger.models import Dispatch
from alarp.records.watch.alerts import raise_alert
from alarp.records.watch.models import Alert
from alarp.records.watch.rules import rules_in_force

UNNAMED = "version-unnamed"


def version_seen(dispatch: Dispatch, seen: str) -> str:
    """Is this the approved version? Otherwise the route is closed before anything more happens; the sentence why.

    A result that names no version is let through, and warned of once for each approved version.
    """
    deployment = dispatch.deployment
    approved = deployment.version.number
    if not seen.strip():
        _warn_of_no_version(dispatch)
        return ""
    if same_version(seen, approved):
        return ""
    sentence = f"The tool answered as version {seen.strip()[:40]}; version {approved} is approved."
    breach = Breach(_version_rule(deployment), _one_result(dispatch, seen), sentence)
    raise_alert(deployment, breach, cause_at=_left_at(dispatch), dispatch=dispatch)
    return f"{sentence} The route was closed."


def _version_rule(deployment: Deployment) -> AlarmRule:
    return next(rule for rule in rules_in_force(deployment) if rule.monitor == VERSION_SEEN)


def _one_result(dispatch: Dispatch, seen: str) -> Figure:
    return Figure(VERSION_SEEN, seen.strip()[:40] or ALL, 1.0, None, None, 1, _left_at(dispatch))


def _left_at(dispatch: Dispatch) -> datetime:
    return dispatch.sent_at or clock.now()


def _warn_of_no_version(dispatch: Dispatch) -> None:
    deployment = dispatch.deployment
    approved = deployment.version.number
    key = f"{UNNAMED}:{approved}"
    if Alert.objects.filter(deployment=deployment, key=key).exists():
        return
    rule = replace(_version_rule(deployment), reaction=Reaction.WARN)
    sentence = f"The tool's results do not name their version; nobody can see whether it is still {approved}."
    figure = Figure(VERSION_SEEN, ALL, None, None, None, 1, _left_at(dispatch), because="no version named")
    raise_alert(
        deployment,
        Breach(rule, figure, sentence),
        cause_at=_left_at(dispatch),
        dispatch=dispatch,
        key=key,
    )
