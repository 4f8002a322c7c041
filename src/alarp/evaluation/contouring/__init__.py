"""Does the tool draw the line where the reference draws it? Contours of organs and targets."""

from alarp.evaluation.contouring.cases import (
    CaseResult,
    Enrolled,
    StructureResult,
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
    "compare",
    "evaluate_case",
    "grid_from_headers",
    "parse",
    "parse_cases",
    "rasterise",
    "story",
    "structure_names",
    "structure_set",
    "summarise",
]
