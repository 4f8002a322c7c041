"""What does a protocol for contours promise and declare?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alarp.evaluation.claims import require_known
from alarp.evaluation.fields import Fields
from alarp.evaluation.protocol import Common, parse_common
from alarp.kernel import BadInput

OVERLAP = ("dice", "surface_dice")
DISTANCES = ("hd_mm", "hd95_mm", "mean_surface_distance_mm")
MEASURE_NAMES = (
    *OVERLAP,
    *DISTANCES,
    "volume_difference_ml",
    *(f"{name}_as_treated" for name in (*OVERLAP, *DISTANCES, "volume_difference_ml")),
    "failure_rate",
)


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


def parse(values: Mapping[str, Any]) -> ContouringProtocol:
    """Which contouring protocol is this? Raises BadInput naming the field that is missing, unknown or wrong."""
    fields = Fields(values)
    common = parse_common(fields, values)
    protocol = ContouringProtocol(
        common=common,
        columns=_columns(fields, common.subgroups),
        images=fields.text("images") if fields.has("images") else None,
        structures=_structures(fields),
        tolerance_mm=fields.number(
            "tolerance_mm", "how far apart two surfaces may lie and still agree, in mm"
        ),
    )
    if protocol.tolerance_mm <= 0:
        raise fields.wrong("tolerance_mm", protocol.tolerance_mm, "a distance above 0 mm")
    fields.refuse_unknown()
    require_known(common.claims, MEASURE_NAMES, kind=common.kind)
    return protocol


def _columns(fields: Fields, subgroups: tuple[str, ...]) -> Columns:
    names = Fields(fields.mapping("columns", optional=True), where="columns")
    columns = Columns(
        case=names.text("case", default="case"),
        reference=names.text("reference", default="reference"),
        output=names.text("output", default="output"),
        images=names.text("images") if names.has("images") else None,
        patient=names.text("patient") if names.has("patient") else None,
        outcome=names.text("outcome") if names.has("outcome") else None,
        subgroups={name: names.text(name) if names.has(name) else name for name in subgroups},
    )
    names.refuse_unknown()
    return columns


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
