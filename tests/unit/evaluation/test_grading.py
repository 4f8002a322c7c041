"""A claim's level follows from its evidence by stated rules, one facet at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alarp.evaluation.grading import (
    About,
    Comparator,
    Finding,
    Grade,
    Independence,
    Level,
    Piece,
    Population,
    finding_of,
    grade,
    judge,
)
from alarp.kernel import Design, Measure

SOUND = Piece(
    title="Local evaluation",
    design=Design.RETROSPECTIVE,
    population=Population.SAME,
    independence=Independence.INDEPENDENT,
    size=120,
    comparator=Comparator.TRUTH,
    finding=Finding.KEPT,
)
WEAKENED = {
    "design": replace(SOUND, design=Design.DOCUMENT),
    "population": replace(SOUND, population=Population.PARTLY),
    "independence": replace(SOUND, independence=Independence.SUPPLIER),
    "size": replace(SOUND, size=19),
    "comparator": replace(SOUND, comparator=Comparator.ANOTHER_AI),
}


def level(*pieces: Piece, about: About = About.PERFORMANCE) -> Level:
    return grade(pieces, about).level


def test_a_claim_without_evidence_is_unsupported_and_says_so() -> None:
    assert grade([]) == Grade(Level.UNSUPPORTED, "No evidence is linked to it.", ())


def test_one_sound_piece_that_found_it_kept_supports_a_claim() -> None:
    assert level(SOUND) is Level.SUPPORTED


@pytest.mark.parametrize("facet", WEAKENED)
def test_each_of_the_five_facets_alone_takes_full_support_away_and_is_named(facet: str) -> None:
    found = grade([WEAKENED[facet]])
    assert found.level is Level.PARTLY
    assert found.because == f"“Local evaluation” found it kept, but {facet} does not hold."
    assert judge(WEAKENED[facet]).lacking == (facet,)


def test_a_sound_piece_against_it_outweighs_any_support() -> None:
    against = replace(SOUND, title="Silent run", finding=Finding.BROKEN)
    assert level(SOUND, replace(SOUND, design=Design.TRIAL, size=9000), against) is Level.CONTRADICTED


def test_a_weak_piece_against_it_makes_full_support_partial() -> None:
    against = replace(WEAKENED["size"], title="Pilot", finding=Finding.BROKEN)
    found = grade([SOUND, against])
    assert (found.level, found.because) == (
        Level.PARTLY,
        "“Local evaluation” found it kept, “Pilot” found it broken.",
    )


def test_a_weak_piece_against_it_alone_does_not_contradict_it() -> None:
    assert level(replace(WEAKENED["size"], finding=Finding.BROKEN)) is Level.UNSUPPORTED


def test_a_claim_about_an_effect_is_not_fully_supported_by_stored_cases() -> None:
    assert level(SOUND, about=About.EFFECT) is Level.PARTLY
    assert level(replace(SOUND, design=Design.PROSPECTIVE), about=About.EFFECT) is Level.SUPPORTED


def test_evidence_that_cannot_tell_supports_nothing() -> None:
    assert level(replace(SOUND, finding=Finding.UNCLEAR)) is Level.UNSUPPORTED


def test_the_protocols_own_number_of_cases_decides_what_is_enough() -> None:
    assert level(replace(SOUND, size=6, least_cases=5)) is Level.SUPPORTED
    assert level(replace(SOUND, size=None)) is Level.PARTLY


def measured(estimate: float | None, low: float | None, high: float | None) -> Measure:
    return Measure("dice", estimate, low, high, n=40)


@pytest.mark.parametrize(
    ("estimate", "low", "high", "at_least", "found"),
    [
        (0.97, 0.95, 0.98, True, Finding.KEPT),
        (0.96, 0.94, 0.98, True, Finding.UNCLEAR),
        (0.81, 0.78, 0.84, True, Finding.BROKEN),
        (0.81, None, None, True, Finding.UNCLEAR),
        (None, None, None, True, Finding.UNCLEAR),
        (2.0, 1.5, 2.5, False, Finding.KEPT),
        (3.0, 2.6, 3.4, False, Finding.BROKEN),
    ],
)
def test_a_figure_is_broken_only_where_the_whole_interval_lies_on_the_wrong_side(
    estimate: float | None, low: float | None, high: float | None, at_least: bool, found: Finding
) -> None:
    limit = 0.97 if at_least else 2.5
    assert finding_of(measured(estimate, low, high), limit, at_least=at_least) is found
