"""What just happened, and what has happened to one deployment? Plain sentences, each with its links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.urls import reverse
from django.utils import timezone

from alarp.records import permissions
from alarp.records.deployments import queries
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.models import Evidence
from alarp.web import words
from alarp.web.board.telling import about_a_study, note, subject_study, told

Link = tuple[str, str]


@dataclass(frozen=True)
class Line:
    """One thing that happened."""

    at: datetime
    sentence: str
    links: tuple[Link, ...] = ()
    note: str = ""
    with_day: bool = False

    @property
    def clock(self) -> str:
        local = timezone.localtime(self.at)
        return f"{local.day} {local:%B}, {local:%H:%M}" if self.with_day else f"{local:%H:%M:%S}"


def of_deployment(deployment: Deployment) -> tuple[Line, ...]:
    """The deployment's timeline, newest first; people who joined together stand on one line."""
    titles = words.gate_titles(deployment.pathway)
    made: list[Line] = []
    for joined, group in groupby(queries.timeline(deployment), key=_is_joining):
        entries = list(group)
        if joined and len(entries) > 1:
            names = words.listed([str(e.by) for e in entries])
            made.append(Line(entries[0].at, f"{names} joined the team.", with_day=True))
            continue
        made += [
            Line(
                e.at, words.in_words(e.sentence), tuple(_timeline_links(deployment, e, titles)), with_day=True
            )
            for e in entries
        ]
    return tuple(made)


def _is_joining(entry: Any) -> bool:
    return entry.kind == "team" and " joined " in entry.sentence


def _timeline_links(deployment: Deployment, entry: Any, titles: Mapping[str, str]) -> Iterator[Link]:
    if entry.evidence is not None:
        yield "Evidence", reverse("evidence", args=[entry.evidence.sha256])
    if entry.gate:
        title = titles.get(entry.gate, entry.gate)
        yield f"{title} gate", reverse("gate", args=[deployment.slug, entry.gate])


def lines(events: Iterable[Any], person: Any) -> list[tuple[str, list[Line]]]:
    """The newest audit events that this person may see, by day."""
    seen = list(_for_eyes_of(person, events))
    evidence = _evidence_of(seen)
    shown = (_line(event, deployment, evidence) for event, deployment in seen)
    return [(day, list(those)) for day, those in groupby(shown, key=lambda line: _day(line.at))]


def _day(at: datetime) -> str:
    local = timezone.localtime(at)
    return f"{local:%A}, {local.day} {local:%B %Y}"


def _for_eyes_of(person: Any, events: Iterable[Any]) -> Iterator[tuple[Any, Deployment | None]]:
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


def _evidence_of(seen: Iterable[tuple[Any, Any]]) -> dict[str, str]:
    """Digest → title of the evidence that these events speak of."""
    digests = {event.details.get("evidence") for event, _ in seen}
    wanted = [digest for digest in digests if isinstance(digest, str)]
    return dict(Evidence.objects.filter(sha256__in=wanted).values_list("sha256", "title"))


def _line(event: Any, deployment: Deployment | None, evidence: Mapping[str, str]) -> Line:
    titles = words.gate_titles(deployment.pathway) if deployment else {}
    sentence = told(event, deployment, titles, evidence)
    return Line(event.at, sentence, tuple(_links(event, deployment)), note(event))


def _links(event: Any, deployment: Deployment | None) -> Iterator[Link]:
    """To the evidence, gate, hold, study or deployment that the event speaks of."""
    verb, _, rest = event.subject.partition(" ")
    digest = event.details.get("evidence") if isinstance(event.details.get("evidence"), str) else ""
    if verb == "evidence" and len(rest) == 64:
        digest = rest
    if digest:
        yield "Evidence", reverse("evidence", args=[digest])
    study = subject_study(event)
    if study:
        yield f"Study {study}", reverse("study", args=[study])
    if deployment is None:
        return
    if verb == "hold":
        number = rest.partition(" ")[0]
        yield f"Hold {number}", reverse("hold", args=[deployment.slug, number])
    gate = _gate_in(event.subject)
    if gate:
        yield "Gate", reverse("gate", args=[deployment.slug, gate])
    yield str(deployment), reverse("deployment", args=[deployment.slug])


def _gate_in(subject: str) -> str:
    parts = subject.split(" ")
    return parts[parts.index("gate") + 1] if "gate" in parts[:-1] else ""
