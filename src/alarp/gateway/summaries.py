"""What does a list show of a result: its score and decision, its structures, its segments, the version that made it?"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset

MOST_LINES = 40
_NOT_ANALYSED = ("not analysed", "not analyzed")
_STATUS_OF_ANALYSIS, _NOT_DONE = ("summary of analyses", "summary of detections"), ("not attempted", "failed")
_OF_THE_MOMENT = (
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "SeriesNumber",
    "InstanceNumber",
    "InstanceCreationDate",
    "InstanceCreationTime",
    "ContentDate",
    "ContentTime",
    "SeriesDate",
    "SeriesTime",
    "StructureSetDate",
    "StructureSetTime",
    "TimezoneOffsetFromUTC",
    "ObservationDateTime",
)


def summary(part10: bytes) -> dict[str, Any]:
    """The lines that a list shows of this object, and a digest of its content.

    `content` is the same for two objects that differ only in their own UIDs, numbers and times of making.
    An object of a kind that has no lines has an empty list; an object that cannot be read that far too.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = dcmread(io.BytesIO(part10), force=True)
            found = {"lines": _lines(dataset), "content": _content(dataset)}
            found |= _version(dataset) | (_not_analysed(dataset) or _score(dataset))
    except (AttributeError, KeyError, ValueError, TypeError, NotImplementedError, OverflowError):
        return {"lines": [], "content": hashlib.sha256(part10).hexdigest()}
    return found


def _lines(dataset: Dataset) -> list[dict[str, str]]:
    modality = str(dataset.get("Modality", ""))
    if modality == "SR":
        return [
            {"name": name, "value": value, "unit": unit}
            for _, name, value, unit in list(_items(dataset))[:MOST_LINES]
        ]
    if modality == "RTSTRUCT":
        rois = dataset.get("StructureSetROISequence") or ()
        return [
            {"name": "structure", "value": str(r.get("ROIName", "")), "unit": ""} for r in rois[:MOST_LINES]
        ]
    if modality == "SEG":
        segments = dataset.get("SegmentSequence") or ()
        return [
            {"name": "segment", "value": str(s.get("SegmentLabel", "")), "unit": ""}
            for s in segments[:MOST_LINES]
        ]
    return []


def _items(container: Dataset) -> Iterator[tuple[str, str, str, str]]:
    """Every number, code and text of a report: value type, concept name, value, unit."""
    for item in container.get("ContentSequence") or ():
        kind, name = str(item.get("ValueType", "")), _meaning(item, "ConceptNameCodeSequence")
        if kind == "NUM":
            for measured in item.get("MeasuredValueSequence") or ():
                unit = _first(measured, "MeasurementUnitsCodeSequence")
                value = measured.get("NumericValue")
                yield (
                    kind,
                    name,
                    "" if value is None else f"{value}",
                    str(unit.get("CodeValue", "")) if unit else "",
                )
        elif kind == "CODE":
            yield kind, name, _meaning(item, "ConceptCodeSequence"), ""
        elif kind == "TEXT":
            yield kind, name, str(item.get("TextValue", ""))[:200], ""
        yield from _items(item)


def _first(item: Dataset, keyword: str) -> Dataset | None:
    sequence = item.get(keyword)
    return sequence[0] if sequence else None


def _meaning(item: Dataset, keyword: str) -> str:
    code = _first(item, keyword)
    return str(code.get("CodeMeaning", "")) if code is not None else ""


def _score(dataset: Dataset) -> dict[str, Any]:
    """The first number that calls itself a score, probability or likelihood, and the first coded decision."""
    if str(dataset.get("Modality", "")) != "SR":
        return {}
    found: dict[str, Any] = {}
    for kind, name, value, _ in _items(dataset):
        words = name.casefold()
        if (
            kind == "NUM"
            and "score" not in found
            and any(w in words for w in ("score", "probability", "likelihood", "certainty"))
        ):
            found["score"] = float(value)
        if kind in ("CODE", "TEXT") and "decision" not in found and _decides(words):
            found["decision"] = value
    return found


def _decides(words: str) -> bool:
    return any(w in words for w in ("decision", "triage", "assessment", "conclusion", "flag"))


def _not_analysed(dataset: Dataset) -> dict[str, str]:
    """Does the report say that nothing was analysed, and why?

    By the standard's status of an analysis (111065 or 111064: failed, not attempted; PS3.16 CID 6042) or by an
    evaluation that says so in words. The reason is the first item that calls itself one. A report that holds a
    number or a decision besides was analysed in part: what it found is never hidden behind what it left out.
    """
    if str(dataset.get("Modality", "")) != "SR":
        return {}
    said, why = False, ""
    for kind, name, value, _ in _items(dataset):
        about, words = name.casefold(), value.casefold()
        if kind == "NUM" or (_decides(about) and words not in _NOT_ANALYSED):
            return {}
        said |= kind == "CODE" and (
            words in _NOT_ANALYSED or (about in _STATUS_OF_ANALYSIS and words in _NOT_DONE)
        )
        if kind in ("CODE", "TEXT") and about.startswith("reason"):
            why = why or value
    return {"not_analysed": (why or "no reason given").rstrip(".")} if said else {}


def _version(dataset: Dataset) -> dict[str, str]:
    """Which version of the tool says that it made this? What names the algorithm goes before what names the software.

    In a report the algorithm's version (TID 4019, code 111003), in a segmentation that of the segment's algorithm
    (0066,0031), otherwise SoftwareVersions (0018,1020). Nothing when the object does not say.
    """
    stated = next((v for _, name, v, _ in _items(dataset) if name.casefold() == "algorithm version"), "")
    for segment in dataset.get("SegmentSequence") or ():
        named = _first(segment, "SegmentationAlgorithmIdentificationSequence")
        stated = stated or (str(named.get("AlgorithmVersion", "")) if named is not None else "")
    if not stated:
        software = dataset.get("SoftwareVersions") or ""
        stated = software if isinstance(software, str) else " ".join(map(str, software))
    stated = " ".join(stated.split())[:64]
    return {"version": stated} if stated else {}


def _content(dataset: Dataset) -> str:
    digest = hashlib.sha256()
    _told(dataset, digest.update, inside=False)
    return digest.hexdigest()


def _told(dataset: Dataset, into: Callable[[bytes], None], *, inside: bool) -> None:
    """Everything the object says, at every depth, but for what a second making of the same result makes anew.

    Inside sequences the only UIDs that count are those of the images it rests on: trackers and dimensions get fresh
    ones with each making.
    """
    for element in dataset:
        if element.keyword in _OF_THE_MOMENT:
            continue
        if inside and element.VR == "UI" and element.keyword != "ReferencedSOPInstanceUID":
            continue
        into(f"{element.tag}{element.VR}".encode())
        if element.VR == "SQ":
            for item in element.value:
                into(b"item")
                _told(item, into, inside=True)
            into(b"end")
        else:
            into(element.value if isinstance(element.value, bytes) else repr(element.value).encode())
