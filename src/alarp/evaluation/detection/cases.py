"""What is known of every enrolled case: the truth, the tool's answer, and what became of it?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from alarp.evaluation.detection.protocol import NO_DISEASE, DetectionProtocol
from alarp.evaluation.intervals import Codes, FloatArray
from alarp.evaluation.outcomes import CaseOutcome
from alarp.evaluation.tables import join_by_case, require_columns, require_unique_cases
from alarp.kernel import BadInput

UNKNOWN = -1
NOT_RECORDED = "not recorded"
_DECLARABLE = {
    o.value: o for o in (CaseOutcome.AI_FAILED, CaseOutcome.REJECTED_BY_AI, CaseOutcome.INDETERMINATE)
}


@dataclass(frozen=True, slots=True)
class Cases:
    """Every enrolled case, one row each, in the order of the file.

    `truth` and `called` are 1 diseased/flagged, 0 healthy/not flagged, -1 unknown/no answer. `suspicion` is the
    score turned so that more means disease; NaN where there is none. `patient` is None when no case shares one.
    """

    names: tuple[str, ...]
    truth: npt.NDArray[np.int8]
    called: npt.NDArray[np.int8]
    suspicion: FloatArray
    outcome: tuple[CaseOutcome, ...]
    patient: Codes | None
    subgroups: dict[str, tuple[str, ...]]
    has_score: bool


def parse_cases(
    protocol: DetectionProtocol, outputs: pl.DataFrame, truth: pl.DataFrame | None = None
) -> Cases:
    """Which cases were enrolled? Raises BadInput naming the case and the column that will not do."""
    frame = _joined(protocol, outputs, truth)
    columns = protocol.columns
    names = tuple(str(name) for name in frame[columns.case])
    truth_codes, truth_open = _truth(protocol, names, frame[columns.truth].to_list())
    declared = _declared(protocol, names, frame)
    suspicion = _suspicion(protocol, names, frame)
    called, open_call = _called(protocol, names, frame, suspicion)
    outcome = tuple(
        _outcome(known, unsure, said, answer, unclear)
        for known, unsure, said, answer, unclear in zip(
            truth_codes, truth_open, declared, called, open_call, strict=True
        )
    )
    answered = np.array([o is CaseOutcome.SCORED for o in outcome])
    if columns.score is not None:
        _refuse_constant(protocol, suspicion[answered & ~np.isnan(suspicion)])
    return Cases(
        names=names,
        truth=truth_codes,
        called=np.where(answered, called, UNKNOWN).astype(np.int8),
        suspicion=np.where(answered, suspicion, np.nan),
        outcome=outcome,
        patient=_patients(protocol, names, frame),
        subgroups={
            s: tuple(v or NOT_RECORDED for v in frame[c].to_list()) for s, c in columns.subgroups.items()
        },
        has_score=columns.score is not None,
    )


def _joined(protocol: DetectionProtocol, outputs: pl.DataFrame, truth: pl.DataFrame | None) -> pl.DataFrame:
    columns, file = protocol.columns, protocol.common.cases
    wanted = {"the case": columns.case}
    for role in ("score", "decision", "patient", "outcome"):
        if (column := getattr(columns, role)) is not None:
            wanted[f"the {role}"] = column
    wanted |= {f"the subgroup {name}": column for name, column in columns.subgroups.items()}
    if truth is None:
        require_columns(outputs, wanted | {"the truth": columns.truth}, name=file)
        require_unique_cases(outputs, columns.case, name=file)
        return outputs
    name = protocol.truth or "truth"
    require_columns(outputs, wanted, name=file)
    require_columns(truth, {"the case": columns.case, "the truth": columns.truth}, name=name)
    reference = truth.select(columns.case, columns.truth)
    return join_by_case(
        outputs.drop(columns.truth, strict=False),
        columns.case,
        reference,
        columns.case,
        left_name=file,
        right_name=name,
    )


def same_value(cell: str, value: str) -> bool:
    """Do a cell and a protocol's value say the same? Numbers by value ('1' and '1.0'), words letter by letter."""
    if cell == value:
        return True
    try:
        return float(cell) == float(value)
    except ValueError:
        return False


def _read_classes(
    protocol: DetectionProtocol, names: tuple[str, ...], cells: list[str | None], what: str
) -> tuple[npt.NDArray[np.int8], list[bool], str | None]:
    """Which class does each cell name: codes, which cells leave it open, and the word for the negative class."""
    codes = np.full(len(cells), UNKNOWN, dtype=np.int8)
    left_open = [False] * len(cells)
    negative = protocol.negative
    for i, cell in enumerate(cells):
        if cell is None:
            continue
        if any(same_value(cell, value) for value in protocol.indeterminate):
            left_open[i] = True
        elif same_value(cell, protocol.positive):
            codes[i] = 1
        elif negative is None or same_value(cell, negative):
            negative, codes[i] = cell, 0
        else:
            raise BadInput(
                f"Case {names[i]}: the {what} is '{cell}'; this protocol knows '{protocol.positive}' and "
                f"'{negative}'. Correct the row or add '{cell}' under indeterminate."
            )
    return codes, left_open, negative


def _truth(
    protocol: DetectionProtocol, names: tuple[str, ...], cells: list[str | None]
) -> tuple[npt.NDArray[np.int8], list[bool]]:
    where = f"truth in column '{protocol.columns.truth}'"
    codes, unsure, negative = _read_classes(protocol, names, cells, where)
    for code, word in ((1, protocol.positive), (0, negative or "any other value")):
        if not np.any(codes == code):
            raise BadInput(
                f"Column '{protocol.columns.truth}' of {protocol.truth or protocol.common.cases}: no case's truth is "
                f"'{word}'; with one class only, neither discrimination nor one side of accuracy can be measured."
            )
    return codes, unsure


def _declared(
    protocol: DetectionProtocol, names: tuple[str, ...], frame: pl.DataFrame
) -> list[CaseOutcome | None]:
    """What does the table itself say became of the case? Nothing when there is no such column or cell."""
    column = protocol.columns.outcome
    if column is None:
        return [None] * len(names)
    found: list[CaseOutcome | None] = []
    for name, cell in zip(names, frame[column].to_list(), strict=True):
        if cell is not None and cell != CaseOutcome.SCORED and cell not in _DECLARABLE:
            raise BadInput(
                f"Case {name}: column '{column}' says '{cell}'; it may be empty, 'scored', {', '.join(map(repr, _DECLARABLE))}."
            )
        found.append(None if cell is None else _DECLARABLE.get(cell))
    return found


def _suspicion(protocol: DetectionProtocol, names: tuple[str, ...], frame: pl.DataFrame) -> FloatArray:
    column = protocol.columns.score
    suspicion = np.full(len(names), np.nan)
    if column is None:
        return suspicion
    for i, cell in enumerate(frame[column].to_list()):
        if cell is None:
            continue
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise BadInput(
                f"Case {names[i]}: column '{column}' holds '{cell}', which is no finite number; correct it, or leave "
                "the cell empty when the tool gave no score."
            )
        suspicion[i] = -value if protocol.higher_means == NO_DISEASE else value
    return suspicion


def _called(
    protocol: DetectionProtocol, names: tuple[str, ...], frame: pl.DataFrame, suspicion: FloatArray
) -> tuple[npt.NDArray[np.int8], list[bool]]:
    """Was the case flagged? By the decision column when there is one, else at or beyond the threshold."""
    column = protocol.columns.decision
    if column is None:
        assert protocol.threshold is not None
        limit = -protocol.threshold if protocol.higher_means == NO_DISEASE else protocol.threshold
        codes = np.where(np.isnan(suspicion), UNKNOWN, suspicion >= limit).astype(np.int8)
        return codes, [False] * len(names)
    where = f"decision in column '{column}'"
    codes, unclear, _ = _read_classes(protocol, names, frame[column].to_list(), where)
    return codes, unclear


def _outcome(
    truth: int, truth_open: bool, declared: CaseOutcome | None, called: int, unclear: bool
) -> CaseOutcome:
    """What became of this case? The tool's failure is told apart from a missing reference."""
    if truth == UNKNOWN:
        return CaseOutcome.INDETERMINATE if truth_open else CaseOutcome.REFERENCE_MISSING
    if declared is not None:
        return declared
    if unclear:
        return CaseOutcome.INDETERMINATE
    return CaseOutcome.AI_FAILED if called == UNKNOWN else CaseOutcome.SCORED


def _refuse_constant(protocol: DetectionProtocol, scores: FloatArray) -> None:
    if len(scores) > 1 and scores.min() == scores.max():
        value = -scores[0] if protocol.higher_means == NO_DISEASE else scores[0]
        raise BadInput(
            f"Column '{protocol.columns.score}' of {protocol.common.cases}: all {len(scores)} scores are {value:g}; a "
            "score that never varies ranks nobody, so check which column holds the tool's score."
        )


def _patients(protocol: DetectionProtocol, names: tuple[str, ...], frame: pl.DataFrame) -> Codes | None:
    column = protocol.columns.patient
    if column is None:
        return None
    cells = frame[column].to_list()
    for name, cell in zip(names, cells, strict=True):
        if cell is None:
            raise BadInput(f"Case {name}: column '{column}' is empty; every case belongs to a patient.")
    _, codes = np.unique(np.array(cells, dtype=object).astype(str), return_inverse=True)
    return codes.astype(np.int64) if len(set(cells)) < len(cells) else None
