"""What does a protocol for image enhancement or dose reduction promise and declare?

Up to three parts, each with its own table: `quality` (scores of the same case, standard and enhanced), `dose`
(examinations before and after, against a diagnostic reference level) and `operational` (rates and times before and
after). A protocol with one part may write that part's fields at the top, with `cases` as its table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alarp.evaluation.casemix import Population, parse_population
from alarp.evaluation.cells import optional
from alarp.evaluation.claims import require_known
from alarp.evaluation.fields import Fields
from alarp.evaluation.protocol import Common, parse_common
from alarp.evaluation.transporting import ENDING
from alarp.kernel import BadInput

BETTER, WORSE = "better", "worse"
FIXED, RANDOM = "fixed", "random"
QUANTITIES = ("dlp", "ctdi", "ctdi_vol", "dap", "kap", "mgd", "esd", "activity", "dose")
QUALITY_NAMES = (
    "quality",
    "quality_standard",
    "quality_enhanced",
    "quality_difference",
    "quality_hodges_lehmann",
)
DETECTED_NAMES = ("detected", "detected_difference")
DOSE_NAMES = (
    "dose_median",
    "dose_third_quartile",
    "above_drl",
    "median_to_drl",
    "dose_ratio",
    "dose_ratio_paired",
)
VARIANTS = ("_best_case", "_worst_case", "_as_treated")
_QUALITY_FIELDS = ("arms", "scale", "higher_means", "margin")
_DOSE_FIELDS = ("phases", "unit_of_dose", "drl")


@dataclass(frozen=True, slots=True)
class Quality:
    """Scores of image quality, each case in both ways: long (a row an arm) or wide (a row a case)."""

    table: str
    case: str
    reader: str | None
    arm: str | None  # long: the column that says which way
    score: str | None
    standard: str  # long: the word for the standard arm; wide: its column
    enhanced: str
    scale: tuple[float, float]
    higher_means: str
    margin: float | None
    readers: str  # "random" or "fixed"
    subgroups: dict[str, str]
    patient: str | None = None  # whose cases hang together

    @property
    def worst(self) -> float:
        """Which score is the worst? It stands for an image that the tool did not make."""
        return self.scale[0] if self.higher_means == BETTER else self.scale[1]

    @property
    def best(self) -> float:
        return self.scale[1] if self.higher_means == BETTER else self.scale[0]


@dataclass(frozen=True, slots=True)
class Detectability:
    """Which lesions are seen on the standard and on the enhanced image? A row a lesion and reader, yes or no."""

    table: str
    case: str
    reader: str | None
    patient: str | None
    standard: str
    enhanced: str
    margin: float | None  # how many fewer may be seen: below 0, a share


@dataclass(frozen=True, slots=True)
class ReferenceLevel:
    """A diagnostic reference level: its value, for which examination, and who set it."""

    value: float
    source: str


@dataclass(frozen=True, slots=True)
class Dose:
    """Doses of examinations before and after, and the levels they are held against."""

    table: str
    case: str
    phase: str
    quantity: str
    value: str
    patient: str | None
    examination: str | None
    before: str
    after: str
    unit: str
    levels: dict[str, ReferenceLevel]  # by examination; 'all' where there is only one


@dataclass(frozen=True, slots=True)
class Operational:
    """One rate (events of a total, by period) or one time (a value a case), before and after."""

    name: str
    table: str
    phase: str
    before: str
    after: str
    period: str | None
    events: str | None
    total: str | None
    case: str | None
    value: str | None
    per: float
    percentiles: tuple[float, ...]

    @property
    def measure_names(self) -> tuple[str, ...]:
        """Which measures does it give?"""
        if self.events is not None:
            return (f"{self.name}_per_{self.per:g}",)
        return tuple(f"{self.name}_p{100 * share:g}" for share in self.percentiles)


@dataclass(frozen=True, slots=True)
class EnhancementProtocol:
    """A locked plan for a tool that changes the image or the dose at which it is made."""

    common: Common
    quality: Quality | None
    dose: Dose | None
    detectability: Detectability | None
    operational: tuple[Operational, ...]
    vendor: Population | None  # on whom the vendor tested
    at_top: bool  # the one part's fields stand at the top: its table is the field `cases`

    @property
    def measure_names(self) -> tuple[str, ...]:
        """Which measures can this protocol's claims name?"""
        names = ["failure_rate"]
        names += (
            (*QUALITY_NAMES, *(f"quality_difference{v}" for v in (*VARIANTS, ENDING))) if self.quality else ()
        )
        names += (*DOSE_NAMES, *(f"dose_ratio{v}" for v in VARIANTS)) if self.dose else ()
        names += (
            (*DETECTED_NAMES, *(f"detected_difference{v}" for v in VARIANTS)) if self.detectability else ()
        )
        return (*names, *(name for part in self.operational for name in part.measure_names))


def parse(values: Mapping[str, Any]) -> EnhancementProtocol:
    """Which enhancement protocol is this? Raises BadInput naming the field that is missing, unknown or wrong."""
    fields = Fields(values)
    common = parse_common(fields, values, cases_needed=False)
    analysis = Fields(common.analysis, where="analysis")
    readers = analysis.choice("readers", [RANDOM, FIXED], default=RANDOM)
    vendor = parse_population(analysis, common.subgroups)
    analysis.refuse_unknown()
    quality = dose = None
    at_top = fields.has("columns")
    if at_top:
        columns = fields.mapping("columns")
        if "phase" in columns:
            dose = _dose(fields, common, table=_cases(common))
        else:
            quality = _quality(fields, common, readers, table=_cases(common))
    if quality is None and fields.has("quality"):
        quality = _part(fields, "quality", lambda part: _quality(part, common, readers, table=_table(part)))
    if dose is None and fields.has("dose"):
        dose = _part(fields, "dose", lambda part: _dose(part, common, table=_table(part)))
    detectability = _part(fields, "detectability", _detectability) if fields.has("detectability") else None
    operational = _operational(fields)
    if quality is None and dose is None and detectability is None and not operational:
        raise BadInput(
            "The protocol has neither 'quality' nor 'dose' nor 'detectability' nor 'operational': say which tables are "
            "compared."
        )
    if vendor is not None and quality is None:
        raise BadInput(
            "The protocol's field 'analysis.vendor_population' is for the part 'quality', the only one whose table has "
            "subgroups: add that part, or remove the field."
        )
    protocol = EnhancementProtocol(common, quality, dose, detectability, operational, vendor, at_top)
    fields.refuse_unknown()
    require_known(common.claims, protocol.measure_names, kind=common.kind)
    return protocol


def _part(fields: Fields, field: str, read: Any) -> Any:
    part = Fields(fields.mapping(field), where=field)
    found = read(part)
    part.refuse_unknown()
    return found


def _cases(common: Common) -> str:
    if not common.cases:
        raise BadInput("The protocol has no field 'cases': add it (the CSV file with the rows).")
    return common.cases


def _table(part: Fields) -> str:
    return part.text("table", "the CSV file with its rows")


def _quality(fields: Fields, common: Common, readers: str, *, table: str) -> Quality:
    names = Fields(
        fields.mapping("columns", "which column is the case and which hold the scores"), where="columns"
    )
    arms = Fields(fields.mapping("arms", optional=True), where="arms")
    case, reader = names.text("case", "the column with the case's name"), optional(names, "reader")
    patient = optional(names, "patient")
    arm: str | None
    score: str | None
    if names.has("score") or names.has("arm"):
        arm, score = names.text("arm", "the column that says which way"), names.text("score", "the scores")
        standard, enhanced = (
            arms.text("standard", default="standard"),
            arms.text("enhanced", default="enhanced"),
        )
    else:
        arm, score = None, None
        standard = names.text("standard", "the column with the score of the standard image")
        enhanced = names.text("enhanced", "the column with the score of the enhanced image")
    subgroups = {name: optional(names, name) or name for name in common.subgroups}
    names.refuse_unknown()
    arms.refuse_unknown()
    higher = fields.choice(
        "higher_means", [BETTER, WORSE], "'better' or 'worse': the direction of a score is never guessed"
    )
    return Quality(
        table, case, reader, arm, score, standard, enhanced, _scale(fields), higher, _margin(fields, higher), readers,
        subgroups, patient,
    )  # fmt: skip


def _detectability(part: Fields) -> Detectability:
    names = Fields(
        part.mapping("columns", "which column is the lesion, and where stands what was seen"), where="columns"
    )
    margin = part.number("margin") if part.has("margin") else None
    if margin is not None and not -1 < margin < 0:
        raise part.wrong(
            "margin", margin, "a share below 0, such as -0.05: so many fewer lesions may be seen"
        )
    found = Detectability(
        table=_table(part),
        case=names.text("case", "the column with the lesion's name"),
        reader=optional(names, "reader"),
        patient=optional(names, "patient"),
        standard=names.text(
            "standard", "the column that says (yes or no) whether it is seen on the standard image"
        ),
        enhanced=names.text(
            "enhanced", "the column that says (yes or no) whether it is seen on the enhanced image"
        ),
        margin=margin,
    )
    names.refuse_unknown()
    return found


def _scale(fields: Fields) -> tuple[float, float]:
    value = fields.require("scale", "the lowest and highest score, as in [1, 5]")
    if (
        not isinstance(value, list)
        or len(value) != 2
        or any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in value)
        or value[0] >= value[1]
    ):
        raise fields.wrong("scale", value, "the lowest and the highest score, as in [1, 5]")
    return float(value[0]), float(value[1])


def _margin(fields: Fields, higher: str) -> float | None:
    """How much worse may the enhanced image be? Signed: below 0 when higher is better, above 0 when it is worse."""
    if not fields.has("margin"):
        return None
    value = fields.number("margin")
    if (value >= 0) is (higher == BETTER) or value == 0:
        side = (
            "below 0, since a higher score is better"
            if higher == BETTER
            else "above 0, since higher is worse"
        )
        raise fields.wrong("margin", value, f"a signed margin on enhanced minus standard: {side}")
    return value


def _dose(fields: Fields, common: Common, *, table: str) -> Dose:
    names = Fields(
        fields.mapping("columns", "which column is the case, the phase and the dose"), where="columns"
    )
    quantities = [q for q in QUANTITIES if names.has(q)]
    if len(quantities) != 1:
        known = ", ".join(QUANTITIES)
        raise BadInput(
            f"The protocol's field 'columns' names {len(quantities)} dose quantities: name exactly one of {known}, "
            "as in 'dlp: DLP'."
        )
    phases = Fields(fields.mapping("phases", optional=True), where="phases")
    quantity, examination = quantities[0], optional(names, "examination")
    unit = fields.text("unit_of_dose", default="")
    unit, levels = _levels(fields, quantity, unit, examination is not None)
    dose = Dose(
        table=table,
        case=names.text("case", "the column with the examination's name"),
        phase=names.text("phase", "the column that says before or after"),
        quantity=quantity,
        value=names.text(quantity),
        patient=optional(names, "patient"),
        examination=examination,
        before=phases.text("before", default="before"),
        after=phases.text("after", default="after"),
        unit=unit,
        levels=levels,
    )
    for name in common.subgroups:
        optional(names, name)
    names.refuse_unknown()
    phases.refuse_unknown()
    return dose


def _levels(
    fields: Fields, quantity: str, unit: str, by_examination: bool
) -> tuple[str, dict[str, ReferenceLevel]]:
    value = fields.take("drl", [])
    rows = [value] if isinstance(value, Mapping) else value
    if not isinstance(rows, list) or any(not isinstance(row, Mapping) for row in rows):
        raise fields.wrong("drl", value, "a mapping of value, quantity, unit and source, or a list of them")
    levels: dict[str, ReferenceLevel] = {}
    for row in rows:
        part = Fields(row, where="drl")
        level = part.number("value", "the reference level")
        told = part.text("quantity", "the dose quantity of the reference level")
        if told.lower() != quantity:
            raise part.wrong(
                "quantity", told, f"'{quantity}', the quantity of the doses: they are never converted"
            )
        if level <= 0:
            raise part.wrong("value", level, "above zero")
        own = part.text("unit", "the unit of the reference level and of the doses")
        if unit and own != unit:
            raise part.wrong("unit", own, f"'{unit}', the unit of the doses: they are never converted")
        unit = own
        name = part.text("examination", "the examination it holds for") if by_examination else "all"
        levels[name] = ReferenceLevel(level, part.text("source", "who set the level, and when"))
        part.refuse_unknown()
    return unit, levels


def _operational(fields: Fields) -> tuple[Operational, ...]:
    rows = fields.take("operational", [])
    if not isinstance(rows, list) or any(not isinstance(row, Mapping) for row in rows):
        raise fields.wrong("operational", rows, "a list of mappings, each with name, table and columns")
    return tuple(
        _one_operational(Fields(row, where=f"operational[{i}]")) for i, row in enumerate(rows, start=1)
    )


def _one_operational(part: Fields) -> Operational:
    names = Fields(part.mapping("columns", "which column is the phase and what is counted"), where="columns")
    phases = Fields(part.mapping("phases", optional=True), where="phases")
    shares = part.take("percentiles", [50, 90])
    if not isinstance(shares, list) or any(
        isinstance(s, bool) or not isinstance(s, (int, float)) or not 0 < s < 100 for s in shares
    ):
        raise part.wrong("percentiles", shares, "a list of percentages between 0 and 100, as in [50, 90]")
    is_rate = names.has("events")
    found = Operational(
        name=part.text("name", "what is counted or timed, with its unit where it has one"),
        table=_table(part),
        phase=names.text("phase", "the column that says before or after"),
        before=phases.text("before", default="before"),
        after=phases.text("after", default="after"),
        period=names.text("period", "the column with the week or month")
        if is_rate
        else optional(names, "period"),
        events=optional(names, "events"),
        total=names.text("total", "the column with how many were done") if is_rate else None,
        case=None if is_rate else names.text("case", "the column with the case's name"),
        value=None if is_rate else names.text("value", "the column with the time"),
        per=part.number("per", default=1000.0),
        percentiles=tuple(s / 100 for s in shares),
    )
    names.refuse_unknown()
    phases.refuse_unknown()
    part.refuse_unknown()
    return found
