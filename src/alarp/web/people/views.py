"""People: who is here, in which roles, with which interests; and one's own interests."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import localdate

from alarp.records import clock, permissions
from alarp.records.people import commands
from alarp.records.people.models import Interest, Person
from alarp.records.people.queries import below, trust_of
from alarp.web import words
from alarp.web.access import own, page
from alarp.web.forms import handed_over
from alarp.web.people import forms, presenters


def _everybody() -> Any:
    return Person.objects.select_related("organisation__parent").prefetch_related(
        "holdings__organisation", "interests__supplier"
    )


def find_person(person: int) -> Person:
    return get_object_or_404(_everybody(), pk=person)


@page("manage_people")
def people(request: HttpRequest) -> HttpResponse:
    """Everybody of this administrator's Trust, with the roles they hold today."""
    today = localdate(clock.now())
    rows = _everybody().order_by("full_name", "pk")
    if request.user.organisation is not None:
        places = [o.pk for o in below(trust_of(request.user.organisation))]
        rows = rows.filter(organisation__in=places)
    cards = [presenters.person_card(p, words.role, today) for p in rows]
    return render(request, "people/people.jinja", {"cards": cards})


@page("manage_people", of=find_person, sends="manage_people")
def person(request: HttpRequest, person: Person) -> HttpResponse:
    """One person: give and end roles, write down and end interests. Each form has its own fields."""
    if person.organisation is not None:
        permissions.check(request.user, "manage_people", person.organisation)
    posted = request.POST if request.method == "POST" else None
    which = _which(posted) if posted is not None else ""
    give = forms.GiveRoleForm(posted if which == "role" else None, person=person)
    declare = forms.InterestForm(posted if which == "supplier" else None)
    done = posted is not None and _handled(request, person, which, give, declare)
    if done:
        return redirect("person", person=person.pk)
    today = localdate(clock.now())
    context = {
        "card": presenters.person_card(person, words.role, today),
        "give": give,
        "declare": declare,
        "form": give if which == "role" else declare,
        "today": today,
        "is_self": person.pk == request.user.pk,
    }
    return render(request, "people/person.jinja", context)


def _which(posted: Any) -> str:
    return next((name for name in ("holding", "interest", "supplier", "role") if name in posted), "role")


def _handled(request: HttpRequest, person: Person, which: str, give: Any, declare: Any) -> bool:
    if which == "holding":
        return _ended_role(request, person)
    if which == "interest":
        return _ended_interest(request, person)
    if which == "supplier":
        done = handed_over(
            declare,
            lambda given: commands.declare_interest(**given, person=person, by=request.user),
        )
        return _said(
            request,
            done,
            f"The interest of {person} is on record; it bars from signing on that supplier's tools.",
        )
    done = handed_over(give, lambda given: commands.give_role(person, **given, by=request.user))
    return _said(request, done, f"{person} holds the role from today on.")


def _said(request: HttpRequest, done: bool, sentence: str) -> bool:
    if done:
        messages.success(request, sentence)
    return done


def _ended_role(request: HttpRequest, person: Person) -> bool:
    form = forms.EndRoleForm(request.POST)
    if not form.is_valid():
        raise Http404
    holding = person.holdings.filter(pk=form.cleaned_data["holding"]).first()
    if holding is None:
        raise Http404
    row = commands.end_role(holding, last_day=form.cleaned_data["last_day"], by=request.user)
    return _said(request, True, f"{words.role(row.role)}: the last day is {row.until.day} {row.until:%B %Y}.")


def _ended_interest(request: HttpRequest, person: Person) -> bool:
    form = forms.EndInterestForm(request.POST)
    row = (
        Interest.objects.filter(pk=form.cleaned_data["interest"], person=person).first()
        if form.is_valid()
        else None
    )
    if row is None:
        raise Http404
    commands.end_interest(row, by=request.user)
    return _said(request, True, f"The interest in {row.supplier} has ended; that it stood stays on record.")


@own
def interests(request: HttpRequest) -> HttpResponse:
    """My own interests: declared by me, ended by me."""
    ending = request.method == "POST" and "interest" in request.POST
    form = forms.InterestForm(request.POST if request.method == "POST" and not ending else None)
    if ending and _ended_interest(request, request.user):
        return redirect("interests")
    if form.is_bound and handed_over(form, lambda given: commands.declare_interest(**given, by=request.user)):
        messages.success(request, "Declared. You no longer sign on that supplier's tools.")
        return redirect("interests")
    card = presenters.person_card(find_person(request.user.pk), words.role, localdate(clock.now()))
    return render(request, "people/interests.jinja", {"card": card, "form": form})
