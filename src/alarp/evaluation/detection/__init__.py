"""Does the tool find the diseased and leave the healthy alone? Detection and triage."""

from collections.abc import Mapping

import polars as pl

from alarp.evaluation.detection.cases import Cases, parse_cases
from alarp.evaluation.detection.measures import MEASURES, evaluate
from alarp.evaluation.detection.panel import parse_panel
from alarp.evaluation.detection.protocol import DetectionProtocol, parse
from alarp.evaluation.detection.report import story
from alarp.evaluation.result import Findings

__all__ = [
    "MEASURES",
    "Cases",
    "DetectionProtocol",
    "evaluate",
    "findings",
    "parse",
    "parse_cases",
    "parse_panel",
    "story",
    "tables",
]


def tables(protocol: DetectionProtocol) -> dict[str, str]:
    """Which CSV files does it read: the protocol's field → the file's name?"""
    named = {"cases": protocol.common.cases}
    if protocol.truth is not None:
        named["truth"] = protocol.truth
    if protocol.reference_readings is not None:
        named["reference_readings"] = protocol.reference_readings.file
    return named


def findings(protocol: DetectionProtocol, tables: Mapping[str, pl.DataFrame]) -> Findings:
    """What do these tables of text cells show? Raises BadInput naming the case and the column."""
    cases = parse_cases(protocol, tables["cases"], tables.get("truth"))
    if protocol.reference_readings is None:
        return evaluate(protocol, cases)
    return evaluate(protocol, cases, parse_panel(protocol, tables["reference_readings"], cases))
