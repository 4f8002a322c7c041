"""What does a protocol for localisation promise and declare: marks, lesions, and when a mark is a hit?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alarp.evaluation.claims import require_known
from alarp.evaluation.fields import Fields
from alarp.evaluation.mrmc.design import ENDPOINTS, ReaderDesign, parse_design
from alarp.evaluation.mrmc.matching import DISTANCE, IOU
from alarp.evaluation.mrmc.presenting import measure_names
from alarp.evaluation.protocol import Common, parse_common
from alarp.evaluation.reference_readings import AGREEMENT, ReadingsFile, parse_readings_file
from alarp.kernel import BadInput

GIVEN = "given"
AT_THRESHOLD = ("lesions_found", "false_marks_per_case")
MEASURE_NAMES = (*measure_names([e for e in ENDPOINTS if e != "auc"]), *AT_THRESHOLD, *AGREEMENT)
_COLUMNS = (
    "modality", "reader", "case", "mark", "index", "rating", "diseased", "n_lesions", "weights", "patient",
    "x", "y", "z", "radius", "outcome",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Matching:
    """When does a mark hit a lesion? `given`: the file says NL or LL; else from x, y, z and radius in mm."""

    rule: str
    within_mm: float | None
    least_iou: float | None

    @property
    def sentence(self) -> str:
        if self.rule == GIVEN:
            return "marks were classified as lesion (LL) or non-lesion (NL) before they came here"
        if self.rule == IOU:
            return f"a mark hits a lesion when their spheres' intersection over union is at least {self.least_iou:g}"
        limit = "the lesion's own radius" if self.within_mm is None else f"{self.within_mm:g} mm"
        return f"a mark hits a lesion when their centres are at most {limit} apart"


@dataclass(frozen=True, slots=True)
class MarkFiles:
    """Which files hold the marks, the truth, the lesions' places and the failures, and under which columns?"""

    marks: str
    truth: str
    lesions: str | None
    failures: str | None
    columns: Mapping[str, str]  # a part → the column's name; parts not declared bear their own name
    declared: frozenset[str]
    matching: Matching
    subgroups: Mapping[str, str]  # a subgroup's name → its column in the truth

    @property
    def patient(self) -> str | None:
        return self.columns["patient"] if "patient" in self.declared else None

    def tables(self) -> dict[str, str]:
        """Which files are read: the protocol's field → the file's name?"""
        named = {"marks": self.marks, "truth": self.truth}
        for field, name in (("lesions", self.lesions), ("failures", self.failures)):
            if name is not None:
                named[field] = name
        return named


@dataclass(frozen=True, slots=True)
class LocalisationProtocol:
    """A locked plan for tools, or readers, that mark places."""

    common: Common
    design: ReaderDesign
    marks: MarkFiles
    scale: tuple[float, float] | None
    threshold: float | None
    operating_points: tuple[float, ...]
    reference_readings: ReadingsFile | None  # who of the makers of the truth called which case diseased


def parse(values: Mapping[str, Any]) -> LocalisationProtocol:
    """Which localisation protocol is this? Raises BadInput naming the field that is missing, unknown or wrong."""
    fields = Fields(values)
    common = parse_common(fields, values, cases_needed=False)
    design = fields.take("design", {})
    endpoint = fields.choice("endpoint", [e for e in ENDPOINTS if e != "auc"], default="wafroc")
    protocol = LocalisationProtocol(
        common=common,
        design=parse_design(
            design if isinstance(design, Mapping) else {},
            common.analysis,
            endpoint=endpoint,
            subgroups=common.subgroups,
        ),
        marks=mark_files(fields, common.subgroups),
        scale=scale_of(fields),
        threshold=fields.number("threshold") if fields.has("threshold") else None,
        operating_points=_points(fields),
        reference_readings=parse_readings_file(fields),
    )
    fields.refuse_unknown()
    if protocol.design.endpoint == "auc":
        raise BadInput(
            "The protocol's field 'design.endpoint' is 'auc', but the readings are marks: choose wafroc, afroc or "
            "inferred-roc."
        )
    require_known(common.claims, MEASURE_NAMES, kind=common.kind)
    return protocol


def mark_files(fields: Fields, subgroups: tuple[str, ...]) -> MarkFiles:
    """Where are the marks and the truth, and what do their columns mean?"""
    columns = Fields(fields.mapping("columns", optional=True), where="columns")
    declared = frozenset(part for part in _COLUMNS if columns.has(part))
    named = {part: columns.text(part, default=part) for part in _COLUMNS}
    groups = {name: columns.text(name, default=name) for name in subgroups}
    columns.refuse_unknown()
    matching = _matching(fields)
    lesions = fields.text("lesions") if fields.has("lesions") else None
    if matching.rule != GIVEN and lesions is None:
        raise BadInput(
            f"The protocol's field 'matching.rule' is '{matching.rule}' and there is no field 'lesions': add the CSV "
            "file with case, index, x, y, z and radius of every lesion in mm."
        )
    return MarkFiles(
        marks=fields.text("marks", "the CSV file with one row a mark"),
        truth=fields.text("truth", "the CSV file with one row a case: case, diseased, n_lesions"),
        lesions=lesions,
        failures=fields.text("failures") if fields.has("failures") else None,
        columns=named,
        declared=declared,
        matching=matching,
        subgroups=groups,
    )


def _matching(fields: Fields) -> Matching:
    part = Fields(fields.mapping("matching", optional=True), where="matching")
    matching = Matching(
        rule=part.choice("rule", (GIVEN, DISTANCE, IOU), default=GIVEN),
        within_mm=part.number("within_mm") if part.has("within_mm") else None,
        least_iou=part.number("least_iou") if part.has("least_iou") else None,
    )
    part.refuse_unknown()
    if matching.rule == IOU and not (matching.least_iou and 0 < matching.least_iou <= 1):
        raise part.wrong("least_iou", matching.least_iou, "a share above 0 and at most 1, such as 0.1")
    if matching.within_mm is not None and matching.within_mm <= 0:
        raise part.wrong("within_mm", matching.within_mm, "a distance above 0 in mm")
    return matching


def scale_of(fields: Fields) -> tuple[float, float] | None:
    """Between which ratings does the scale run, when the protocol says so?"""
    if not fields.has("scale"):
        return None
    part = Fields(fields.mapping("scale"), where="scale")
    low, high = part.number("min", "the lowest rating"), part.number("max", "the highest rating")
    part.refuse_unknown()
    if low >= high:
        raise fields.wrong("scale", {"min": low, "max": high}, "a mapping whose min is below its max")
    return low, high


def _points(fields: Fields) -> tuple[float, ...]:
    values = fields.take("operating_points", [])
    if not isinstance(values, list) or any(
        isinstance(v, bool) or not isinstance(v, (int, float)) for v in values
    ):
        raise fields.wrong("operating_points", values, "a list of ratings, as in [0.2, 0.5]")
    return tuple(sorted(float(v) for v in values))
