"""What does a protocol for a reader study promise and declare?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alarp.evaluation.claims import require_known
from alarp.evaluation.fields import Fields
from alarp.evaluation.localisation.protocol import MarkFiles, mark_files, scale_of
from alarp.evaluation.mrmc.design import ENDPOINTS, MARKED, ReaderDesign, parse_design
from alarp.evaluation.mrmc.presenting import measure_names
from alarp.evaluation.protocol import Common, parse_common
from alarp.evaluation.reference_readings import AGREEMENT, ReadingsFile, parse_readings_file
from alarp.evaluation.reliance import NAMES as RELIANCE_NAMES
from alarp.kernel import BadInput

ADVICE_NAMES = (*RELIANCE_NAMES, "followed_in_conflict", "reading_seconds")
MEASURE_NAMES = (*measure_names(ENDPOINTS), *ADVICE_NAMES, *AGREEMENT)
DISEASE = "disease"
NO_DISEASE = "no disease"


@dataclass(frozen=True, slots=True)
class AdviceColumns:
    """Where stands what the tool advised, and what the reader thought before and after?

    `final` None: the rating at `design.threshold` says it.
    """

    advice: str
    first: str | None
    final: str | None
    confidence: str | None
    seconds: str | None


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of the long table plays which part?"""

    reader: str
    modality: str
    case: str
    truth: str
    rating: str
    profession: str | None
    patient: str | None
    subgroups: Mapping[str, str]  # a subgroup's name → its column
    advice: AdviceColumns | None  # None: nobody recorded what the tool advised


@dataclass(frozen=True, slots=True)
class ReaderStudyProtocol:
    """A locked plan for several readers of the same cases, with ratings (`columns`) or marks (`marks`)."""

    common: Common
    design: ReaderDesign
    columns: Columns | None
    marks: MarkFiles | None
    positive: str
    negative: str | None
    indeterminate: tuple[str, ...]
    scale: tuple[float, float] | None
    higher_means: str
    time_pressure: tuple[str, ...]  # the modalities that were read against the clock
    reference_readings: ReadingsFile | None  # what each maker of the truth said


def parse(values: Mapping[str, Any]) -> ReaderStudyProtocol:
    """Which reader study is this? Raises BadInput naming the field that is missing, unknown or wrong."""
    fields = Fields(values)
    marked = fields.has("marks")
    common = parse_common(fields, values, cases_needed=not marked)
    design = parse_design(
        fields.mapping("design", "readers, cases, method, covariance, endpoint"),
        common.analysis,
        endpoint="wafroc" if marked else "auc",
        subgroups=common.subgroups,
    )
    protocol = ReaderStudyProtocol(
        common=common,
        design=design,
        columns=None if marked else _columns(fields, common.subgroups),
        marks=mark_files(fields, common.subgroups) if marked else None,
        positive="" if marked else fields.text("positive", "the truth value that means disease"),
        negative=fields.text("negative") if fields.has("negative") else None,
        indeterminate=fields.texts("indeterminate"),
        scale=scale_of(fields),
        higher_means=fields.choice("higher_means", (DISEASE, NO_DISEASE), default=DISEASE),
        time_pressure=fields.texts("time_pressure"),
        reference_readings=parse_readings_file(fields),
    )
    fields.refuse_unknown()
    _refuse_mismatch(protocol)
    require_known(common.claims, MEASURE_NAMES, kind=common.kind)
    return protocol


def _columns(fields: Fields, subgroups: tuple[str, ...]) -> Columns:
    names = Fields(fields.mapping("columns", "reader, modality, case, truth, rating"), where="columns")
    columns = Columns(
        reader=names.text("reader", "the column with the reader's name"),
        modality=names.text("modality", "the column with the modality, such as aided and unaided"),
        case=names.text("case", "the column with the case's name"),
        truth=names.text("truth", "the column with the reference standard's answer"),
        rating=names.text("rating", "the column with the reader's rating"),
        profession=names.text("profession") if names.has("profession") else None,
        patient=names.text("patient") if names.has("patient") else None,
        subgroups={name: names.text(name, default=name) for name in subgroups},
        advice=_advice(names),
    )
    names.refuse_unknown()
    return columns


def _advice(names: Fields) -> AdviceColumns | None:
    """Which columns hold the tool's advice and the reader's judgements around it?"""
    given = {
        role: names.text(role) if names.has(role) else None
        for role in ("advice", "first", "final", "confidence", "seconds")
    }
    if given["advice"] is None:
        lonely = next((role for role, column in given.items() if column is not None), None)
        if lonely is not None:
            raise BadInput(
                f"The protocol names 'columns.{lonely}' without 'columns.advice': name the column with what the tool "
                "advised (yes or no), or remove it."
            )
        return None
    if given["confidence"] is not None and given["first"] is None:
        raise BadInput(
            "The protocol names 'columns.confidence' without 'columns.first': it is the confidence in the first "
            "impression, so name that column too."
        )
    return AdviceColumns(
        given["advice"], given["first"], given["final"], given["confidence"], given["seconds"]
    )


def _refuse_mismatch(protocol: ReaderStudyProtocol) -> None:
    endpoint = protocol.design.endpoint
    advice = protocol.columns.advice if protocol.columns else None
    if advice is not None and advice.final is None and protocol.design.threshold is None:
        raise BadInput(
            "The protocol names 'columns.advice' and nothing says what the reader decided in the end: name "
            "'columns.final' (yes or no), or choose an endpoint with 'design.threshold'."
        )
    if protocol.time_pressure and advice is None:
        raise BadInput(
            "The protocol's field 'time_pressure' has no use without 'columns.advice': name that column, or remove it."
        )
    if protocol.marks is None and endpoint in MARKED:
        raise BadInput(
            f"The protocol's field 'design.endpoint' is '{endpoint}', which needs marks: name the files in 'marks' and "
            "'truth', or choose auc, sensitivity or specificity."
        )
    if protocol.marks is not None and endpoint == "auc":
        raise BadInput(
            "The protocol's field 'design.endpoint' is 'auc', but the readings are marks: 'inferred-roc' is the area "
            "from the highest mark of each case."
        )
    patients = protocol.columns.patient if protocol.columns else protocol.marks and protocol.marks.patient
    if patients and (
        protocol.design.covariance in ("delong", "unbiased") or protocol.design.method == "u-statistic"
    ):
        raise BadInput(
            "The protocol names patients with several cases ('columns.patient'); only the jackknife and the bootstrap "
            "respect them: choose design.covariance jackknife or bootstrap with the method 'or' or 'dbm'."
        )
