"""What exactly is being signed: one residual risk, or the safety of the tool? And the report that is issued."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate

from alarp.records import clock, permissions
from alarp.records.deployments.issuing import in_force
from alarp.records.deployments.models import Deployment
from alarp.records.hazards import commands, queries, reporting
from alarp.records.hazards.models import Hazard, SafetyStatement
from alarp.safety import ANSWERS, against_log, safety_case_story
from alarp.web import find, words
from alarp.web.access import page
from alarp.web.evaluations.presenters import without_inline_style
from alarp.web.forms import TextForm, handed_over
from alarp.web.hazards import find as here
from alarp.web.hazards import forms, presenters


@page("view_hazards", of=here.hazard, sends="accept_risk")
def accept(request: HttpRequest, hazard: Hazard) -> HttpResponse:
    """Accept one residual risk, on exactly the revision that is shown."""
    deployment = hazard.deployment
    log = queries.log_of(deployment)
    core, revision = log.hazard(hazard.number), log.revisions[hazard.number]
    rule = log.scheme.rule(log.scheme.level(core.residual)) if core.residual else None
    roles = [(role, words.role(role)) for role in (rule.accepted_by if rule else ())]
    mine = permissions.team_roles(request.user, deployment)
    form = forms.AcceptForm(
        request.POST or None,
        request=request,
        roles=[pair for pair in roles if pair[0] in mine] or roles or [("", "Nobody accepts this risk")],
        revision=revision,
        dated=bool(rule and rule.review_date),
    )

    def command(given: dict[str, Any]) -> None:
        commands.accept_risk(
            hazard, step_up=form.step_up, by=request.user, **_without(given, "password", "code")
        )

    if request.method == "POST" and handed_over(form, command):
        messages.success(request, "Accepted and sealed. It counts for this revision of the hazard only.")
        return redirect("hazard", slug=deployment.slug, number=hazard.number)
    context = {
        "part_title": f"Accept the risk of {core.number}",
        "deployment": deployment,
        "hazard": core,
        "rule": rule,
        "residual": presenters.score_view(core.residual, log.scheme),
        "initial": presenters.score_view(core.initial, log.scheme),
        "digest": revision.digest,
        "scored_by": revision.by,
        "scored_at": revision.at,
        "controls": [presenters.control_line(c, words.role_titles()) for c in core.controls],
        "form": form,
        "may_accept": bool(rule and rule.accepted_by)
        and permissions.allowed(request.user, "accept_risk", deployment),
    }
    return render(request, "hazards/accept.jinja", context)


def _without(given: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in names}


@page("view_hazards", of=find.deployment, sends="edit_hazards")
def safety_case(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """The report as it would be issued now; sending the form issues it as evidence."""
    form = TextForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and handed_over(
        form, lambda given: commands.issue_safety_case(deployment, by=request.user)
    ):
        messages.success(
            request, "Issued. The report answers the safety case and the residual risk at the live gate."
        )
        return redirect("safety-case", slug=deployment.slug)
    log = queries.log_of(deployment)
    now = queries.statement_now(deployment, log)
    last = now or queries.last_statement(deployment)
    against = against_log(log.hazards, log.scheme, localdate(clock.now()))
    evidence = in_force(deployment, reporting.GATE, reporting.CRITERION) if _asked(deployment) else None
    context = {
        "part_title": "Safety case",
        "deployment": deployment,
        "form": form,
        "any": bool(log.hazards),
        "statement": last,
        "conditions": queries.statement_of(last).conditions if last else (),
        "said": ANSWERS.get(last.answer, "") if last else "",
        "statement_is_current": now is not None,
        "against": [words.in_words(s) for s in against],
        "evidence": evidence,
        "evidence_is_current": evidence is not None and evidence.body.get("log_digest") == log.digest,
        "versions": _versions(deployment),
        "report": _drawn(deployment, log, now) if log.hazards else None,
        "drawn": without_inline_style,
        "titles": words.role_titles(),
        "may_state": permissions.allowed(request.user, "state_safety", deployment),
        "may_issue": now is not None and _may_issue(request, deployment),
    }
    return render(request, "hazards/safety_case.jinja", context)


def _asked(deployment: Deployment) -> bool:
    """Does this deployment's pathway ask for a safety case under this name?"""
    from alarp.records.deployments.queries import pathway_of

    gate = pathway_of(deployment).gate(reporting.GATE)
    return any(c.slug == reporting.CRITERION for c in gate.criteria)


def _may_issue(request: HttpRequest, deployment: Deployment) -> bool:
    signs = permissions.team_roles(request.user, deployment) & set(reporting.SIGNERS)
    return not signs and permissions.allowed(request.user, "edit_hazards", deployment)


def _versions(deployment: Deployment) -> list[SafetyStatement]:
    rows = SafetyStatement.objects.filter(log_version__deployment=deployment)
    return list(rows.select_related("log_version", "by").defer("log_version__snapshot").order_by("-pk"))


def _drawn(deployment: Deployment, log: queries.Log, statement: SafetyStatement | None) -> Any:
    """The report laid out, drawn once for each state of the log and of what was signed on it."""
    from alarp.kernel import digest
    from alarp.report import document  # brings the chart library: only where a report is read

    story = safety_case_story(reporting.safety_case(deployment, log, statement, on=localdate(clock.now())))
    key = f"safety-case-{digest(story)}"
    return cache.get_or_set(key, lambda: document(story), timeout=None)


@page("view_hazards", of=find.deployment, sends="state_safety")
def statement(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """The clinical safety officer's yes, no or conditional, on the log as it is shown."""
    log = queries.log_of(deployment)
    form = forms.StatementForm(request.POST or None, request=request, initial={"log_digest": log.digest})

    def command(given: dict[str, Any]) -> None:
        commands.state_safety(
            deployment,
            given["answer"],
            given["words"],
            form.conditions,
            form.step_up,
            by=request.user,
            log_digest=given["log_digest"],
        )

    if request.method == "POST" and handed_over(form, command):
        messages.success(request, "Stated and sealed. Another person issues the report as evidence.")
        return redirect("safety-case", slug=deployment.slug)
    against = against_log(log.hazards, log.scheme, localdate(clock.now()))
    context = {
        "part_title": "Safety officer's statement",
        "deployment": deployment,
        "form": form,
        "sentence": presenters.sentence(log.hazards, log.scheme),
        "against": [words.in_words(s) for s in against],
        "digest": log.digest,
        "may_state": permissions.allowed(request.user, "state_safety", deployment),
    }
    return render(request, "hazards/statement.jinja", context)
