"""The board, and what just happened."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from alarp.records import permissions
from alarp.records.audit import queries as audit
from alarp.records.deployments import queries as deployments
from alarp.standards import load_pathway
from alarp.web import words
from alarp.web.access import page, public
from alarp.web.board import happened, presenters

NEWEST = 60


@page("view_board")
def board(request: HttpRequest) -> HttpResponse:
    """Every deployment that this person may see."""
    rows = tuple(
        presenters.row(
            fact,
            gates=load_pathway(fact.deployment.pathway).gates,
            titles=words.role_titles(),
            my_roles=permissions.team_roles(request.user, fact.deployment),
        )
        for fact in deployments.board(request.user)
    )
    context = {
        "board": presenters.Board(rows),
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
