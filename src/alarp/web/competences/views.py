"""My competences: which tools may I act on, what ends, what is next, how did I do?"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate

from alarp.records import clock, permissions
from alarp.records.training import queries
from alarp.records.training.models import TrainingRecord
from alarp.records.training.roll import Roll
from alarp.web.access import own
from alarp.web.competences import presenters


@own
def competences(request: HttpRequest) -> HttpResponse:
    """For the person who looks, and nobody else: mine to see first."""
    person, now = request.user, clock.now()
    today = localdate(now)
    tools = queries.tools_used_by(person, now)
    roll = Roll(tools, now, people=[person.pk])
    cards = tuple(presenters.tool_card(d, roll.entitlement(person.pk, d), roll.modules, today) for d in tools)
    framework = queries.framework_of(person.organisation)
    roles = sorted(permissions.roles_at(person, None, today) & dict(framework.roles).keys())
    reached = queries.levels_reached(person, today)
    records = (
        TrainingRecord.objects.filter(person=person)
        .select_related("module__version__product", "withdrawal")
        .defer("envelope")
        .order_by("-dated", "-pk")
    )
    context = {
        "lead": presenters.lead(cards),
        "cards": sorted(cards, key=lambda c: (not c.in_use, c.entitled, c.name)),
        "soon": [c for c in cards if c.entitled and c.ends_soon(framework.expiry_warning_days)],
        "records": [presenters.record_line(r, today) for r in records],
        "domains": presenters.domain_cards(framework, roles, reached),
        "steps": presenters.step_cards(framework, reached),
        "framework": framework,
        "may_view": permissions.allowed(person, "view_training"),
    }
    return render(request, "competences/competences.jinja", context)
