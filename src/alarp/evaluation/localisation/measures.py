"""Which numbers does a tool that marks places get?"""

from __future__ import annotations

from dataclasses import replace
from math import inf, log
from typing import Any

import numpy as np

from alarp.evaluation.intervals import Codes, FloatArray, mean, proportion
from alarp.evaluation.localisation.protocol import AT_THRESHOLD, LocalisationProtocol
from alarp.evaluation.mrmc import curves
from alarp.evaluation.mrmc.grouped import by_subgroup
from alarp.evaluation.mrmc.mixing import case_mix
from alarp.evaluation.mrmc.presenting import ALL, present
from alarp.evaluation.mrmc.readings import Marked
from alarp.evaluation.mrmc.study import arms_of
from alarp.evaluation.result import Findings
from alarp.evaluation.transporting import beside
from alarp.kernel import Measure


def evaluate(protocol: LocalisationProtocol, readings: Marked) -> Findings:
    """What do these marks show? The figure of merit by modality (and reader), differences, and the curves."""
    common, design = protocol.common, protocol.design
    order = [(claim.a, claim.b) for claim in common.claims if claim.a is not None and claim.b is not None]
    shown = present(readings, design, level=common.level, order=order)
    arms = arms_of(readings.pairs, ai_reader=design.ai_reader)
    points = [] if protocol.threshold is None else _at_threshold(protocol, readings, protocol.threshold)
    if len(arms) == 1:
        points += [replace(m, subgroup=ALL) for m in points]
    grouped = by_subgroup(readings, design, common)
    found = Findings(
        outcomes=readings.outcomes,
        unit="cases",
        measures=(*shown.measures, *points, *grouped.measures),
        comparisons=(*shown.comparisons, *grouped.gaps),
        figures=shown.figures
        | {"curves": _curves(protocol, readings), "matching": protocol.marks.matching.sentence},
        remarks=_remarks(protocol, readings),
    )
    return beside(found, case_mix(readings, protocol.design, common))


def _at_threshold(protocol: LocalisationProtocol, readings: Marked, threshold: float) -> list[Measure]:
    """Which share of the lesions is found, at how many false marks a case, where the threshold stands?

    A case without an answer has none of its lesions found, and one false mark where there is no lesion. Intervals
    respect that lesions share a case (and cases a patient).
    """
    level, rows = protocol.common.level, []
    owner = np.arange(len(readings.cases)) if readings.patient is None else readings.patient
    for arm in arms_of(readings.pairs, ai_reader=protocol.design.ai_reader):
        found, false = [], []
        for group in arm.groups:
            silent = readings.silent[group]
            found.append((readings.lesion[group] >= threshold) & ~silent[readings.lesion_case])
            ratings, cases = readings.false_marks[group]
            count = np.bincount(cases[ratings >= threshold], minlength=len(readings.cases)).astype(float)
            false.append(np.where(silent & ~readings.diseased, np.maximum(count, 1.0), count))
        times = len(arm.groups)
        rows.append(
            proportion(
                AT_THRESHOLD[0],
                np.concatenate(found),
                level=level,
                clusters=np.tile(owner[readings.lesion_case], times),
                subgroup=arm.name,
                empty="no lesion",
            )
        )
        rows.append(_false_marks(np.concatenate(false), np.tile(owner, times), level, arm.name))
    return rows


def _false_marks(counts: FloatArray, clusters: Codes, level: float, arm: str) -> Measure:
    """How many false marks has a case on average? Where none was seen, an upper bound from Poisson's law."""
    name = AT_THRESHOLD[1]
    if not counts.any():
        high = -log((1 - level) / 2) / len(np.unique(clusters))
        return Measure(name, 0.0, 0.0, high, level, "no false mark seen: Poisson bound", len(counts), 0, arm)
    return mean(name, counts, clusters, level=level, subgroup=arm, bounds=(0.0, inf))


def _curves(protocol: LocalisationProtocol, readings: Marked) -> list[dict[str, Any]]:
    found = []
    for group, (modality, reader) in enumerate(readings.pairs):
        false, _ = readings.false_marks[group]
        lesion = readings.lesion[group]
        operating = [
            {
                "rating": cut,
                "false_marks_per_case": float((false >= cut).sum()) / len(readings.cases),
                "lesions_found": float((lesion >= cut).mean()),
            }
            for cut in sorted(
                {*protocol.operating_points, *([] if protocol.threshold is None else [protocol.threshold])}
            )
        ]
        found.append(
            {
                "modality": modality,
                "reader": reader,
                "froc": curves.froc(readings, group),
                "wafroc": curves.wafroc(readings, group),
                "operating_points": operating,
            }
        )
    return found


def _remarks(protocol: LocalisationProtocol, readings: Marked) -> tuple[str, ...]:
    remarks = [
        f"Matching: {protocol.marks.matching.sentence}. A case without a mark is rated lowest of all (-inf).",
        f"Analysis: {protocol.design.sentence}; endpoint {protocol.design.endpoint}.",
        "A case for which there is no usable answer counts as wrong: its lesions are missed, and a healthy one counts as "
        "marked with the highest rating; best case, worst case and as treated stand beside it.",
    ]
    if readings.patient is not None:
        remarks.append(
            "Some patients have several cases: whole patients are left out or drawn, never single cases."
        )
    return tuple(remarks)
