"""Which numbers say how readers rely on the tool: together, each alone, in a hurry, and when unsure?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from alarp.evaluation.gaps import mark_too_few, share_gap
from alarp.evaluation.intervals import BoolArray, Comparison, mean, proportion
from alarp.evaluation.mrmc.study import ordered
from alarp.evaluation.protocol import Common
from alarp.evaluation.reader_study.advice import Advised
from alarp.evaluation.reliance import by_reader, reliance
from alarp.kernel import Measure

HURRIED, UNHURRIED = "under time pressure", "without time pressure"
LESS_SURE, SURER = "less sure", "surer"
_NO_FIRST = "no first impression was recorded"


@dataclass(frozen=True, slots=True)
class Relied:
    """The rows for result.json: measures, the differences that time pressure makes, and plain data for the report."""

    measures: list[Measure]
    comparisons: list[Comparison]
    figure: dict[str, Any]


def relied(found: Advised, common: Common, *, time_pressure: tuple[str, ...]) -> Relied:
    """How do readers rely on the tool? Measures of reliance for each group of readings, few readings marked."""
    groups = list(_groups(found, time_pressure))
    measures = [
        mark_too_few(row, common.minimum_n, what="readings")
        for name, which in groups
        for row in _of_group(found, which, name, level=common.level)
    ]
    hurried = dict(groups).get(HURRIED)
    return Relied(
        measures,
        [] if hurried is None else _hurry(found, hurried, common),
        {
            "readings": len(found.case),
            "unanswered": int((~found.answered).sum()),
            "unadvised": found.unadvised,
            "groups": [name for name, _ in groups],
            "situations": _situations(found, groups),
            "conflicts": _conflicts(found),
        },
    )


def _groups(found: Advised, time_pressure: tuple[str, ...]) -> Iterator[tuple[str, BoolArray]]:
    """All readings, every modality with advice, every reader in it, then pressure of time and confidence."""
    modality, reader = (np.array(names, dtype=object) for names in (found.modality, found.reader))
    yield "all", found.everyone
    names = ordered(found.modality)
    for name in names:
        if len(names) > 1:
            yield name, np.asarray(modality == name, dtype=bool)
    for name in names:
        for one in ordered([r for r, m in zip(found.reader, found.modality, strict=True) if m == name]):
            yield f"{name}, {one}", np.asarray((modality == name) & (reader == one), dtype=bool)
    if time_pressure:
        hurried = np.isin(modality.astype(str), time_pressure)
        yield HURRIED, hurried
        yield UNHURRIED, ~hurried
    if found.confidence is not None:
        less = _less_sure(found)
        yield LESS_SURE, less
        yield SURER, ~less & ~np.isnan(found.confidence)


def _less_sure(found: Advised) -> BoolArray:
    """Where was the confidence at or below this reader's own median? No scale is needed, and readers differ in theirs."""
    assert found.confidence is not None
    less = np.zeros(len(found.case), dtype=bool)
    reader = np.array(found.reader, dtype=object)
    for name in set(found.reader):
        own = (reader == name) & ~np.isnan(found.confidence)
        if own.any():
            less |= own & (found.confidence <= float(np.median(found.confidence[own])))
    return less


def _of_group(found: Advised, which: BoolArray, name: str, *, level: float) -> list[Measure]:
    rows = reliance(found.judged(which), level=level, subgroup=name)
    return [*rows, _followed(found, which, name, level=level), *_seconds(found, which, name, level=level)]


def _followed(found: Advised, which: BoolArray, name: str, *, level: float) -> Measure:
    """Of the readings whose first impression differed from the advice, which share ended as advised?"""
    if found.conflict is None:
        return Measure.not_measurable("followed_in_conflict", because=_NO_FIRST, subgroup=name)
    among = which & found.conflict
    return by_reader(
        proportion(
            "followed_in_conflict",
            (found.final == found.advice)[among],
            level=level,
            clusters=found.reader_codes(among),
            subgroup=name,
            empty="first impression and advice never differed",
        )
    )


def _seconds(found: Advised, which: BoolArray, name: str, *, level: float) -> list[Measure]:
    if found.seconds is None:
        return []
    timed = which & ~np.isnan(found.seconds)
    codes = found.reader_codes(timed)
    row = mean(
        "reading_seconds", found.seconds[timed], codes, level=level, subgroup=name, bounds=(0.0, np.inf)
    )
    return [replace(row, method=row.method.replace("clustered by case", "clustered by reader"))]


def _hurry(found: Advised, hurried: BoolArray, common: Common) -> list[Comparison]:
    """What does time pressure change? Shares with minus without, clustered by reader.

    The same readers stand on both sides, which the interval does not use: it is rather too wide than too narrow.
    """
    conditions = _situations_of(found)
    rows = []
    for measure, (hits, among) in conditions.items():
        sides = [among & hurried, among & ~hurried]
        gap = share_gap(
            measure,
            HURRIED,
            hits[sides[0]],
            hits[sides[1]],
            (found.reader_codes(sides[0]), found.reader_codes(sides[1])),
            common.level,
        )
        if gap is None:
            rows.append(Comparison(measure, HURRIED, UNHURRIED, None, flag="one side has no such reading"))
            continue
        few = gap.smallest < common.minimum_n
        flag = f"too few to tell: fewer than {common.minimum_n} readings" if few else "not adjusted"
        rows.append(replace(gap.comparison, b=UNHURRIED, flag=flag))
    return rows


def _situations_of(found: Advised) -> dict[str, tuple[BoolArray, BoolArray]]:
    """For each share that pressure may change: the hits, and among which readings."""
    right, advised_right = found.final == found.truth, found.advice == found.truth
    shares = {
        "commission_rate": (found.final, ~found.truth & found.advice),
        "omission_rate": (~found.final, found.truth & ~found.advice),
        "accuracy_final": (right, found.everyone),
    }
    if found.first is not None:
        first_right = found.first == found.truth
        shares |= {
            "rair": (right, ~first_right & advised_right),
            "rsr": (right, first_right & ~advised_right),
        }
    return shares


def _situations(found: Advised, groups: list[tuple[str, BoolArray]]) -> list[dict[str, Any]]:
    """The table of two by two that comes first: tool right or wrong, first impression right or wrong, who ended right."""
    right, advised_right = found.final == found.truth, found.advice == found.truth
    firsts = (
        [("not recorded", found.everyone)]
        if found.first is None
        else [("right", found.first == found.truth), ("wrong", found.first != found.truth)]
    )
    return [
        {
            "group": name,
            "tool": tool,
            "first": first,
            "readings": int((which & advised & begun).sum()),
            "right_in_the_end": int((which & advised & begun & right).sum()),
        }
        for name, which in groups
        for tool, advised in (("right", advised_right), ("wrong", ~advised_right))
        for first, begun in firsts
    ]


def _conflicts(found: Advised) -> list[dict[str, Any]]:
    """The cases in which somebody's first impression differed from the advice, those that ended wrong most often first."""
    if found.conflict is None:
        return []
    rows: dict[str, dict[str, Any]] = {}
    for i in np.flatnonzero(found.conflict).tolist():
        name = found.case[i]
        row = rows.setdefault(
            name,
            {
                "case": name,
                "diseased": bool(found.truth[i]),
                "readings": 0,
                "followed_right_advice": 0,
                "kept_against_right_advice": 0,
                "followed_wrong_advice": 0,
                "kept_against_wrong_advice": 0,
            },
        )
        row["readings"] += 1
        way = "followed" if found.final[i] == found.advice[i] else "kept_against"
        row[f"{way}_{'right' if found.advice[i] == found.truth[i] else 'wrong'}_advice"] += 1
    return sorted(
        rows.values(),
        key=lambda row: (-row["followed_wrong_advice"] - row["kept_against_right_advice"], row["case"]),
    )
