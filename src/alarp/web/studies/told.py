"""What have the hospital's other systems said of a study: what was ordered, reported, and how much there should be?"""

from __future__ import annotations

from datetime import datetime

from django.utils.timezone import localtime

from alarp.records.ledger.models import Study
from alarp.records.messages import queries
from alarp.records.messages.models import Order, Report

STATUS = {Report.PRELIMINARY: "preliminary", Report.FINAL: "final", Report.CORRECTED: "corrected"}


def facts(study: Study) -> tuple[tuple[str, str], ...]:
    """A line for each thing that was said; nothing was said: no line. No patient is named."""
    found: list[tuple[str, str]] = []
    order = queries.order_of(study)
    if order is not None:
        found.append(("Ordered", _ordered(order)))
    for one in queries.reports_of(study):
        found.append(("Reported", _reported(one)))
    if study.expected_instances is not None:
        noun = "object" if study.expected_instances == 1 else "objects"
        found.append(("Should hold", f"{study.expected_instances:,} {noun}, by {study.expected_from}"))
    return tuple(found)


def _ordered(order: Order) -> str:
    asked = f"asked for {_moment(order.requested_at)}" if order.requested_at else ""
    state = "" if order.state == "open" else order.state
    return ", ".join(
        filter(None, (order.procedure or order.procedure_code or "an examination", asked, state))
    )


def _reported(one: queries.CurrentReport) -> str:
    when = _moment(one.report.reported_at or one.report.said_at)
    before = f", told {one.earlier + 1} times" if one.earlier else ""
    return f"{STATUS[one.report.status]} report, {when}{before}"


def _moment(at: datetime) -> str:
    local = localtime(at)
    return f"{local.day} {local:%B %Y}, {local:%H:%M}"
