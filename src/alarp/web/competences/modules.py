"""Modules: which are there, what do they ask, and taking one's assessment."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate

from alarp.kernel import NotPermitted
from alarp.records import clock, permissions
from alarp.records.people.models import Person
from alarp.records.training import commands, queries
from alarp.records.training.models import Attempt, Item, Module, TrainingRecord
from alarp.web import words
from alarp.web.access import page
from alarp.web.competences import find, forms, learning
from alarp.web.forms import handed_over


@page("view_training", sends="keep_training")
def modules(request: HttpRequest) -> HttpResponse:
    """The newest edition of every module that this person's Trust has; a file brings more."""
    form = forms.ImportForm(request.POST or None, request.FILES or None)
    said: list[str] = []

    def command(given: dict[str, Any]) -> None:
        file = given["file"]
        said.append(commands.import_file(file.read(), file.name, by=request.user).sentence)

    if request.method == "POST" and handed_over(form, command):
        messages.success(request, said[0])
        return redirect("modules")
    rows = queries.modules_open_to(request.user)
    context = {
        "form": form,
        "cards": _cards(rows, request.user),
        "may_keep": permissions.allowed(request.user, "keep_training"),
    }
    return render(request, "competences/modules.jinja", context)


def _cards(rows: tuple[Module, ...], person: Person) -> list[learning.ModuleCard]:
    today = localdate(clock.now())
    items: dict[int, list[bool]] = {}
    for module, right in Item.objects.filter(module__in=rows).values_list("module_id", "ai_right"):
        items.setdefault(module, []).append(right)
    passed = {r.module.slug: r for r in _records(person)}
    return [
        learning.module_card(m, words.role, items=items.get(m.pk, []), record=passed.get(m.slug), today=today)
        for m in rows
    ]


def _records(person: Person) -> Any:
    rows = TrainingRecord.objects.filter(person=person, withdrawal__isnull=True)
    return rows.select_related("module").defer("envelope").order_by("dated", "pk")


def _own(person: Person, module: Module) -> None:
    if not queries.may_take(person, module):
        raise NotPermitted(f"'{module.title}' is a module of {module.organisation}, where you do not work.")


@page("view_training", of=find.module)
def module(request: HttpRequest, module: Module) -> HttpResponse:
    """One module: what one can do afterwards, what it asks, how I did."""
    _own(request.user, module)
    items = list(module.items.order_by("number"))
    attempts = Attempt.objects.filter(module=module, person=request.user).order_by("-at", "-pk")
    record = _records(request.user).filter(module=module).last()
    context = {
        "module": module,
        "card": learning.module_card(
            module,
            words.role,
            items=[i.ai_right for i in items],
            record=record,
            today=localdate(clock.now()),
        ),
        "attempts": [learning.attempt_line(a, items, queries.share) for a in attempts[:5]],
        "record": record,
        "newest": next((m for m in queries.modules_open_to(request.user) if m.slug == module.slug), module),
        "levels": _taught(module),
    }
    return render(request, "competences/module.jinja", context)


def _taught(module: Module) -> list[tuple[str, int]]:
    known = {s.name: s.says for s in queries.framework_of(module.organisation).statements}
    return [(known.get(name, name), level) for name, level in module.teaches.items()]


@page("view_training", of=find.module, sends="view_training")
def assessment(request: HttpRequest, module: Module) -> HttpResponse:
    """Every case with what the AI said; the learner says of each whether it is right."""
    _own(request.user, module)
    items = list(module.items.select_related("result__dispatch").order_by("number"))
    form = forms.AssessmentForm(request.POST or None, items=items)
    made: list[Attempt] = []
    if request.method == "POST" and handed_over(
        form, lambda given: made.append(commands.take(module, form.answers, by=request.user))
    ):
        if made[0].passed:
            messages.success(request, f"Passed. “{module.title}” is on record, with its badge.")
        return redirect("module", module=module.pk)
    context = {
        "module": module,
        "form": form,
        "cases": [(item, form[f"case_{item.number}"]) for item in items],
        "pass_words": learning.pass_words(module),
        "may_see_images": permissions.allowed(request.user, "view_images"),
    }
    return render(request, "competences/assessment.jinja", context)


@page("view_training", of=find.module)
def badge(request: HttpRequest, module: Module) -> HttpResponse:
    """My own sealed record of this module, as a file that proves itself; without one, the module's page says so."""
    record = TrainingRecord.objects.filter(person=request.user, module=module, withdrawal__isnull=True).last()
    if record is None:
        return redirect("module", module=module.pk)
    response = HttpResponse(queries.badge(record), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="badge-{module.slug}.json"'
    return response
