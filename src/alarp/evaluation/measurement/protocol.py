"""What does a protocol for a tool that measures promise and declare?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alarp.evaluation.casemix import Population, parse_population
from alarp.evaluation.cells import optional
from alarp.evaluation.claims import require_known
from alarp.evaluation.fields import Fields
from alarp.evaluation.protocol import Common, parse_common
from alarp.evaluation.reference_readings import ICC, ReadingsFile, parse_readings_file
from alarp.evaluation.transporting import ENDING

DIFFERENCE, RATIO, PERCENT = "difference", "ratio", "percent"
CONSTANT, VARYING = "constant", "varying"
ICC_FORMS = ("1", "A,1", "C,1", "1,k", "A,k", "C,k")
_SAME_ICC = {"1,1": "1", "2,1": "A,1", "3,1": "C,1", "2,k": "A,k", "3,k": "C,k"}
_AGREEMENT = ("bias", "loa_low", "loa_high", "proportional_bias", "icc", "ccc", "mae", "rmse")
_WHOLE = ("within_tolerance", "tdi", "failure_rate")
_REPEATED = ("repeatability_output", "repeatability_reference", "observer_icc", ICC)
_VARIANTS = ("_best_case", "_worst_case", "_as_treated")
MEASURE_NAMES = (
    *_AGREEMENT, *_WHOLE, *_REPEATED,
    *(m + v for m in ("within_tolerance",) for v in _VARIANTS), *(f"{m}_as_treated" for m in _AGREEMENT),
    *(m + ENDING for m in ("within_tolerance", "bias", "mae")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of the table plays which part?"""

    case: str
    reference: str
    output: str
    patient: str | None
    repeat: str | None
    observer: str | None
    outcome: str | None
    subgroups: dict[str, str]


@dataclass(frozen=True, slots=True)
class Options:
    """How the agreement is measured; every choice that changes a number is declared here."""

    scale: str  # "difference", "ratio" (logarithms) or "percent" of the mean of both
    true_value: str  # between repeats of one patient: "constant" or "varying"
    icc: str  # McGraw and Wong's form
    limits: float  # the share of differences the limits of agreement enclose
    tdi: float  # the share for which the total deviation index is asked
    range: tuple[float, float] | None  # the smallest and largest value an output can take
    vendor: Population | None  # on whom the vendor tested


@dataclass(frozen=True, slots=True)
class MeasurementProtocol:
    """A locked plan for a tool whose answer is a number with a unit."""

    common: Common
    columns: Columns
    quantity: str
    quantity_unit: str
    tolerance: float | None
    tolerance_is_percent: bool
    options: Options
    reference_readings: ReadingsFile | None  # what each maker of the reference measured


def parse(values: Mapping[str, Any]) -> MeasurementProtocol:
    """Which measurement protocol is this? Raises BadInput naming the field that is missing, unknown or wrong."""
    fields = Fields(values)
    common = parse_common(fields, values)
    tolerance, percent = _tolerance(fields)
    protocol = MeasurementProtocol(
        common=common,
        columns=_columns(fields, common.subgroups),
        quantity=fields.text("quantity", default="the measurement"),
        quantity_unit=fields.text("quantity_unit", default=""),
        tolerance=tolerance,
        tolerance_is_percent=percent,
        options=_options(common),
        reference_readings=parse_readings_file(fields),
    )
    fields.refuse_unknown()
    require_known(common.claims, MEASURE_NAMES, kind=common.kind)
    return protocol


def _columns(fields: Fields, subgroups: tuple[str, ...]) -> Columns:
    names = Fields(
        fields.mapping("columns", "which column is the case, the reference, the output"), where="columns"
    )
    columns = Columns(
        case=names.text("case", "the column with the case's name"),
        reference=names.text("reference", "the column with the reference's value"),
        output=names.text("output", "the column with the tool's value"),
        patient=optional(names, "patient"),
        repeat=optional(names, "repeat"),
        observer=optional(names, "observer"),
        outcome=optional(names, "outcome"),
        subgroups={name: optional(names, name) or name for name in subgroups},
    )
    names.refuse_unknown()
    return columns


def _tolerance(fields: Fields) -> tuple[float | None, bool]:
    """Which deviation is acceptable? In the quantity's unit, or `{percent: 10}` of the reference."""
    if not fields.has("tolerance"):
        return None, False
    value = fields.take("tolerance")
    percent = isinstance(value, Mapping)
    if percent:
        part = Fields(value, where="tolerance")
        limit = part.number("percent", "the acceptable deviation in per cent of the reference")
        part.refuse_unknown()
    else:
        limit = fields.number("tolerance")
    if limit < 0:
        raise fields.wrong("tolerance", value, "zero or above: a deviation to either side")
    return limit, percent


def _options(common: Common) -> Options:
    fields = Fields(common.analysis, where="analysis")
    asked = fields.text("icc", default="A,1").replace(" ", "")
    form = _SAME_ICC.get(asked, asked)
    if form not in ICC_FORMS:
        raise fields.wrong("icc", asked, "one of " + ", ".join(f"'{f}'" for f in (*ICC_FORMS, *_SAME_ICC)))
    options = Options(
        scale=fields.choice("scale", [DIFFERENCE, RATIO, PERCENT], default=DIFFERENCE),
        true_value=fields.choice("true_value", [CONSTANT, VARYING], default=VARYING),
        icc=form,
        limits=_share(fields, "limits", 0.95),
        tdi=_share(fields, "tdi", 0.9),
        range=_range(fields),
        vendor=parse_population(fields, common.subgroups),
    )
    fields.refuse_unknown()
    return options


def _share(fields: Fields, field: str, default: float) -> float:
    value = fields.number(field, default=default)
    if not 0.5 <= value < 1:
        raise fields.wrong(field, value, "a share from 0.5 to below 1")
    return value


def _range(fields: Fields) -> tuple[float, float] | None:
    if not fields.has("range"):
        return None
    value = fields.take("range")
    if (
        not isinstance(value, list)
        or len(value) != 2
        or any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in value)
        or value[0] >= value[1]
    ):
        raise fields.wrong(
            "range", value, "the smallest and the largest value an output can take, as in [0, 20]"
        )
    return float(value[0]), float(value[1])
