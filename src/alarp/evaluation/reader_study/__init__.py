"""Do readers do better with the tool than without, and does the tool do as well as they? Several readers and cases."""

from collections.abc import Mapping

import polars as pl

from alarp.evaluation import reference_readings
from alarp.evaluation.localisation.cases import parse_marks
from alarp.evaluation.localisation.truth import with_readings
from alarp.evaluation.mrmc.sizing import Size, cases_needed, sizing
from alarp.evaluation.reader_study.advice import parse_advice
from alarp.evaluation.reader_study.cases import parse_readings, truth_words
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
    named = {"cases": protocol.common.cases} if protocol.marks is None else protocol.marks.tables()
    if protocol.reference_readings is not None:
        named[reference_readings.FIELD] = protocol.reference_readings.file
    return named


def findings(protocol: ReaderStudyProtocol, tables: Mapping[str, pl.DataFrame]) -> Findings:
    """What do these tables of text cells show? Raises BadInput naming the case, the reader and the column."""
    file, level = protocol.reference_readings, protocol.common.level
    if protocol.marks is not None:
        found = evaluate(protocol, parse_marks(protocol.marks, tables, scale=protocol.scale))
        return with_readings(found, protocol.marks, file, tables, level=level)
    frame, readings = tables["cases"], parse_readings(protocol, tables["cases"])
    found = evaluate(protocol, readings, parse_advice(protocol, frame, readings))
    if file is None or protocol.columns is None:
        return found
    one_a_case = frame.unique(subset=protocol.columns.case, keep="first", maintain_order=True)
    patient = protocol.columns.patient
    return reference_readings.beside(
        found,
        file,
        tables[reference_readings.FIELD],
        cases=one_a_case[protocol.columns.case].to_list(),
        patients=None if patient is None else one_a_case[patient].to_list(),
        cases_file=protocol.common.cases,
        coded=lambda made: truth_words(
            protocol, made.label, made.cell, f"reading in column '{file.reading}'"
        ),
        level=level,
    )
