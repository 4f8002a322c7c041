"""What does this tool really cost, what do we get, and against what was it weighed?"""

from __future__ import annotations

from typing import Any

import yaml
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alarp.records import clock, permissions
from alarp.records.appraisals import checks, commands, papers, queries
from alarp.records.appraisals.models import CostCase
from alarp.records.deployments.issuing import in_force
from alarp.records.deployments.models import Deployment
from alarp.standards.economics import load_economics
from alarp.web import find, shapes
from alarp.web.access import page
from alarp.web.costs import forms, presenters
from alarp.web.evaluations.presenters import without_inline_style
from alarp.web.forms import handed_over

TITLE = "Cost and options"
ISSUE = {"cost": commands.issue_cost, "options": commands.issue_options}
CRITERIA = {"cost": "whole-life-cost", "options": "option-appraisal"}


@page("view_costs", of=find.deployment)
def costs(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """The newest cost case with its answer first, the options side by side, and what is missing."""
    return _shown(request, deployment, queries.latest_case(deployment))


@page("view_costs", of=find.deployment)
def version(request: HttpRequest, deployment: Deployment, cost_case: int) -> HttpResponse:
    """An earlier version of the cost case, as it was."""
    return _shown(request, deployment, _numbered(deployment, cost_case))


def _numbered(deployment: Deployment, number: int) -> CostCase:
    found = deployment.cost_cases.select_related("by", "version__product").filter(number=number).first()
    if found is None:
        raise Http404
    return found


def _shown(request: HttpRequest, deployment: Deployment, case: CostCase | None) -> HttpResponse:
    at = clock.now()
    appraisal = queries.latest_appraisal(deployment)
    scenario = presenters.chosen_volume(request.GET.get("volume"))
    history = deployment.cost_cases.select_related("by").defer("table", "result").order_by("-number")
    context = {
        "deployment": deployment,
        "part_title": TITLE,
        "cost": presenters.cost_page(case, papers.cost_story(case), scenario) if case else None,
        "scenario": scenario,
        "options": presenters.options_page(appraisal, queries.weighed(appraisal), load_economics()),
        "so_far": queries.value_and_cost([deployment], at)[deployment.pk],
        "against": {
            "cost": checks.cost_complete(deployment, at),
            "options": checks.options_appraised(deployment, at),
        },
        "cards": _cards(deployment),
        "history": list(history),
        "may_prepare": permissions.allowed(request.user, "prepare_costs", deployment),
        "drawn": without_inline_style,
    }
    return render(request, "costs/costs.jinja", context)


def _cards(deployment: Deployment) -> dict[str, shapes.EvidenceCard]:
    """The evidence at the gate that was issued from this page, where there is one."""
    found = {what: in_force(deployment, "procure", criterion) for what, criterion in CRITERIA.items()}
    today = clock.now().date()
    return {what: shapes.evidence_card(e, today) for what, e in found.items() if e is not None}


@page("prepare_costs", of=find.deployment, sends="prepare_costs")
def case(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Save a new version of the cost case from a file."""
    form = forms.CaseForm(request.POST or None, request.FILES or None)

    def command(given: dict[str, Any]) -> None:
        saved = commands.save_cost_case(deployment, given["case"], by=request.user)
        messages.success(request, f"Saved as cost case {saved.number}.")

    if request.method == "POST" and handed_over(form, command):
        return redirect("costs", slug=deployment.slug)
    rules = load_economics()
    context = {
        "form": form,
        "deployment": deployment,
        "part_title": "Save a cost case",
        "required": rules.required,
        "published_rows": [(p.item, p.value, p.source) for p in rules.published],
        "latest": queries.latest_case(deployment),
    }
    return render(request, "costs/case.jinja", context)


@page("view_costs", of=find.deployment)
def file(request: HttpRequest, deployment: Deployment, cost_case: int) -> HttpResponse:
    """This version of the case as a file, to be changed and saved anew."""
    found = _numbered(deployment, cost_case)
    text = yaml.safe_dump(found.table, allow_unicode=True, sort_keys=False, width=110)
    answer = HttpResponse(text, content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="cost-{deployment.slug}-{found.number}.yaml"'
    return answer


@page("prepare_costs", of=find.deployment, sends="prepare_costs")
def options(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Add an option, replace it under the same name, or take one out; each time a new version is kept."""
    rules = load_economics()
    removing = "remove" in request.POST
    form = forms.OptionForm(
        None if removing else request.POST or None,
        criteria=tuple((c.slug, c.title, c.asks) for c in rules.criteria),
        best=rules.best_score,
    )
    if removing:
        commands.remove_option(deployment, request.POST["remove"], by=request.user)
        messages.success(request, "The option is taken out; the version before keeps it.")
        return redirect("cost-options", slug=deployment.slug)
    if request.method == "POST" and handed_over(
        form, lambda _: commands.add_option(deployment, form.row(), by=request.user)
    ):
        messages.success(request, f"“{form.cleaned_data['name']}” is weighed.")
        return redirect("cost-options", slug=deployment.slug)
    appraisal = queries.latest_appraisal(deployment)
    context = {
        "form": form,
        "deployment": deployment,
        "part_title": "Weigh the options",
        "options": presenters.options_page(appraisal, queries.weighed(appraisal), rules),
    }
    return render(request, "costs/options.jinja", context)


@page("prepare_costs", of=find.deployment, sends="prepare_costs")
def issue(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Issue the newest cost case or option appraisal as the Trust's evidence at the procure gate."""
    form = forms.IssueForm(request.POST or None)

    def command(given: dict[str, Any]) -> None:
        evidence = ISSUE[given["what"]](deployment, by=request.user)
        messages.success(request, f"Issued as evidence: {evidence.title}.")

    if request.method == "POST" and handed_over(form, command):
        return redirect("costs", slug=deployment.slug)
    appraisal = queries.latest_appraisal(deployment)
    context = {
        "form": form,
        "deployment": deployment,
        "part_title": "Issue as evidence",
        "case": queries.latest_case(deployment),
        "appraisal": appraisal,
        "lacking": presenters.missing(queries.weighed(appraisal)),
        "cards": _cards(deployment),
    }
    return render(request, "costs/issue.jinja", context)
