"""How well is a supplier's claim supported? Five facets of each piece of evidence, and one of four levels.

There is no score: a claim is supported, partly supported, contradicted or unsupported, by the rules below, and the
facets stand beside the level so that everybody sees why. The facets are those by which need P01 asks claims to be
judged: design, population, independence, size and comparator.

A piece of evidence is *sound* when all five facets hold:

- design: a study (retrospective, silent prospective, prospective, trial), not a document; and for a claim about an
  effect on patients or the service, a prospective one or a trial, since stored cases show no effect;
- population: the patients are those whom the claim, or this Trust, means;
- independence: nobody who sells the tool made it;
- size: at least as many cases as its protocol asks for, or 20 where no protocol says;
- comparator: it was held against people's work or a known truth, not against nothing and not against another AI.

The level follows, the first rule that fits:

1. a sound piece found the claim broken: contradicted;
2. a sound piece found it kept, and no piece found it broken: supported;
3. some piece found it kept: partly supported (too weak a piece, or pieces that disagree);
4. otherwise: unsupported.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from alarp.kernel import Design, Measure

LEAST_CASES = 20
_PROSPECTIVE = (Design.SILENT_PROSPECTIVE, Design.PROSPECTIVE, Design.TRIAL)


class About(StrEnum):
    """What does the claim speak of?"""

    PERFORMANCE = "performance"  # how well the tool finds or draws
    EFFECT = "effect"  # what changes for patients or the service


class Population(StrEnum):
    """Are the patients of the evidence those of the claim?"""

    SAME = "same"
    PARTLY = "partly"
    DIFFERENT = "different"
    NOT_STATED = "not-stated"


class Independence(StrEnum):
    """Who made the evidence?"""

    INDEPENDENT = "independent"
    SHARED = "shared"  # the supplier paid for it or wrote with them
    SUPPLIER = "supplier"
    NOT_STATED = "not-stated"


class Comparator(StrEnum):
    """Against what was the tool held?"""

    TRUTH = "truth"  # a reference standard made by people, or known by construction
    PRACTICE = "practice"  # the same work without the tool
    ANOTHER_AI = "another-ai"
    NONE = "none"


class Finding(StrEnum):
    """Was the claim kept in this piece of evidence?"""

    KEPT = "kept"
    BROKEN = "broken"
    UNCLEAR = "unclear"


class Level(StrEnum):
    """How well is the claim supported? From best to worst."""

    SUPPORTED = "supported"
    PARTLY = "partly supported"
    UNSUPPORTED = "unsupported"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of evidence for or against a claim. `least_cases` is what its protocol asks for."""

    title: str
    design: Design
    population: Population
    independence: Independence
    size: int | None
    comparator: Comparator
    finding: Finding
    least_cases: int = LEAST_CASES


@dataclass(frozen=True, slots=True)
class Facet:
    """One of the five: how it reads, whether it holds."""

    name: str
    reading: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """One piece with its five facets."""

    piece: Piece
    facets: tuple[Facet, ...]

    @property
    def sound(self) -> bool:
        """Do all five facets hold?"""
        return all(facet.holds for facet in self.facets)

    @property
    def lacking(self) -> tuple[str, ...]:
        """Which facets do not hold?"""
        return tuple(facet.name for facet in self.facets if not facet.holds)


@dataclass(frozen=True, slots=True)
class Grade:
    """The level, the reason in one sentence, and every piece with its facets."""

    level: Level
    because: str
    pieces: tuple[Judged, ...]


def finding_of(measure: Measure, limit: float, *, at_least: bool) -> Finding:
    """Was a claimed figure kept by what was measured?

    Kept when the estimate reaches the figure; broken when the whole interval lies on the wrong side of it; unclear
    when the estimate falls short but the interval still holds the figure, or when there is no interval or estimate.
    """
    if measure.estimate is None:
        return Finding.UNCLEAR
    if measure.estimate >= limit if at_least else measure.estimate <= limit:
        return Finding.KEPT
    bound = measure.high if at_least else measure.low
    if bound is None:
        return Finding.UNCLEAR
    return Finding.BROKEN if (bound < limit if at_least else bound > limit) else Finding.UNCLEAR


def judge(piece: Piece, about: About = About.PERFORMANCE) -> Judged:
    """How does this piece stand on each of the five facets?"""
    return Judged(
        piece,
        (
            _design(piece.design, about),
            Facet("population", _POPULATION[piece.population], piece.population is Population.SAME),
            Facet(
                "independence",
                _INDEPENDENCE[piece.independence],
                piece.independence is Independence.INDEPENDENT,
            ),
            _size(piece),
            Facet(
                "comparator",
                _COMPARATOR[piece.comparator],
                piece.comparator in (Comparator.TRUTH, Comparator.PRACTICE),
            ),
        ),
    )


def grade(pieces: Iterable[Piece], about: About = About.PERFORMANCE) -> Grade:
    """How well is the claim supported by these pieces? See the rules at the head of this module."""
    judged = tuple(judge(piece, about) for piece in pieces)
    kept = [j for j in judged if j.piece.finding is Finding.KEPT]
    broken = [j for j in judged if j.piece.finding is Finding.BROKEN]
    sound_against = next((j for j in broken if j.sound), None)
    sound_for = next((j for j in kept if j.sound), None)
    if sound_against is not None:
        return Grade(Level.CONTRADICTED, f"“{sound_against.piece.title}” found it broken.", judged)
    if sound_for is not None and not broken:
        return Grade(Level.SUPPORTED, f"“{sound_for.piece.title}” found it kept.", judged)
    if kept and broken:
        because = f"“{kept[0].piece.title}” found it kept, “{broken[0].piece.title}” found it broken."
        return Grade(Level.PARTLY, because, judged)
    if kept:
        best = min(kept, key=lambda j: len(j.lacking))
        because = (
            f"“{best.piece.title}” found it kept, but {_and(best.lacking)} {_verb(best.lacking)} not hold."
        )
        return Grade(Level.PARTLY, because, judged)
    return Grade(Level.UNSUPPORTED, _nothing(judged, broken), judged)


def _nothing(judged: tuple[Judged, ...], broken: list[Judged]) -> str:
    if broken:
        lacking = broken[0].lacking
        return f"Nothing found it kept; “{broken[0].piece.title}” found it broken, but {_and(lacking)} {_verb(lacking)} not hold."
    if judged:
        return "What is linked does not say whether it was kept."
    return "No evidence is linked to it."


def _design(design: Design, about: About) -> Facet:
    reading = design.value.replace("-", " ")
    if about is About.EFFECT:
        return Facet("design", reading, design in _PROSPECTIVE)
    return Facet("design", reading, design is not Design.DOCUMENT)


def _size(piece: Piece) -> Facet:
    if piece.size is None:
        return Facet("size", "number of cases not stated", False)
    enough = piece.size >= piece.least_cases
    reading = f"n = {piece.size:,}"
    return Facet("size", reading if enough else f"{reading}, fewer than {piece.least_cases}", enough)


def _and(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def _verb(names: tuple[str, ...]) -> str:
    return "does" if len(names) == 1 else "do"


_POPULATION = {
    Population.SAME: "the same patients",
    Population.PARTLY: "partly the same patients",
    Population.DIFFERENT: "other patients",
    Population.NOT_STATED: "patients not stated",
}
_INDEPENDENCE = {
    Independence.INDEPENDENT: "independent",
    Independence.SHARED: "with the supplier",
    Independence.SUPPLIER: "the supplier's own",
    Independence.NOT_STATED: "makers not stated",
}
_COMPARATOR = {
    Comparator.TRUTH: "against a reference standard",
    Comparator.PRACTICE: "against present practice",
    Comparator.ANOTHER_AI: "against another AI",
    Comparator.NONE: "against nothing",
}
