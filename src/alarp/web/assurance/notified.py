"""Notifications: which rule, who was meant to hear, who did and when, who took it up; what counts as an incident."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from alarp.records import clock
from alarp.records.assurance import notifications as records
from alarp.records.assurance.notifications import Notification
from alarp.web.access import page
from alarp.web.alerts.find import visible
from alarp.web.words import role


@page("view_alerts")
def notifications(request: HttpRequest) -> HttpResponse:
    """Every notification of the tools that this person may see."""
    records.delivered_to(request.user, "page of notifications")
    found = records.notifications(visible(request.user, "view_alerts"), clock.now())
    context = {"found": found, "sentence": _sentence(found), "role": role}
    return render(request, "assurance/notifications.jinja", context)


def _sentence(found: list[Notification]) -> str:
    if not found:
        return "Nobody has been notified of anything yet."
    late = sum(one.in_time is False for one in found)
    wrong = sum(one.missed for one in found)
    counts = sum(one.counts for one in found)
    if not counts:
        return f"{len(found):,} notifications; none was left too long, each reached somebody in the role."
    return (
        f"{len(found):,} notifications; {late:,} not taken up in time, {wrong:,} that reached nobody in the role. "
        f"{counts:,} count as incidents."
    )
