"""What was claimed, how well does it stand, what did they decline to say? For the page, and for a glance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from alarp.records.products.claims import GradedClaim, as_measure
from alarp.records.products.diligence import Asked
from alarp.web import shapes
from alarp.web.products.presenters import ClaimLine, claim_line

FINDING_WORDS = {"kept": "✓ kept", "broken": "✕ broken", "unclear": "? does not tell"}
OUTCOME_SIGNS = {"answered": "✓", "declined": "✕", "not-asked": "○"}
OUTCOME_COLOURS = {"answered": "green", "declined": "red", "not-asked": "grey"}


@dataclass(frozen=True)
class FacetCell:
    reading: str
    holds: bool

    @property
    def sign(self) -> str:
        return "✓" if self.holds else "✕"


@dataclass(frozen=True)
class Piece:
    """One piece of evidence beside a claim."""

    title: str
    sha256: str
    finding: str
    found: str
    facets: tuple[FacetCell, ...]


@dataclass(frozen=True)
class ClaimRow:
    """One claim with everything that speaks for and against it."""

    pk: int
    line: ClaimLine
    source: str
    population: str
    threshold: str
    picture: str
    pieces: tuple[Piece, ...]
    fallen: tuple[str, ...]
    word: str
    word_by: str
    settled: bool


def claim_row(one: GradedClaim) -> ClaimRow:
    """A claim as the claims table shows it."""
    from alarp.report.promise import promise_against_finding  # brings the chart library

    claim, link, measure = one.claim, one.local, one.local_measure
    picture = ""
    if measure is not None and link is not None and claim.figure is not None:
        picture = promise_against_finding(
            measure, claim.figure, at_least=claim.at_least, finding=link.finding
        )
    return ClaimRow(
        pk=claim.pk,
        line=claim_line(one),
        source=claim.source,
        population=claim.population,
        threshold=claim.threshold,
        picture=picture,
        pieces=tuple(
            Piece(
                row.evidence.title,
                row.evidence.sha256,
                FINDING_WORDS[row.finding],
                as_measure(row).sentence() if row.measured else row.found,
                tuple(FacetCell(facet.reading, facet.holds) for facet in judged.facets),
            )
            for row, judged in zip(one.links, one.grade.pieces, strict=True)
        ),
        fallen=tuple(row.evidence.title for row in one.fallen),
        word=one.mark.word if one.mark else "",
        word_by=str(one.mark.by) if one.mark else "",
        settled=one.settled,
    )


@dataclass(frozen=True)
class ClaimsTable:
    rows: tuple[ClaimRow, ...]

    @property
    def open(self) -> int:
        return sum(not row.settled for row in self.rows)

    @property
    def sentence(self) -> str:
        """'3 claims: 1 supported, 1 contradicted, 1 nobody has looked at.'"""
        if not self.rows:
            return "No claim is written down yet. Ask the supplier what they claim, and where."
        levels = [row.line.level for row in self.rows if row.settled]
        counted = [f"{levels.count(level)} {level}" for level in dict.fromkeys(sorted(levels))]
        if self.open:
            counted.append(f"{self.open} that nobody has looked at")
        return f"{len(self.rows)} {'claim' if len(self.rows) == 1 else 'claims'}: {', '.join(counted)}."

    @property
    def contradicted(self) -> tuple[ClaimRow, ...]:
        return tuple(row for row in self.rows if row.line.level == "contradicted")


@dataclass(frozen=True)
class AnswerLine:
    """One question with what came back."""

    slug: str
    asks: str
    least: str
    answered_by: str
    required: bool
    outcome: str
    text: str
    who: str
    when: datetime | None
    declined_before: datetime | None
    accepted_by: str
    accepted_because: str
    against: str
    source: str

    @property
    def words(self) -> str:
        return shapes.words(self.outcome)

    @property
    def sign(self) -> str:
        return OUTCOME_SIGNS[self.outcome]

    @property
    def colour(self) -> str:
        return OUTCOME_COLOURS[self.outcome]


def answer_line(one: Asked) -> AnswerLine:
    """A question as the pages show it."""
    answer, accepted, before = one.answer, one.acceptance, one.declined_before
    return AnswerLine(
        slug=one.question.slug,
        asks=one.question.asks,
        least=one.question.least,
        answered_by=one.question.answered_by,
        required=one.question.required,
        outcome=one.outcome,
        text=answer.text if answer else "",
        who=(answer.said_by or str(answer.given_by)) if answer else "",
        when=answer.given_at if answer else None,
        declined_before=before.given_at if before else None,
        accepted_by=str(accepted.by) if accepted else "",
        accepted_because=accepted.reason if accepted else "",
        against=one.against,
        source=one.question.source,
    )


@dataclass(frozen=True)
class Diligence:
    """The questions by topic."""

    topics: tuple[tuple[str, tuple[AnswerLine, ...]], ...]

    @property
    def lines(self) -> tuple[AnswerLine, ...]:
        return tuple(line for _, lines in self.topics for line in lines)

    def count(self, outcome: str) -> int:
        return sum(line.outcome == outcome for line in self.lines)

    @property
    def open(self) -> int:
        return sum(bool(line.against) for line in self.lines)

    @property
    def sentence(self) -> str:
        """'20 of 23 answered, 2 declined, 1 not asked.'"""
        return (
            f"{self.count('answered')} of {len(self.lines)} answered, {self.count('declined')} declined, "
            f"{self.count('not-asked')} not asked."
        )


def diligence(asked: Iterable[Asked]) -> Diligence:
    """All questions, by topic, in the order of the set."""
    asked = tuple(asked)
    topics = dict.fromkeys(one.question.topic for one in asked)
    return Diligence(
        tuple((t, tuple(answer_line(one) for one in asked if one.question.topic == t)) for t in topics)
    )


@dataclass(frozen=True)
class Compared:
    """The same questions to several suppliers: one column a version."""

    columns: tuple[tuple[str, str, str], ...]  # product slug, version, supplier
    rows: tuple[tuple[AnswerLine, ...], ...]
    declined: tuple[int, ...]
    answered: tuple[int, ...]


def compared(versions: Sequence[tuple[str, str, str]], asked: Sequence[Sequence[Asked]]) -> Compared:
    """One row a question; who declines most stands out in the last line."""
    columns = [[answer_line(one) for one in column] for column in asked]
    return Compared(
        columns=tuple(versions),
        rows=tuple(zip(*columns, strict=True)) if columns else (),
        declined=tuple(sum(line.outcome == "declined" for line in column) for column in columns),
        answered=tuple(sum(line.outcome == "answered" for line in column) for column in columns),
    )
