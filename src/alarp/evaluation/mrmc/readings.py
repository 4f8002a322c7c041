"""Who read what, what did they say, and what became of every case?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

import numpy as np

from alarp.evaluation.intervals import BoolArray, Codes, FloatArray
from alarp.evaluation.mrmc.wins import Wins, of_cases, of_flags, of_lesions

WORST = "worst_case"  # the primary analysis: no answer counts as wrong, whichever the truth
BEST = "best_case"
AS_TREATED = "as_treated"


@dataclass(frozen=True, slots=True)
class Readings:
    """All readings of the cases whose truth is known: G groups (modality, reader) by K cases.

    `read`: was the case given to this group? `silent`: given, and no usable answer came. `patient` (K) is None when
    every case is a patient of its own. `outcomes` counts every enrolled case once. `subgroups`: for each subgroup the
    label of every case.
    """

    pairs: tuple[tuple[str, str], ...]
    cases: tuple[str, ...]
    diseased: BoolArray
    read: BoolArray
    silent: BoolArray
    patient: Codes | None
    profession: Mapping[str, str]
    outcomes: dict[str, int]
    subgroups: Mapping[str, tuple[str, ...]] = field(default_factory=dict, kw_only=True)


@dataclass(frozen=True, slots=True)
class Rated(Readings):
    """One rating a reading: `rating` (G, K), NaN where there is none; more means disease."""

    rating: FloatArray = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Marked(Readings):
    """Any number of marks a reading. `false` (G, K): the highest rating of a mark that hit no lesion, -inf without
    one. `lesion` (G, L): the rating of the mark on each lesion, -inf where it was missed; `lesion_case`, `weight` (L).
    `false_marks`: for each group every such rating with its case."""

    false: FloatArray = field(kw_only=True)
    lesion: FloatArray = field(kw_only=True)
    lesion_case: Codes = field(kw_only=True)
    weight: FloatArray = field(kw_only=True)
    false_marks: tuple[tuple[FloatArray, Codes], ...] = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Contest:
    """What the engine needs: the wins, who read which diseased and healthy case, and the patients."""

    wins: Wins
    read: tuple[BoolArray, BoolArray]
    clusters: Codes | None


def chosen(readings: Rated | Marked, groups: Sequence[int]) -> Rated | Marked:
    """The same for some of the groups."""
    own = list(groups)
    base = replace(
        readings,
        pairs=tuple(readings.pairs[g] for g in own),
        read=readings.read[own],
        silent=readings.silent[own],
    )
    if isinstance(base, Rated):
        return replace(base, rating=base.rating[own])
    marks = tuple(base.false_marks[g] for g in own)
    return replace(base, false=base.false[own], lesion=base.lesion[own], false_marks=marks)


def contest(
    readings: Rated | Marked,
    *,
    endpoint: str,
    threshold: float | None,
    rule: str = WORST,
    crossed: bool = True,
) -> Contest:
    """Which contest do these readings make for this endpoint?

    A reading without an answer loses every contest (worst case, the primary analysis) or wins every one (best case);
    as treated it is left out: with crossed readers its case, otherwise only the reading.
    """
    read = readings.read
    if rule == AS_TREATED and readings.silent.any():
        if crossed:
            readings = without(readings, np.any(readings.silent, axis=0))
            read = readings.read
        else:
            read = read & ~readings.silent
    answered = _answered(readings, best=rule == BEST)
    wins = _wins(answered, endpoint, threshold)
    ill = _read_by(read, wins.diseased_case, wins.m)
    well = _read_by(read, wins.healthy_case, wins.n)
    return Contest(wins, (ill, well), readings.patient)


def _read_by(read: BoolArray, cases: Codes | None, length: int) -> BoolArray:
    return np.ones((len(read), length), dtype=bool) if cases is None else read[:, cases]


def without(readings: Rated | Marked, lost: BoolArray) -> Rated | Marked:
    """The same without these cases."""
    keep = np.flatnonzero(~lost)
    base = replace(
        readings,
        cases=tuple(readings.cases[k] for k in keep),
        diseased=readings.diseased[keep],
        read=readings.read[:, keep],
        silent=readings.silent[:, keep],
        patient=None if readings.patient is None else readings.patient[keep],
        subgroups={name: tuple(labels[k] for k in keep) for name, labels in readings.subgroups.items()},
    )
    if isinstance(base, Rated):
        return replace(base, rating=base.rating[:, keep])
    lesions = np.flatnonzero(~lost[base.lesion_case])
    renumbered = np.cumsum(~lost) - 1
    return replace(
        base,
        false=base.false[:, keep],
        lesion=base.lesion[:, lesions],
        lesion_case=renumbered[base.lesion_case[lesions]],
        weight=base.weight[lesions],
        false_marks=tuple((r[~lost[c]], renumbered[c[~lost[c]]]) for r, c in base.false_marks),
    )


def _answered(readings: Rated | Marked, *, best: bool) -> Rated | Marked:
    """What is taken for an answer where none came?"""
    for_ill, for_well = (inf, -inf) if best else (-inf, inf)
    instead = np.where(readings.diseased[None, :], for_ill, for_well)
    if isinstance(readings, Rated):
        return replace(readings, rating=np.where(readings.silent, instead, readings.rating))
    missed = readings.silent[:, readings.lesion_case]
    return replace(
        readings,
        false=np.where(readings.silent, np.where(readings.diseased, -inf, instead), readings.false),
        lesion=np.where(missed, for_ill, readings.lesion),
    )


def _wins(readings: Rated | Marked, endpoint: str, threshold: float | None) -> Wins:
    if isinstance(readings, Rated):
        if endpoint == "auc":
            return of_cases(readings.rating, readings.diseased)
        side = "diseased" if endpoint == "sensitivity" else "healthy"
        assert threshold is not None
        return of_flags(readings.rating, readings.diseased, threshold=threshold, side=side)
    if endpoint in ("wafroc", "afroc"):
        return of_lesions(
            readings.lesion,
            readings.lesion_case,
            readings.weight,
            readings.false,
            readings.diseased,
            weighted=endpoint == "wafroc",
        )
    highest = highest_mark(readings)
    if endpoint == "inferred-roc":
        return of_cases(highest, readings.diseased)
    assert threshold is not None
    side = "diseased" if endpoint == "sensitivity" else "healthy"
    return of_flags(highest, readings.diseased, threshold=threshold, side=side)


def highest_mark(readings: Marked) -> FloatArray:
    """Which rating does a case have as a whole? Its highest mark, hit or not; -inf without a mark (G, K)."""
    highest = readings.false.copy()
    for place, case in enumerate(readings.lesion_case):
        highest[:, case] = np.maximum(highest[:, case], readings.lesion[:, place])
    return highest
