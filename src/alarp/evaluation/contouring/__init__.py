"""Does the tool draw the line where the reference draws it? Contours of organs and targets."""

from collections.abc import Mapping

import polars as pl

from alarp.evaluation.contouring.cases import (
    CaseResult,
    Enrolled,
    StructureResult,
    asking,
    evaluate_case,
    parse_cases,
    structure_names,
)
from alarp.evaluation.contouring.geometry import Grid, grid_from_headers
from alarp.evaluation.contouring.measures import MEASURES, summarise
from alarp.evaluation.contouring.protocol import ContouringProtocol, parse
from alarp.evaluation.contouring.raster import RASTERISER, Raster, rasterise
from alarp.evaluation.contouring.report import story
from alarp.evaluation.contouring.structures import Contours, StructureSet, structure_set
from alarp.evaluation.contouring.surface import DEFINITION, PairMeasures, compare
from alarp.evaluation.result import Findings

__all__ = [
    "DEFINITION",
    "MEASURES",
    "RASTERISER",
    "CaseResult",
    "ContouringProtocol",
    "Contours",
    "Enrolled",
    "Grid",
    "PairMeasures",
    "Raster",
    "StructureResult",
    "StructureSet",
    "asking",
    "compare",
    "evaluate_case",
    "findings",
    "grid_from_headers",
    "parse",
    "parse_cases",
    "rasterise",
    "story",
    "structure_names",
    "structure_set",
    "summarise",
    "tables",
]


def tables(protocol: ContouringProtocol) -> dict[str, str]:
    """Which CSV files does it read: the protocol's field → the file's name?"""
    return {"cases": protocol.common.cases}


def findings(protocol: ContouringProtocol, tables: Mapping[str, pl.DataFrame]) -> Findings:
    """Contours are scans, not table cells: walk the cases (`parse_cases`, `evaluate_case`, `summarise`) instead."""
    raise NotImplementedError("contouring is evaluated case by case from scans")
