"""Reading without AI: which studies, whether those patients wait longer, and the switch that puts a site on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alarp.kernel import Measure, Tier
from alarp.records import clock, permissions
from alarp.records.assurance import human_only, switch
from alarp.records.assurance.human_only import Turnaround
from alarp.records.assurance.models import Downtime, HumanReading
from alarp.records.people.models import Organisation
from alarp.report.control_charts import Bar, interval_chart
from alarp.report.document import Table
from alarp.web.access import page
from alarp.web.assurance import find, forms
from alarp.web.forms import handed_over

SPANS = (7, 30, 90)
MOST = 300


@dataclass(frozen=True)
class SiteSwitch:
    """One site: with AI, or without since when, by whom and why."""

    site: Organisation
    reading: HumanReading | None
    may_begin: bool
    may_end: bool


@page("view_human_reading")
def human_reading(request: HttpRequest) -> HttpResponse:
    """What people read without AI, with its turnaround beside the AI-read peers; and each site's switch."""
    asked = request.GET.get("days", "")
    days = int(asked) if asked.isdecimal() and int(asked) in SPANS else 30
    end = clock.now()
    begin = end - timedelta(days=days)
    groups = human_only.turnarounds(begin, end)
    context = {
        "days": days,
        "spans": SPANS,
        "switches": _switches(request),
        "rows": human_only.read_by_people(begin, end, limit=MOST),
        "counts": [(g.group, g.studies) for g in groups[1:]],
        "total": sum(g.studies for g in groups[1:]),
        "table": _table(groups),
        "svg": _chart(groups) if any(g.median.estimate is not None for g in groups) else "",
        "downtimes": Downtime.objects.filter(began_at__gte=begin).select_related("deployment__version__product", "deployment__site").order_by("-began_at")[:30],
        "most": MOST,
        "may_open_studies": permissions.allowed(request.user, "view_studies"),
    }  # fmt: skip
    return render(request, "assurance/human_reading.jinja", context)


def _switches(request: HttpRequest) -> list[SiteSwitch]:
    now = {reading.site_id: reading for reading in switch.standing()}
    sites = Organisation.objects.filter(tier=Tier.SITE.value).order_by("name")
    others = Organisation.objects.filter(pk__in=now).exclude(tier=Tier.SITE.value)
    return [
        SiteSwitch(
            site,
            now.get(site.pk),
            permissions.allowed(request.user, "switch_to_human_reading", site),
            permissions.allowed(request.user, "end_human_reading", site),
        )
        for site in (*others, *sites)
        if permissions.allowed(request.user, "view_human_reading", site)
    ]


def _figure(measure: Measure) -> tuple[str, str]:
    if measure.estimate is None:
        return "not measurable", measure.because
    bounds = [_duration(v) if v is not None else "open" for v in (measure.low, measure.high)]
    return _duration(measure.estimate), f"{bounds[0]} to {bounds[1]}"


def _duration(minutes: float) -> str:
    """'45 min', '3.2 h', '4.0 days'."""
    if minutes < 120:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h" if minutes < 2880 else f"{minutes / 1440:.1f} days"


def _table(groups: Sequence[Turnaround]) -> Table:
    rows = []
    for group in groups:
        median, interval = _figure(group.median)
        rows.append((group.group, f"{group.reported:,} of {group.studies:,}", median, interval))
    return Table(
        caption="From arrival to report",
        columns=("Studies", "With a report", "Median", "95 % interval"),
        rows=tuple(rows),
        note=(
            "Median by order statistics, bounds by the binomial distribution, by patient where patients repeat. "
            "A study without a report counts as waiting on."
        ),
    )


def _chart(groups: Sequence[Turnaround]) -> str:
    bars = [
        Bar(
            group.group,
            *(
                None if v is None else v / 60
                for v in (group.median.estimate, group.median.low, group.median.high)
            ),
            f"n = {group.studies:,}",
        )
        for group in groups
    ]
    return interval_chart(
        bars,
        title="Hours from arrival to report, median",
        description="Median hours from a study's arrival to its report with 95 % interval, read with AI and without.",
        unit="hours",
    )


@page("switch_to_human_reading", of=find.site, sends="switch_to_human_reading")
def begin(request: HttpRequest, site: Organisation) -> HttpResponse:
    """Put this site on human reading, now."""
    form = forms.BeginForm(request.POST or None)
    if request.method == "POST" and handed_over(
        form, lambda given: switch.begin(site, given["reason"], by=request.user)
    ):
        messages.success(request, f"{site.name} reads without AI from now on. Every route is closed.")
        return redirect("human-reading")
    tools = switch.deployments_of(site)
    return render(request, "assurance/begin.jinja", {"form": form, "site": site, "tools": tools})


@page("end_human_reading", of=find.reading, sends="end_human_reading")
def end(request: HttpRequest, reading: HumanReading) -> HttpResponse:
    """Let this site read with AI again, by signature."""
    form = forms.EndForm(request.POST or None, request=request)
    if request.method == "POST" and handed_over(
        form, lambda given: switch.end(reading, given["reason"], form.step_up, by=request.user)
    ):
        messages.success(request, f"{reading.site.name} reads with AI again.")
        return redirect("human-reading")
    context = {"form": form, "reading": reading, "closures": switch.closures_of(reading)}
    return render(request, "assurance/end.jinja", context)
