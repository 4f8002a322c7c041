"""Does the tool find each lesion, in the right place, without marking what is none? FROC, AFROC and wAFROC."""

from collections.abc import Mapping

import polars as pl

from alarp.evaluation import reference_readings
from alarp.evaluation.localisation.cases import parse_marks
from alarp.evaluation.localisation.measures import evaluate
from alarp.evaluation.localisation.protocol import MEASURE_NAMES, LocalisationProtocol, parse
from alarp.evaluation.localisation.report import story
from alarp.evaluation.localisation.truth import with_readings
from alarp.evaluation.result import Findings

MEASURES = MEASURE_NAMES

__all__ = [
    "MEASURES",
    "LocalisationProtocol",
    "evaluate",
    "findings",
    "parse",
    "parse_marks",
    "story",
    "tables",
]


def tables(protocol: LocalisationProtocol) -> dict[str, str]:
    """Which CSV files does it read: the protocol's field → the file's name?"""
    named = protocol.marks.tables()
    if protocol.reference_readings is not None:
        named[reference_readings.FIELD] = protocol.reference_readings.file
    return named


def findings(protocol: LocalisationProtocol, tables: Mapping[str, pl.DataFrame]) -> Findings:
    """What do these tables of text cells show? Raises BadInput naming the case and the column."""
    found = evaluate(protocol, parse_marks(protocol.marks, tables, scale=protocol.scale))
    return with_readings(
        found, protocol.marks, protocol.reference_readings, tables, level=protocol.common.level
    )
