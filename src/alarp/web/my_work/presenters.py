"""What waits for the person who looks, and what ends soon? One line each, the longest wait and the soonest end first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from alarp.web import shapes

# What kind of work a line is, in a word that a person knows.
ALERT, HOLD, SIGNATURE, CRITERION = "Alert", "Safety hold", "Signature", "Evidence"
EVALUATION, TRAINING = "Evaluation", "Training"


@dataclass(frozen=True)
class Waits:
    """One thing that somebody has to do: what, where, since when."""

    kind: str
    text: str
    about: str
    href: str
    since: datetime
    days: int

    @property
    def wait(self) -> str:
        return "today" if self.days == 0 else shapes.days(self.days)

    @property
    def long(self) -> bool:
        return self.days >= shapes.LONG_DAYS


@dataclass(frozen=True)
class Ends:
    """One thing that ends soon, or has ended with nothing to follow it."""

    kind: str
    text: str
    href: str
    on: date
    days_left: int

    @property
    def when(self) -> str:
        if self.days_left < 0:
            return f"{shapes.days(-self.days_left)} ago"
        return "today" if self.days_left == 0 else f"in {shapes.days(self.days_left)}"


@dataclass(frozen=True)
class MyWork:
    waits: tuple[Waits, ...]
    ends: tuple[Ends, ...]
    within_days: int

    @property
    def lead(self) -> str:
        """'3 things wait for you, the oldest for 12 days. 1 thing ends within 60 days.'"""
        if not self.waits:
            text = "Nothing waits for you."
        else:
            oldest = max(w.days for w in self.waits)
            verb = "thing waits" if len(self.waits) == 1 else "things wait"
            since = "since today" if oldest == 0 else f"the oldest for {shapes.days(oldest)}"
            text = f"{len(self.waits)} {verb} for you, {since}."
        if not self.ends:
            return f"{text} Nothing ends within {self.within_days} days."
        verb = "thing ends" if len(self.ends) == 1 else "things end"
        return f"{text} {len(self.ends)} {verb} within {self.within_days} days or {'has' if len(self.ends) == 1 else 'have'} ended."


def my_work(waits: Iterable[Waits], ends: Iterable[Ends], within_days: int) -> MyWork:
    """The page, sorted: who waits longest first; what ends soonest first."""
    return MyWork(
        tuple(sorted(waits, key=lambda w: (w.since, w.kind, w.text))),
        tuple(sorted(ends, key=lambda e: (e.on, e.kind, e.text))),
        within_days,
    )
