"""The board, and what just happened."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from alarp.records import clock, permissions
from alarp.records.audit import queries as audit
from alarp.records.deployments import queries as deployments
from alarp.standards import load_pathway
from alarp.web import words
from alarp.web.access import page, public
from alarp.web.board import happened, presenters
from alarp.web.board.standing import standings

NEWEST = 60


@page("view_board")
def board(request: HttpRequest) -> HttpResponse:
    """Every deployment that this person may see."""
    facts = deployments.board(request.user)
    standing = standings(request.user, [fact.deployment for fact in facts], clock.now())
    rows = tuple(
        presenters.row(
            fact,
            gates=load_pathway(fact.deployment.pathway).gates,
            titles=words.role_titles(),
            my_roles=permissions.team_roles(request.user, fact.deployment),
            standing=standing[fact.deployment.pk],
        )
        for fact in facts
    )
    may_see_alerts = permissions.allowed(request.user, "view_alerts")
    context = {
        "board": presenters.Board(rows, reverse("alerts") if may_see_alerts else ""),
        "may_propose": permissions.allowed(request.user, "propose_deployment"),
    }
    return render(request, "board/board.jinja", context)


@page("view_board")
def just_happened(request: HttpRequest) -> HttpResponse:
    """The newest events of every deployment that this person may see, in plain sentences."""
    shown = happened.lines(audit.events(limit=NEWEST), request.user)
    return render(request, "board/just_happened.jinja", {"days": shown})


@public
@never_cache
def health(request: HttpRequest) -> HttpResponse:
    """Is this process alive? Nothing else: no database, no names."""
    return JsonResponse({"alive": True})
