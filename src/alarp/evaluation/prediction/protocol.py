"""What does a protocol for a tool that predicts promise and declare?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alarp.evaluation.calibration import CLIP
from alarp.evaluation.casemix import Population, parse_population
from alarp.evaluation.cells import optional
from alarp.evaluation.claims import GUARD, require_known
from alarp.evaluation.fields import Fields
from alarp.evaluation.protocol import Common, parse_common
from alarp.evaluation.transporting import ENDING

SEED, REPLICATES = 20260101, 500
VARIANTS = ("_best_case", "_worst_case", "_as_treated")
CALIBRATION = (
    "calibration_intercept",
    "calibration_slope",
    "oe_ratio",
    "ici",
    "ece",
    "calibration_in_the_large",
)
ERRORS = ("brier", "brier_scaled", "auc")
POLICY = ("net_benefit", "caught_share", "overbooked_attended", "overbooked_share")
HEADLINE = (*CALIBRATION, *ERRORS)
GUARDED_AUC = "auc" + GUARD
MIXED = tuple(name + ENDING for name in ("calibration_in_the_large", "brier", "auc"))


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of the table plays which part?"""

    case: str
    outcome: str
    probability: str
    patient: str | None
    status: str | None
    subgroups: dict[str, str]


@dataclass(frozen=True, slots=True)
class Options:
    """How the probabilities are judged; every choice that changes a number is declared here."""

    bins: int
    binning: str  # "quantile" or "width"
    clip: float
    thresholds: tuple[float, ...]
    fractions: tuple[float, ...]
    replicates: int
    seed: int
    vendor: Population | None  # on whom the vendor tested


@dataclass(frozen=True, slots=True)
class PredictionProtocol:
    """A locked plan for a tool that states how probable an outcome is."""

    common: Common
    columns: Columns
    positive: str
    negative: str | None
    overbook_at: float | None
    options: Options

    @property
    def measure_names(self) -> tuple[str, ...]:
        """Which measures can this protocol's claims name?"""
        ranked = tuple(
            f"{m}_{label}" for m in ("lift", "gain") for label in map(per_cent, self.options.fractions)
        )
        return (
            *HEADLINE,
            GUARDED_AUC,
            *POLICY,
            "failure_rate",
            *MIXED,
            *(m + v for m in HEADLINE for v in VARIANTS),
            *ranked,
        )


def per_cent(fraction: float) -> str:
    """How is a fraction named in a measure? 0.1 → '10pct'."""
    return f"{100 * fraction:g}pct"


def parse(values: Mapping[str, Any]) -> PredictionProtocol:
    """Which prediction protocol is this? Raises BadInput naming the field that is missing, unknown or wrong."""
    fields = Fields(values)
    common = parse_common(fields, values)
    overbook = fields.number("overbook_at") if fields.has("overbook_at") else None
    if overbook is not None and not 0 < overbook < 1:
        raise fields.wrong("overbook_at", overbook, "a probability between 0 and 1")
    protocol = PredictionProtocol(
        common=common,
        columns=_columns(fields, common.subgroups),
        positive=fields.text("positive", "the outcome whose probability the tool states"),
        negative=fields.text("negative") if fields.has("negative") else None,
        overbook_at=overbook,
        options=_options(common),
    )
    fields.refuse_unknown()
    require_known(common.claims, protocol.measure_names, kind=common.kind)
    return protocol


def _columns(fields: Fields, subgroups: tuple[str, ...]) -> Columns:
    names = Fields(
        fields.mapping("columns", "which column is the case, the outcome, the probability"), where="columns"
    )
    columns = Columns(
        case=names.text("case", "the column with the case's name"),
        outcome=names.text("outcome", "the column with what happened"),
        probability=names.text("probability", "the column with the tool's probability, from 0 to 1"),
        patient=optional(names, "patient"),
        status=optional(names, "status"),
        subgroups={name: optional(names, name) or name for name in subgroups},
    )
    names.refuse_unknown()
    return columns


def _options(common: Common) -> Options:
    fields = Fields(common.analysis, where="analysis")
    options = Options(
        bins=_whole(fields, "bins", 10, at_least=2),
        binning=fields.choice("binning", ["quantile", "width"], default="quantile"),
        clip=_clip(fields),
        thresholds=_thresholds(fields),
        fractions=_fractions(fields),
        replicates=_whole(fields, "bootstrap", REPLICATES, at_least=100),
        seed=_whole(fields, "seed", SEED, at_least=0),
        vendor=parse_population(fields, common.subgroups),
    )
    fields.refuse_unknown()
    return options


def _whole(fields: Fields, field: str, default: int, *, at_least: int) -> int:
    value = fields.number(field, default=default)
    if value != int(value) or value < at_least:
        raise fields.wrong(field, value, f"a whole number of at least {at_least}")
    return int(value)


def _clip(fields: Fields) -> float:
    value = fields.number("clip", default=CLIP)
    if not 0 < value < 0.5:
        raise fields.wrong("clip", value, "a probability above 0 and below 0.5")
    return value


def _thresholds(fields: Fields) -> tuple[float, ...]:
    """Over which range of threshold probabilities is net benefit asked? [from, to] or [from, to, step]."""
    value = fields.take("thresholds", [0.05, 0.5, 0.05])
    wanted = "a range of probabilities between 0 and 1, as in [0.05, 0.5, 0.05]"
    if not isinstance(value, list) or len(value) not in (2, 3):
        raise fields.wrong("thresholds", value, wanted)
    if any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in value):
        raise fields.wrong("thresholds", value, wanted)
    low, high, step = (*value, (value[1] - value[0]) / 20)[:3]
    if not (0 < low < high < 1 and step > 0):
        raise fields.wrong("thresholds", value, wanted)
    count = int((high - low) / step + 1e-9) + 1
    return tuple(round(low + i * step, 10) for i in range(count))


def _fractions(fields: Fields) -> tuple[float, ...]:
    value = fields.take("fractions", [0.1, 0.2])
    if not isinstance(value, list) or any(
        isinstance(v, bool) or not isinstance(v, (int, float)) or not 0 < v < 1 for v in value
    ):
        raise fields.wrong("fractions", value, "a list of shares between 0 and 1, as in [0.1, 0.2]")
    return tuple(float(v) for v in value)
