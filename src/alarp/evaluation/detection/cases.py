"""What is known of every enrolled case: the truth, the tool's answer, and what became of it?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from alarp.evaluation.cells import NOT_RECORDED, declared_outcomes, numbers, patients
from alarp.evaluation.classes import UNKNOWN, Ternary, classes, yes_or_no
from alarp.evaluation.detection.protocol import NO_DISEASE, OPTIONAL_ROLES, DetectionProtocol
from alarp.evaluation.intervals import Codes, FloatArray
from alarp.evaluation.outcomes import CaseOutcome
from alarp.evaluation.subgroups import banded
from alarp.evaluation.tables import join_by_case, require_columns, require_unique_cases
from alarp.kernel import BadInput


@dataclass(frozen=True, slots=True)
class Minutes:
    """When the tool's result was there, and when the worklist came to the case; NaN where not recorded."""

    to_result: FloatArray
    on_worklist: FloatArray


@dataclass(frozen=True, slots=True)
class Readers:
    """What two readers and the arbitration said: 1 recall, 0 no recall, -1 not recorded (arbitration only)."""

    first: Ternary
    second: Ternary
    arbitration: Ternary


@dataclass(frozen=True, slots=True)
class Scope:
    """Is the tool meant for this case, and if not, why not?"""

    inside: npt.NDArray[np.bool_]
    reason: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cases:
    """Every enrolled case, one row each, in the order of the file.

    `truth` and `called` are 1 diseased/flagged, 0 healthy/not flagged, -1 unknown/no answer; `said` is the tool's answer
    whether or not the truth is known. `suspicion` is the score turned so that more means disease; NaN where there is
    none. `patient` is None when no case shares one. `others` holds the same cases with the further answers that the
    protocol names.
    """

    names: tuple[str, ...]
    truth: npt.NDArray[np.int8]
    called: npt.NDArray[np.int8]
    suspicion: FloatArray
    outcome: tuple[CaseOutcome, ...]
    patient: Codes | None
    subgroups: dict[str, tuple[str, ...]]
    has_score: bool
    said: npt.NDArray[np.int8]
    verified: npt.NDArray[np.bool_] | None = None
    minutes: Minutes | None = None
    answer_min: FloatArray | None = None  # from sending to the answer; NaN where not recorded
    readers: Readers | None = None
    scope: Scope | None = None
    rejected: npt.NDArray[np.bool_] | None = None  # did the tool say that it would not judge the case?
    others: dict[str, Cases] = field(default_factory=dict)


def parse_cases(
    protocol: DetectionProtocol, outputs: pl.DataFrame, truth: pl.DataFrame | None = None
) -> Cases:
    """Which cases were enrolled? Raises BadInput naming the case and the column that will not do."""
    frame = _joined(protocol, outputs, truth)
    columns = protocol.columns
    names = tuple(str(name) for name in frame[columns.case])
    truth_codes, truth_open = _truth(protocol, names, frame[columns.truth].to_list())
    base = Cases(
        names=names,
        truth=truth_codes,
        called=truth_codes,
        suspicion=np.full(len(names), np.nan),
        outcome=(),
        patient=patients(names, frame, columns.patient),
        subgroups={s: _words(protocol, names, s, frame[c].to_list()) for s, c in columns.subgroups.items()},
        has_score=False,
        said=truth_codes,
        verified=_verified(protocol, names, frame, truth_codes),
        minutes=_minutes(protocol, names, frame),
        answer_min=_answer_min(protocol, names, frame),
        readers=_readers(protocol, names, frame),
        scope=_scope(protocol, names, frame),
    )
    answered = {
        answer.name: _answered(protocol.seen_as(answer), base, frame, truth_open)
        for answer in protocol.answers
    }
    first, *others = answered
    return replace(answered[first], others={name: answered[name] for name in others})


def _answered(protocol: DetectionProtocol, base: Cases, frame: pl.DataFrame, truth_open: list[bool]) -> Cases:
    """The cases with what one tool answered to them."""
    names = base.names
    column = protocol.columns.outcome
    declared = declared_outcomes(names, None if column is None else frame[column].to_list(), column)
    suspicion = _suspicion(protocol, names, frame)
    called, open_call = _called(protocol, names, frame, suspicion)
    outcome = tuple(
        _outcome(known, unsure, said, answer, unclear)
        for known, unsure, said, answer, unclear in zip(
            base.truth, truth_open, declared, called, open_call, strict=True
        )
    )
    answered = np.array([o is CaseOutcome.SCORED for o in outcome])
    silent = np.array([d is not None for d in declared]) | np.array(open_call)
    if protocol.columns.score is not None:
        _refuse_constant(protocol, suspicion[answered & ~np.isnan(suspicion)])
    return replace(
        base,
        called=np.where(answered, called, UNKNOWN).astype(np.int8),
        said=np.where(silent, UNKNOWN, called).astype(np.int8),
        rejected=np.array([d is CaseOutcome.REJECTED_BY_AI for d in declared], dtype=np.bool_),
        suspicion=np.where(answered, suspicion, np.nan),
        outcome=outcome,
        has_score=protocol.columns.score is not None,
    )


def _words(
    protocol: DetectionProtocol, names: tuple[str, ...], variable: str, cells: list[str | None]
) -> tuple[str, ...]:
    """Which word has each case for this subgroup variable? A number stands in its declared band."""
    if variable in (bands := protocol.subgroup_plan.bands):
        column = protocol.columns.subgroups[variable]
        return tuple(banded(cells, bands[variable], variable=column, cases=names))
    return tuple(cell or NOT_RECORDED for cell in cells)


def _joined(protocol: DetectionProtocol, outputs: pl.DataFrame, truth: pl.DataFrame | None) -> pl.DataFrame:
    columns, file = protocol.columns, protocol.common.cases
    wanted = {"the case": columns.case}
    for role in OPTIONAL_ROLES:
        if (column := getattr(columns, role)) is not None:
            wanted[f"the {role}"] = column
    for answer in protocol.answers:
        for role, column in (("score", answer.score), ("decision", answer.decision)):
            if column is not None:
                wanted[f"the {role}" + (f" {answer.name}" if protocol.several else "")] = column
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


def read_classes(
    protocol: DetectionProtocol, names: Sequence[str], cells: Sequence[str | None], what: str
) -> tuple[Ternary, list[bool], str | None]:
    """Which class does each cell name, by the protocol's words?"""
    return classes(
        names,
        cells,
        positive=protocol.positive,
        negative=protocol.negative,
        indeterminate=protocol.indeterminate,
        what=what,
    )


def _truth(
    protocol: DetectionProtocol, names: tuple[str, ...], cells: list[str | None]
) -> tuple[npt.NDArray[np.int8], list[bool]]:
    where = f"truth in column '{protocol.columns.truth}'"
    codes, unsure, negative = read_classes(protocol, names, cells, where)
    for code, word in ((1, protocol.positive), (0, negative or "any other value")):
        if not np.any(codes == code):
            raise BadInput(
                f"Column '{protocol.columns.truth}' of {protocol.truth or protocol.common.cases}: no case's truth is "
                f"'{word}'; with one class only, neither discrimination nor one side of accuracy can be measured."
            )
    return codes, unsure


def _suspicion(protocol: DetectionProtocol, names: tuple[str, ...], frame: pl.DataFrame) -> FloatArray:
    column = protocol.columns.score
    if column is None:
        return np.full(len(names), np.nan)
    cells = frame[column].to_list()
    values = numbers(names, cells, column, empty_when="the tool gave no score")
    if protocol.options.score_is_probability and column == protocol.answers[0].score:
        _refuse_no_probability(names, values, column)
    return -values if protocol.higher_means == NO_DISEASE else values


def _refuse_no_probability(names: tuple[str, ...], values: FloatArray, column: str) -> None:
    outside = np.flatnonzero((values < 0) | (values > 1))
    if len(outside):
        raise BadInput(
            f"Case {names[outside[0]]}: column '{column}' holds {values[outside[0]]:g}, which is no probability from 0 to "
            "1; correct it, or remove analysis.score_is_probability."
        )


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
    codes, unclear, _ = read_classes(protocol, names, frame[column].to_list(), where)
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


def _verified(
    protocol: DetectionProtocol, names: tuple[str, ...], frame: pl.DataFrame, truth: npt.NDArray[np.int8]
) -> npt.NDArray[np.bool_] | None:
    """Which cases were sent to the reference standard? None when the protocol names no such column."""
    column = protocol.columns.verified
    if column is None:
        return None
    found = yes_or_no(names, frame[column].to_list(), column) == 1
    known_truth = frame[protocol.columns.truth].is_not_null().to_numpy()
    contradicted = np.flatnonzero(~found & known_truth)
    if len(contradicted):
        raise BadInput(
            f"Case {names[contradicted[0]]}: column '{column}' says it was not verified, but column "
            f"'{protocol.columns.truth}' holds a truth; empty the truth or correct the column."
        )
    return np.asarray(found & (truth != UNKNOWN), dtype=np.bool_)


def _minutes(protocol: DetectionProtocol, names: tuple[str, ...], frame: pl.DataFrame) -> Minutes | None:
    result, worklist = protocol.columns.time_to_result_min, protocol.columns.worklist_wait_min
    if result is None or worklist is None:
        return None

    return Minutes(_time(names, frame, result), _time(names, frame, worklist))


def _answer_min(
    protocol: DetectionProtocol, names: tuple[str, ...], frame: pl.DataFrame
) -> FloatArray | None:
    column = protocol.columns.answer_min
    return None if column is None else _time(names, frame, column)


def _time(names: tuple[str, ...], frame: pl.DataFrame, column: str) -> FloatArray:
    return numbers(
        names,
        frame[column].to_list(),
        column,
        within=(0.0, math.inf),
        wanted="a time in minutes of 0 or more",
        empty_when="the time was not recorded",
    )


def _scope(protocol: DetectionProtocol, names: tuple[str, ...], frame: pl.DataFrame) -> Scope | None:
    column, reason = protocol.columns.in_scope, protocol.columns.out_of_scope_reason
    if column is None:
        return None
    inside = yes_or_no(names, frame[column].to_list(), column) == 1
    words = ("",) * len(names) if reason is None else tuple(cell or "" for cell in frame[reason].to_list())
    return Scope(np.asarray(inside, dtype=np.bool_), words)


def _readers(protocol: DetectionProtocol, names: tuple[str, ...], frame: pl.DataFrame) -> Readers | None:
    columns = protocol.columns
    if columns.reader1 is None or columns.reader2 is None or columns.arbitration is None:
        return None
    no = () if protocol.negative is None else (protocol.negative,)

    def read(column: str, *, may_be_empty: bool) -> Ternary:
        cells = frame[column].to_list()
        return yes_or_no(names, cells, column, yes=(protocol.positive,), no=no, may_be_empty=may_be_empty)

    return Readers(
        read(columns.reader1, may_be_empty=False),
        read(columns.reader2, may_be_empty=False),
        read(columns.arbitration, may_be_empty=True),
    )
