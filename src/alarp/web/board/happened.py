"""What just happened here? The newest events of the audit trail that this person may see, as sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any

from django.urls import reverse
from django.utils import timezone

from alarp.records import permissions
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.models import Evidence
from alarp.web import words
from alarp.web.board.telling import Line, about_a_study, linked, note, parts, told

JOINED = "joined the team"
Seen = tuple[Any, Deployment | None]


def lines(events: Iterable[Any], person: Any) -> list[tuple[str, list[Line]]]:
    """The events that this person may see, newest first, by day."""
    seen = list(_for_eyes_of(person, events))
    answering = {event.details.get("evidence") for event, _ in seen if event.action == "criterion answered"}
    once = [pair for pair in seen if not _told_elsewhere(pair[0], answering)]
    shown = _told_together(once, _evidence_of(once))
    return [(day, counted(those)) for day, those in groupby(shown, key=lambda line: _day(line.at))]


def counted(lines: Iterable[Line]) -> list[Line]:
    """What happened many times in a row as one line, with how often."""
    alike = [list(those) for _, those in groupby(lines, key=lambda line: (line.parts, line.note))]
    return [replace(those[0], times=len(those)) for those in alike]


def _for_eyes_of(person: Any, events: Iterable[Any]) -> Iterator[Seen]:
    """Events of the deployments that this person may see; studies only for those who may see studies."""
    every = {d.slug: d for d in Deployment.objects.select_related("version__product", "site__parent__parent")}
    visible = {s: d for s, d in every.items() if permissions.allowed(person, "view_deployment", d)}
    supplier = permissions.is_supplier(person)
    studies = permissions.allowed(person, "view_studies")
    for event in events:
        stream = event.stream.slug
        if about_a_study(event) and not studies:
            continue
        if stream in visible:
            yield event, visible[stream]
        elif stream not in every and not supplier:
            yield event, None


def _told_elsewhere(event: Any, answering: set[Any]) -> bool:
    """Evidence that was recorded to answer a criterion is told once, where it answers."""
    return event.action == "evidence recorded" and event.subject.removeprefix("evidence ") in answering


def _evidence_of(seen: Iterable[Seen]) -> dict[str, str]:
    """Digest → title of the evidence that these events speak of."""
    digests = {event.details.get("evidence") for event, _ in seen if event.action == "criterion answered"}
    digests |= {event.subject.removeprefix("evidence ") for event, _ in seen}
    return dict(Evidence.objects.filter(sha256__in=digests - {None}).values_list("sha256", "title"))


def _told_together(seen: list[Seen], evidence: Mapping[str, str]) -> Iterator[Line]:
    """One line for each event; people who joined one team one after the other share theirs."""
    for (deployment, joined), group in groupby(seen, key=lambda pair: (pair[1], pair[0].action == JOINED)):
        pairs = list(group)
        if joined and deployment is not None and len(pairs) > 1:
            names = words.listed([str(event.details.get("person", "somebody")) for event, _ in pairs])
            where = linked(str(deployment), reverse("deployment", args=[deployment.slug]))
            yield Line(pairs[0][0].at, parts(f"{names} joined the team of {where}."))
            continue
        titles = words.gate_titles(deployment.pathway) if deployment else {}
        for event, _ in pairs:
            yield Line(event.at, told(event, deployment, titles, evidence), note(event))


def _day(at: datetime) -> str:
    local = timezone.localtime(at)
    return f"{local:%A}, {local.day} {local:%B %Y}"
