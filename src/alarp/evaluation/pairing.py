"""Did two products answer the very same cases, and by how much do they differ, case by case?

Two runs of one plan on the same cases are one experiment: what is hard about a case is hard for both, so the
difference is far better known than the two numbers apart. Where the cases differ, even by one, nothing is paired.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from alarp.evaluation.intervals import Codes, Comparison, FloatArray, mean
from alarp.evaluation.kinds import ROOMS, KindProtocol
from alarp.evaluation.outcomes import NO_OUTPUT, CaseOutcome
from alarp.evaluation.pieces import Row
from alarp.evaluation.resampling import REPLICATES, SEED

Truths = dict[str, Any]  # case → what is true of it
_OVERLAP = ("dice", "surface_dice")
_OUTLINES = (*_OVERLAP, "hd95_mm", "mean_surface_distance_mm", "added_path_length_mm")


@dataclass(frozen=True, slots=True)
class Answered:
    """One product's run as it was kept: the plan, its tables of text cells by field, and the result."""

    label: str
    protocol: KindProtocol
    tables: Mapping[str, pl.DataFrame]
    result: Row


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two runs case by case. `comparisons` (the other minus the first) is empty unless their cases are the same.

    A comparison of one structure has the measure 'dice, liver'.
    """

    first: int
    other: int
    common: int
    why_not: str
    comparisons: tuple[Comparison, ...] = ()

    @property
    def sentence(self) -> str:
        """'Paired: both answered the same 400 cases.' or why it is not, with the number of common cases."""
        if self.comparisons:
            return f"Paired: both answered the same {self.common} cases."
        return f"Not paired: {self.why_not}."


def paired(first: Answered, other: Answered) -> Pairing:
    """By how much does the other differ from the first, on each case? Unpaired unless every case and its truth agree."""
    kind = ROOMS[first.protocol.common.kind]
    known = [_truths(kind, run) for run in (first, other)]
    common = sum(1 for case, truth in known[0].items() if known[1].get(case, _ABSENT) == truth)
    found = Pairing(len(known[0]), len(known[1]), common, "")
    if not common == found.first == found.other:
        return replace(
            found,
            why_not=f"{common} cases are common, of {found.first} and {found.other}; a pair needs the same cases",
        )
    compare = _COMPARED.get(kind)
    if compare is None:
        return replace(
            found,
            why_not=f"the cases are the same {common}, but two runs of this kind ({kind.replace('_', ' ')}) are "
            "compared only within one study",
        )
    rows = tuple(row for row in compare(first, other) if row.difference is not None)
    return replace(found, comparisons=rows, why_not="" if rows else "no measure could be paired")


_ABSENT = object()


def _truths(kind: str, run: Answered) -> Truths:
    """Every case with what is true of it; of kinds without a parser for single cases, the names of the cases alone."""
    protocol: Any = run.protocol
    if kind == "detection":
        cases = _detection(run)
        return dict(zip(cases.names, cases.truth.tolist(), strict=True))
    if kind == "measurement":
        known = _measurement(run)
        return dict(zip(known.names, map(repr, known.reference.tolist()), strict=True))
    if kind == "prediction":
        seen = _prediction(run)
        told = zip(seen.happened.tolist(), seen.known.tolist(), strict=True)
        return dict(zip(seen.names, told, strict=True))
    field = "truth" if "truth" in run.tables else next(iter(run.tables))
    table = run.tables[field]
    column = str((protocol.common.declared.get("columns") or {}).get("case") or "case")
    names = table[column].to_list() if column in table.columns else []
    if kind == "contouring":
        files = run.result["data"]
        return {str(name): files.get(f"{name}: {protocol.columns.reference}") for name in names}
    return dict.fromkeys(map(str, names))


def _detection(run: Answered) -> Any:
    from alarp.evaluation.detection import parse_cases

    protocol: Any = run.protocol
    return parse_cases(protocol, run.tables["cases"], run.tables.get("truth"))


def _measurement(run: Answered) -> Any:
    from alarp.evaluation.measurement.cases import parse_cases

    protocol: Any = run.protocol
    return parse_cases(protocol, run.tables["cases"])


def _prediction(run: Answered) -> Any:
    from alarp.evaluation.prediction.cases import parse_cases

    protocol: Any = run.protocol
    return parse_cases(protocol, run.tables["cases"])


def _order(names: Sequence[str], wanted: Sequence[str]) -> npt.NDArray[np.int64]:
    """At which places stand the wanted names?"""
    place = {name: i for i, name in enumerate(names)}
    return np.array([place[name] for name in wanted], dtype=np.int64)


def _silence(
    first: Answered, other: Answered, outcomes: Sequence[Sequence[CaseOutcome]], patients: Codes | None
) -> Comparison:
    """For which of the same cases did each give no usable answer?"""
    from alarp.evaluation.detection.paired import compare_proportions

    lost = [np.array([o in NO_OUTPUT for o in side], dtype=bool) for side in outcomes]
    return compare_proportions(
        "failure_rate", other.label, first.label, lost[1], lost[0],
        level=first.protocol.common.level, clusters=patients, empty="no case",
    )  # fmt: skip


def _rates(first: Answered, other: Answered) -> list[Comparison]:
    """Sensitivity, specificity, areas: McNemar with Tango's interval, and DeLong for the areas."""
    from alarp.evaluation.detection.comparing import between

    protocol: Any = first.protocol
    one, two = _detection(first), _detection(other)
    order = _order(two.names, one.names)
    lined = replace(
        two,
        names=one.names,
        truth=two.truth[order],
        called=two.called[order],
        suspicion=two.suspicion[order],
        outcome=tuple(two.outcome[i] for i in order),
        patient=one.patient,
    )
    rows = list(between(protocol, other.label, first.label, lined, one))
    return [*rows, _silence(first, other, (one.outcome, lined.outcome), one.patient)]


def _errors(first: Answered, other: Answered) -> list[Comparison]:
    """Measurement: the absolute errors of the same rows, and which of them lie within tolerance."""
    from alarp.evaluation.detection.paired import compare_proportions
    from alarp.evaluation.measurement.measures import inside

    protocol: Any = first.protocol
    one, two = _measurement(first), _measurement(other)
    order = _order(two.names, one.names)
    rows = [_silence(first, other, (one.outcome, [two.outcome[i] for i in order]), one.clusters)]
    if protocol.tolerance is not None:
        near = np.zeros((2, len(one.names)), dtype=bool)
        for side, cases in enumerate((one, two)):
            keep, hits = inside(protocol, cases, rule="worst_case")
            near[side][np.flatnonzero(keep)] = hits
        count = one.known
        rows.append(
            compare_proportions(
                "within_tolerance", other.label, first.label, near[1][order][count], near[0][count],
                level=protocol.common.level, empty="no case",
                clusters=None if one.clusters is None else one.clusters[count],
            )
        )  # fmt: skip
    told = one.known
    if one.scored[told].all() and two.scored[order][told].all():
        errors = [np.abs(output - one.reference)[told] for output in (one.output, two.output[order])]
        rows.append(_mean("mae", first, other, errors[1] - errors[0], one.subject[told]))
    return rows


def _forecasts(first: Answered, other: Answered) -> list[Comparison]:
    """Prediction: the squared errors of the same cases, and the areas by DeLong."""
    from alarp.evaluation.detection.options import Window
    from alarp.evaluation.detection.partial import compare_areas
    from alarp.evaluation.prediction.measures import forecasts

    one, two = _prediction(first), _prediction(other)
    order = _order(two.names, one.names)
    lined = replace(
        two,
        names=one.names,
        happened=two.happened[order],
        probability=two.probability[order],
        outcome=tuple(two.outcome[i] for i in order),
        patient=one.patient,
    )
    a, b = forecasts(lined, rule="worst_case"), forecasts(one, rule="worst_case")
    happened = b.happened.astype(float)
    squares = (a.probability - happened) ** 2 - (b.probability - happened) ** 2
    who = np.arange(len(squares)) if b.patient is None else b.patient
    level = first.protocol.common.level
    area = compare_areas(
        "auc", other.label, first.label, a.probability, b.probability, b.happened, Window(),
        level=level, clusters=b.patient,
    )  # fmt: skip
    silent = _silence(first, other, (one.outcome, lined.outcome), one.patient)
    return [area, _mean("brier", first, other, squares, who), silent]


def _mean(measure: str, first: Answered, other: Answered, differences: FloatArray, who: Codes) -> Comparison:
    """The mean of the differences of each case, with its t interval by patient."""
    found = mean(
        measure, differences, who, level=first.protocol.common.level, bounds=(float("-inf"), float("inf"))
    )
    method = f"paired differences: {found.method}"
    return Comparison(measure, other.label, first.label, found.estimate, found.low, found.high, method=method)


def _outlines(first: Answered, other: Answered) -> list[Comparison]:
    """Contouring: each outline's own numbers, over all structures and for each; patients are drawn again.

    An outline that was missed, invented or failed counts 0 for overlap; a distance is paired only where both
    products' outlines all have one.
    """
    sides = [
        {(row["case"], row["structure"]): row for row in run.result["figures"]["per_case"]}
        for run in (first, other)
    ]
    keys = [key for key in sides[0] if key in sides[1]]
    patient = _patients(first)
    structures = list(dict.fromkeys(structure for _, structure in keys))
    rows = []
    for name in _OUTLINES:
        for wanted in ("", *structures) if len(structures) > 1 else ("",):
            chosen = [key for key in keys if wanted in ("", key[1])]
            values = [[_value(side[key], name) for key in chosen] for side in sides]
            who = [patient.get(case, case) for case, _ in chosen]
            label = f"{name}, {wanted}" if wanted else name
            rows.append(_resampled(label, first, other, values, who))
    return rows


def _patients(run: Answered) -> dict[str, str]:
    from alarp.evaluation.contouring import parse_cases

    protocol: Any = run.protocol
    return {case.case: case.patient for case in parse_cases(protocol, run.tables["cases"])}


def _value(row: Row, name: str) -> float | None:
    """NaN: this outline enters no mean; None: it has no finite value."""
    if row["outcome"] in (CaseOutcome.BOTH_EMPTY, CaseOutcome.REFERENCE_MISSING):
        return float("nan")
    if row["outcome"] == CaseOutcome.SCORED:
        value = row.get(name)
        return None if value is None else float(value)
    return 0.0 if name in _OVERLAP else None


def _resampled(
    label: str, first: Answered, other: Answered, values: list[list[float | None]], who: list[str]
) -> Comparison:
    """The difference of both means as they are reported, when the same patients are drawn again for both.

    Each mean is over the outlines that count for its product (a structure that only one of them invented counts for
    that one alone), so the difference is exactly that of the two numbers beside it. Percentiles of the difference of
    two ratio means over resampled patients (Efron and Tibshirani 1993, ISBN 0412042312).
    """
    from alarp.evaluation.contouring.averages import codes_of

    names = (other.label, first.label)
    if any(value is None for side in values for value in side):
        return Comparison(label, *names, None, flag="an outline has no finite distance")
    codes, numbers = codes_of(who), [np.array(side, dtype=np.float64) for side in values]
    counts = [~np.isnan(side) for side in numbers]
    if not all(side.any() for side in counts):
        return Comparison(label, *names, None, flag="no outline was compared")
    one, two = (float(side[kept].mean()) for side, kept in zip(numbers, counts, strict=True))
    groups = int(codes.max()) + 1
    if groups == 1:
        return Comparison(label, *names, two - one, method="paired, no interval: one patient")
    drawn = np.random.default_rng(SEED).multinomial(groups, np.full(groups, 1 / groups), size=REPLICATES)
    means = []
    for side, kept in zip(numbers, counts, strict=True):
        sums = np.bincount(codes, weights=np.where(kept, side, 0.0), minlength=groups)
        sizes = np.bincount(codes, weights=kept, minlength=groups)
        with np.errstate(invalid="ignore"):
            means.append((drawn @ sums) / (drawn @ sizes))
    tails = [0.5 - first.protocol.common.level / 2, 0.5 + first.protocol.common.level / 2]
    low, high = np.nanquantile(means[1] - means[0], tails)
    method = f"paired bootstrap by patient ({REPLICATES} replicates, seed {SEED})"
    return Comparison(label, *names, two - one, float(low), float(high), method=method)


_COMPARED: dict[str, Callable[[Answered, Answered], list[Comparison]]] = {
    "detection": _rates,
    "measurement": _errors,
    "prediction": _forecasts,
    "contouring": _outlines,
}
