"""Does the tool draw the line where the reference draws it? Contours of organs and targets."""

from collections.abc import Mapping

import polars as pl

from alarp.evaluation.contouring.cases import Enrolled, asking, parse_cases, structure_names
from alarp.evaluation.contouring.comparing import CaseResult, DoseIn, StructureResult, evaluate_case
from alarp.evaluation.contouring.geometry import Grid, grid_from_headers
from alarp.evaluation.contouring.measures import MEASURES, summarise
from alarp.evaluation.contouring.naming import AS_WRITTEN, Nomenclature, matched
from alarp.evaluation.contouring.protocol import ContouringProtocol, parse
from alarp.evaluation.contouring.raster import RASTERISER, Raster, rasterise
from alarp.evaluation.contouring.regions import onto, painted, voxels
from alarp.evaluation.contouring.report import story
from alarp.evaluation.contouring.structures import Contours, StructureSet, Voxels, structure_set
from alarp.evaluation.contouring.surface import DEFINITION, PairMeasures, compare
from alarp.evaluation.result import Findings

__all__ = [
    "AS_WRITTEN",
    "DEFINITION",
    "MEASURES",
    "RASTERISER",
    "CaseResult",
    "ContouringProtocol",
    "Contours",
    "DoseIn",
    "Enrolled",
    "Grid",
    "Nomenclature",
    "PairMeasures",
    "Raster",
    "StructureResult",
    "StructureSet",
    "Voxels",
    "asking",
    "compare",
    "evaluate_case",
    "findings",
    "grid_from_headers",
    "matched",
    "onto",
    "painted",
    "parse",
    "parse_cases",
    "rasterise",
    "story",
    "structure_names",
    "structure_set",
    "summarise",
    "tables",
    "voxels",
]


def tables(protocol: ContouringProtocol) -> dict[str, str]:
    """Which CSV files does it read: the protocol's field → the file's name?"""
    further = {"ratings": protocol.ratings} if protocol.ratings is not None else {}
    return {"cases": protocol.common.cases} | further


def findings(protocol: ContouringProtocol, tables: Mapping[str, pl.DataFrame]) -> Findings:
    """Contours are scans, not table cells: walk the cases (`parse_cases`, `evaluate_case`, `summarise`) instead."""
    raise NotImplementedError("contouring is evaluated case by case from scans")
