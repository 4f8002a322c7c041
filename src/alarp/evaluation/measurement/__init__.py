"""Is the tool's number near enough to the reference's? Measurement: bone age, ejection fraction, a diameter."""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from alarp.evaluation import reference_readings
from alarp.evaluation.measurement.cases import Cases, parse_cases
from alarp.evaluation.measurement.measures import MEASURES, evaluate
from alarp.evaluation.measurement.mixing import case_mix
from alarp.evaluation.measurement.protocol import MeasurementProtocol, parse
from alarp.evaluation.measurement.report import story
from alarp.evaluation.result import Findings
from alarp.evaluation.transporting import beside

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
    named = {"cases": protocol.common.cases}
    if protocol.reference_readings is not None:
        named[reference_readings.FIELD] = protocol.reference_readings.file
    return named


def findings(protocol: MeasurementProtocol, tables: Mapping[str, pl.DataFrame]) -> Findings:
    """What do these tables of text cells show? Raises BadInput naming the case and the column."""
    cases, file = parse_cases(protocol, tables["cases"]), protocol.reference_readings
    found = beside(evaluate(protocol, cases), case_mix(protocol, cases))
    if file is None:
        return found
    enrolled = tables["cases"][protocol.columns.case].to_list()
    made = reference_readings.read(
        file, tables[reference_readings.FIELD], enrolled=enrolled, cases_file=protocol.common.cases
    )
    agreed = reference_readings.of_numbers(made, file.reading, level=protocol.common.level)
    return replace(found, measures=(*found.measures, agreed))
