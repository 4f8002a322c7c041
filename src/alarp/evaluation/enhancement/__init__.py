"""Is the image as good at a lower dose, or in less time? Image enhancement, dose and what changes in the department."""

from collections.abc import Mapping

import polars as pl

from alarp.evaluation.enhancement.measures import evaluate
from alarp.evaluation.enhancement.mixing import case_mix
from alarp.evaluation.enhancement.protocol import EnhancementProtocol, parse
from alarp.evaluation.enhancement.report import story
from alarp.evaluation.result import Findings
from alarp.evaluation.transporting import beside

__all__ = ["EnhancementProtocol", "evaluate", "findings", "parse", "story", "tables"]


def tables(protocol: EnhancementProtocol) -> dict[str, str]:
    """Which CSV files does it read: the protocol's field → the file's name?"""
    named: dict[str, str] = {}
    if protocol.quality is not None:
        named["cases" if protocol.at_top else "quality"] = protocol.quality.table
    if protocol.dose is not None:
        named["cases" if protocol.at_top and protocol.quality is None else "dose"] = protocol.dose.table
    if protocol.detectability is not None:
        named["detectability"] = protocol.detectability.table
    return named | {f"operational.{part.name}": part.table for part in protocol.operational}


def findings(protocol: EnhancementProtocol, tables: Mapping[str, pl.DataFrame]) -> Findings:
    """What do these tables of text cells show? Raises BadInput naming the case and the column."""
    found = evaluate(protocol, tables)
    if protocol.vendor is None:
        return found
    return beside(found, case_mix(protocol, tables["cases" if protocol.at_top else "quality"]))
