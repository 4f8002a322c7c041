"""What has happened to one deployment? Told from the rows that decided something, newest first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from django.urls import reverse

from alarp.records.deployments import queries
from alarp.records.deployments.models import Deployment
from alarp.web import words
from alarp.web.board.telling import Line, Part

_DECISION = re.compile(
    r"^(?P<who>.+) \((?P<role>.+)\) signed gate (?P<gate>[\w-]+): (?P<outcome>\w+), (?P<rest>.+)$", re.DOTALL
)
_DID = {"approve": "approved", "refuse": "refused", "ask": "asked at"}


def lines(deployment: Deployment) -> tuple[Line, ...]:
    """The timeline; people who joined together stand on one line."""
    titles = words.gate_titles(deployment.pathway)
    made: list[Line] = []
    for joined, group in groupby(queries.timeline(deployment), key=_is_joining):
        entries = list(group)
        if joined and len(entries) > 1:
            names = words.listed([str(e.by) for e in entries])
            made.append(Line(entries[0].at, ((f"{names} joined the team.", ""),), with_day=True))
            continue
        for entry in entries:
            pieces = ((said(entry.sentence, titles), ""), *_ways_on(deployment, entry, titles))
            made.append(Line(entry.at, pieces, with_day=True))
    return tuple(made)


def _is_joining(entry: Any) -> bool:
    return entry.kind == "team" and " joined " in entry.sentence


def said(sentence: str, titles: Mapping[str, str]) -> str:
    """The record's sentence as a colleague would say it."""
    sentence = words.in_words(sentence)
    found = _DECISION.match(sentence)
    if found is None:
        return sentence
    title = words.lowered(titles.get(found["gate"], found["gate"]))
    text = (
        f"{found['who']} {_DID.get(found['outcome'], found['outcome'])} the {title} gate, as {found['role']}"
    )
    rest = found["rest"].removeprefix(found["outcome"]).removeprefix(":").strip()
    return f"{text}." if rest in {"", "."} else f"{text}: {rest}"


def _ways_on(deployment: Deployment, entry: Any, titles: Mapping[str, str]) -> Iterator[Part]:
    if entry.evidence is not None:
        yield " ", ""
        yield "Evidence", reverse("evidence", args=[entry.evidence.sha256])
    if entry.gate:
        yield " · " if entry.evidence is not None else " ", ""
        title = titles.get(entry.gate, entry.gate)
        yield f"{title} gate", reverse("gate", args=[deployment.slug, entry.gate])
