"""What is an event, and how do many of them lie side by side?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

import numpy as np
import numpy.typing as npt

from alarp.kernel import BadInput

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
CLOCKS_DIFFER = timedelta(minutes=5)  # two machines' clocks may; more than this is an event from the future
MOST_MINUTES = 1_440.0  # a day: no study takes longer, with or without the tool
NOT_STATED = "scanner not stated"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to one study at a tool: how a dispatch ended, or what somebody said of the result.

    Two clocks: `at` is when it happened (the study was sent), `known_at` when Alarp knew it; a statistic "as known on
    a day" takes what was known by then. `corrects` names the outcome or agreement of the same study that this
    event takes back. Never anything about the patient.
    """

    event_id: str
    at: datetime
    known_at: datetime
    deployment: str
    route: str = ""
    station: str = ""
    manufacturer: str = ""
    model: str = ""
    software: str = ""
    outcome: str = ""
    reason: str = ""
    turnaround_s: float | None = None
    score: float | None = None
    decision: str = ""
    version: str = ""
    agreement: str = ""
    corrects: str = ""
    minutes_saved: float | None = None  # by a person's clock: what this study took less than without the tool

    @property
    def scanner(self) -> str:
        return scanner_name(self.manufacturer, self.model, self.station)


def scanner_name(manufacturer: str, model: str, station: str) -> str:
    """By which name does a chart call a scanner? Maker and model, and the station where there is one."""
    machine = " ".join(f"{manufacturer} {model}".split())
    place = " ".join(station.split())
    if machine and place:
        return f"{machine} ({place})"
    return machine or place or NOT_STATED


def against(event: Event, now: datetime) -> str:
    """Why can this event not be taken? Empty: it can. `now` is when it was delivered."""
    if event.at - now > CLOCKS_DIFFER:
        return f"it happened at {event.at:%Y-%m-%d %H:%M}, which lies ahead; correct the sender's clock."
    if event.known_at < event.at:
        return "it was known before it happened; correct one of its times."
    if event.score is not None and not np.isfinite(event.score):
        return "its score is not a number; leave it empty where there is none."
    if event.turnaround_s is not None and not (np.isfinite(event.turnaround_s) and event.turnaround_s >= 0):
        return "its turnaround is below 0 or not a number; leave it empty where it is not known."
    if event.minutes_saved is not None and not abs(event.minutes_saved) <= MOST_MINUTES:
        return f"its minutes saved are not a number, or more than {MOST_MINUTES:,.0f}; correct or leave it empty."
    return ""


def knowledge_time(now: datetime, last_known: datetime | None, at: datetime) -> datetime:
    """When do we say that we knew? Never before it happened, never before what we knew last.

    A clock that goes back must not write into a day that is closed: knowledge then stands still until the clock has
    caught up.
    """
    return max(now, at, *([last_known] if last_known else []))


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of names as whole numbers; -1 is no name."""

    codes: Ints
    names: tuple[str, ...]

    @classmethod
    def of(cls, values: Sequence[str]) -> Coded:
        names = tuple(sorted({v for v in values if v}))
        code = {name: i for i, name in enumerate(names)}
        return cls(np.array([code.get(v, -1) for v in values], dtype=np.int64), names)


@dataclass(frozen=True, slots=True)
class Columns:
    """Many events side by side: the day (ordinal) and hour where the hospital is, and a column for each field."""

    day: Ints
    hour: Ints
    scanner: Coded
    route: Coded
    outcome: Coded
    reason: Coded
    decision: Coded
    version: Coded
    software: Coded
    agreement: Coded
    corrects: Coded
    score: Floats
    turnaround_s: Floats

    def renumbered(self, day: Ints) -> Columns:
        """The same events as if they had happened on these days."""
        return replace(self, day=day)

    def __post_init__(self) -> None:
        for name in ("scanner", "route"):
            if len(self.day) and int(getattr(self, name).codes.min()) < 0:
                raise BadInput(f"An event names no {name}; say 'not stated' where it is not known.")


def columns_of(events: Iterable[Event], zone: tzinfo) -> Columns:
    """These events as columns, their days and hours told by the clock on the hospital's wall."""
    given = list(events)
    local = [event.at.astimezone(zone) for event in given]

    def coded(name: str, empty: str = "") -> Coded:
        return Coded.of([getattr(event, name) or empty for event in given])

    def numbers(name: str) -> Floats:
        return np.array(
            [np.nan if (v := getattr(event, name)) is None else v for event in given], dtype=np.float64
        )

    return Columns(
        day=np.array([at.date().toordinal() for at in local], dtype=np.int64),
        hour=np.array([at.hour for at in local], dtype=np.int64),
        scanner=coded("scanner"),
        route=coded("route", "closed"),
        outcome=coded("outcome"),
        reason=coded("reason"),
        decision=coded("decision"),
        version=coded("version"),
        software=coded("software"),
        agreement=coded("agreement"),
        corrects=coded("corrects"),
        score=numbers("score"),
        turnaround_s=numbers("turnaround_s"),
    )
