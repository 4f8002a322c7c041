"""What just happened, and what has happened to one deployment? Plain sentences, each with its links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from alarp.records import permissions
from alarp.records.deployments import queries
from alarp.records.deployments.models import Deployment
from alarp.web import words

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
    """The deployment's timeline, newest first."""
    titles = words.gate_titles(deployment.pathway)
    return tuple(
        Line(e.at, words.in_words(e.sentence), tuple(_timeline_links(deployment, e, titles)), with_day=True)
        for e in queries.timeline(deployment)
    )


def _timeline_links(deployment: Deployment, entry: Any, titles: Mapping[str, str]) -> Iterator[Link]:
    if entry.evidence is not None:
        yield "Evidence", reverse("evidence", args=[entry.evidence.sha256])
    if entry.gate:
        title = titles.get(entry.gate, entry.gate)
        yield f"{title} gate", reverse("gate", args=[deployment.slug, entry.gate])


def lines(events: Iterable[Any], person: Any) -> list[tuple[str, list[Line]]]:
    """The newest audit events that this person may see, by day."""
    shown = (_line(e) for e in _for_eyes_of(person, events))
    return [(day, list(those)) for day, those in groupby(shown, key=lambda line: _day(line.at))]


def _day(at: datetime) -> str:
    local = timezone.localtime(at)
    return f"{local:%A}, {local.day} {local:%B %Y}"


def _for_eyes_of(person: Any, events: Iterable[Any]) -> Iterator[Any]:
    """Events of the deployments that this person may see; a supplier's person sees none about studies."""
    visible = {
        d.slug: d
        for d in Deployment.objects.select_related("version__product", "site__parent__parent")
        if permissions.allowed(person, "view_deployment", d)
    }
    supplier = permissions.is_supplier(person)
    for event in events:
        stream = event.stream.slug
        if stream in visible:
            if not (supplier and _about_a_study(event)):
                event.deployment = visible[stream]
                yield event
        elif stream not in visible and not supplier and not Deployment.objects.filter(slug=stream).exists():
            event.deployment = None
            yield event


def _about_a_study(event: Any) -> bool:
    return bool({"study", "dispatch", "quarantine"} & set(event.details)) or event.subject.startswith("study")


def _line(event: Any) -> Line:
    deployment = event.deployment
    subject = event.subject
    if deployment is not None and subject in {deployment.slug, str(deployment)}:
        subject = ""
    sentence = f"{event.actor_label}: {words.in_words(event.action)}" + (f", {subject}" if subject else "")
    return Line(event.at, sentence, tuple(_links(event)), _note(event.details))


def _note(details: Mapping[str, Any]) -> str:
    """The detail that a person reads first: the reason, the concern, the answer, the title."""
    for name in ("sentence", "reason", "concern", "answer", "title", "because"):
        text = details.get(name)
        if isinstance(text, str) and text:
            return text if len(text) <= 200 else text[:199] + "…"
    return ""


def _links(event: Any) -> Iterator[Link]:
    details, deployment = event.details, event.deployment
    sha256 = details.get("evidence") or details.get("sha256")
    if isinstance(sha256, str) and len(sha256) == 64:
        yield "Evidence", reverse("evidence", args=[sha256])
    if deployment is not None:
        if isinstance(details.get("gate"), str):
            yield "Gate", reverse("gate", args=[deployment.slug, details["gate"]])
        if isinstance(details.get("hold"), int):
            yield f"Hold {details['hold']}", reverse("hold", args=[deployment.slug, details["hold"]])
        yield str(deployment.version), reverse("deployment", args=[deployment.slug])
    if isinstance(details.get("study"), int):
        try:
            yield f"Study {details['study']}", reverse("study", args=[details["study"]])
        except NoReverseMatch:
            return
