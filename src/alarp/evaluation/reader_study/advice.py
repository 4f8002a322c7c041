"""What was advised in every reading, and what did the reader think before and after?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from alarp.evaluation.cells import numbers, row_names
from alarp.evaluation.classes import UNKNOWN, Ternary, yes_or_no
from alarp.evaluation.intervals import BoolArray, Codes, FloatArray
from alarp.evaluation.mrmc.readings import Rated
from alarp.evaluation.reader_study.protocol import NO_DISEASE, AdviceColumns, Columns, ReaderStudyProtocol
from alarp.evaluation.reliance import Readings
from alarp.evaluation.tables import require_columns
from alarp.kernel import BadInput


@dataclass(frozen=True, slots=True)
class Advised:
    """The readings of cases with a known truth in which the tool advised something, one entry each.

    `answered` is False where the reader gave no final answer: `final` then holds the wrong one. `confidence` and
    `seconds` are NaN where nobody wrote them down. `unadvised` counts the readings without advice, by modality.
    """

    case: tuple[str, ...]
    reader: tuple[str, ...]
    modality: tuple[str, ...]
    truth: BoolArray
    first: BoolArray | None
    advice: BoolArray
    final: BoolArray
    answered: BoolArray
    confidence: FloatArray | None
    seconds: FloatArray | None
    unadvised: dict[str, int]

    @property
    def everyone(self) -> BoolArray:
        return np.ones(len(self.case), dtype=bool)

    @property
    def conflict(self) -> BoolArray | None:
        """Where did the reader's first impression differ from the advice?"""
        return None if self.first is None else self.first != self.advice

    def reader_codes(self, which: BoolArray) -> Codes:
        """Which readings belong together? Those of one reader; each its own where there is one reader only."""
        names = np.array(self.reader, dtype=object)[which]
        codes = np.unique(names.astype(str), return_inverse=True)[1].astype(np.int64)
        return codes if len(np.unique(codes)) > 1 else np.arange(len(codes), dtype=np.int64)

    def judged(self, which: BoolArray) -> Readings:
        """These readings as the measures of reliance take them."""
        return Readings(
            truth=self.truth[which],
            first=None if self.first is None else self.first[which],
            advice=self.advice[which],
            final=self.final[which],
            reader=self.reader_codes(which),
        )


def parse_advice(protocol: ReaderStudyProtocol, frame: pl.DataFrame, readings: Rated) -> Advised | None:
    """Which readings were advised? None when the protocol names no such column. BadInput names case and column.

    An empty advice is a reading in which the tool said nothing (or was not there); it is counted apart.
    """
    columns = protocol.columns
    if columns is None or columns.advice is None:
        return None
    own = columns.advice
    wanted = {"advice": own.advice, "first": own.first, "final": own.final, "confidence": own.confidence}
    wanted |= {"seconds": own.seconds}
    file = protocol.common.cases
    require_columns(frame, {f"the {role}": name for role, name in wanted.items() if name}, name=file)
    _refuse_strangers(protocol, frame[columns.modality].to_list())
    truth = dict(zip(readings.cases, readings.diseased.tolist(), strict=True))
    known = frame.filter(pl.col(columns.case).is_in(list(truth)))
    advised = known.filter(pl.col(own.advice).is_not_null())
    if advised.height == 0:
        raise BadInput(
            f"Column '{own.advice}' of {file} is empty in every row: nobody was advised of anything."
        )
    labels = row_names(
        advised, {"case": columns.case, "reader": columns.reader, "modality": columns.modality}, file=file
    )
    return _advised(protocol, columns, own, advised, labels, truth, _unadvised(columns, own, known))


def _refuse_strangers(protocol: ReaderStudyProtocol, modalities: Sequence[str]) -> None:
    stranger = next((name for name in protocol.time_pressure if name not in modalities), None)
    if stranger is not None:
        raise BadInput(
            f"The protocol's field 'time_pressure' names '{stranger}', which is no modality of {protocol.common.cases}: "
            f"it has {', '.join(dict.fromkeys(modalities))}."
        )


def _unadvised(columns: Columns, own: AdviceColumns, known: pl.DataFrame) -> dict[str, int]:
    without = known.filter(pl.col(own.advice).is_null())[columns.modality].to_list()
    return {name: without.count(name) for name in sorted(set(without))}


def _advised(
    protocol: ReaderStudyProtocol,
    columns: Columns,
    own: AdviceColumns,
    rows: pl.DataFrame,
    labels: Sequence[str],
    truth: dict[str, bool],
    unadvised: dict[str, int],
) -> Advised:
    def judged(column: str, *, may_be_empty: bool = False) -> Ternary:
        no = () if protocol.negative is None else (protocol.negative,)
        cells = rows[column].to_list()
        return yes_or_no(labels, cells, column, yes=(protocol.positive,), no=no, may_be_empty=may_be_empty)

    def amounts(column: str | None, wanted: str) -> FloatArray | None:
        if column is None:
            return None
        return numbers(labels, rows[column].to_list(), column, within=(0.0, np.inf), wanted=wanted)

    diseased = np.array([truth[name] for name in rows[columns.case]], dtype=bool)
    if own.final is not None:
        said = judged(own.final, may_be_empty=True)
    else:
        said = _by_rating(protocol, numbers(labels, rows[columns.rating].to_list(), columns.rating))
    return Advised(
        case=tuple(rows[columns.case]),
        reader=tuple(rows[columns.reader]),
        modality=tuple(rows[columns.modality]),
        truth=diseased,
        first=None if own.first is None else judged(own.first) == 1,
        advice=judged(own.advice) == 1,
        final=np.where(said == UNKNOWN, ~diseased, said == 1),
        answered=said != UNKNOWN,
        confidence=amounts(own.confidence, "a confidence of 0 or more"),
        seconds=amounts(own.seconds, "a time in seconds of 0 or more"),
        unadvised=unadvised,
    )


def _by_rating(protocol: ReaderStudyProtocol, rating: FloatArray) -> Ternary:
    """What was decided in the end, by the rating at the threshold?"""
    threshold = protocol.design.threshold
    assert threshold is not None
    flagged = rating <= threshold if protocol.higher_means == NO_DISEASE else rating >= threshold
    return np.where(np.isnan(rating), UNKNOWN, flagged).astype(np.int8)
