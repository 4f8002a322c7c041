"""Which measures, comparisons and figures leave a reader study?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import isfinite
from typing import Any

import numpy as np

from alarp.evaluation.intervals import Comparison, holm, proportion
from alarp.evaluation.mrmc.design import U_STATISTIC, ReaderDesign
from alarp.evaluation.mrmc.readings import AS_TREATED, BEST, WORST, Contest, Marked, Rated, chosen, contest
from alarp.evaluation.mrmc.sizing import sizing_table
from alarp.evaluation.mrmc.study import Analysis, Arm, analyse, arms_of, ordered
from alarp.evaluation.transporting import ENDING
from alarp.kernel import Measure

RULES = (BEST, WORST, AS_TREATED)
ALL = "all"


@dataclass(frozen=True, slots=True)
class Presented:
    """What goes into `Findings`."""

    measures: list[Measure]
    comparisons: list[Comparison]
    figures: dict[str, Any]


def measure_names(endpoints: Sequence[str]) -> tuple[str, ...]:
    """Which measures can a claim name?"""
    varied = (f"{e}_{rule}" for e in endpoints for rule in RULES)
    return (*endpoints, "failure_rate", *varied, *(e + ENDING for e in endpoints))


def present(
    readings: Rated | Marked, design: ReaderDesign, *, level: float, order: Sequence[tuple[str, str]]
) -> Presented:
    """What does the study show, as numbers that a claim and a report can name?

    Subgroups: an arm (a modality, or the AI alone); 'arm, reader'; 'arm (profession)'. A study of one arm also has
    it as 'all'.
    """
    analysis, made = analysed(readings, design, WORST, level, order)
    arms = [arm for arm, _ in analysis.arms]
    measures = arm_measures(analysis, design, made, design.endpoint, level)
    measures += [_failures(readings, arm, level) for arm in arms]
    measures += _variants(readings, design, measures, level)
    measures += _each_reader(analysis, design, made, level, readings)
    comparisons = _contrasts(analysis, design)
    for profession in ordered(list(readings.profession.values())):
        more, apart = _of_profession(readings, design, profession, level, order)
        measures += more
        comparisons += apart
    if len(arms) == 1:
        measures += [replace(m, subgroup=ALL) for m in measures if m.subgroup == arms[0].name]
    return Presented(measures, comparisons, _figures(analysis, design, readings, level))


def analysed(
    readings: Rated | Marked, design: ReaderDesign, rule: str, level: float, order: Sequence[tuple[str, str]]
) -> tuple[Analysis, Contest]:
    """What follows from these readings under this rule for missing answers, and from which contest?"""
    made = contest(
        readings,
        endpoint=design.endpoint,
        threshold=design.threshold,
        rule=rule,
        crossed=design.method != U_STATISTIC,
    )
    arms = arms_of(readings.pairs, ai_reader=design.ai_reader)
    found = analyse(made.wins, arms, design, level=level, clusters=made.clusters, order=order, read=made.read)
    return found, made


def _clipped(value: float | None) -> float | None:
    return None if value is None else min(1.0, max(0.0, value))


def _counts(made: Contest, groups: Sequence[int]) -> tuple[int, int]:
    """How many cases, and how many diseased ones, did any of these groups read?"""
    ill = int(made.read[0][list(groups)].any(axis=0).sum()) if made.wins.diseased_case is not None else 0
    well = int(made.read[1][list(groups)].any(axis=0).sum()) if made.wins.healthy_case is not None else 0
    return ill + well, ill


def arm_measures(
    analysis: Analysis, design: ReaderDesign, made: Contest, name: str, level: float
) -> list[Measure]:
    """Each arm's mean as a measure; its subgroup is the arm's name."""
    rows = []
    for arm, found in analysis.arms:
        n, events = _counts(made, arm.groups)
        if not isfinite(found.estimate):
            because = "no reader read a case of each class"
            rows.append(Measure.not_measurable(name, because=because, n=n, subgroup=arm.name))
            continue
        because = "" if found.se is not None else "the variance is zero: no interval"
        if len(arm.readers) == 1:
            because = because or "one reader: the interval speaks of other cases, not of other readers"
        rows.append(
            Measure(
                name,
                found.estimate,
                _clipped(found.low),
                _clipped(found.high),
                level,
                design.sentence,
                n,
                events,
                arm.name,
                because,
            )
        )
    return rows


def _failures(readings: Rated | Marked, arm: Arm, level: float) -> Measure:
    """Which share of this arm's readings gave no usable answer?"""
    own = list(arm.groups)
    given = readings.read[own]
    case = np.broadcast_to(np.arange(given.shape[1]), given.shape)[given]
    clusters = case if readings.patient is None else readings.patient[case]
    return proportion(
        "failure_rate",
        readings.silent[own][given],
        level=level,
        clusters=clusters,
        subgroup=arm.name,
        empty="nothing was read",
    )


def _variants(
    readings: Rated | Marked, design: ReaderDesign, primary: Sequence[Measure], level: float
) -> list[Measure]:
    """The same with missing answers counted as right, as wrong, and left out."""
    means = [m for m in primary if m.measure == design.endpoint]
    rows = []
    for rule in RULES:
        name = f"{design.endpoint}_{rule}"
        if rule == WORST or not readings.silent.any():
            rows += [replace(m, measure=name) for m in means]
        elif rule == AS_TREATED and not _both_classes_left(readings, design):
            because = "leaving out every case without an answer leaves one class empty"
            rows += [Measure.not_measurable(name, because=because, subgroup=m.subgroup) for m in means]
        else:
            found, made = analysed(readings, design, rule, level, ())
            rows += arm_measures(found, design, made, name, level)
    return rows


def _both_classes_left(readings: Rated | Marked, design: ReaderDesign) -> bool:
    if design.method == U_STATISTIC:
        return True
    left = readings.diseased[~readings.silent.any(axis=0)]
    return bool(left.any()) and bool((~left).any())


def _each_reader(
    analysis: Analysis, design: ReaderDesign, made: Contest, level: float, readings: Rated | Marked
) -> list[Measure]:
    rows = []
    for arm, _ in analysis.arms:
        for reader, group in zip(arm.readers, arm.groups, strict=True):
            label = f"{arm.name}, {reader}"
            found = analysis.readers[group]
            n, events = _counts(made, [group])
            if found is None:
                because = "this reader read no case of one class"
                rows.append(Measure.not_measurable(design.endpoint, because=because, n=n, subgroup=label))
                continue
            rows.append(
                Measure(
                    design.endpoint,
                    found.estimate,
                    _clipped(found.low),
                    _clipped(found.high),
                    level,
                    f"{'unbiased' if design.method == U_STATISTIC else design.covariance} variance over cases",
                    n,
                    events,
                    label,
                    "" if found.se is not None else "the variance is zero: no interval",
                )
            )
    return rows


def _contrasts(analysis: Analysis, design: ReaderDesign, suffix: str = "") -> list[Comparison]:
    """Every difference of two arms, and the overall test where there are several modalities."""
    bare = [c.found.p for c in analysis.contrasts]
    adjusted: list[float | None] = list(bare)
    known = [p for p in bare if p is not None]
    if design.multiplicity == "holm" and len(known) > 1:
        turned = iter(holm(known))
        adjusted = [None if p is None else next(turned) for p in bare]
    rows = [
        Comparison(
            design.endpoint,
            c.a + suffix,
            c.b + suffix,
            c.found.estimate if isfinite(c.found.estimate) else None,
            c.found.low,
            c.found.high,
            c.found.se,
            c.found.statistic,
            c.found.p,
            p,
            c.method,
            "" if c.found.se is not None else "the variance could not be estimated above zero: no interval",
            c.found.df,
        )
        for c, p in zip(analysis.contrasts, adjusted, strict=True)
    ]
    test = analysis.test
    if test is not None:
        kind = "chi-squared" if test.df2 is None else "F"
        rows.append(
            Comparison(
                measure=design.endpoint,
                a="all modalities" + suffix,
                b="no difference",
                difference=None,
                statistic=test.statistic,
                p_unadjusted=test.p,
                p=test.p,
                method=f"overall {kind} test on {test.df1} degrees of freedom, {design.sentence}",
                flag="overall test",
                df=test.df2,
            )
        )
    return rows


def _of_profession(
    readings: Rated | Marked,
    design: ReaderDesign,
    profession: str,
    level: float,
    order: Sequence[tuple[str, str]],
) -> tuple[list[Measure], list[Comparison]]:
    """The same for the readers of one profession only."""
    groups = [
        g for g, (_, reader) in enumerate(readings.pairs) if readings.profession.get(reader) == profession
    ]
    some = chosen(readings, groups)
    analysis, made = analysed(some, design, WORST, level, order)
    suffix = f" ({profession})"
    measures = arm_measures(analysis, design, made, design.endpoint, level)
    return [replace(m, subgroup=m.subgroup + suffix) for m in measures], _contrasts(analysis, design, suffix)


def _figures(
    analysis: Analysis, design: ReaderDesign, readings: Rated | Marked, level: float
) -> dict[str, Any]:
    arm_of = {g: arm.name for arm, _ in analysis.arms for g in arm.groups}
    by_reader = []
    for group, (modality, reader) in enumerate(readings.pairs):
        found = analysis.readers[group]
        by_reader.append(
            {
                "arm": arm_of[group],
                "modality": modality,
                "reader": reader,
                "profession": readings.profession.get(reader),
                "estimate": None if found is None else found.estimate,
                "low": None if found is None else _clipped(found.low),
                "high": None if found is None else _clipped(found.high),
                "diseased": int((readings.read[group] & readings.diseased).sum()),
                "healthy": int((readings.read[group] & ~readings.diseased).sum()),
            }
        )
    figures: dict[str, Any] = {
        "design": asdict(design),
        "arms": [{"arm": arm.name, "readers": list(arm.readers)} for arm, _ in analysis.arms],
        "readers": by_reader,
    }
    if analysis.test is not None:
        figures["overall_test"] = asdict(analysis.test)
    if analysis.components is not None:
        found_components = analysis.components
        figures["components"] = asdict(found_components) | {
            "var_r": found_components.var_r,
            "var_tr": found_components.var_tr,
        }
        figures["sizing"] = _planned(analysis, design, level)
    return figures


def _planned(analysis: Analysis, design: ReaderDesign, level: float) -> list[Mapping[str, Any]]:
    """What would studies of other sizes find, if these components hold? For a difference of 0.05."""
    found = analysis.components
    if found is None or found.modalities < 2 or found.readers < 2 or found.error - (found.cov1 or 0) <= 1e-12:
        return []
    sizes = sizing_table(
        found,
        readers=(4, 6, 8, 10, 15, 20),
        cases=(100, 200, 400, 800),
        difference=0.05,
        readers_are=design.readers,
        level=level,
    )
    return [asdict(size) for size in sizes]
