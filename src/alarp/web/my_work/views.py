"""My work: what must I do today, in which order?"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from alarp.records import clock
from alarp.records.assurance import notifications
from alarp.standards.competences import load_framework
from alarp.web.access import own
from alarp.web.my_work import gathering, presenters


@own
def my_work(request: HttpRequest) -> HttpResponse:
    """For the person who looks: alerts, holds, signatures, criteria and training, the longest wait first."""
    notifications.delivered_to(request.user, "My work")
    now, within = clock.now(), load_framework().expiry_warning_days
    mine, roles = gathering.teams_of(request.user)
    shown = presenters.my_work(
        gathering.waits(request.user, mine, roles, now),
        gathering.ends(request.user, mine, roles, now, within),
        within,
    )
    return render(request, "my_work/my_work.jinja", {"work": shown})
