"""What does a protocol for contours promise and declare?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from typing import Any

from alarp.evaluation.answering import SHARES
from alarp.evaluation.casemix import Population, parse_population
from alarp.evaluation.claims import require_known
from alarp.evaluation.contouring.acceptance import Criterion, parse_acceptance
from alarp.evaluation.contouring.surface import PairMeasures
from alarp.evaluation.fields import Fields
from alarp.evaluation.protocol import Common, parse_common
from alarp.evaluation.transporting import ENDING
from alarp.kernel import BadInput

OVERLAP = ("dice", "surface_dice")
DISTANCES = ("hd_mm", "hd95_mm", "mean_surface_distance_mm")
PRIMARY = (*OVERLAP, *DISTANCES, "added_path_length_mm", "volume_difference_ml")
VARIANTS = ("_as_treated", "_best_case", "_worst_case")
DOSE = ("dmean_difference_gy", "d95_difference_gy", "d2_difference_gy")
CLINIC = (
    "acceptance_rate", "acceptable_rating_share", "mean_rating", "rater_agreement", "rater_kappa", "rater_ac2", "edit_time_min",
    "manual_time_min", "time_saving_min", "time_saving_share", "fraction_acceptance_rate", "fallback_rate",
    "case_failure_rate", *SHARES,
)  # fmt: skip
IMAGE_DIAGONAL = "image diagonal"
NOT_MEASURED = "not measurable"
TG263, AS_WRITTEN = "tg-263", "as written"
REFUSE, CLIP = "refuse", "clip"
T_INTERVAL, BOOTSTRAP = "t", "bootstrap"
SEED, REPLICATES = 20260101, 2000


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of the table plays which part?"""

    case: str
    reference: str
    output: str
    images: str | None
    patient: str | None
    outcome: str | None
    subgroups: dict[str, str]  # a subgroup's name -> its column
    observer: str | None = None  # a second person's outlines: the inter-observer baseline
    dose: str | None = None  # an RTDOSE
    edit_time_min: str | None = None
    manual_time_min: str | None = None
    fraction: str | None = None  # online adaptive: one row a fraction
    accepted: str | None = None
    fallback: str | None = None
    answer_min: str | None = None  # from sending to the outlines


_OPTIONAL = (
    "images", "patient", "outcome", "observer", "dose", "edit_time_min", "manual_time_min", "fraction", "accepted",
    "fallback", "answer_min",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Options:
    """How is it analysed? Declared under `analysis`, so that nobody chooses after seeing the numbers."""

    names: str  # 'tg-263' or 'as written'
    distance_of_a_missed_outline: str  # 'not measurable' or 'image diagonal'
    outside: str  # contours beyond the images: 'refuse' or 'clip'
    fractional_at_least: float | None  # a SEG of fractions counts as inside from here on
    interval: str  # 't' or 'bootstrap', both by patient
    seed: int
    replicates: int
    worst_pictures: int
    vendor: Population | None  # on whom the vendor tested


@dataclass(frozen=True, slots=True)
class ContouringProtocol:
    """A locked plan for a tool that outlines structures."""

    common: Common
    columns: Columns
    images: str | None  # one series folder for all cases, when the table has no column for it
    structures: dict[
        str, tuple[str, ...]
    ]  # name -> every spelling it may have; empty: the reference's own names
    tolerance_mm: float
    labels: dict[int, str]  # what each number of a label map stands for
    acceptance: dict[str, tuple[Criterion, ...]]  # by structure, or 'all'
    ratings: str | None  # the CSV file of 5-point ratings
    options: Options


def parse(values: Mapping[str, Any]) -> ContouringProtocol:
    """Which contouring protocol is this? Raises BadInput naming the field that is missing, unknown or wrong."""
    fields = Fields(values)
    common = parse_common(fields, values)
    labels = _labels(fields)
    structures = _structures(fields)
    protocol = ContouringProtocol(
        common=common,
        columns=_columns(fields, common.subgroups),
        images=fields.text("images") if fields.has("images") else None,
        structures=structures or {name: (name,) for name in labels.values()},
        tolerance_mm=fields.number(
            "tolerance_mm", "how far apart two surfaces may lie and still agree, in mm"
        ),
        labels=labels,
        acceptance=parse_acceptance(fields, structures or dict.fromkeys(labels.values(), ())),
        ratings=fields.text("ratings") if fields.has("ratings") else None,
        options=_options(common),
    )
    if protocol.tolerance_mm <= 0:
        raise fields.wrong("tolerance_mm", protocol.tolerance_mm, "a distance above 0 mm")
    fields.refuse_unknown()
    _refuse_unknown_criteria(protocol.acceptance)
    require_known(common.claims, measure_names(), kind=common.kind)
    return protocol


def _refuse_unknown_criteria(acceptance: Mapping[str, tuple[Criterion, ...]]) -> None:
    known = (*PRIMARY, *(name for name in numbers_of(PairMeasures) if name not in PRIMARY))
    for structure, criteria in acceptance.items():
        for criterion in criteria:
            if criterion.measure not in known:
                raise BadInput(
                    f"The protocol's field 'acceptance.{structure}' names the measure '{criterion.measure}', which "
                    f"nobody measures here: use one of {', '.join(known)}."
                )


def measure_names() -> tuple[str, ...]:
    """Which measures can a claim on a contouring tool name?"""
    further = tuple(name for name in numbers_of(PairMeasures) if name not in PRIMARY)
    varied = tuple(name + variant for name in PRIMARY for variant in VARIANTS)
    treated = tuple(name + VARIANTS[0] for name in further)
    observers = tuple(f"observer_{name}" for name in PRIMARY)
    mixed = tuple(name + ENDING for name in PRIMARY)
    return (*PRIMARY, *varied, *further, *treated, *observers, *mixed, *DOSE, *CLINIC, "failure_rate")


def numbers_of(kind: type[PairMeasures]) -> tuple[str, ...]:
    """Which numbers does a comparison of two outlines hold, the volumes of the two aside?"""
    return tuple(
        field.name
        for field in dataclass_fields(kind)
        if str(field.type) in ("float", "float | None") and field.name not in ("reference_ml", "output_ml")
    )


def _options(common: Common) -> Options:
    fields = Fields(common.analysis, where="analysis")
    options = Options(
        names=fields.choice("names", [TG263, AS_WRITTEN], default=TG263),
        distance_of_a_missed_outline=fields.choice(
            "distance_of_a_missed_outline", [NOT_MEASURED, IMAGE_DIAGONAL], default=NOT_MEASURED
        ),
        outside=fields.choice("outside", [REFUSE, CLIP], default=REFUSE),
        fractional_at_least=fields.number("fractional_at_least")
        if fields.has("fractional_at_least")
        else None,
        interval=fields.choice("interval", [T_INTERVAL, BOOTSTRAP], default=T_INTERVAL),
        seed=int(fields.number("seed", default=SEED)),
        replicates=int(fields.number("replicates", default=REPLICATES)),
        worst_pictures=int(fields.number("worst_pictures", default=6)),
        vendor=parse_population(fields, common.subgroups),
    )
    fields.refuse_unknown()
    share = options.fractional_at_least
    if share is not None and not 0 < share <= 1:
        raise fields.wrong("fractional_at_least", share, "a share above 0 and at most 1")
    if options.replicates < 100:
        raise fields.wrong("replicates", options.replicates, "100 or more")
    return options


def _columns(fields: Fields, subgroups: tuple[str, ...]) -> Columns:
    names = Fields(fields.mapping("columns", optional=True), where="columns")
    columns = Columns(
        case=names.text("case", default="case"),
        reference=names.text("reference", default="reference"),
        output=names.text("output", default="output"),
        subgroups={name: names.text(name) if names.has(name) else name for name in subgroups},
        **{role: names.text(role) if names.has(role) else None for role in _OPTIONAL},
    )
    names.refuse_unknown()
    return columns


def _labels(fields: Fields) -> dict[int, str]:
    """What does each number of a label map stand for? 0 is what belongs to no structure."""
    labels: dict[int, str] = {}
    for number, name in fields.mapping("labels", optional=True).items():
        if not str(number).isdigit() or not 0 < int(number) < 65536:
            raise fields.wrong(
                "labels", number, "a mapping of whole numbers from 1 to names, as in {1: liver}"
            )
        text = str(name).strip() if name is not None else ""
        if not text or text in labels.values() or int(number) in labels:
            raise BadInput(
                f"The protocol's field 'labels' gives the number {number} the name '{text}', which is empty or taken: "
                "each number has one name and each name one number."
            )
        labels[int(number)] = text
    return labels


def _structures(fields: Fields) -> dict[str, tuple[str, ...]]:
    declared = fields.take("structures", {})
    if isinstance(declared, list):
        declared = {str(name): [] for name in declared}
    if not isinstance(declared, Mapping):
        raise fields.wrong("structures", declared, "a mapping of each structure to its other spellings")
    structures: dict[str, tuple[str, ...]] = {}
    owner: dict[str, str] = {}
    for name, aliases in declared.items():
        spellings = [] if aliases is None else aliases
        if not isinstance(spellings, list):
            raise fields.wrong(
                "structures", spellings, f"for '{name}' a list of other spellings, as in [Liver, LIVER]"
            )
        structures[str(name)] = (str(name), *(str(a) for a in spellings))
        for spelling in {fold(s) for s in structures[str(name)]}:
            if owner.setdefault(spelling, str(name)) != str(name):
                raise BadInput(
                    f"The protocol's field 'structures' gives the spelling '{spelling}' to both '{owner[spelling]}' "
                    f"and '{name}': a name belongs to one structure."
                )
    return structures


def fold(name: str) -> str:
    """Which form of a structure's name is compared? Lower case, with blanks, hyphens and underscores alike."""
    return "_".join(name.lower().replace("-", " ").replace("_", " ").split())
