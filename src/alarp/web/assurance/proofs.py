"""Proofs that nothing of opted-out patients left: ask for one, read one."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from alarp.records import clock, permissions
from alarp.records.assurance.models import OptOutProof
from alarp.records.assurance.proofs import deployments_named
from alarp.records.ledger import work
from alarp.records.ledger.models import Work
from alarp.web.access import page
from alarp.web.assurance import find, forms
from alarp.web.forms import handed_over

SHOWN = 50


@page("view_opt_out_proofs", sends="prove_opt_outs")
def proofs(request: HttpRequest) -> HttpResponse:
    """The proofs so far, newest first, and a form that asks for another."""
    today = timezone.localdate(clock.now())
    initial = {"first": (today - timedelta(days=30)).isoformat(), "last": today.isoformat()}
    form = forms.PeriodForm(request.POST or None, initial=initial)
    if request.method == "POST" and handed_over(form, lambda given: _ask(request, given)):
        messages.success(request, "Asked for. A worker computes it; look again in a minute.")
        return redirect("opt-out-proofs")
    context = {
        "form": form,
        "proofs": OptOutProof.objects.select_related("by").order_by("-pk")[:SHOWN],
        "waiting": Work.objects.filter(kind="prove", state__in=work.OPEN).count(),
        "may_prove": permissions.allowed(request.user, "prove_opt_outs"),
    }
    return render(request, "assurance/proofs.jinja", context)


def _ask(request: HttpRequest, given: dict[str, Any]) -> None:
    begin, end = _midnight(given["first"]), _midnight(given["last"] + timedelta(days=1))
    asked = {"begin": begin.isoformat(), "end": end.isoformat(), "by": request.user.pk}
    with transaction.atomic():
        work.ask("prove", clock.now().isoformat(), asked)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


@page("view_opt_out_proofs", of=find.proof)
def proof(request: HttpRequest, proof: OptOutProof) -> HttpResponse:
    """One proof: the verdict, what left and when, what is wrong with the record."""
    body = proof.body
    lists = ("stood", "merged", "before", "unexplained")
    slugs = {row["deployment"] for name in lists for row in body.get(name, ())}
    context = {
        "proof": proof,
        "body": body,
        "last_day": proof.end - timedelta(seconds=1),
        "names": deployments_named(slugs),
        "when": lambda text: datetime.fromisoformat(text),
    }
    return render(request, "assurance/proof.jinja", context)
