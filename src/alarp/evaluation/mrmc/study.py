"""What does a reader study show: each reader, each arm, and each difference?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf, isfinite

import numpy as np

from alarp.evaluation.intervals import BoolArray, Codes, FloatArray
from alarp.evaluation.mrmc import ustatistics
from alarp.evaluation.mrmc.anova import (
    Components,
    FTest,
    Interval,
    against_readers,
    components,
    difference,
    interval,
    mean_of_readers,
    overall,
)
from alarp.evaluation.mrmc.covariances import covariance
from alarp.evaluation.mrmc.design import DBM, U_STATISTIC, ReaderDesign
from alarp.evaluation.mrmc.pseudovalues import components_by_pseudovalues
from alarp.evaluation.mrmc.wins import Wins, totals
from alarp.kernel import BadInput


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of a comparison: a modality with its readers, or the AI alone. `groups` are rows of the contest."""

    name: str
    readers: tuple[str, ...]
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Contrast:
    """One arm minus another."""

    a: str
    b: str
    found: Interval
    method: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything found: figures by group (NaN: not measurable), means by arm, contrasts, overall test, components."""

    figures: FloatArray
    readers: tuple[Interval | None, ...]
    arms: tuple[tuple[Arm, Interval], ...]
    contrasts: tuple[Contrast, ...]
    test: FTest | None
    components: Components | None


def ordered(names: Sequence[str]) -> tuple[str, ...]:
    """In which order do modalities and readers stand? Numbers by value, then words by letter: never that of the file."""

    def key(name: str) -> tuple[int, float, str]:
        try:
            return (0, float(name), name)
        except ValueError:
            return (1, 0.0, name)

    return tuple(sorted(set(names), key=key))


def arms_of(pairs: Sequence[tuple[str, str]], *, ai_reader: str | None) -> tuple[Arm, ...]:
    """Which arms are there? One for each modality; the AI leaves the modality it shares with people.

    `pairs` are (modality, reader), one a group.
    """
    arms: list[Arm] = []
    for modality in ordered([m for m, _ in pairs]):
        members = [(reader, g) for g, (m, reader) in enumerate(pairs) if m == modality]
        people = [(reader, g) for reader, g in members if reader != ai_reader]
        machine = [(reader, g) for reader, g in members if reader == ai_reader]
        for part in [machine, people] if machine and people else [members]:
            name = part[0][0] if part is machine and people else modality
            taken = name in {arm.name for arm in arms}
            arms.append(
                Arm(
                    f"{name} ({modality})" if taken else name,
                    tuple(r for r, _ in part),
                    tuple(g for _, g in part),
                )
            )
    return tuple(arms)


def analyse(
    wins: Wins,
    arms: Sequence[Arm],
    design: ReaderDesign,
    *,
    level: float,
    clusters: Codes | None = None,
    order: Sequence[tuple[str, str]] = (),
    read: tuple[BoolArray, BoolArray] | None = None,
) -> Analysis:
    """What does the study show, by the declared design?

    `order` names pairs (a, b) whose difference is wanted as a minus b; the others are taken in the order of the arms.
    `read` tells for U-statistics which diseased (G, m) and healthy (G, n) cases each group read.
    """
    if design.method == U_STATISTIC:
        assert read is not None
        return _by_moments(wins, arms, design, level, order, read)
    matrix = covariance(
        wins,
        method="jackknife" if design.method == DBM else design.covariance,
        clusters=clusters,
        seed=design.seed,
        replicates=design.replicates,
    )
    figures = totals(wins).estimates
    crossed = _crossed(arms)
    groups = [g for arm in crossed for g in arm.groups]
    found = None
    if crossed:
        shape = (len(crossed), len(crossed[0].groups))
        count = wins.cases if clusters is None else len(np.unique(clusters))
        if design.method == DBM:
            chosen = Wins(
                wins.target[groups], wins.owner, wins.weight, wins.size, wins.healthy[groups],
                wins.diseased_case, wins.healthy_case, wins.cases,
            )  # fmt: skip
            found = components_by_pseudovalues(
                chosen, modalities=shape[0], readers=shape[1], clusters=clusters
            )
        else:
            found = components(figures[groups].reshape(shape), matrix[np.ix_(groups, groups)], cases=count)
    return Analysis(
        figures=figures,
        readers=tuple(
            interval(float(f), float(v), inf, level=level)
            for f, v in zip(figures, np.diag(matrix), strict=True)
        ),
        arms=tuple((arm, _mean(arm, figures, matrix, design, level)) for arm in arms),
        contrasts=tuple(
            _contrast(a, b, figures, matrix, found if a in crossed and b in crossed else None, design, level)
            for a, b in _pairs(arms, order)
        ),
        test=overall(found, readers=_readers(design, found), cases=design.cases)
        if found is not None and found.modalities > 1
        else None,
        components=found,
    )


def _crossed(arms: Sequence[Arm]) -> list[Arm]:
    """Which arms were read by the same readers? All single ones, if nobody else is there; else those of several."""
    several = [arm for arm in arms if len(arm.groups) > 1]
    if not several:
        return list(arms)
    for arm in several[1:]:
        if set(arm.readers) != set(several[0].readers):
            lost = sorted(set(arm.readers) ^ set(several[0].readers))[0]
            raise BadInput(
                f"Reader {lost}: read in only one of the modalities '{several[0].name}' and '{arm.name}'; the method "
                "needs the same readers in each. Declare design.method: u-statistic, or add the readings."
            )
    return several


def _readers(design: ReaderDesign, found: Components) -> str:
    return design.readers if found.readers > 1 else "fixed"


def _mean(arm: Arm, figures: FloatArray, matrix: FloatArray, design: ReaderDesign, level: float) -> Interval:
    own = list(arm.groups)
    return mean_of_readers(
        figures[own], matrix[np.ix_(own, own)], readers=design.readers, cases=design.cases, level=level
    )


def _pairs(arms: Sequence[Arm], order: Sequence[tuple[str, str]]) -> list[tuple[Arm, Arm]]:
    wanted = set(order)
    return [
        (b, a) if (b.name, a.name) in wanted and (a.name, b.name) not in wanted else (a, b)
        for a, b in combinations(arms, 2)
    ]


def _contrast(
    a: Arm,
    b: Arm,
    figures: FloatArray,
    matrix: FloatArray,
    found: Components | None,
    design: ReaderDesign,
    level: float,
) -> Contrast:
    """One arm minus another: crossed readers, one against several, or one against one."""
    first, second = list(a.groups), list(b.groups)
    apart = float(figures[first].mean() - figures[second].mean())
    if len(first) == 1 and len(second) == 1:
        g, h = first[0], second[0]
        variance = float(matrix[g, g] + matrix[h, h] - 2 * matrix[g, h])
        method = f"paired difference of two single readers, {design.covariance} covariance, random cases"
        return Contrast(a.name, b.name, interval(apart, variance, inf, level=level), method)
    if found is not None:
        judged = difference(found, apart, readers=design.readers, cases=design.cases, level=level)
        return Contrast(a.name, b.name, judged, design.sentence)
    alone, people = (first, second) if len(first) == 1 else (second, first)
    every = alone + people
    judged = against_readers(
        float(figures[alone[0]]),
        figures[people],
        matrix[np.ix_(every, every)],
        readers=design.readers,
        cases=design.cases,
        level=level,
    )
    if alone is second:
        judged = _turned(judged)
    return Contrast(a.name, b.name, judged, f"one against several readers, {design.sentence}")


def _turned(found: Interval) -> Interval:
    def minus(value: float | None) -> float | None:
        return None if value is None else -value

    return Interval(
        -found.estimate,
        found.se,
        found.df,
        minus(found.high),
        minus(found.low),
        minus(found.statistic),
        found.p,
    )


def _by_moments(
    wins: Wins,
    arms: Sequence[Arm],
    design: ReaderDesign,
    level: float,
    order: Sequence[tuple[str, str]],
    read: tuple[BoolArray, BoolArray],
) -> Analysis:
    """The same for designs in which not every reader read every case."""
    fixed = (wins.diseased_case is None, wins.healthy_case is None)
    everyone = ordered([reader for arm in arms for reader in arm.readers])
    figures = np.full(wins.groups, np.nan)
    single: list[Interval | None] = [None] * wins.groups
    by_arm = {}
    for arm in arms:
        own = list(arm.groups)
        reads = ustatistics.reads(wins, own, read[0][own], read[1][own])
        for place, (group, figure) in enumerate(zip(own, reads.figures, strict=True)):
            if isfinite(figure):
                alone = ustatistics.only(reads, place)
                own_moments = ustatistics.moments(alone, alone, fixed_sides=fixed)
                figures[group] = figure
                single[group] = interval(float(figure), own_moments.unbiased, inf, level=level)
        by_arm[arm.name] = ustatistics.placed(reads, [everyone.index(r) for r in arm.readers], len(everyone))
    spread = {name: ustatistics.moments(one, one, fixed_sides=fixed) for name, one in by_arm.items()}
    contrasts = []
    for a, b in _pairs(arms, order):
        first, second = by_arm[a.name], by_arm[b.name]
        judged = ustatistics.of_two(
            first,
            second,
            spread[a.name],
            spread[b.name],
            ustatistics.moments(first, second, fixed_sides=fixed),
            mle=design.mle,
            normal=design.normal,
            level=level,
        )
        contrasts.append(Contrast(a.name, b.name, judged, design.sentence))
    means = [
        ustatistics.of_one(one, spread[name], mle=design.mle, normal=design.normal, level=level)
        for name, one in by_arm.items()
    ]
    return Analysis(
        figures=figures,
        readers=tuple(single),
        arms=tuple(zip(arms, means, strict=True)),
        contrasts=tuple(contrasts),
        test=None,
        components=None,
    )
