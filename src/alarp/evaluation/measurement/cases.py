"""What is known of every measurement: the reference, the tool's value, and what became of it?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from alarp.evaluation.cells import codes, declared_outcomes, numbers, row_names, subgroup_labels
from alarp.evaluation.intervals import BoolArray, Codes, FloatArray
from alarp.evaluation.measurement.protocol import RATIO, MeasurementProtocol
from alarp.evaluation.outcomes import CaseOutcome
from alarp.evaluation.tables import require_columns
from alarp.kernel import BadInput


@dataclass(frozen=True, slots=True)
class Cases:
    """Every enrolled measurement, one row each, in the order of the file.

    `reference` and `output` are in the quantity's unit; NaN where there is none. `subject` says whose it is: the
    patient where the protocol names that column, else the case. `observer` is None when one reference was given.
    """

    names: tuple[str, ...]
    reference: FloatArray
    output: FloatArray
    outcome: tuple[CaseOutcome, ...]
    subject: Codes
    case: Codes
    observer: Codes | None
    subgroups: dict[str, tuple[str, ...]]

    @property
    def scored(self) -> BoolArray:
        return np.array([o is CaseOutcome.SCORED for o in self.outcome])

    @property
    def known(self) -> BoolArray:
        """Which rows have a reference?"""
        return np.array([o is not CaseOutcome.REFERENCE_MISSING for o in self.outcome])

    @property
    def clusters(self) -> Codes | None:
        """Whose measurements hang together? None when everyone was measured once."""
        return self.subject if len(np.unique(self.subject)) < len(self.subject) else None


def parse_cases(protocol: MeasurementProtocol, frame: pl.DataFrame) -> Cases:
    """Which measurements were enrolled? Raises BadInput naming the case and the column that will not do."""
    columns, file = protocol.columns, protocol.common.cases
    keys = {"case": columns.case}
    for role in ("repeat", "observer"):
        if (column := getattr(columns, role)) is not None:
            keys[role] = column
    wanted = {f"the {role}": column for role, column in keys.items()}
    wanted |= {"the reference": columns.reference, "the output": columns.output}
    for role in ("patient", "outcome"):
        if (column := getattr(columns, role)) is not None:
            wanted[f"the {role}"] = column
    wanted |= {f"the subgroup {name}": column for name, column in columns.subgroups.items()}
    require_columns(frame, wanted, name=file)
    names = row_names(frame, keys, file=file)
    reference = _values(protocol, names, frame, columns.reference)
    output = _values(protocol, names, frame, columns.output)
    declared = declared_outcomes(
        names, None if columns.outcome is None else frame[columns.outcome].to_list(), columns.outcome
    )
    outcome = tuple(_outcome(*row) for row in zip(reference, output, declared, strict=True))
    case = codes(names, frame[columns.case].to_list(), columns.case, what="case")
    found = Cases(
        names=names,
        reference=reference,
        output=np.where([o is CaseOutcome.SCORED for o in outcome], output, np.nan),
        outcome=outcome,
        subject=case
        if columns.patient is None
        else codes(names, frame[columns.patient].to_list(), columns.patient, what="patient"),
        case=case,
        observer=None
        if columns.observer is None
        else codes(names, frame[columns.observer].to_list(), columns.observer, what="observer"),
        subgroups=subgroup_labels(frame, columns.subgroups),
    )
    _refuse_empty(protocol, found)
    return found


def _values(
    protocol: MeasurementProtocol, names: tuple[str, ...], frame: pl.DataFrame, column: str
) -> FloatArray:
    values = numbers(names, frame[column].to_list(), column)
    if protocol.options.scale == RATIO and np.any(values <= 0):
        i = int(np.flatnonzero(values <= 0)[0])
        raise BadInput(
            f"Case {names[i]}: column '{column}' holds {values[i]:g}; with 'analysis.scale: ratio' every value is "
            "above zero, so correct the row or declare another scale."
        )
    bounds = protocol.options.range
    if bounds is not None and column == protocol.columns.output:
        outside = np.flatnonzero((values < bounds[0]) | (values > bounds[1]))
        if len(outside):
            i = int(outside[0])
            raise BadInput(
                f"Case {names[i]}: column '{column}' holds {values[i]:g}, outside the protocol's 'analysis.range' of "
                f"{bounds[0]:g} to {bounds[1]:g}; correct the row or the range."
            )
    return values


def _outcome(reference: float, output: float, declared: CaseOutcome | None) -> CaseOutcome:
    if np.isnan(reference):
        return CaseOutcome.REFERENCE_MISSING
    if declared is not None:
        return declared
    return CaseOutcome.AI_FAILED if np.isnan(output) else CaseOutcome.SCORED


def _refuse_empty(protocol: MeasurementProtocol, cases: Cases) -> None:
    columns, file = protocol.columns, protocol.common.cases
    if not cases.known.any():
        raise BadInput(f"Column '{columns.reference}' of {file} holds no value: nothing can be compared.")
    given = cases.output[cases.scored]
    if len(given) > 2 and given.min() == given.max():
        raise BadInput(
            f"Column '{columns.output}' of {file}: all {len(given)} values are {given[0]:g}; a measurement that never "
            "varies tells nobody apart, so check which column holds the tool's value."
        )
