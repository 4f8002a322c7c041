"""Where is this tool and why? Proposing one, its page, its team, its route switch."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alarp.kernel import RouteState
from alarp.pathway.policies import ABANDON_ROLES
from alarp.pathway.states import BEFORE_LIVE
from alarp.records import clock, permissions
from alarp.records.deployments import commands, queries
from alarp.records.deployments.doors.holding import against_lifting
from alarp.records.deployments.models import Deployment, RouteClosure
from alarp.web import find, shapes, words
from alarp.web.access import page
from alarp.web.deployments import forms, pictures, presenters, timeline, versions
from alarp.web.forms import handed_over

ON_PAGE = 12  # events of the timeline that are shown before the rest is unfolded


@page("view_deployment", of=find.deployment)
def deployment(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """One deployment: gate line, next gate, route switch, team, holds, timeline."""
    now, titles = clock.now(), words.role_titles()
    upcoming = queries.next_gate(deployment)
    summary = (
        presenters.gate_summary(queries.gate_view(deployment, upcoming), titles, now, deployment)
        if upcoming
        else None
    )
    holds = [presenters.hold_line(h, now) for h in deployment.holds.order_by("-number")]
    closures = [presenters.closure_line(c) for c in deployment.closures.order_by("-closed_at")]
    route = queries.route(deployment)
    open_holds = [hold for hold in holds if hold.answered_at is None]
    may = {
        action: permissions.allowed(request.user, action, deployment)
        for action in (
            "upload_evidence",
            "raise_hold",
            "close_route",
            "lift_closure",
            "manage_team",
            "sign_gate",
            "change_version",
        )
    }
    context = {
        "deployment": deployment,
        "line": pictures.line(deployment, upcoming),
        "gate": summary,
        "route_switch": shapes.RouteSwitch(route.state, route.reason, held=bool(open_holds)),
        "stopped": getattr(deployment, "abandonment", None),
        "before_live": deployment.stage in BEFORE_LIVE,
        "is_closed": route.state is RouteState.CLOSED,
        "holds": holds,
        "open_holds": open_holds,
        "open_closures": [closure for closure in closures if closure.lifted_at is None],
        "closures": closures,
        "team": pictures.team(deployment),
        "deviations": pictures.deviations(deployment),
        "timeline": timeline.lines(deployment),
        "on_page": ON_PAGE,
        "may": may,
    }
    return render(request, "deployments/deployment.jinja", context)


@page("propose_deployment", sends="propose_deployment")
def propose(request: HttpRequest) -> HttpResponse:
    """Begin at the need: which tool, where, for which problem."""
    form = forms.ProposeForm(request.POST or None)
    made: list[Deployment] = []

    def command(given: dict[str, Any]) -> None:
        made.append(commands.propose(**given, by=request.user))

    if request.method == "POST" and handed_over(form, command):
        messages.success(request, "Proposed. The need gate is next; build the team and answer its criteria.")
        return redirect("deployment", slug=made[0].slug)
    return render(request, "deployments/propose.jinja", {"form": form})


@page("close_route", of=find.deployment, sends="close_route")
def close_route(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Stop the very next study."""
    form = forms.CloseRouteForm(request.POST or None)
    if request.method == "POST" and handed_over(
        form, lambda given: commands.close_route(deployment, reason=given["reason"], by=request.user)
    ):
        messages.success(request, "The route is closed. Nothing is sent from now on.")
        return redirect("deployment", slug=deployment.slug)
    return render(request, "deployments/close_route.jinja", {"form": form, "deployment": deployment})


@page("lift_closure", of=find.closure, sends="lift_closure")
def lift(request: HttpRequest, closure: RouteClosure) -> HttpResponse:
    """Let the route follow its gates again, signed."""
    form = forms.LiftForm(request.POST or None, request=request)
    if request.method == "POST" and handed_over(
        form,
        lambda given: commands.lift_closure(
            closure, reason=given["reason"], step_up=form.step_up, by=request.user
        ),
    ):
        messages.success(request, "The closure is lifted. The route follows its gates and holds again.")
        return redirect("deployment", slug=closure.deployment.slug)
    context = {
        "form": form,
        "deployment": closure.deployment,
        "closure": presenters.closure_line(closure),
        "against": against_lifting(closure),
        "incidents": list(closure.incidents.order_by("number").values_list("number", flat=True)),
    }
    return render(request, "deployments/lift.jinja", context)


@page("sign_gate", of=find.deployment, sends="sign_gate")
def stop(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Stop a tool before it goes live, at the gate where it stands, signed."""
    mine = permissions.team_roles(request.user, deployment)
    roles = [(role, words.role(role)) for role in ABANDON_ROLES if role in mine]
    form = forms.StopForm(request.POST or None, request=request, roles=roles or _whoever_may())
    if request.method == "POST" and handed_over(
        form,
        lambda given: commands.abandon(
            deployment, given["role"], given["reason"], form.step_up, by=request.user
        ),
    ):
        messages.success(request, "Stopped, and signed. Nothing is sent to this tool.")
        return redirect("deployment", slug=deployment.slug)
    return render(request, "deployments/stop.jinja", {"form": form, "deployment": deployment})


def _whoever_may() -> list[tuple[str, str]]:
    return [(role, words.role(role)) for role in ABANDON_ROLES]


@page("change_version", of=find.deployment, sends="change_version")
def version(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Move to another version of the same product, knowing what that opens again."""
    form = forms.ChangeVersionForm(request.POST or None, deployment=deployment)
    if request.method == "POST" and handed_over(
        form, lambda given: commands.change_version(deployment, given["version"], by=request.user)
    ):
        number = form.cleaned_data["version"].number
        messages.success(
            request, f"Moved to version {number}. Every gate bound to the version decides again."
        )
        return redirect("deployment", slug=deployment.slug)
    opened = {row.gate for row in deployment.gates.all() if row.status == "open"}
    context = {
        "part_title": "Change the version",
        "deployment": deployment,
        "form": form,
        "reopened": [
            g.title for g in queries.pathway_of(deployment).gates if g.version_bound and g.slug in opened
        ],
        "others": versions.choices(deployment, clock.now()),
    }
    return render(request, "deployments/version.jinja", context)


@page("view_deployment", of=find.deployment, sends="manage_team")
def team(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Who is in the team, who joins, who leaves."""
    leaving = request.method == "POST" and "member" in request.POST
    joining = request.method == "POST" and not leaving
    form = forms.JoinForm(request.POST if joining else None, vacant=queries.vacant_roles(deployment))
    if leaving and _left(request, deployment):
        return redirect("team", slug=deployment.slug)
    if joining and handed_over(form, lambda given: commands.join_team(deployment, **given, by=request.user)):
        messages.success(request, f"{form.cleaned_data['person']} has joined the team.")
        return redirect("team", slug=deployment.slug)
    context = {
        "form": form,
        "deployment": deployment,
        "team": pictures.team(deployment),
        "may_manage": permissions.allowed(request.user, "manage_team", deployment),
    }
    return render(request, "deployments/team.jinja", context)


def _left(request: HttpRequest, deployment: Deployment) -> bool:
    form = forms.LeaveForm(request.POST)
    if not form.is_valid():
        raise Http404
    member = deployment.team.filter(pk=form.cleaned_data["member"], until=None).first()
    if member is None:
        raise Http404
    commands.leave_team(member, by=request.user)
    messages.success(request, f"{member.person} has left the team.")
    return True
