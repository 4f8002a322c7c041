"""Do readers do better with the tool than without, and does the tool do as well as they? Several readers and cases."""

from collections.abc import Mapping

import polars as pl

from alarp.evaluation.localisation.cases import parse_marks
from alarp.evaluation.mrmc.sizing import Size, cases_needed, sizing
from alarp.evaluation.reader_study.advice import parse_advice
from alarp.evaluation.reader_study.cases import parse_readings
from alarp.evaluation.reader_study.measures import evaluate
from alarp.evaluation.reader_study.protocol import MEASURE_NAMES, ReaderStudyProtocol, parse
from alarp.evaluation.reader_study.report import story
from alarp.evaluation.result import Findings

MEASURES = MEASURE_NAMES

__all__ = [
    "MEASURES",
    "ReaderStudyProtocol",
    "Size",
    "cases_needed",
    "evaluate",
    "findings",
    "parse",
    "parse_advice",
    "parse_readings",
    "sizing",
    "story",
    "tables",
]


def tables(protocol: ReaderStudyProtocol) -> dict[str, str]:
    """Which CSV files does it read: the protocol's field → the file's name?"""
    return {"cases": protocol.common.cases} if protocol.marks is None else protocol.marks.tables()


def findings(protocol: ReaderStudyProtocol, tables: Mapping[str, pl.DataFrame]) -> Findings:
    """What do these tables of text cells show? Raises BadInput naming the case, the reader and the column."""
    if protocol.marks is not None:
        return evaluate(protocol, parse_marks(protocol.marks, tables, scale=protocol.scale))
    readings = parse_readings(protocol, tables["cases"])
    return evaluate(protocol, readings, parse_advice(protocol, tables["cases"], readings))
