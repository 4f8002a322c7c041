"""How far is the run, what did it find, and may it become evidence? Started, followed, read, compared, signed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header

from alarp.records import clock, objects, permissions
from alarp.records.protocols import commands, queries
from alarp.records.protocols.doors.signing import why_not_signed
from alarp.records.protocols.models import EvaluationProtocol, EvaluationRun, Opening
from alarp.web.access import page
from alarp.web.evaluations import presenters as reports
from alarp.web.forms import handed_over
from alarp.web.protocols import find as here
from alarp.web.protocols import forms, presenters
from alarp.web.protocols.paging import newest_first
from alarp.web.protocols.views import may

MOST_BESIDE = 6  # at first; who wants others chooses them
SCANS = "contouring"  # the kind whose cases are scans, which several processes may compare
KEPT = {
    "result": ("result_sha256", "result.json", "application/json"),
    "report": ("report_sha256", "report.html", "text/html; charset=utf-8"),
    "pdf": ("pdf_sha256", "report.pdf", "application/pdf"),
}


@page("prepare_evaluation", of=here.protocol, sends="prepare_evaluation")
def start(request: HttpRequest, protocol: EvaluationProtocol) -> HttpResponse:
    """Choose the cases and run it; on an unlocked protocol the run is exploratory."""
    deployment = protocol.deployment
    sets = newest_first(deployment.test_sets.select_related("by"), request, "cases", anchor="the-cases")
    lines = {row.pk: presenters.test_set_line(row) for row in sets.rows}
    revision = queries.latest_revision(protocol)
    form = forms.StartForm(
        request.POST or None,
        rows=deployment.test_sets.filter(pk__in=lines).order_by("-number"),
        words={pk: f"{line.number}: {line.title}. {line.use}" for pk, line in lines.items()},
        scans=revision.kind == SCANS,
        initial={"jobs": 1},
    )
    made = []

    def command(given: dict[str, Any]) -> None:
        jobs = given.get("jobs") or 1
        made.append(commands.ask_run(protocol, given["test_set"], by=request.user, jobs=jobs))

    if request.method == "POST" and handed_over(form, command):
        return redirect("run", slug=deployment.slug, run=made[0].number)
    context = {
        "form": form,
        "deployment": deployment,
        "part_title": f"Run protocol {protocol.number}",
        "protocol": protocol,
        "revision": revision,
        "lock": queries.lock_of(protocol),
        "test_sets": list(lines.values()),
        "more": sets,
    }
    return render(request, "protocols/start.jinja", context)


@page("view_protocols", of=here.run)
def run(request: HttpRequest, run: EvaluationRun) -> HttpResponse:
    """The run's progress while it runs; then its report, or the sentence why there is none."""
    deployment = run.deployment
    context: dict[str, Any] = {
        "deployment": deployment,
        "part_title": run.revision.title,
        "run": run,
        "line": presenters.run_line(run),
        "progress": presenters.progress(run, clock.now()),
        "protocol": run.revision.protocol,
        "cases": presenters.test_set_line(run.test_set),
        **may(request, deployment),
    }
    if run.state == EvaluationRun.DONE:
        body = queries.result_of(run)
        context |= {
            "report": reports.report(run.result_sha256, body),
            "drawn": reports.without_inline_style,
            "why_not": why_not_signed(run),
            "comparable": len(queries.comparable(run)),
            "files": [name for name, (column, _, _) in KEPT.items() if getattr(run, column)],
        }
    answer = render(request, "protocols/run.jinja", context)
    if request.headers.get("HX-Request") and not run.is_open:
        answer["HX-Refresh"] = "true"  # the progress has become a report: load the page as a whole
    return answer


@page("prepare_evaluation", of=here.run, sends="prepare_evaluation")
def stop(request: HttpRequest, run: EvaluationRun) -> HttpResponse:
    """Stop the run; what is finished is kept."""
    why_not = "" if run.is_open else f"Run {run.number} is not under way: it is {_state(run)}."
    meaning = "What is finished is kept: the run can go on later."
    return _moved(request, run, commands.stop_run, "Stop", meaning, why_not)


@page("prepare_evaluation", of=here.run, sends="prepare_evaluation")
def resume(request: HttpRequest, run: EvaluationRun) -> HttpResponse:
    """Let a stopped run go on where it was."""
    stopped = run.state == EvaluationRun.STOPPED
    why_not = "" if stopped else f"Run {run.number} is not stopped: it is {_state(run)}."
    meaning = "It goes on where it was; no case is done twice."
    return _moved(request, run, commands.resume_run, "Go on with", meaning, why_not)


def _state(run: EvaluationRun) -> str:
    return presenters.STATE_WORDS[run.state]


def _moved(
    request: HttpRequest, run: EvaluationRun, move: Any, verb: str, meaning: str, why_not: str
) -> HttpResponse:
    """One button that moves the run, on a page that says what it does, or why it cannot."""
    deployment = run.deployment
    form = Form(request.POST or None)
    if request.method == "POST" and handed_over(form, lambda _: move(run, by=request.user)):
        return redirect("run", slug=deployment.slug, run=run.number)
    verb = f"{verb} run {run.number}"
    context = {
        "form": form,
        "deployment": deployment,
        "part_title": verb,
        "run": run,
        "verb": verb,
        "meaning": meaning,
        "why_not": why_not,
    }
    return render(request, "protocols/move_run.jinja", context)


@page("view_protocols", of=here.run)
def kept_file(request: HttpRequest, run: EvaluationRun, kept: str) -> HttpResponse:
    """result.json, report.html or report.pdf of a run, byte for byte."""
    column, name, kind = KEPT.get(kept, ("", "", ""))
    sha256 = getattr(run, column) if column else ""
    if not sha256:
        raise Http404
    answer = HttpResponse(objects.get(sha256), content_type=kind)
    answer["Content-Disposition"] = content_disposition_header(True, name)
    answer["Cache-Control"] = "private, no-store"
    return answer


@page("view_protocols", of=here.run, sends="sign_evaluation")
def sign(request: HttpRequest, run: EvaluationRun) -> HttpResponse:
    """Seal the result with its report as the Trust's evidence, of the design that the protocol states."""
    deployment = run.deployment
    form = forms.SignForm(request.POST or None, request=request)
    why_not = why_not_signed(run)

    def command(given: dict[str, Any]) -> None:
        signed = commands.sign_run(run, form.step_up, by=request.user)
        messages.success(request, f"Sealed as evidence: {signed.evidence.title}.")

    if request.method == "POST" and handed_over(form, command):
        return redirect("run", slug=deployment.slug, run=run.number)
    body = queries.result_of(run) if run.state == EvaluationRun.DONE else None
    context = {
        "form": form,
        "deployment": deployment,
        "part_title": f"Sign run {run.number} as evidence",
        "run": run,
        "line": presenters.run_line(run),
        "body": body,
        "why_not": why_not,
        "cases": presenters.test_set_line(run.test_set),
        **may(request, deployment),
    }
    return render(request, "protocols/sign.jinja", context)


@page("view_protocols", of=here.run)
def compare(request: HttpRequest, run: EvaluationRun) -> HttpResponse:
    """Results of one plan side by side: this one first, beside those that are chosen (the newest at first)."""
    every = [one for one in queries.comparable(run) if _may_see(request, one) and one.pk != run.pk]
    wanted = {number for number in request.GET.getlist("with") if number.isdecimal()}
    others = [one for one in every if str(one.pk) in wanted] if wanted else every[-MOST_BESIDE:]
    shown = [run, *others] if others else []
    context: dict[str, Any] = {
        "deployment": run.deployment,
        "part_title": "Products side by side",
        "run": run,
        "choices": [(one, presenters.run_line(one), one in others) for one in every],
        "report": None,
    }
    if shown:
        pairs = Opening.objects.filter(run__in=shown).values_list("run_id", "truth")
        context |= {
            "report": presenters.side_by_side(shown, dict(pairs)),
            "drawn": reports.without_inline_style,
        }
    return render(request, "protocols/compare.jinja", context)


def _may_see(request: HttpRequest, run: EvaluationRun) -> bool:
    return permissions.allowed(request.user, "view_protocols", run.deployment)
