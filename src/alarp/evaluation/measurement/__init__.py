"""Is the tool's number near enough to the reference's? Measurement: bone age, ejection fraction, a diameter."""

from collections.abc import Mapping

import polars as pl

from alarp.evaluation.measurement.cases import Cases, parse_cases
from alarp.evaluation.measurement.measures import MEASURES, evaluate
from alarp.evaluation.measurement.protocol import MeasurementProtocol, parse
from alarp.evaluation.measurement.report import story
from alarp.evaluation.result import Findings

__all__ = [
    "MEASURES",
    "Cases",
    "MeasurementProtocol",
    "evaluate",
    "findings",
    "parse",
    "parse_cases",
    "story",
    "tables",
]


def tables(protocol: MeasurementProtocol) -> dict[str, str]:
    """Which CSV files does it read: the protocol's field → the file's name?"""
    return {"cases": protocol.common.cases}


def findings(protocol: MeasurementProtocol, tables: Mapping[str, pl.DataFrame]) -> Findings:
    """What do these tables of text cells show? Raises BadInput naming the case and the column."""
    return evaluate(protocol, parse_cases(protocol, tables["cases"]))
