"""How is an audit event told to a person? One sentence: who did what, to what; the reason beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from alarp.web import words
from alarp.web.board.sentences import SENTENCES

Part = tuple[str, str]  # text, and the address it leads to or nothing
_OPEN, _MIDDLE, _CLOSE = "\x01", "\x02", "\x03"
_LINK = re.compile(f"[{_OPEN}{_CLOSE}]")

NOTES = ("sentence", "reason", "because", "concern", "answer", "resolution")
LONGEST = 220


@dataclass(frozen=True)
class Line:
    """One thing that happened, or the same thing so many times in a row: then `at` is the last time."""

    at: datetime
    parts: tuple[Part, ...]
    note: str = ""
    with_day: bool = False
    times: int = 1

    @property
    def sentence(self) -> str:
        return "".join(text for text, _ in self.parts)

    @property
    def clock(self) -> str:
        local = timezone.localtime(self.at)
        return f"{local.day} {local:%B}, {local:%H:%M}" if self.with_day else f"{local:%H:%M:%S}"


class _Gentle(dict[str, Any]):
    """A word that an event does not carry is left out, never an error: the audit trail outlives this table."""

    def __missing__(self, key: str) -> str:
        return "…"


def linked(text: str, href: str) -> str:
    """Text that leads somewhere, marked inside a sentence until `parts` takes it apart."""
    return f"{_OPEN}{text}{_MIDDLE}{href}{_CLOSE}" if href else text


def parts(sentence: str) -> tuple[Part, ...]:
    """The sentence as pieces of text, each with the address it leads to (or none)."""
    found: list[Part] = []
    for piece in _LINK.split(sentence):
        text, _, href = piece.partition(_MIDDLE)
        if text:
            found.append((text, href))
    first, href = found[0]
    return ((first[:1].upper() + first[1:], href), *found[1:])


def told(
    event: Any, deployment: Any, gates: Mapping[str, str], evidence: Mapping[str, str]
) -> tuple[Part, ...]:
    """The event in one sentence; an action that this table does not know is told as it was written."""
    pattern = SENTENCES.get(event.action)
    if pattern is None:
        return ((f"{event.actor_label}: {words.in_words(event.action)}, {event.subject}.", ""),)
    role = str(event.details.get("role", ""))
    known = _Gentle({name: _clean(value) for name, value in event.details.items()})
    known.update(
        who=_clean(event.actor_label),
        subject=_clean(event.subject),
        what=_what(deployment),
        gate=_gate(event, deployment, gates),
        hold=_hold(event, deployment),
        role=words.lowered(words.role(role)) if role else "…",
        study=_study(event),
        title=_title(event, evidence),
        images=_counted(event.details.get("objects"), "image"),
        quarantine=_quarantine(event),
    )
    return parts(pattern.format_map(known))


def _clean(value: Any) -> str:
    """Text from the records cannot make a link of its own."""
    return str(value).translate({ord(mark): None for mark in _OPEN + _MIDDLE + _CLOSE})


def _what(deployment: Any) -> str:
    if deployment is None:
        return "every tool"
    return linked(str(deployment), reverse("deployment", args=[deployment.slug]))


def _gate(event: Any, deployment: Any, gates: Mapping[str, str]) -> str:
    pieces = event.subject.split(" ")
    slug = str(
        event.details.get("gate") or (pieces[pieces.index("gate") + 1] if "gate" in pieces[:-1] else "")
    )
    title = f"{words.lowered(gates.get(slug, slug))} gate"
    known = deployment is not None and slug in gates
    return linked(title, reverse("gate", args=[deployment.slug, slug])) if known else title


def _hold(event: Any, deployment: Any) -> str:
    number = event.subject.split(" ")[1:2]
    if deployment is None or not number or not number[0].isdigit():
        return "a safety hold"
    return linked(f"safety hold {number[0]}", reverse("hold", args=[deployment.slug, int(number[0])]))


def _study(event: Any) -> str:
    number = subject_study(event)
    return linked(f"study {number}", reverse("study", args=[number])) if number else "a study"


def _counted(number: Any, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _quarantine(event: Any) -> str:
    entry = event.details.get("entry")
    return (
        linked("quarantine", reverse("quarantine-item", args=[entry]))
        if isinstance(entry, int)
        else "quarantine"
    )


def _title(event: Any, evidence: Mapping[str, str]) -> str:
    digest = event.details.get("evidence")
    kind, _, rest = event.subject.partition(" ")
    if kind == "evidence":
        digest = rest
    known = isinstance(digest, str) and digest in evidence
    title = f"“{_clean(event.details.get('title') or (evidence[digest] if known else 'a paper'))}”"
    return linked(title, reverse("evidence", args=[digest])) if known else title


def note(event: Any) -> str:
    """The detail that a person reads first: the reason, the concern, the answer."""
    for name in NOTES:
        text = event.details.get(name)
        if isinstance(text, str) and text:
            return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return ""


def subject_study(event: Any) -> int | None:
    """The number of the study that the event is about."""
    kind, _, number = event.subject.partition(" ")
    return int(number) if kind == "study" and number.isdigit() else None


def about_a_study(event: Any) -> bool:
    """Is this the gateway's traffic, which only some roles may see?"""
    return event.subject.startswith(("study ", "object ", "opt-out ", "caller "))
