"""Which of several tools (or readers) is better on the same cases, and by how much?"""

from __future__ import annotations

from collections.abc import Iterator

from alarp.evaluation.claims import GUARD
from alarp.evaluation.detection.accuracy import Readings, readings
from alarp.evaluation.detection.cases import Cases
from alarp.evaluation.detection.options import Window
from alarp.evaluation.detection.paired import compare_proportions
from alarp.evaluation.detection.partial import compare_areas
from alarp.evaluation.detection.protocol import DetectionProtocol
from alarp.evaluation.intervals import Comparison
from alarp.evaluation.subgroups import EMPTY


def by_answer(protocol: DetectionProtocol, cases: Cases) -> dict[str, Cases]:
    """The same cases under every answer that the protocol names, the headline first."""
    return {protocol.answers[0].name: cases, **cases.others}


def pairs(protocol: DetectionProtocol) -> Iterator[tuple[str, str]]:
    """Which pairs are compared? Every one in the order named, and the other way round where a claim asks for it."""
    names = [answer.name for answer in protocol.answers]
    wanted = {(claim.a, claim.b) for claim in protocol.common.claims}
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            yield a, b
            if (b, a) in wanted:
                yield b, a


def comparisons(protocol: DetectionProtocol, cases: Cases) -> list[Comparison]:
    """By how much does each differ from each, every enrolled case counted and a missing answer as wrong?

    Sensitivity, specificity, AUC and, where the protocol has one, the partial area. The p values are those of each single
    question; nothing is adjusted for the number of pairs, which the method says.
    """
    known = by_answer(protocol, cases)
    return [row for a, b in pairs(protocol) for row in between(protocol, a, b, known[a], known[b])]


def between(protocol: DetectionProtocol, a: str, b: str, first: Cases, second: Cases) -> Iterator[Comparison]:
    """By how much does one answer differ from another to the very same cases, in the same order?"""
    one, two = (readings(cases, rule="worst_case") for cases in (first, second))
    yield from _operating_points(a, b, one, two, level=protocol.common.level)
    windows = {"auc": Window()}
    if protocol.options.window is not None:
        windows["partial_auc"] = protocol.options.window
    for measure, window in windows.items():
        if first.has_score and second.has_score:
            yield _areas(measure, a, b, one, two, window, level=protocol.common.level)
            if measure == "auc":
                yield _areas(measure + GUARD, a, b, one, two, window, level=protocol.common.level)
        else:
            lacking = b if first.has_score else a
            yield Comparison(measure, a, b, None, flag=f"'{lacking}' has a decision and no score")


def _operating_points(a: str, b: str, first: Readings, second: Readings, *, level: float) -> list[Comparison]:
    rows = []
    for measure, which in (("sensitivity", first.diseased), ("specificity", ~first.diseased)):
        right = [(one.flagged == one.diseased)[which] for one in (first, second)]
        patients = None if first.patient is None else first.patient[which]
        rows.append(
            compare_proportions(
                measure, a, b, right[0], right[1], level=level, clusters=patients, empty=EMPTY[measure]
            )
        )
    return rows


def _areas(
    measure: str, a: str, b: str, first: Readings, second: Readings, window: Window, *, level: float
) -> Comparison:
    return compare_areas(
        measure,
        a,
        b,
        first.suspicion,
        second.suspicion,
        first.diseased,
        window,
        level=level,
        clusters=first.patient,
        guarded=measure.endswith(GUARD),
    )
