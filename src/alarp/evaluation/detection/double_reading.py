"""What happens when the tool takes the place of the second reader: recalls, cancers found, arbitration?

Two ways to read the same cases. Two readers: where reader 1 and reader 2 agree, that is the answer, otherwise the
arbitration's. Reader and tool: where reader 1 and the tool agree, that is the answer, otherwise the arbitration's. Each
case is counted in both, so that the two are compared in pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np

from alarp.evaluation.detection.options import READER_2, RECALL
from alarp.evaluation.detection.paired import clustered_mean, compare_proportions, normal_comparison
from alarp.evaluation.intervals import (
    BoolArray,
    Codes,
    Comparison,
    FloatArray,
    normal_quantile,
    proportion,
    t_quantile,
)
from alarp.evaluation.protocol import Prevalence
from alarp.kernel import BadInput, Measure

TWO_READERS, WITH_TOOL = "two readers", "reader and tool"
PER_1000 = "extra_assessments_per_1000"
NAMES = (
    "recall_rate", "detection_rate", "arbitration_rate", "recalls_per_cancer", PER_1000, PER_1000 + "_at_prevalence",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pathway:
    """One way to read: who is recalled, and which cases needed the arbitration. One entry a case."""

    name: str
    recalled: BoolArray
    arbitrated: BoolArray


def pathways(
    first: BoolArray,
    second: BoolArray,
    flagged: BoolArray,
    arbitration: np.ndarray,
    *,
    where_none: str | None,
    names: tuple[str, ...],
) -> tuple[Pathway, Pathway]:
    """Who is recalled by two readers, and who by reader 1 with the tool?

    `arbitration` is 1 recall, 0 no recall, -1 not recorded. A case that only the tool sends to arbitration has none on
    record unless everybody was arbitrated: `where_none` says what then counts ('reader 2' as arbitrator, 'recall' or 'no
    recall'). It is never assumed: without the rule such a case is refused by name.
    """
    made = []
    for name, other in ((TWO_READERS, second), (WITH_TOOL, flagged)):
        apart = first != other
        open_cases = np.flatnonzero(apart & (arbitration < 0))
        if len(open_cases) and where_none is None:
            raise BadInput(
                f"Case {names[open_cases[0]]}: {name} differ and column 'arbitration' is empty; add the arbitration, or "
                "say under analysis.double_reading what counts then, as in {where_no_arbitration: reader 2} (or recall, "
                "or no recall)."
            )
        answer = np.where(arbitration < 0, _fallback(where_none, second), arbitration == 1)
        made.append(Pathway(name, np.where(apart, answer, first).astype(bool), apart))
    return made[0], made[1]


def _fallback(where_none: str | None, second: BoolArray) -> BoolArray:
    return second if where_none == READER_2 else np.full(len(second), where_none == RECALL)


def compare_pathways(
    two: Pathway,
    tool: Pathway,
    diseased: BoolArray,
    *,
    level: float,
    clusters: Codes | None = None,
    prevalence: Prevalence | None = None,
) -> tuple[list[Measure], list[Comparison]]:
    """What does each way of reading cost and find, and what changes from two readers to reader and tool?

    The subgroup names the way of reading. Recall, detection and arbitration are shares of all cases; recalls per cancer
    is recalls over recalled cancers. Comparisons are tool minus two readers, in pairs.
    """
    rows = [m for way in (two, tool) for m in _one(way, diseased, level=level, clusters=clusters)]
    sides = [_shares(way, diseased) for way in (tool, two)]
    comparisons = [
        compare_proportions(
            name,
            WITH_TOOL,
            TWO_READERS,
            sides[0][name],
            sides[1][name],
            level=level,
            clusters=clusters,
            empty="no case",
        )
        for name in sides[0]
    ]
    comparisons.append(_recalls_per_cancer(tool, two, diseased, level=level, clusters=clusters))
    rows.append(_per_1000(comparisons[0], len(diseased), level=level))
    if prevalence is not None:
        change = tool.recalled.astype(float) - two.recalled.astype(float)
        rows.append(_extra_at_prevalence(change, diseased, prevalence, level=level, clusters=clusters))
    return rows, comparisons


def _shares(way: Pathway, diseased: BoolArray) -> dict[str, BoolArray]:
    """Which cases are recalled, are cancers recalled, and went to arbitration?"""
    return {
        "recall_rate": way.recalled,
        "detection_rate": way.recalled & diseased,
        "arbitration_rate": way.arbitrated,
    }


def _one(way: Pathway, diseased: BoolArray, *, level: float, clusters: Codes | None) -> list[Measure]:
    group = f"reading={way.name}"
    rows = [
        proportion(name, hits, level=level, clusters=clusters, subgroup=group, empty="no case")
        for name, hits in _shares(way, diseased).items()
    ]
    return [*rows, recalls_per_cancer(way.recalled, diseased, level=level, clusters=clusters, subgroup=group)]


def recalls_per_cancer(
    recalled: BoolArray,
    diseased: BoolArray,
    *,
    level: float = 0.95,
    clusters: Codes | None = None,
    subgroup: str = "all",
) -> Measure:
    """How many patients are recalled for each cancer found?

    Recalled over recalled with cancer, that is one over the PPV of recall; bounds are one over Wilson's, turned round.
    Not measurable when nobody with cancer is recalled.
    """
    which = None if clusters is None else clusters[recalled]
    share = proportion("ppv", diseased[recalled], level=level, clusters=which, empty="nobody is recalled")
    name, n = "recalls_per_cancer", int(recalled.sum())
    if not share.estimate or share.low is None or share.high is None:
        because = share.because or "nobody with cancer is recalled"
        return Measure.not_measurable(name, because=because, n=n, subgroup=subgroup)
    method = f"1 / PPV of recall, {share.method}"
    return Measure(
        name, 1 / share.estimate, 1 / share.high, 1 / share.low, level, method, n, share.events, subgroup
    )


def _recalls_per_cancer(
    tool: Pathway, two: Pathway, diseased: BoolArray, *, level: float, clusters: Codes | None
) -> Comparison:
    """How many more recalls a cancer? Difference of two ratios in the same cases, linearised (delta method)."""
    names = ("recalls_per_cancer", WITH_TOOL, TWO_READERS)
    parts: list[FloatArray] = []
    ratios = []
    for way in (tool, two):
        cancers = float((way.recalled & diseased).mean())
        if cancers == 0:
            return Comparison(*names, None, flag=f"{way.name}: nobody with cancer is recalled")
        ratio = float(way.recalled.mean()) / cancers
        ratios.append(ratio)
        parts.append((way.recalled - ratio * (way.recalled & diseased)) / cancers)
    units = np.arange(len(diseased)) if clusters is None else clusters
    _, se = clustered_mean(parts[0] - parts[1], units)
    freedom = inf if clusters is None else len(np.unique(clusters)) - 1
    limit = (-float("inf"), float("inf"))
    method = "difference of paired ratios, delta method" + (
        "" if clusters is None else ", clustered by patient"
    )
    return normal_comparison(
        *names, ratios[0] - ratios[1], se, level=level, method=method, within=limit, freedom=float(freedom)
    )


def _per_1000(recall: Comparison, n: int, *, level: float) -> Measure:
    """How many more assessments for 1000 read, at the share of disease in these cases? Negative is fewer."""
    group = f"reading={WITH_TOOL}"
    if recall.difference is None:
        return Measure.not_measurable(PER_1000, because=recall.flag, n=n, subgroup=group)
    low, high = (None if v is None else 1000 * v for v in (recall.low, recall.high))
    method = f"1000 x difference of recall rates, {recall.method}"
    return Measure(PER_1000, 1000 * recall.difference, low, high, level, method, n, None, group, recall.flag)


def _extra_at_prevalence(
    change: FloatArray, diseased: BoolArray, prevalence: Prevalence, *, level: float, clusters: Codes | None
) -> Measure:
    """The same where disease is as common as the protocol says: the two classes weighted by the prevalence."""
    name, p = PER_1000 + "_at_prevalence", prevalence.estimate
    group, n = f"reading={WITH_TOOL}", len(diseased)
    if diseased.all() or not diseased.any():
        return Measure.not_measurable(name, because="one class is empty", n=n, subgroup=group)
    units = np.arange(n) if clusters is None else clusters
    sick, se_sick = clustered_mean(change[diseased], units[diseased])
    well, se_well = clustered_mean(change[~diseased], units[~diseased])
    z = normal_quantile(level)
    spread = 0.0
    if prevalence.low is not None and prevalence.high is not None:
        spread = (sick - well) * (prevalence.high - prevalence.low) / (2 * z)
    se = sqrt((p * se_sick) ** 2 + ((1 - p) * se_well) ** 2 + spread**2)
    estimate = p * sick + (1 - p) * well
    freedom = inf if clusters is None else len(np.unique(clusters)) - 1
    half = t_quantile(level, freedom) * se
    low, high = 1000 * (estimate - half), 1000 * (estimate + half)
    method = f"diseased and healthy weighted by prevalence {p:g}, delta method with its bounds"
    return Measure(name, 1000 * estimate, low, high, level, method, n, None, group)
