"""Which numbers does a measurement evaluation give, for all cases and for each subgroup?

Two families. The share within tolerance, the total deviation index and the failure rate count every enrolled row with
a reference: a missing output lies outside any tolerance. Bias, limits, ICC, CCC, MAE and RMSE can only describe pairs;
where outputs are missing they carry no claim, unless the protocol's `analysis.range` says how far off a missing value
can be. So no promise is kept by leaving outputs out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from alarp.evaluation.claims import AS_TREATED
from alarp.evaluation.gaps import (
    Gap,
    groups,
    is_compared,
    mark_too_few,
    mean_gap,
    share_gap,
    with_multiplicity,
)
from alarp.evaluation.intervals import BoolArray, Codes, Comparison, FloatArray, mean, proportion
from alarp.evaluation.measurement import agreement, correlation
from alarp.evaluation.measurement.cases import Cases
from alarp.evaluation.measurement.protocol import (
    CONSTANT,
    MEASURE_NAMES,
    PERCENT,
    RATIO,
    MeasurementProtocol,
)
from alarp.evaluation.outcomes import DETECTION_OUTCOMES, NO_OUTPUT, tally
from alarp.evaluation.quantiles import quantile
from alarp.evaluation.result import Findings
from alarp.kernel import Measure

MEASURES = MEASURE_NAMES
_POINTS_SHOWN = 5000


@dataclass(frozen=True, slots=True)
class Pairs:
    """Reference and output of the same rows, with whose they are."""

    reference: FloatArray
    output: FloatArray
    subject: Codes
    case: Codes

    @property
    def clusters(self) -> Codes | None:
        return self.subject if len(np.unique(self.subject)) < len(self.subject) else None


def pairs(cases: Cases, which: BoolArray) -> Pairs:
    """Which pairs do these rows hold?"""
    return Pairs(cases.reference[which], cases.output[which], cases.subject[which], cases.case[which])


def filled(cases: Cases, bounds: tuple[float, float]) -> Cases:
    """Which value stands for a missing output? The end of the declared range that lies further from the reference."""
    low, high = bounds
    worst = np.where(cases.reference - low >= high - cases.reference, low, high)
    silent = cases.known & ~cases.scored
    return replace(cases, output=np.where(silent, worst, cases.output))


def on_scale(pair: Pairs, scale: str) -> FloatArray:
    """How far is each output from its reference? Its log ratio, per cent of the mean of both, or the difference."""
    if scale == RATIO:
        return np.asarray(np.log(pair.output / pair.reference))
    difference = pair.output - pair.reference
    if scale == PERCENT:
        middle = (pair.output + pair.reference) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(difference == 0, 0.0, 100 * difference / middle)
    return difference


def unlogged(measure: Measure, scale: str) -> Measure:
    """How does a number on the log scale read? As a ratio of output to reference."""
    if scale != RATIO or measure.estimate is None:
        return measure
    low, high = (None if v is None else float(np.exp(v)) for v in (measure.low, measure.high))
    return replace(
        measure,
        estimate=float(np.exp(measure.estimate)),
        low=low,
        high=high,
        method=f"{measure.method}; ratio, from logarithms",
    )


def agree(protocol: MeasurementProtocol, pair: Pairs) -> list[Measure]:
    """How well do the pairs agree, one number for each question?"""
    options, level = protocol.options, protocol.common.level
    scaled = on_scale(pair, options.scale)
    bias = agreement.bias(scaled, pair.subject, level=level)
    if options.true_value == CONSTANT and pair.clusters is not None:
        reference, output = (
            (np.log(pair.reference), np.log(pair.output))
            if options.scale == RATIO
            else (pair.reference, pair.output)
        )
        limits = agreement.constant_truth_measures(
            reference, output, pair.subject, share=options.limits, level=level
        )
    else:
        limits = agreement.limits_of_agreement(scaled, pair.subject, share=options.limits, level=level)
    errors = np.abs(pair.output - pair.reference)
    middle = (pair.output + pair.reference) / 2
    rows = [unlogged(m, options.scale) for m in (bias, *limits)]
    slope = correlation.proportional_bias(
        np.log(pair.reference * pair.output) / 2 if options.scale == RATIO else middle,
        scaled,
        pair.subject,
        level=level,
    )
    return [
        *rows,
        slope,
        _icc(protocol, pair),
        _ccc(pair, level),
        mean("mae", errors, pair.subject, level=level, bounds=(0.0, np.inf)),
        _rmse(errors, pair.subject, level),
    ]


def _subject_means(pair: Pairs) -> tuple[FloatArray, FloatArray]:
    _, code = np.unique(pair.subject, return_inverse=True)
    size = np.bincount(code)
    reference, output = (np.bincount(code, weights=v) / size for v in (pair.reference, pair.output))
    return reference, output


def _over_patients(measure: Measure, pair: Pairs) -> Measure:
    return (
        measure if pair.clusters is None else replace(measure, method=f"{measure.method}; of patient means")
    )


def _icc(protocol: MeasurementProtocol, pair: Pairs) -> Measure:
    if not len(pair.output):
        return Measure.not_measurable("icc", because="no pair could be measured")
    table = np.column_stack(_subject_means(pair))
    return _over_patients(correlation.icc(table, protocol.options.icc, level=protocol.common.level), pair)


def _ccc(pair: Pairs, level: float) -> Measure:
    if not len(pair.output):
        return Measure.not_measurable("ccc", because="no pair could be measured")
    return _over_patients(correlation.concordance(*_subject_means(pair), level=level), pair)


def _rmse(errors: FloatArray, subjects: Codes, level: float) -> Measure:
    """Root of the mean squared error, its bounds the roots of those of the mean square."""
    square = mean("rmse", errors**2, subjects, level=level, bounds=(0.0, np.inf))
    if not square.is_measurable:
        return square
    estimate, low, high = (
        None if v is None else float(np.sqrt(v)) for v in (square.estimate, square.low, square.high)
    )
    return replace(square, estimate=estimate, low=low, high=high, method=f"root of the {square.method}")


def inside(protocol: MeasurementProtocol, cases: Cases, *, rule: str) -> tuple[BoolArray, BoolArray]:
    """Which rows count, and which of them lie within tolerance? A missing output lies outside, by the rule."""
    keep = cases.known & cases.scored if rule == "as_treated" else cases.known
    assert protocol.tolerance is not None
    limit = (
        np.abs(cases.reference) * protocol.tolerance / 100
        if protocol.tolerance_is_percent
        else np.full(len(cases.reference), protocol.tolerance)
    )
    near = np.abs(cases.output - cases.reference) <= limit * (1 + 1e-12)
    near = np.where(cases.scored, near, rule == "best_case")
    return keep, np.asarray(near[keep], dtype=bool)


def within_tolerance(protocol: MeasurementProtocol, cases: Cases, *, rule: str, suffix: str = "") -> Measure:
    """For which share of cases is the tool's value near enough to the reference?

    Within +/- the declared tolerance, bounds included; Wilson interval at the effective n where patients repeat. A case
    without an output is outside (intention to diagnose).
    """
    name = "within_tolerance" + suffix
    if protocol.tolerance is None:
        return Measure.not_measurable(
            name, because="the protocol sets no tolerance", n=int(cases.known.sum())
        )
    keep, hits = inside(protocol, cases, rule=rule)
    clusters = None if cases.clusters is None else cases.clusters[keep]
    return proportion(name, hits, level=protocol.common.level, clusters=clusters, empty="no case")


def total_deviation(protocol: MeasurementProtocol, cases: Cases) -> Measure:
    """Within which deviation do nine in ten cases lie?

    Total deviation index (Lin 2000, doi:10.1002/(SICI)1097-0258(20000130)19:2<255::AID-SIM293>3.0.CO;2-8), here as the
    quantile of |output - reference| with order-statistic bounds; a missing output deviates without end.
    """
    errors = np.abs(cases.output - cases.reference)
    known = np.where(cases.scored, errors, np.inf)[cases.known]
    return quantile(
        "tdi", known, protocol.options.tdi, level=protocol.common.level,
        clusters=None if cases.clusters is None else cases.clusters[cases.known],
        missing="cases without an output",
    )  # fmt: skip


def evaluate(protocol: MeasurementProtocol, cases: Cases) -> Findings:
    """How near does the tool measure? Every enrolled row counts once; a missing output is outside tolerance."""
    measures, level = _headline(protocol, cases), protocol.common.level
    failed = np.array([o in NO_OUTPUT for o in cases.outcome])
    measures.append(proportion("failure_rate", failed, level=level, clusters=cases.clusters, empty="no case"))
    for rule in ("best_case", "worst_case", "as_treated"):
        measures.append(within_tolerance(protocol, cases, rule=rule, suffix=f"_{rule}"))
    measures += _repeated(protocol, cases)
    by_group, comparisons = _subgroups(protocol, cases)
    return Findings(
        outcomes=tally(cases.outcome, enrolled=len(cases.names), known=DETECTION_OUTCOMES),
        unit="measurement" if protocol.columns.repeat or protocol.columns.observer else "case",
        measures=(*measures, *by_group),
        comparisons=tuple(comparisons),
        figures=_figures(protocol, cases),
        remarks=_remarks(protocol, cases),
    )


def _headline(protocol: MeasurementProtocol, cases: Cases) -> list[Measure]:
    treated = agree(protocol, pairs(cases, cases.scored))
    silent = int((cases.known & ~cases.scored).sum())
    if protocol.options.range is not None:
        primary = agree(protocol, pairs(filled(cases, protocol.options.range), cases.known))
    elif silent:
        because = (
            f"{AS_TREATED}: {silent} of {int(cases.known.sum())} outputs are missing and the protocol's "
            "'analysis.range' does not say how far off a missing value can be"
        )
        primary = [replace(m, because=because) if m.is_measurable else m for m in treated]
    else:
        primary = treated
    return [
        within_tolerance(protocol, cases, rule="worst_case"),
        total_deviation(protocol, cases),
        *primary,
        *(replace(m, measure=f"{m.measure}_as_treated") for m in treated),
    ]


def _repeated(protocol: MeasurementProtocol, cases: Cases) -> list[Measure]:
    """How well does each way repeat itself, and do the observers behind the reference agree?"""
    rows: list[Measure] = []
    level = protocol.common.level
    if protocol.columns.repeat is not None and protocol.options.true_value == CONSTANT:
        own = pairs(cases, cases.scored)
        rows += [
            agreement.repeatability("repeatability_output", own.output, own.subject, level=level),
            agreement.repeatability("repeatability_reference", own.reference, own.subject, level=level),
        ]
    if cases.observer is not None:
        table = _observer_table(cases)
        rows.append(
            correlation.icc(table, protocol.options.icc, level=level, name="observer_icc")
            if table.shape[1] > 1 and table.shape[0] > 1
            else Measure.not_measurable("observer_icc", because="no two cases were read by every observer")
        )
    return rows


def _observer_table(cases: Cases) -> FloatArray:
    """Cases x observers of the reference: cases that every observer measured."""
    assert cases.observer is not None
    table = np.full((int(cases.case.max()) + 1, int(cases.observer.max()) + 1), np.nan)
    table[cases.case, cases.observer] = cases.reference
    return np.asarray(table[~np.isnan(table).any(axis=1)])


def _subgroups(protocol: MeasurementProtocol, cases: Cases) -> tuple[list[Measure], list[Comparison]]:
    """Is the tool further off, or off in another direction, for some?"""
    level, minimum = protocol.common.level, protocol.common.minimum_n
    rows: list[Measure] = []
    gaps: list[Gap | None] = []
    for name, members in groups(cases.subgroups):
        pair = pairs(cases, members & cases.scored)
        own = [
            unlogged(
                agreement.bias(
                    on_scale(pair, protocol.options.scale), pair.subject, level=level, subgroup=name
                ),
                protocol.options.scale,
            )
        ]
        if protocol.tolerance is not None:
            own.append(
                replace(within_tolerance(protocol, _only(cases, members), rule="worst_case"), subgroup=name)
            )
        rows += [mark_too_few(m, minimum) for m in own]
        if is_compared(name):
            gaps += _gaps(protocol, cases, name, members)
    return rows, with_multiplicity(gaps, protocol.common)


def _only(cases: Cases, members: BoolArray) -> Cases:
    def part(values: Any) -> Any:
        return values[members]

    return replace(
        cases,
        reference=part(cases.reference),
        output=part(cases.output),
        outcome=tuple(o for o, own in zip(cases.outcome, members, strict=True) if own),
        subject=part(cases.subject),
        case=part(cases.case),
        observer=None,
    )


def _gaps(protocol: MeasurementProtocol, cases: Cases, name: str, members: BoolArray) -> list[Gap | None]:
    level, scale = protocol.common.level, protocol.options.scale
    own, rest = (pairs(cases, side & cases.scored) for side in (members, ~members))
    found: list[Gap | None] = [
        mean_gap(
            "bias", name, on_scale(own, scale), on_scale(rest, scale), (own.subject, rest.subject), level
        )
    ]
    if scale == RATIO:
        found = [None if gap is None else replace(gap, comparison=_as_log(gap.comparison)) for gap in found]
    if protocol.tolerance is not None:
        sides = [_only(cases, side) for side in (members, ~members)]
        hits = [inside(protocol, side, rule="worst_case") for side in sides]
        codes = [side.subject[keep] for side, (keep, _) in zip(sides, hits, strict=True)]
        found.append(share_gap("within_tolerance", name, hits[0][1], hits[1][1], (codes[0], codes[1]), level))
    return found


def _as_log(row: Comparison) -> Comparison:
    return replace(row, method=f"{row.method}, difference of log ratios")


def _figures(protocol: MeasurementProtocol, cases: Cases) -> dict[str, Any]:
    """Which points does the difference plot show? At most 5,000, taken evenly along the file."""
    pair = pairs(cases, cases.scored)
    scaled = on_scale(pair, protocol.options.scale)
    if protocol.options.scale == RATIO:
        scaled, middle = np.exp(scaled), np.sqrt(pair.reference * pair.output)
    else:
        middle = (pair.reference + pair.output) / 2
    keep = np.unique(np.linspace(0, len(middle) - 1, min(_POINTS_SHOWN, len(middle))).round().astype(int))
    names = [name for name, own in zip(cases.names, cases.scored, strict=True) if own]
    points = [
        {"case": names[i], "middle": float(middle[i]), "difference": float(scaled[i])} for i in keep if names
    ]
    return {
        "points": points,
        "scale": protocol.options.scale,
        "quantity": protocol.quantity,
        "quantity_unit": protocol.quantity_unit,
        "tolerance": protocol.tolerance,
        "tolerance_is_percent": protocol.tolerance_is_percent,
        "limits": protocol.options.limits,
        "tdi_share": protocol.options.tdi,
    }


def _remarks(protocol: MeasurementProtocol, cases: Cases) -> tuple[str, ...]:
    said: list[str] = []
    add: Callable[[str], None] = said.append
    add(
        "A case for which the tool gave no value counts as outside tolerance (intention to diagnose); best case, worst "
        "case and as treated stand beside it."
    )
    silent = int((cases.known & ~cases.scored).sum())
    if silent and protocol.options.range is None:
        add(
            f"Bias, limits, ICC, CCC, MAE and RMSE describe the measured pairs alone ({silent} outputs are missing), so "
            "no claim on them can be met; 'analysis.range' in the protocol would charge each missing value."
        )
    elif silent:
        add(
            f"{silent} missing outputs are charged with the end of the declared range furthest from the reference."
        )
    if cases.clusters is not None:
        add("Some patients were measured several times: intervals respect it.")
        if protocol.options.true_value == CONSTANT:
            add("Repeats of a patient are declared to measure the same true value.")
    unknown = int((~cases.known).sum())
    if unknown:
        add(f"{unknown} enrolled cases have no reference and enter no measure of agreement.")
    return tuple(said)
