"""What does the audit trail show: who did what, when, and does the chain still hold?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

PAGE = 40  # events on one page: a phone's reader scrolls past each


@dataclass(frozen=True)
class Row:
    """One event."""

    number: int
    stream: str
    at: datetime
    who: str
    what: str
    subject: str
    href: str
    details: tuple[tuple[str, str], ...]
    hash: str


def row(event: Any) -> Row:
    """One event of a chain as a row."""
    return Row(
        number=event.seq,
        stream=event.stream.slug,
        at=event.at,
        who=event.actor_label,
        what=event.action,
        subject=event.subject,
        href=subject_href(event.subject),
        details=details(event.details),
        hash=event.hash,
    )


# What an event happened to is written as a kind and a number; those that have a page get a link.
PAGES = {"study": ("study", "study")}


def subject_href(subject: str) -> str:
    kind, _, number = subject.partition(" ")
    if kind in PAGES and number.isdecimal():
        name, key = PAGES[kind]
        return reverse(name, kwargs={key: int(number)})
    return ""


def details(found: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The event's particulars, empty ones left out, hashes shortened."""
    return tuple(
        (name.replace("_", " "), _said(value))
        for name, value in found.items()
        if value not in (None, "", [], {})
    )


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_said(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_said(v) for v in value)
    text = str(value)
    digest = len(text) == 64 and all(c in "0123456789abcdef" for c in text)
    return f"{text[:12]}…" if digest else text


@dataclass(frozen=True)
class Choice:
    slug: str
    title: str
    href: str
    current: bool


@dataclass(frozen=True)
class AuditPage:
    """One page of events, and the ways to the others."""

    rows: tuple[Row, ...]
    title: str
    stream: str
    choices: tuple[Choice, ...]
    older: str

    @property
    def sentence(self) -> str:
        if not self.rows:
            return "Nothing is written down here."
        shown = f"the newest {len(self.rows)} events" if self.older else f"{len(self.rows)} events"
        return f"{shown[:1].upper()}{shown[1:]}, newest first. Each is sealed with the hash of the one before it."


def stream_href(stream: str) -> str:
    return reverse("audit-stream", kwargs={"slug": stream}) if stream else reverse("audit")


def page(
    events: Sequence[Any], *, stream: str, streams: Iterable[str], titles: Mapping[str, str]
) -> AuditPage:
    """One more event than a page holds says that there is an older page."""
    shown = events[:PAGE]
    here = stream_href(stream)
    return AuditPage(
        rows=tuple(row(event) for event in shown),
        title=title_of(stream, titles) if stream else "every chain",
        stream=stream,
        choices=(
            Choice("", "Every chain", stream_href(""), not stream),
            *(Choice(s, title_of(s, titles), stream_href(s), s == stream) for s in streams),
        ),
        older=f"{here}?before={shown[-1].pk}" if len(events) > PAGE else "",
    )


def title_of(stream: str, titles: Mapping[str, str]) -> str:
    """A deployment's chain by its tool and site; the chain of what belongs to no deployment by its own name."""
    return titles.get(stream, "Site" if stream == "site" else stream)


@dataclass(frozen=True)
class CheckRow:
    title: str
    ok: bool
    sentence: str


@dataclass(frozen=True)
class CheckPage:
    rows: tuple[CheckRow, ...]
    at: datetime

    @property
    def ok(self) -> bool:
        return all(row.ok for row in self.rows)

    @property
    def sentence(self) -> str:
        """'Every chain holds: 3 chains, looked at event by event.'"""
        broken = [row for row in self.rows if not row.ok]
        many = f"{len(self.rows)} chain{'' if len(self.rows) == 1 else 's'}"
        if broken:
            return (
                f"{len(broken)} of {many} does not hold. Tell information governance now and change nothing."
            )
        return f"Every chain holds: {many}, looked at event by event."


def checked(checks: Iterable[Any], titles: Mapping[str, str], at: datetime) -> CheckPage:
    return CheckPage(tuple(CheckRow(title_of(c.stream, titles), c.ok, c.sentence) for c in checks), at)
