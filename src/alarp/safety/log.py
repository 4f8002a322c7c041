"""How does the whole log stand? Counts by cell and by level, before and after the controls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from alarp.safety.hazard import Category, Hazard, Status
from alarp.safety.scheme import RiskScheme, Score


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the matrix: its level, and which hazards lie in it."""

    severity: int
    likelihood: int
    level: int
    hazards: tuple[str, ...]

    @property
    def count(self) -> int:
        return len(self.hazards)


@dataclass(frozen=True, slots=True)
class Matrix:
    """All cells of the scheme with the hazards in them, the most likely row first."""

    rows: tuple[tuple[Cell, ...], ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        return tuple(cell for row in self.rows for cell in row)

    def at_level(self, level: int) -> int:
        """How many hazards have this level?"""
        return sum(cell.count for cell in self.cells if cell.level == level)

    @property
    def total(self) -> int:
        return sum(cell.count for cell in self.cells)


def matrix(scheme: RiskScheme, scores: Iterable[tuple[str, Score | None]]) -> Matrix:
    """Which hazards lie in which cell? Those without a score lie in none."""
    inside: dict[tuple[int, int], list[str]] = {}
    for number, score in scores:
        if score is not None:
            inside.setdefault(score.cell, []).append(number)

    def cell(severity: int, likelihood: int) -> Cell:
        level = scheme.grid[likelihood - 1][severity - 1]
        return Cell(severity, likelihood, level, tuple(inside.get((severity, likelihood), ())))

    columns = sorted(step.level for step in scheme.severities)
    steps = sorted((step.level for step in scheme.likelihoods), reverse=True)
    return Matrix(tuple(tuple(cell(s, likelihood) for s in columns) for likelihood in steps))


def initial_matrix(hazards: Iterable[Hazard], scheme: RiskScheme) -> Matrix:
    """Where did the hazards lie before the added controls?"""
    return matrix(scheme, ((h.number, h.initial) for h in hazards))


def residual_matrix(hazards: Iterable[Hazard], scheme: RiskScheme) -> Matrix:
    """Where do they lie now? One that was re-opened lies at its initial risk until it is scored again."""
    return matrix(scheme, ((h.number, h.standing) for h in hazards))


def levels(found: Matrix, scheme: RiskScheme) -> dict[int, int]:
    """How many hazards have each level, highest first?"""
    return {rule.level: found.at_level(rule.level) for rule in sorted(scheme.rules, key=lambda r: -r.level)}


def unscored(hazards: Iterable[Hazard]) -> tuple[str, ...]:
    return tuple(h.number for h in hazards if not h.scored and not h.set_aside)


def unwatched(hazards: Iterable[Hazard]) -> tuple[str, ...]:
    return tuple(h.number for h in hazards if not h.monitors and not h.set_aside)


def untested(hazards: Iterable[Hazard]) -> tuple[str, ...]:
    """Which hazards does no test address? (a testing programme should address each: guidance 6.1)"""
    return tuple(
        h.number
        for h in hazards
        if not h.set_aside and not any(c.category is Category.TEST or c.mechanism == 2 for c in h.controls)
    )


def of_status(hazards: Iterable[Hazard], status: Status) -> tuple[Hazard, ...]:
    return tuple(h for h in hazards if h.status is status)
