"""Which numbers does a reader study give?"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np

from alarp.evaluation.mrmc import curves
from alarp.evaluation.mrmc.design import U_STATISTIC, ReaderDesign
from alarp.evaluation.mrmc.grouped import by_subgroup
from alarp.evaluation.mrmc.mixing import case_mix
from alarp.evaluation.mrmc.presenting import Presented, present
from alarp.evaluation.mrmc.readings import Marked, Rated, highest_mark
from alarp.evaluation.reader_study.advice import Advised
from alarp.evaluation.reader_study.protocol import NO_DISEASE, ReaderStudyProtocol
from alarp.evaluation.reader_study.relying import Relied, relied
from alarp.evaluation.result import Findings
from alarp.evaluation.transporting import beside


def evaluate(
    protocol: ReaderStudyProtocol, readings: Rated | Marked, advised: Advised | None = None
) -> Findings:
    """What do these readings show? Each reader, each arm, each difference and the overall test, as declared; and, where
    advice was recorded, how readers rely on it."""
    common = protocol.common
    order = [(claim.a, claim.b) for claim in common.claims if claim.a is not None and claim.b is not None]
    shown = present(readings, _turned(protocol), level=common.level, order=order)
    grouped = by_subgroup(readings, _turned(protocol), common)
    advice = Relied([], [], {})
    if advised is not None:
        advice = relied(advised, common, time_pressure=protocol.time_pressure)
    found = Findings(
        outcomes=readings.outcomes,
        unit="cases",
        measures=(*shown.measures, *grouped.measures, *advice.measures),
        comparisons=(*shown.comparisons, *grouped.gaps, *advice.comparisons),
        figures=shown.figures
        | {"design": asdict(protocol.design), "curves": _curves(readings)}
        | ({"reliance": advice.figure} if advised is not None else {}),
        remarks=_remarks(protocol, readings, shown),
    )
    return beside(found, case_mix(readings, _turned(protocol), common))


def _turned(protocol: ReaderStudyProtocol) -> ReaderDesign:
    """The design for ratings that were turned to point towards disease: so is the threshold."""
    design = protocol.design
    if protocol.higher_means == NO_DISEASE and design.threshold is not None:
        return replace(design, threshold=-design.threshold)
    return design


def _curves(readings: Rated | Marked) -> list[dict[str, Any]]:
    rating = highest_mark(readings) if isinstance(readings, Marked) else readings.rating
    instead = np.where(readings.diseased, -np.inf, np.inf)
    rating = np.where(readings.silent, instead, rating)
    found = []
    for group, (modality, reader) in enumerate(readings.pairs):
        one = {"modality": modality, "reader": reader, "roc": curves.roc(rating[group], readings.diseased)}
        if isinstance(readings, Marked):
            one |= {"froc": curves.froc(readings, group), "wafroc": curves.wafroc(readings, group)}
        found.append(one)
    return found


def _side(protocol: ReaderStudyProtocol) -> str:
    return "less" if protocol.higher_means == NO_DISEASE else "more"


def _remarks(protocol: ReaderStudyProtocol, readings: Rated | Marked, shown: Presented) -> tuple[str, ...]:
    design = protocol.design
    remarks = [
        f"Analysis: {design.sentence}; endpoint {design.endpoint}"
        + (
            f", flagged at ratings of {design.threshold:g} or {_side(protocol)}."
            if design.threshold is not None
            else "."
        ),
        "A reading without a usable answer counts as wrong, whichever the truth; best case, worst case and as treated "
        "stand beside it.",
    ]
    if protocol.higher_means == NO_DISEASE:
        remarks.append("Ratings were turned: the protocol says that a higher one means no disease.")
    if design.method == U_STATISTIC:
        remarks.append(
            "Not every reader need have read every case: a reading that has no row was not asked for."
        )
    if readings.patient is not None:
        remarks.append(
            "Some patients have several cases: whole patients are left out or drawn, never single cases."
        )
    if protocol.marks is not None:
        remarks.append(
            f"Matching: {protocol.marks.matching.sentence}. A case without a mark is rated lowest of all."
        )
    pairs = [c for c in shown.comparisons if c.flag != "overall test"]
    if len(pairs) > 1 and design.multiplicity == "none":
        remarks.append(
            f"{len(pairs)} differences were tested and their p values are not adjusted: read them only where the overall "
            "test speaks (analysis.multiplicity: holm adjusts them)."
        )
    return tuple(remarks)
