"""Which numbers does an enhancement evaluation give: quality, dose, and what changed in the department?

Both sides of the bargain are needed: a lower dose is shown only beside an image that is not inferior.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from alarp.evaluation import before_after
from alarp.evaluation.before_after import AFTER, BEFORE
from alarp.evaluation.claims import TOO_FEW
from alarp.evaluation.enhancement.cases import (
    Doses,
    Scores,
    Seen,
    parse_doses,
    parse_periods,
    parse_scores,
    parse_seen,
    parse_times,
)
from alarp.evaluation.enhancement.pairs import (
    NOT_ASKED,
    NOT_SHOWN,
    SHOWN,
    bargain,
    paired_ratio,
    seen_on_both,
)
from alarp.evaluation.enhancement.protocol import (
    BETTER,
    RANDOM,
    Detectability,
    Dose,
    EnhancementProtocol,
    Operational,
    Quality,
)
from alarp.evaluation.enhancement.quality import Paired, hodges_lehmann, paired_difference
from alarp.evaluation.gaps import Gap, groups, is_compared, mark_too_few, mean_gap, with_multiplicity
from alarp.evaluation.intervals import (
    BoolArray,
    Codes,
    Comparison,
    FloatArray,
    mean,
    newcombe_difference,
    proportion,
)
from alarp.evaluation.outcomes import DETECTION_OUTCOMES, CaseOutcome, tally
from alarp.evaluation.protocol import Common
from alarp.evaluation.quantiles import quantile, quantile_change, quantile_ratio
from alarp.evaluation.result import Findings
from alarp.kernel import Measure

RULES = ("best_case", "worst_case", "as_treated")


@dataclass(slots=True)
class Part:
    """What one part of the protocol found, before the parts are put together."""

    measures: list[Measure] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    outcomes: list[CaseOutcome] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)  # whose each of them is
    figures: dict[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def evaluate(protocol: EnhancementProtocol, tables: Mapping[str, pl.DataFrame]) -> Findings:
    """What did the tool do to the image, the dose and the work? Raises BadInput naming the case and the column."""
    parts, units = [], []
    if protocol.quality is not None:
        scores = parse_scores(protocol.quality, tables["cases" if protocol.at_top else "quality"])
        parts.append(quality_part(protocol.quality, scores, protocol.common))
        units.append("case")
    if protocol.dose is not None:
        at_top = protocol.at_top and protocol.quality is None
        doses = parse_doses(protocol.dose, tables["cases" if at_top else "dose"])
        parts.append(dose_part(protocol.dose, doses, protocol.common))
        units.append("examination")
    if protocol.detectability is not None:
        seen = parse_seen(protocol.detectability, tables["detectability"])
        parts.append(detectability_part(protocol.detectability, seen, protocol.common))
        units.append("lesion")
    for each in protocol.operational:
        parts.append(operational_part(each, tables[f"operational.{each.name}"], protocol.common))
    outcomes = [o for part in parts for o in part.outcomes]
    figures: dict[str, Any] = {"operational": []}
    for part in parts:
        figures["operational"] += part.figures.pop("operational", [])
        figures |= part.figures
    figures["bargain"] = bargain(figures)
    failed = np.array([o is CaseOutcome.AI_FAILED for o in outcomes], dtype=bool)
    owner = np.unique([o for part in parts for o in part.owners], return_inverse=True)[1]
    failure = proportion(
        "failure_rate", failed, level=protocol.common.level, clusters=owner, empty="no case with an outcome"
    )
    return Findings(
        outcomes=tally(outcomes, enrolled=len(outcomes), known=DETECTION_OUTCOMES),
        unit=" or ".join(units) or "case",
        measures=(*(m for part in parts for m in part.measures), failure),
        comparisons=tuple(c for part in parts for c in part.comparisons),
        figures=figures,
        remarks=tuple(remark for part in parts for remark in part.remarks),
    )


def differences(quality: Quality, scores: Scores, *, rule: str) -> tuple[FloatArray, BoolArray]:
    """How far is each enhanced score above the standard one, and which pairs count?

    An image the tool did not make: `worst_case` (primary) the worst score of the scale, `best_case` the best,
    `as_treated` left out. A pair without a standard score has nothing to be compared with.
    """
    keep = ~np.isnan(scores.standard)
    silent = np.isnan(scores.enhanced)
    if rule == "as_treated":
        keep = keep & ~silent
    fill = quality.best if rule == "best_case" else quality.worst
    enhanced = np.where(silent, fill, scores.enhanced)
    return (enhanced - scores.standard)[keep], keep


def _found(quality: Quality, scores: Scores, *, rule: str) -> Paired | None:
    values, keep = differences(quality, scores, rule=rule)
    reader = None if scores.reader is None else scores.reader[keep]
    return paired_difference(values, scores.unit[keep], reader, readers_random=quality.readers == RANDOM)


def _as_measure(found: Paired | None, name: str, level: float) -> Measure:
    if found is None:
        return Measure.not_measurable(name, because="it needs scores of at least two cases")
    low, high = found.bounds(level)
    return Measure(name, found.estimate, low, high, level, found.method, found.n)


def quality_part(quality: Quality, scores: Scores, common: Common) -> Part:
    """Is the enhanced image inferior to the standard one by more than the margin?"""
    level, part = common.level, Part(outcomes=list(scores.outcomes), owners=list(scores.owners))
    values, keep = differences(quality, scores, rule="worst_case")
    found = _found(quality, scores, rule="worst_case")
    for name, each in (
        ("quality_standard", scores.standard[keep]),
        ("quality_enhanced", scores.standard[keep] + values),
    ):
        part.measures.append(mean(name, each, scores.unit[keep], level=level, bounds=quality.scale))
    part.measures += [
        _as_measure(found, "quality_difference", level),
        hodges_lehmann(values, scores.unit[keep], level=level),
        *(
            _as_measure(_found(quality, scores, rule=rule), f"quality_difference_{rule}", level)
            for rule in ("best_case", "worst_case", "as_treated")
        ),
    ]
    verdict, p = _non_inferior(quality, found, level)
    part.comparisons.append(_comparison(found, level, verdict))
    by_group, gaps = _quality_groups(quality, scores, common)
    part.measures += by_group
    part.comparisons += gaps
    counts = np.unique(np.round(values, 6), return_counts=True)
    part.figures = {
        "non_inferiority": verdict,
        "margin": quality.margin,
        "p_non_inferiority": p,
        "higher_means": quality.higher_means,
        "differences": [{"difference": float(v), "n": int(n)} for v, n in zip(*counts, strict=True)],
    }
    part.remarks = [
        "An image that the tool did not make counts as the worst score of the scale (intention to diagnose); best case, "
        "worst case and as treated stand beside it.",
    ]
    if scores.reader is not None:
        part.remarks.append(f"Readers are taken as {quality.readers}.")
    return part


def _non_inferior(quality: Quality, found: Paired | None, level: float) -> tuple[str, float | None]:
    if quality.margin is None:
        return NOT_ASKED, None
    if found is None:
        return NOT_SHOWN, None
    low, high = found.bounds(level)
    kept = low > quality.margin if quality.higher_means == BETTER else high < quality.margin
    return (SHOWN if kept else NOT_SHOWN), found.beyond(quality.margin)


def _comparison(found: Paired | None, level: float, verdict: str) -> Comparison:
    if found is None:
        return Comparison(
            "quality", "enhanced", "standard", None, flag="it needs scores of at least two cases"
        )
    low, high = found.bounds(level)
    statistic = found.estimate / found.se if found.se else None
    p = None
    if statistic is not None:
        p = 2 * replace(found, estimate=abs(found.estimate)).beyond(-1e-300)
    flag = "" if verdict == NOT_ASKED else f"non-inferiority {verdict}"
    return Comparison(
        "quality", "enhanced", "standard", found.estimate, low, high, found.se, statistic, p, p, found.method, flag,
        found.df,
    )  # fmt: skip


def _quality_groups(
    quality: Quality, scores: Scores, common: Common
) -> tuple[list[Measure], list[Comparison]]:
    values, keep = differences(quality, scores, rule="worst_case")
    labels = {
        name: [label for label, own in zip(cells, keep, strict=True) if own]
        for name, cells in scores.subgroups.items()
    }
    case, rows, gaps = scores.unit[keep], [], []
    for name, members in groups(labels):
        own = mean(
            "quality_difference", values[members], case[members], level=common.level, subgroup=name,
            bounds=(-np.inf, np.inf),
        )  # fmt: skip
        rows.append(mark_too_few(own, common.minimum_n))
        if is_compared(name):
            sides = (case[members], case[~members])
            gap: Gap | None = mean_gap(
                "quality_difference", name, values[members], values[~members], sides, common.level
            )
            gaps.append(gap)
    return rows, with_multiplicity(gaps, common)


def detectability_part(part: Detectability, seen: Seen, common: Common) -> Part:
    """Are the lesions that the standard image shows seen on the enhanced one too?"""
    measures, row, verdict = seen_on_both(part, seen, common.level)
    return Part(
        measures,
        [row],
        list(seen.outcomes),
        list(seen.owners),
        figures={"detectability": {"margin": part.margin, "non_inferiority": verdict}},
        remarks=["A lesion on an image that the tool did not make counts as not seen."],
    )


def dose_part(dose: Dose, doses: Doses, common: Common) -> Part:
    """Did the dose fall, and how do both sides stand against the reference level, examination by examination?"""
    known = ~np.isnan(doses.value)
    part = Part(
        outcomes=[CaseOutcome.SCORED if k else CaseOutcome.AI_FAILED for k in known],
        owners=list(doses.owners),
    )
    kinds = sorted(set(doses.examination))
    for examination in kinds:
        own = np.array([e == examination for e in doses.examination])
        _dose_of(part, dose, doses, own, examination, common)
    reduced = [m for m in part.measures if m.measure == "dose_ratio"]
    fell = all(m.high is not None and m.high < 1 and not m.because.startswith(TOO_FEW) for m in reduced)
    part.figures = {
        "dose_reduction": SHOWN if fell else NOT_SHOWN,
        "dose": {
            "quantity": dose.quantity,
            "unit": dose.unit,
            "levels": {k: {"value": v.value, "source": v.source} for k, v in dose.levels.items()},
            "series": [_cumulated(dose, doses, examination) for examination in kinds],
        },
    }
    part.remarks = [
        "An examination without a recorded dose counts as above every other after the change and below every other before "
        "it, so that leaving doses out cannot show a reduction.",
        "A reference level is held against the median of an examination, not against one patient: it is no limit.",
    ]
    return part


def _label(examination: str, phase: str) -> str:
    return phase if examination == "all" else f"{examination}, {phase}"


def _dose_of(part: Part, dose: Dose, doses: Doses, own: BoolArray, examination: str, common: Common) -> None:
    level, limit = common.level, dose.levels.get(examination)
    medians, shares = {}, {}
    for phase, side in ((BEFORE, own & ~doses.after), (AFTER, own & doses.after)):
        label = _label(examination, phase)
        values, clusters = _counted(doses, side, phase, "worst_case")
        found = [
            quantile(name, values, share, level=level, clusters=clusters, subgroup=label,
                     missing="examinations without a recorded dose")
            for name, share in (("dose_median", 0.5), ("dose_third_quartile", 0.75))
        ]  # fmt: skip
        if limit is not None:
            found += _against(found[0], values, limit.value, clusters, label, level)
            shares[phase] = found[-1]
        part.measures += [mark_too_few(m, common.minimum_n) for m in found]
        medians[phase] = found[0]
    part.comparisons.append(quantile_change(medians[AFTER], medians[BEFORE]))
    ratio = replace(quantile_ratio("dose_ratio", medians[AFTER], medians[BEFORE]), subgroup=examination)
    fewest = min(medians[AFTER].n, medians[BEFORE].n)
    if ratio.is_measurable and fewest < common.minimum_n:
        ratio = replace(ratio, because=f"{TOO_FEW}: {fewest} examinations on one side")
    part.measures.append(ratio)
    part.measures += [_ratio_by(doses, own, examination, rule, level) for rule in RULES]
    if doses.patient is not None:
        part.measures.append(paired_ratio(doses, own, examination, common))
    if len(shares) == 2 and shares[AFTER].is_measurable and shares[BEFORE].is_measurable:
        difference, low, high = newcombe_difference(shares[AFTER], shares[BEFORE])
        names = (shares[AFTER].subgroup, shares[BEFORE].subgroup)
        part.comparisons.append(Comparison("above_drl", *names, difference, low, high, method="Newcombe 10"))


def _counted(doses: Doses, side: BoolArray, phase: str, rule: str) -> tuple[FloatArray, Codes | None]:
    """Which dose does each examination of this side count with, and whose is it?

    One that was not recorded: above every other after the change and below every other before it (`worst_case`, the
    primary analysis), the other way round (`best_case`), or left out (`as_treated`).
    """
    lost = np.isnan(doses.value)
    against = (phase == AFTER) == (rule == "worst_case")
    values = np.where(lost, np.inf if against else -np.inf, doses.value)
    keep = side & ~lost if rule == "as_treated" else side
    return values[keep], None if doses.patient is None else doses.patient[keep]


def _ratio_by(doses: Doses, own: BoolArray, examination: str, rule: str, level: float) -> Measure:
    """How many times the earlier median is the later one, when doses that were not recorded count by this rule?"""
    sides = []
    for phase, side in ((AFTER, own & doses.after), (BEFORE, own & ~doses.after)):
        values, clusters = _counted(doses, side, phase, rule)
        sides.append(
            quantile("dose_median", values, 0.5, level=level, clusters=clusters, subgroup=phase,
                     missing="examinations without a recorded dose")
        )  # fmt: skip
    return replace(quantile_ratio(f"dose_ratio_{rule}", *sides), subgroup=examination)


def _against(
    median: Measure, values: FloatArray, limit: float, clusters: Any, label: str, level: float
) -> list[Measure]:
    """How does this side stand against its reference level: the median as a share of it, and who lies above?"""
    if median.estimate is None:
        to_limit = replace(median, measure="median_to_drl")
    else:
        low, high = (None if v is None else v / limit for v in (median.low, median.high))
        to_limit = replace(
            median, measure="median_to_drl", estimate=median.estimate / limit, low=low, high=high
        )
    above = np.asarray(values > limit, dtype=bool)
    return [
        to_limit,
        proportion(
            "above_drl", above, level=level, clusters=clusters, subgroup=label, empty="no examination"
        ),
    ]


def _cumulated(dose: Dose, doses: Doses, examination: str) -> dict[str, Any]:
    """Which points does the cumulated share of doses run through, before and after? At most 100 a side."""
    rows = []
    for phase, late in ((BEFORE, False), (AFTER, True)):
        own = np.array([e == examination for e in doses.examination]) & (doses.after == late)
        values = np.sort(doses.value[own & ~np.isnan(doses.value)])
        keep = np.unique(np.linspace(0, len(values) - 1, min(100, len(values))).round().astype(int))
        rows += [
            {"phase": phase, "dose": float(values[i]), "share": float((i + 1) / own.sum())}
            for i in keep
            if len(values)
        ]
    level = dose.levels.get(examination)
    return {"examination": examination, "points": rows, "drl": None if level is None else level.value}


def operational_part(each: Operational, frame: pl.DataFrame, common: Common) -> Part:
    """Did this rate, or this time, change? Before and after by one definition, with the run of the periods."""
    if each.events is not None:
        periods = parse_periods(each, frame)
        measures, changes = before_after.rates(
            each.measure_names[0], periods, per=each.per, level=common.level
        )
        chart = before_after.run_chart(periods, per=each.per) | {
            "name": each.name,
            "measure": each.measure_names[0],
        }
        return Part(measures, changes, figures={"operational": [chart]})
    times = parse_times(each, frame)
    measures, changes = before_after.percentiles(
        each.name, times.value[~times.after], times.value[times.after], each.percentiles, level=common.level
    )
    remark = (
        f"{each.name}: a case without a time is one that never came to an end, and lies beyond every time."
    )
    return Part(measures, changes, remarks=[remark] if np.isinf(times.value).any() else [])
