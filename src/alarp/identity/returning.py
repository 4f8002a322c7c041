"""Is a tool's result made as a result of AI should be made? Checks beside the match, each by the id that the data give it.

Whether a result belongs to the study that was sent is for `disagreements`. Here it is asked what kind of object it is: does
it name its algorithm, can its findings be followed, does it claim a person's approval that no tool can give? Which of these
keep a result out and which are only told is in `standards/air`, with the clause that each rests on.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from alarp.identity.match import RTSTRUCT, SEG, SentStudy
from alarp.identity.objects import UNREADABLE, open_dataset, unreadable
from alarp.kernel import BadInput

QUARANTINE, WARN = "quarantine", "warn"
EFFECTS = (QUARANTINE, WARN)
ANY, REPORT, SEGMENTATION, STRUCTURE_SET = "any", "report", "segmentation", "structure set"
KINDS = (ANY, REPORT, SEGMENTATION, STRUCTURE_SET)
KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59"
_REPORTS = "1.2.840.10008.5.1.4.1.1.88."
MEASUREMENT_REPORT, MEASUREMENT_GROUP = ("126000", "DCM"), ("125007", "DCM")
ALGORITHM_NAME, ALGORITHM_VERSION = ("111001", "DCM"), ("111003", "DCM")
TRACKING_ID, TRACKING_UID = ("112039", "DCM"), ("112040", "DCM")
_NOTHING_SAID = frozenset({ALGORITHM_NAME, ALGORITHM_VERSION, TRACKING_ID, TRACKING_UID})


@dataclass(frozen=True, slots=True)
class ReturnCheck:
    """One thing that is asked of a result: of which kind of object, by which clause, and what follows when it is not so."""

    id: str
    kind: str
    asks: str
    why: str
    source: str
    effect: str


@dataclass(frozen=True, slots=True)
class Shortcoming:
    """In what does a result fall short of a check? What was found is said without a value that may name somebody."""

    check: ReturnCheck
    found: str


def kind_of(sop_class: str) -> str:
    """Which kind of result is an object of this SOP class? `any` when no further checks are for it."""
    if sop_class == RTSTRUCT:
        return STRUCTURE_SET
    if sop_class in SEG:
        return SEGMENTATION
    return REPORT if sop_class.startswith(_REPORTS) and sop_class != KEY_OBJECTS else ANY


def shortcomings(part10: bytes, sent: SentStudy, checks: Iterable[ReturnCheck]) -> tuple[Shortcoming, ...]:
    """In what does this result fall short of these checks? Pixels are not read.

    Raises BadInput for bytes that cannot be read, and for a check whose id nobody here can judge.
    """
    dataset = open_dataset(part10, pixels=False)
    kind = kind_of(str(dataset.get("SOPClassUID", "")))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return tuple(
                Shortcoming(check, found)
                for check in checks
                if check.kind in (ANY, kind)
                for found in judge(check.id)(dataset, sent)
            )
    except UNREADABLE as error:
        raise unreadable(error) from None


def judge(check: str) -> Callable[[Any, SentStudy], Iterator[str]]:
    """Who judges this check? Raises BadInput, naming those that can be, for another id."""
    if check not in JUDGES:
        raise BadInput(f"Nobody can judge the check {check!r}; use {', '.join(sorted(JUDGES))}.")
    return JUDGES[check]


def _own_series(dataset: Any, sent: SentStudy) -> Iterator[str]:
    if str(dataset.get("SeriesInstanceUID", "")) in sent.series_uids:
        yield "it lies in a series of the images that were sent"


def _series(dataset: Any, _: SentStudy) -> Iterator[str]:
    missing = [name for name in ("SeriesInstanceUID", "Modality", "SeriesNumber") if not _said(dataset, name)]
    if missing:
        yield f"no {', '.join(missing)}"


def _equipment(dataset: Any, _: SentStudy) -> Iterator[str]:
    wanted = ("Manufacturer", "ManufacturerModelName", "SoftwareVersions")
    missing = [name for name in wanted if not _said(dataset, name)]
    if missing:
        yield f"no {', '.join(missing)}"


def _contributing(dataset: Any, _: SentStudy) -> Iterator[str]:
    items = dataset.get("ContributingEquipmentSequence") or ()
    wanted = ("Manufacturer", "ManufacturerModelName", "SoftwareVersions", "DeviceUID")
    if not any(all(_said(item, name) for name in wanted) for item in items):
        yield "no item of Contributing Equipment with maker, model, software versions and device UID"


def _root(dataset: Any, _: SentStudy) -> Iterator[str]:
    templates = dataset.get("ContentTemplateSequence") or ()
    named = {str(item.get("TemplateIdentifier", "")) for item in templates}
    if _code(dataset, "ConceptNameCodeSequence") != MEASUREMENT_REPORT or named - {"1500"}:
        yield "its root is another template or title"


def _algorithm(dataset: Any, _: SentStudy) -> Iterator[str]:
    for number, group in enumerate(_groups(dataset), start=1):
        said = _concepts(group)
        # TID 4019 may stand at the group (TID 1501) or at each measurement (TID 1419)
        if not {ALGORITHM_NAME, ALGORITHM_VERSION} <= said:
            yield f"measurement group {number} does not name algorithm and version"


def _tracking(dataset: Any, _: SentStudy) -> Iterator[str]:
    for number, group in enumerate(_groups(dataset), start=1):
        if not {TRACKING_ID, TRACKING_UID} <= _concepts(group):
            yield f"measurement group {number} has no tracking identifier and tracking UID"


def _says_something(dataset: Any, _: SentStudy) -> Iterator[str]:
    for item in _items(dataset):
        told = item.get("ValueType") in ("NUM", "CODE", "TEXT") and item.get("RelationshipType") == "CONTAINS"
        if told and _code(item, "ConceptNameCodeSequence") not in _NOTHING_SAID:
            return
    yield "it contains no measurement, no evaluation and no text"


def _complete(dataset: Any, _: SentStudy) -> Iterator[str]:
    if str(dataset.get("CompletionFlag", "")) != "COMPLETE":
        yield "its completion flag is not COMPLETE"


def _unverified(dataset: Any, _: SentStudy) -> Iterator[str]:
    flag = str(dataset.get("VerificationFlag", ""))
    if flag == "VERIFIED" or dataset.get("VerifyingObserverSequence"):
        yield "it says that a person has verified it"


def _evidence(dataset: Any, _: SentStudy) -> Iterator[str]:
    listed = set(_references(dataset.get("CurrentRequestedProcedureEvidenceSequence") or ()))
    listed |= set(_references(dataset.get("PertinentOtherEvidenceSequence") or ()))
    used = set(_references(dataset.get("ContentSequence") or ()))
    if used - listed:
        yield f"{len(used - listed)} objects in its content are not in its evidence"


def _segments(dataset: Any, _: SentStudy) -> Iterator[str]:
    for segment in dataset.get("SegmentSequence") or ():
        number = segment.get("SegmentNumber", "")
        if str(segment.get("SegmentAlgorithmType", "")) not in ("AUTOMATIC", "SEMIAUTOMATIC"):
            yield f"segment {number} does not say that an algorithm drew it"
        named = segment.get("SegmentationAlgorithmIdentificationSequence") or ()
        if not any(_said(one, "AlgorithmName") and _said(one, "AlgorithmVersion") for one in named):
            yield f"segment {number} does not name algorithm and version"


def _rois(dataset: Any, _: SentStudy) -> Iterator[str]:
    for roi in dataset.get("StructureSetROISequence") or ():
        if str(roi.get("ROIGenerationAlgorithm", "")) not in ("AUTOMATIC", "SEMIAUTOMATIC"):
            yield f"structure {roi.get('ROINumber', '')} does not say that an algorithm drew it"


def _unapproved(dataset: Any, _: SentStudy) -> Iterator[str]:
    if str(dataset.get("ApprovalStatus", "")) == "APPROVED":
        yield "it says that a person has approved it"


JUDGES: Mapping[str, Callable[[Any, SentStudy], Iterator[str]]] = {
    "series-of-its-own": _own_series,
    "series": _series,
    "equipment": _equipment,
    "contributing-equipment": _contributing,
    "root-template": _root,
    "algorithm-of-measurements": _algorithm,
    "tracking": _tracking,
    "says-something": _says_something,
    "completion": _complete,
    "verification": _unverified,
    "evidence": _evidence,
    "algorithm-of-segments": _segments,
    "algorithm-of-structures": _rois,
    "approval": _unapproved,
}


def _said(dataset: Any, keyword: str) -> bool:
    value = dataset.get(keyword)
    return value is not None and str(value).strip() not in ("", "[]", "['']")


def _code(item: Any, keyword: str) -> tuple[str, str]:
    for one in item.get(keyword) or ():
        return str(one.get("CodeValue", "")), str(one.get("CodingSchemeDesignator", ""))
    return "", ""


def _items(container: Any) -> Iterator[Any]:
    """Every content item below this one."""
    for item in container.get("ContentSequence") or ():
        yield item
        yield from _items(item)


def _groups(dataset: Any) -> list[Any]:
    return [one for one in _items(dataset) if _code(one, "ConceptNameCodeSequence") == MEASUREMENT_GROUP]


def _concepts(group: Any) -> set[tuple[str, str]]:
    return {_code(item, "ConceptNameCodeSequence") for item in _items(group)}


def _references(items: Iterable[Any]) -> Iterator[str]:
    """Every SOP Instance UID that these items refer to, at any depth."""
    for item in items:
        for element in item:
            if element.VR == "SQ":
                yield from _references(element.value or ())
            elif element.keyword == "ReferencedSOPInstanceUID":
                yield str(element.value)
