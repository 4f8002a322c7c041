"""The shapes that recur on many pages, as data: each is drawn by one macro of components/shapes.jinja."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from alarp.kernel import Measure, RouteState

LONG_DAYS = 7  # from here on a waiting chip is marked

PASSED, NEXT, REOPENED, AHEAD = "passed", "next", "reopened", "ahead"
STATION_WORDS = {PASSED: "passed", NEXT: "next", REOPENED: "re-opened", AHEAD: "not yet"}


@dataclass(frozen=True)
class Station:
    """One gate on the gate line."""

    title: str
    slug: str
    state: str
    href: str = ""

    @property
    def words(self) -> str:
        return STATION_WORDS[self.state]


def gate_line(
    gates: Iterable[Any],
    statuses: Mapping[str, str],
    next_gate: str | None,
    hrefs: Mapping[str, str] | None = None,
) -> tuple[Station, ...]:
    """Which gates are passed, which is next, which was re-opened? In the order of the pathway."""
    hrefs = hrefs or {}

    def state(slug: str) -> str:
        status = statuses.get(slug, "shut")
        if status == "open":
            return PASSED
        if status == "re-opened":
            return REOPENED
        return NEXT if slug == next_gate else AHEAD

    return tuple(Station(g.title, g.slug, state(g.slug), hrefs.get(g.slug, "")) for g in gates)


def days(number: int) -> str:
    """'1 day', '3 days'."""
    return f"{number} day" if number == 1 else f"{number} days"


@dataclass(frozen=True)
class Waiting:
    """Who has to act, and for how many days already."""

    role: str
    days: int

    @property
    def long(self) -> bool:
        return self.days >= LONG_DAYS

    @property
    def since(self) -> str:
        return "since today" if self.days == 0 else days(self.days)


@dataclass(frozen=True)
class RouteSwitch:
    """What the gateway may do now, and why."""

    state: RouteState
    reason: str
    held: bool = False

    @property
    def sign(self) -> str:
        """The style of the sign: a safety hold looks different from a route that was never open."""
        return "held" if self.held else self.state.value

    @property
    def word(self) -> str:
        return "Closed by a safety hold" if self.held else self.state.value.capitalize()


@dataclass(frozen=True)
class Number:
    """A measure as a person reads it: the figure, and how sure we are of it out of how many."""

    figure: str
    rest: str


# Measures that are a share of 1 are read in per cent; the others carry their unit in their name.
SHARES = frozenset(
    {
        "sensitivity",
        "specificity",
        "ppv",
        "npv",
        "positive_predictive_value",
        "negative_predictive_value",
        "failure_rate",
        "prevalence",
        "accuracy",
        "flag_rate",
    }
)


def is_share(name: str) -> bool:
    return name in SHARES or name.endswith(("_rate", "_share", "_proportion"))


def number(measure: Measure) -> Number:
    """'94 %' and '(91-96), 312 of 332, Wilson'."""
    if measure.estimate is None:
        return Number("not measurable", measure.because)
    sentence = measure.sentence(per_cent=is_share(measure.measure))
    figure, _, rest = sentence.partition(" (") if " (" in sentence else sentence.partition(", ")
    return Number(figure, f"({rest}" if " (" in sentence else rest)


@dataclass(frozen=True)
class EvidenceCard:
    """One piece of evidence as a card: what, who, when, until when, under which hash."""

    title: str
    kind: str
    sha256: str
    author: str
    organisation: str
    design: str
    dated: date
    received_at: datetime
    expires_on: date | None
    version: str
    has_document: bool
    document_name: str
    numbers: tuple[tuple[str, Number], ...]
    trouble: str

    @property
    def short_hash(self) -> str:
        return self.sha256[:12]


def words(slug: str) -> str:
    """A stored name as a person says it: 'hd95_mm' → 'hd95 mm', 'safety-case' → 'safety case'."""
    return slug.replace("-", " ").replace("_", " ")


def headline_numbers(body: Mapping[str, Any], most: int = 4) -> tuple[tuple[str, Number], ...]:
    """The first few measures over all cases in an evaluation's result."""
    if not body.get("measures"):
        return ()
    from alarp.evaluation.pieces import name_of  # brings scipy: only where there are numbers

    rows = [row for row in body.get("measures", ()) if row.get("subgroup", "all") == "all"]
    return tuple((name_of(row["measure"]), number(as_measure(row))) for row in rows[:most])


def as_measure(row: Mapping[str, Any]) -> Measure:
    """A row of result.json as the measure it was written from."""
    return Measure(**{name: row[name] for name in Measure.__dataclass_fields__ if name in row})


def trouble_with(evidence: Any, today: date) -> str:
    """Why this evidence no longer stands, in one sentence; empty when it does."""
    withdrawal = getattr(evidence, "withdrawal", None)
    if withdrawal is not None:
        return f"Withdrawn by {withdrawal.by}: {withdrawal.reason}"
    newer = evidence.superseded_by.first()
    if newer is not None:
        return f"Superseded by “{newer.title}”"
    if evidence.expires_on is not None and evidence.expires_on < today:
        return f"Expired on {evidence.expires_on.day} {evidence.expires_on:%B %Y}"
    return ""


def evidence_card(evidence: Any, today: date) -> EvidenceCard:
    """The card of one row of evidence."""
    return EvidenceCard(
        title=evidence.title,
        kind=words(evidence.kind),
        sha256=evidence.sha256,
        author=str(evidence.author),
        organisation=str(evidence.organisation),
        design=words(evidence.design),
        dated=evidence.dated,
        received_at=evidence.received_at,
        expires_on=evidence.expires_on,
        version=str(evidence.version),
        has_document=bool(evidence.document_sha256),
        document_name=evidence.document_name,
        numbers=headline_numbers(evidence.body) if isinstance(evidence.body, dict) else (),
        trouble=trouble_with(evidence, today),
    )
