"""Which numbers does a detection evaluation give, for all cases and for each subgroup?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from alarp.evaluation import calibration
from alarp.evaluation.answering import answer_times
from alarp.evaluation.claims import GUARD
from alarp.evaluation.classes import UNKNOWN
from alarp.evaluation.detection import figures, panel, scope, verifying
from alarp.evaluation.detection.accuracy import Readings, accuracy, failure_rate, readings
from alarp.evaluation.detection.auc import GUARDED, auc
from alarp.evaluation.detection.cases import Cases
from alarp.evaluation.detection.comparing import by_answer, comparisons
from alarp.evaluation.detection.double_reading import compare_pathways, pathways
from alarp.evaluation.detection.panel import Panel
from alarp.evaluation.detection.partial import partial_auc
from alarp.evaluation.detection.predictive import (
    likelihood_ratio_negative,
    likelihood_ratio_positive,
    npv_at_prevalence,
    ppv_at_prevalence,
    two_by_two,
)
from alarp.evaluation.detection.protocol import MEASURE_NAMES, NO_DISEASE, DetectionProtocol
from alarp.evaluation.detection.subgroups import case_mix, subgroups
from alarp.evaluation.detection.timing import timing
from alarp.evaluation.detection.transport import against_promise, transported
from alarp.evaluation.intervals import Comparison
from alarp.evaluation.outcomes import DETECTION_OUTCOMES, NO_OUTPUT, tally
from alarp.evaluation.result import Findings
from alarp.kernel import Measure

MEASURES = MEASURE_NAMES


def _measures(cases: Cases, protocol: DetectionProtocol, *, rule: str, suffix: str = "") -> list[Measure]:
    """The five measures that stand in all four ways of counting missing answers."""
    found = readings(cases, rule=rule)
    level, name = protocol.common.level, "auc" + suffix
    rows = accuracy(found, level=level, suffix=suffix)
    if not cases.has_score:
        because = "the protocol names no score column"
        return [*rows, Measure.not_measurable(name, because=because, n=len(found.diseased))]
    chosen = protocol.options.ranking
    return [
        *rows,
        auc(found.suspicion, found.diseased, level=level, clusters=found.patient, name=name, **chosen),
    ]


def _headline(cases: Cases, protocol: DetectionProtocol) -> list[Measure]:
    """Every number about how good the tool is, over all enrolled cases, a missing answer counted as wrong."""
    rows = _measures(cases, protocol, rule="worst_case")
    found, level = readings(cases, rule="worst_case"), protocol.common.level
    table, window = two_by_two(found, level=level), protocol.options.window
    if cases.has_score:
        name = "auc" + GUARD
        rows.append(
            auc(
                found.suspicion,
                found.diseased,
                level=level,
                clusters=found.patient,
                name=name,
                interval=GUARDED,
            )
        )
    if window is not None and cases.has_score:
        rows.append(partial_auc(found.suspicion, found.diseased, window, level=level, clusters=found.patient))
    rows += [likelihood_ratio_positive(table, level=level), likelihood_ratio_negative(table, level=level)]
    if (prevalence := protocol.common.prevalence) is not None:
        rows += [
            ppv_at_prevalence(table, prevalence, level=level),
            npv_at_prevalence(table, prevalence, level=level),
        ]
    return rows


def evaluate(protocol: DetectionProtocol, enrolled: Cases, reference: Panel | None = None) -> Findings:
    """What did the tool achieve? Every enrolled case counts once; a missing answer counts as wrong.

    `reference` are the readings that the truth was made from, where the protocol names them.
    """
    cases, level = scope.judged(protocol, enrolled), protocol.common.level
    found = readings(cases, rule="worst_case")
    measures = _headline(cases, protocol)
    for rule in ("best_case", "worst_case", "as_treated"):
        measures += _measures(cases, protocol, rule=rule, suffix=f"_{rule}")
    mixed = case_mix(protocol, cases)
    by_group, gaps = subgroups(protocol, cases)
    promised, against = _promise(protocol, found, measures)
    measures += [*_probability(protocol, found), *promised]
    measures += [*_others(protocol, cases), *scope.measures(protocol, enrolled)]
    measures += panel.measures(reference, cases, level=level)
    measures += [*(mixed.measures if mixed else ()), *by_group]
    partly = verifying.partial(protocol, cases)
    compared = [*against, *(comparisons(protocol, cases) if protocol.several else ()), *gaps]
    if partly is not None:
        measures = [*verifying.corrected(partly, level=level), *_without_corrected(measures, partly)]
        compared = [_withheld(row, partly) for row in compared]
    pathway, beside = _pathways(protocol, cases)
    times, notified = _times(protocol, cases)
    return Findings(
        outcomes=tally(enrolled.outcome, enrolled=len(enrolled.names), known=DETECTION_OUTCOMES),
        unit="case",
        measures=(*measures, failure_rate(cases, level=level), *times, *pathway),
        comparisons=(*compared, *notified, *beside),
        figures=_figures(protocol, cases, partly)
        | ({"case_mix": mixed.as_figure()} if mixed else {})
        | scope.figure(protocol, enrolled)
        | panel.figure(reference, cases),
        remarks=(*_remarks(protocol, cases, partly), *scope.remarks(protocol, enrolled)),
    )


def _without_corrected(measures: Sequence[Measure], partly: verifying.Partial) -> list[Measure]:
    """The other rows: the ordinary sensitivity and specificity over all cases give way to the corrected ones."""
    rest = [
        m for m in measures if (m.subgroup, m.measure) not in (("all", "sensitivity"), ("all", "specificity"))
    ]
    return verifying.withheld(rest, partly)


def _withheld(row: Comparison, partly: verifying.Partial) -> Comparison:
    flag = partly.because or "not compared: only some cases were verified, picked by the tool's answer"
    return Comparison(row.measure, row.a, row.b, None, method=row.method, flag=flag)


def _others(protocol: DetectionProtocol, cases: Cases) -> list[Measure]:
    """When several answers are compared: the headline numbers of each, the first one's again under its own name."""
    if not protocol.several:
        return []
    rows = []
    for answer in protocol.answers:
        one = by_answer(protocol, cases)[answer.name]
        own = [*_headline(one, protocol.seen_as(answer)), failure_rate(one, level=protocol.common.level)]
        rows += [replace(row, subgroup=f"score={answer.name}") for row in own]
    return rows


def _promise(
    protocol: DetectionProtocol, found: Readings, measures: Sequence[Measure]
) -> tuple[list[Measure], list[Comparison]]:
    """Does the vendor's threshold give the promised operating point here, and which one would?"""
    promise = protocol.options.promise
    if promise is None:
        return [], []
    turn, level = -1.0 if protocol.higher_means == NO_DISEASE else 1.0, protocol.common.level
    table = two_by_two(found, level=level)
    worths = (table.worth_diseased, table.worth_healthy)
    rows = [
        against_promise(m, promise, level=level, worth=worth)
        for m, worth in zip(measures[:2], worths, strict=True)
    ]
    by_threshold = transported(found, promise, level=level, turn=turn) if protocol.columns.score else []
    return by_threshold, [row for row in rows if row is not None]


def _probability(protocol: DetectionProtocol, found: Readings) -> list[Measure]:
    """Does the score keep its word as a probability, where the protocol declares that it is one?

    Brier counts every case: a missing answer is the wrong certainty (0 for the diseased, 1 for the healthy). Slope and
    intercept describe the answers there are, and so stand outside the headline.
    """
    if not protocol.options.score_is_probability:
        return []
    level, answered = protocol.common.level, np.isfinite(found.suspicion)
    every = np.clip(found.suspicion, 0.0, 1.0)
    rows = [calibration.brier(every, found.diseased, level=level, clusters=found.patient)]
    patients = None if found.patient is None else found.patient[answered]
    for measure in (calibration.calibration_slope, calibration.calibration_intercept):
        row = measure(found.suspicion[answered], found.diseased[answered], level=level, clusters=patients)
        rows.append(row if answered.all() else replace(row, method=f"{row.method}; answered cases only"))
    return rows


def _times(protocol: DetectionProtocol, cases: Cases) -> tuple[list[Measure], list[Comparison]]:
    """How long does an answer take, and are the diseased notified earlier than the worklist would have had them?"""
    level, rows = protocol.common.level, []
    if cases.answer_min is not None:
        answered = np.array([o not in NO_OUTPUT for o in cases.outcome], dtype=bool)
        rows = answer_times(cases.answer_min, answered, level=level, clusters=cases.patient)
    if cases.minutes is None:
        return rows, []
    diseased, flagged, minutes = cases.truth == 1, cases.called == 1, cases.minutes
    notified, against = timing(
        minutes.to_result, minutes.on_worklist, diseased, flagged, level=level, patient=cases.patient
    )
    return [*rows, *notified], against


def _pathways(protocol: DetectionProtocol, cases: Cases) -> tuple[list[Measure], list[Comparison]]:
    """What changes when the tool takes the second reader's place? Cases with a usable reference."""
    if cases.readers is None:
        return [], []
    known = cases.truth != UNKNOWN
    found, readers = readings(cases, rule="worst_case"), cases.readers
    two, tool = pathways(
        readers.first[known] == 1,
        readers.second[known] == 1,
        found.flagged,
        readers.arbitration[known],
        where_none=protocol.options.where_no_arbitration,
        names=tuple(name for name, here in zip(cases.names, known, strict=True) if here),
    )
    return compare_pathways(
        two,
        tool,
        found.diseased,
        level=protocol.common.level,
        clusters=found.patient,
        prevalence=protocol.common.prevalence,
    )


def _figures(protocol: DetectionProtocol, cases: Cases, partly: verifying.Partial | None) -> dict[str, Any]:
    found = readings(cases, rule="worst_case")
    made = figures.figures(protocol, by_answer(protocol, cases))
    if protocol.options.score_is_probability:
        made["calibration"] = figures.reliability(found, level=protocol.common.level)
    if partly is not None:
        made["verification"] = verifying.counts(partly)
    elif (natural := figures.natural(protocol, found)) is not None:
        made["natural_frequencies"] = natural
    return made


def _remarks(protocol: DetectionProtocol, cases: Cases, partly: verifying.Partial | None) -> tuple[str, ...]:
    remarks = [
        "A case for which the tool gave no usable answer counts as wrong, whichever the truth "
        "(intention to diagnose); best case, worst case and as treated stand beside it.",
        "PPV and NPV hold at the share of disease in these cases; where disease is rarer, PPV is lower.",
    ]
    if cases.patient is not None:
        remarks.append("Some patients have several cases: intervals are clustered by patient.")
    if cases.has_score:
        remarks.append(
            "DeLong's interval of the AUC is too narrow where few cases are misranked; claims on a bound of the AUC are "
            "judged by auc_guarded, which holds better there (docs/reference/interval-coverage.md)."
        )
    unknown = int((cases.truth == UNKNOWN).sum())
    if unknown:
        remarks.append(f"{unknown} enrolled cases have no usable reference and enter no accuracy measure.")
    if protocol.several:
        remarks.append(
            f"Several answers are compared; the headline is that of '{protocol.answers[0].name}', the first one named. "
            "Their p values are those of each single comparison, not adjusted for how many there are."
        )
    if cases.readers is not None:
        remarks.append(_reading_rule(protocol))
    return (*remarks, *(verifying.remarks(partly) if partly else ()))


def _reading_rule(protocol: DetectionProtocol) -> str:
    rule = protocol.options.where_no_arbitration
    fallback = "" if rule is None else f" Where nobody arbitrated, '{rule}' counts."
    return (
        "Two readers: where reader 1 and reader 2 agree, that is the answer, otherwise the arbitration's. Reader and tool: "
        "the same with the tool in the second reader's place, a missing answer of the tool counted as wrong."
        + fallback
    )
