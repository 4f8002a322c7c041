"""Can the stated probability be believed, and acted on fairly? Prediction and operational tools."""

from collections.abc import Mapping

import polars as pl

from alarp.evaluation.prediction.cases import Cases, parse_cases
from alarp.evaluation.prediction.measures import MEASURES, evaluate
from alarp.evaluation.prediction.mixing import case_mix
from alarp.evaluation.prediction.protocol import PredictionProtocol, parse
from alarp.evaluation.prediction.report import story
from alarp.evaluation.result import Findings
from alarp.evaluation.transporting import beside

__all__ = [
    "MEASURES",
    "Cases",
    "PredictionProtocol",
    "evaluate",
    "findings",
    "parse",
    "parse_cases",
    "story",
    "tables",
]


def tables(protocol: PredictionProtocol) -> dict[str, str]:
    """Which CSV files does it read: the protocol's field → the file's name?"""
    return {"cases": protocol.common.cases}


def findings(protocol: PredictionProtocol, tables: Mapping[str, pl.DataFrame]) -> Findings:
    """What do these tables of text cells show? Raises BadInput naming the case and the column."""
    cases = parse_cases(protocol, tables["cases"])
    return beside(evaluate(protocol, cases), case_mix(protocol, cases))
