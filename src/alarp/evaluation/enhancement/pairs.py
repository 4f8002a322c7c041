"""What does each lesion, and each patient, show when compared with itself: seen on both images, less dose than before?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from alarp.evaluation.detection.paired import compare_proportions
from alarp.evaluation.enhancement.cases import Doses, Seen
from alarp.evaluation.enhancement.protocol import Detectability
from alarp.evaluation.gaps import mark_too_few
from alarp.evaluation.intervals import BoolArray, Codes, Comparison, proportion
from alarp.evaluation.protocol import Common
from alarp.evaluation.quantiles import quantile
from alarp.kernel import Measure

SHOWN, NOT_SHOWN, NOT_ASKED = "shown", "not shown", "not asked"


def seen_on_both(part: Detectability, seen: Seen, level: float) -> tuple[list[Measure], Comparison, str]:
    """Are the lesions that the standard image shows seen on the enhanced one too?

    The share seen on each, and their paired difference (Tango's interval; by patient, or by lesion when several readers
    look at it), held against the margin where one is declared. An image that was not made shows nothing.
    """
    repeats = seen.unit if len(np.unique(seen.unit)) < len(seen.unit) else None
    measures = [
        proportion("detected", hits, level=level, clusters=repeats, subgroup=arm, empty="no lesion")
        for arm, hits in (("standard", seen.standard), ("enhanced", seen.enhanced))
    ]
    row = compare_proportions(
        "detected",
        "enhanced",
        "standard",
        seen.enhanced,
        seen.standard,
        level=level,
        clusters=repeats,
        empty="no lesion",
    )
    verdict = NOT_ASKED
    if part.margin is not None:
        verdict = SHOWN if row.low is not None and row.low > part.margin else NOT_SHOWN
        row = replace(row, flag=f"non-inferiority {verdict}")
    measures += [
        _difference(seen, rule, repeats, level) for rule in ("", "_best_case", "_worst_case", "_as_treated")
    ]
    return measures, row, verdict


def _difference(seen: Seen, rule: str, repeats: Codes | None, level: float) -> Measure:
    """The paired difference when an image that was not made counts as not seen (the primary), as seen, or not at all."""
    keep = ~seen.silent if rule == "_as_treated" else np.ones(len(seen.silent), dtype=bool)
    enhanced = seen.enhanced | (seen.silent & (rule == "_best_case"))
    row = compare_proportions(
        "detected",
        "enhanced",
        "standard",
        enhanced[keep],
        seen.standard[keep],
        level=level,
        clusters=None if repeats is None else repeats[keep],
        empty="no lesion",
    )
    name, n = f"detected_difference{rule}", int(keep.sum())
    return Measure(name, row.difference, row.low, row.high, level, row.method, n, because=row.flag)


def paired_ratio(doses: Doses, own: BoolArray, examination: str, common: Common) -> Measure:
    """Of patients examined before and after: how many times the earlier dose is the later one, in the middle patient?

    The median over patients of the ratio of their (geometric) mean doses, with order-statistic bounds: each patient is
    compared with themselves, so the size of patients cancels. A dose that was not recorded makes the ratio infinite,
    so that leaving one out cannot show a reduction.
    """
    assert doses.patient is not None
    logs = np.log(np.where(np.isnan(doses.value), 1.0, doses.value))
    ratios = []
    for patient in np.unique(doses.patient[own]):
        rows = own & (doses.patient == patient)
        sides = [rows & doses.after, rows & ~doses.after]
        if all(side.any() for side in sides):
            lost = bool(np.isnan(doses.value[rows]).any())
            ratios.append(np.inf if lost else float(np.exp(logs[sides[0]].mean() - logs[sides[1]].mean())))
    if not ratios:
        because = "nobody was examined both before and after"
        return Measure.not_measurable("dose_ratio_paired", because=because, subgroup=examination)
    found = quantile(
        "dose_ratio_paired", np.array(ratios), 0.5, level=common.level, subgroup=examination,
        missing="patients with a dose that was not recorded",
    )  # fmt: skip
    return mark_too_few(found, common.minimum_n, what="patients")


def bargain(figures: Mapping[str, Any]) -> dict[str, str]:
    """Were both shown: an image not inferior (in its scores, and in the lesions seen), and a dose that fell?

    One without the other is not an improvement.
    """
    quality, dose = figures.get("non_inferiority", NOT_ASKED), figures.get("dose_reduction", NOT_ASKED)
    lesions = figures.get("detectability", {}).get("non_inferiority", NOT_ASKED)
    image = [part for part in (quality, lesions) if part != NOT_ASKED]
    both = NOT_ASKED
    if image and dose != NOT_ASKED:
        both = SHOWN if {*image, dose} == {SHOWN} else NOT_SHOWN
    found = {"quality": quality, "dose": dose, "both": both}
    return found if lesions == NOT_ASKED else found | {"lesions": lesions}
