"""What is known of every case: what happened, what the tool foretold, and what became of its answer?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from alarp.evaluation.cells import declared_outcomes, numbers, patients, row_names, subgroup_labels
from alarp.evaluation.classes import classes
from alarp.evaluation.intervals import BoolArray, Codes, FloatArray
from alarp.evaluation.outcomes import CaseOutcome
from alarp.evaluation.prediction.protocol import PredictionProtocol
from alarp.evaluation.tables import require_columns
from alarp.kernel import BadInput


@dataclass(frozen=True, slots=True)
class Cases:
    """Every enrolled case, one row each, in the order of the file.

    `happened` is true for the protocol's positive outcome (meaningless where the outcome is not `known`);
    `probability` is from 0 to 1, NaN where there is none. `patient` is None when no case shares one.
    """

    names: tuple[str, ...]
    happened: BoolArray
    probability: FloatArray
    outcome: tuple[CaseOutcome, ...]
    patient: Codes | None
    subgroups: dict[str, tuple[str, ...]]

    @property
    def scored(self) -> BoolArray:
        return np.array([o is CaseOutcome.SCORED for o in self.outcome])

    @property
    def known(self) -> BoolArray:
        """Of which cases do we know what happened?"""
        return np.array([o is not CaseOutcome.REFERENCE_MISSING for o in self.outcome])


def parse_cases(protocol: PredictionProtocol, frame: pl.DataFrame) -> Cases:
    """Which cases were enrolled? Raises BadInput naming the case and the column that will not do."""
    columns, file = protocol.columns, protocol.common.cases
    wanted = {
        "the case": columns.case,
        "the outcome": columns.outcome,
        "the probability": columns.probability,
    }
    for role in ("patient", "status"):
        if (column := getattr(columns, role)) is not None:
            wanted[f"the {role}"] = column
    wanted |= {f"the subgroup {name}": column for name, column in columns.subgroups.items()}
    require_columns(frame, wanted, name=file)
    names = row_names(frame, {"case": columns.case}, file=file)
    happened, known = _happened(protocol, names, frame[columns.outcome].to_list())
    probability = numbers(
        names,
        frame[columns.probability].to_list(),
        columns.probability,
        within=(0.0, 1.0),
        wanted="a probability from 0 to 1 (nothing is rescaled)",
    )
    declared = declared_outcomes(
        names, None if columns.status is None else frame[columns.status].to_list(), columns.status
    )
    outcome = tuple(_outcome(*row) for row in zip(known, probability, declared, strict=True))
    answered = np.array([o is CaseOutcome.SCORED for o in outcome])
    _refuse_constant(protocol, probability[answered])
    return Cases(
        names=names,
        happened=happened,
        probability=np.where(answered, probability, np.nan),
        outcome=outcome,
        patient=patients(names, frame, columns.patient),
        subgroups=subgroup_labels(frame, columns.subgroups),
    )


def _happened(
    protocol: PredictionProtocol, names: tuple[str, ...], cells: list[str | None]
) -> tuple[BoolArray, list[bool]]:
    column = protocol.columns.outcome
    said, _, _ = classes(
        names,
        cells,
        positive=protocol.positive,
        negative=protocol.negative,
        what=f"outcome in column '{column}'",
        remedy="Correct the row, or leave the cell empty when nobody knows what happened.",
    )
    happened = np.asarray(said == 1, dtype=bool)
    known = [cell is not None for cell in cells]
    count = int(happened.sum())
    if count in (0, sum(known)):
        lost = (
            f"no case's outcome is '{protocol.positive}'"
            if count == 0
            else f"every outcome is '{protocol.positive}'"
        )
        raise BadInput(
            f"Column '{column}' of {protocol.common.cases}: {lost}; with one class only neither calibration nor "
            "discrimination can be measured."
        )
    return happened, known


def _outcome(known: bool, probability: float, declared: CaseOutcome | None) -> CaseOutcome:
    if not known:
        return CaseOutcome.REFERENCE_MISSING
    if declared is not None:
        return declared
    return CaseOutcome.AI_FAILED if np.isnan(probability) else CaseOutcome.SCORED


def _refuse_constant(protocol: PredictionProtocol, given: FloatArray) -> None:
    if len(given) > 1 and given.min() == given.max():
        raise BadInput(
            f"Column '{protocol.columns.probability}' of {protocol.common.cases}: all {len(given)} probabilities are "
            f"{given[0]:g}; a tool that says the same of everyone ranks nobody, so check the column."
        )
