"""What do the pages of governance say? View models, tested without a browser."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from alarp.identity import OPTIONS
from alarp.standards.deidentification import load_named
from alarp.standards.governance import load_data_flow, load_readiness, load_responsibilities

STATE_WORDS = {"ready": "Ready", "planned": "Planned", "not-needed": "Not needed"}
VERDICTS = {True: ("✓", "passed"), False: ("✗", "did not pass"), None: ("–", "told, not judged")}


@dataclass(frozen=True)
class Line:
    """One question of governance on the overview: how it stands, and what it has become."""

    slug: str
    question: str
    href: str
    against: tuple[str, ...]
    done: str
    gate: str
    role: str
    evidence: Any
    issuable: bool

    @property
    def holds(self) -> bool:
        return not self.against


@dataclass(frozen=True)
class Overview:
    lines: tuple[Line, ...]

    @property
    def sentence(self) -> str:
        """'4 of 6 questions are answered; open: who answers, what patients are told.'"""
        open_ = [line for line in self.lines if not line.holds]
        text = f"{len(self.lines) - len(open_)} of {len(self.lines)} questions are answered"
        return text + ("." if not open_ else f"; next: {open_[0].against[0]}")


@dataclass(frozen=True)
class Answer:
    """One step of the matrix: who answers, who that is here, who is consulted."""

    step: str
    asks: str
    party: str
    here: str
    marks: tuple[str, ...]  # one per party: 'answers', 'consulted' or ''
    source: str


@dataclass(frozen=True)
class Matrix:
    parties: tuple[str, ...]
    answers: tuple[Answer, ...]


def matrix(rows: Iterable[Mapping[str, Any]], template: str) -> Matrix:
    """Who answers at each step, as a grid of parties."""
    known = load_responsibilities(template)
    steps = {step.slug: step for step in known.steps}

    def marks(row: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(
            "answers" if p.slug == row["accountable"] else "consulted" if p.slug in row["consulted"] else ""
            for p in known.parties
        )

    answers = tuple(
        Answer(
            step=steps[row["step"]].title,
            asks=steps[row["step"]].asks,
            party=known.title(row["accountable"]),
            here=row["here"],
            marks=marks(row),
            source=steps[row["step"]].source,
        )
        for row in rows
    )
    return Matrix(tuple(p.title for p in known.parties), answers)


@dataclass(frozen=True)
class Leg:
    """One direction: how much really went, where it goes, and what is recorded of it."""

    title: str
    objects: int
    size: str
    fields: tuple[tuple[str, str], ...]
    missing: int


def legs(recorded: Mapping[str, Mapping[str, str]], volumes: Mapping[str, Any]) -> tuple[Leg, ...]:
    """Both legs of the round trip with what the ledger counted."""
    form = load_data_flow()
    found = []
    for leg in form.legs:
        known = recorded.get(leg.slug, {})
        fields = tuple((field.title, known.get(field.slug, "")) for field in form.fields)
        volume = volumes[leg.slug]
        found.append(
            Leg(
                leg.title,
                volume.objects,
                size_words(volume.size_bytes),
                fields,
                sum(not value for _, value in fields),
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class Profile:
    """By which named set of de-identification options do images go out, and what does it keep?"""

    name: str
    version: int
    options: str
    purpose: str


def profile(name: str) -> Profile:
    held, _ = load_named(name)
    options = ", ".join(f"{option} {OPTIONS[option][0]}" for option in held.options)
    return Profile(held.name, held.version, options or "no options", held.purpose)


def size_words(size_bytes: int) -> str:
    """'1.2 GB', '340 MB', '12 KB': in powers of a thousand."""
    size = float(size_bytes)
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:,.0f} {unit}" if unit in {"bytes", "KB"} or size >= 100 else f"{size:,.1f} {unit}"
        size /= 1000
    raise AssertionError("unreachable")


@dataclass(frozen=True)
class Point:
    """One point of the checklist."""

    title: str
    asks: str
    state: str
    words: str
    note: str


def points(answers: Mapping[str, Mapping[str, str]], today: date) -> tuple[Point, ...]:
    """How each point stands, and which plan is overdue."""
    found = []
    for item in load_readiness():
        known = answers.get(item.slug)
        if known is None:
            found.append(Point(item.title, item.asks, "open", "Not answered", ""))
            continue
        words = STATE_WORDS[known["state"]]
        state = known["state"]
        if known["due"]:
            late = date.fromisoformat(known["due"]) < today
            state = "late" if late else state
            words = f"{words} for {known['due']}" + (", overdue" if late else "")
        found.append(Point(item.title, item.asks, state, words, known["note"]))
    return tuple(found)


@dataclass(frozen=True)
class Finding:
    """One finding of a self-test."""

    sign: str
    word: str
    about: str
    sentence: str
    figure: str


@dataclass(frozen=True)
class Report:
    """One self-test: when, by whom, and what it found."""

    number: int
    asked_by: str
    asked_at: datetime
    measured_at: datetime | None
    passed: bool | None
    findings: tuple[Finding, ...]
    evidence: Any
    note: str

    @property
    def sentence(self) -> str:
        """'9 of 10 judged findings passed.'"""
        if self.passed is None:
            return "Under way: a worker of the gateway looks at each connection. Load the page again."
        judged = [f for f in self.findings if f.word != VERDICTS[None][1]]
        good = sum(f.word == VERDICTS[True][1] for f in judged)
        return f"{good} of {len(judged)} judged findings passed."


def report(test: Any, figure: Any) -> Report:
    """A self-test with its report, where there is one already."""
    made = getattr(test, "report", None)
    findings: Sequence[Mapping[str, Any]] = made.findings if made else ()
    return Report(
        number=test.number,
        asked_by=str(test.by),
        asked_at=test.at,
        measured_at=made.measured_at if made else None,
        passed=made.passed if made else None,
        findings=tuple(
            Finding(*VERDICTS[f["passed"]], about=f["about"], sentence=f["sentence"], figure=figure(f))
            for f in findings
        ),
        evidence=made.evidence if made else None,
        note=made.note if made else "",
    )
