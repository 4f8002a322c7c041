"""Deletion requests to suppliers: which wait, which are overdue, the letter, and what the supplier answered."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alarp.records import clock, permissions
from alarp.records.assurance import recalls as records
from alarp.records.assurance.models import Recall
from alarp.web.access import page
from alarp.web.assurance import find, forms
from alarp.web.forms import handed_over

SHOWN = 200


@page("view_opt_out_proofs")
def recalls(request: HttpRequest) -> HttpResponse:
    """Every recall, what waits first."""
    now = clock.now()
    rows = [(recall, records.state(recall, now)) for recall in records.recalls()[:SHOWN]]
    order = ("overdue", "not sent yet", "sent", "not deleted", "deleted")
    rows.sort(key=lambda row: order.index(row[1]))
    return render(request, "assurance/recalls.jinja", {"rows": rows, "counts": records.counts(now)})


@page("view_opt_out_proofs", of=find.recall, sends="keep_recalls")
def recall(request: HttpRequest, recall: Recall) -> HttpResponse:
    """One recall: the letter to send, and a place for what became of it."""
    today = clock.now().date().isoformat()
    form = forms.EntryForm(request.POST or None, initial={"dated": today})
    if request.method == "POST" and handed_over(
        form,
        lambda given: records.write_down(
            recall, given["kind"], given["text"], given["dated"], by=request.user
        ),
    ):
        messages.success(request, "Written down.")
        return redirect("recall", recall=recall.pk)
    context = {
        "recall": recall,
        "state": records.state(recall, clock.now()),
        "form": form,
        "may_keep": records.answered(recall) is None
        and permissions.allowed(request.user, "keep_recalls", recall.dispatch.deployment),
    }
    return render(request, "assurance/recall.jinja", context)
