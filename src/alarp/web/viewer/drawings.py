"""What did a tool draw and say in this object? From a pydicom data set to plain shapes and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydicom.dataset import Dataset

from alarp.web.viewer.overlays import Contour, Drawing, Finding, Structure

STATEMENTS_AT_MOST = 40


def drawing_of(ds: Dataset) -> Drawing:
    """Which regions and statements does this result hold? Empty for a kind that is not drawn (yet)."""
    modality = str(ds.get("Modality", ""))
    if modality == "RTSTRUCT":
        return Drawing(structures=structures_of(ds))
    if "ContentSequence" in ds:
        return Drawing(findings=tuple(_findings(ds)), statements=tuple(_statements(ds))[:STATEMENTS_AT_MOST])
    return Drawing()


def structures_of(ds: Dataset) -> tuple[Structure, ...]:
    """Which structures does an RT structure set hold, in its own order? One without a name keeps its number."""
    names = {int(r.ROINumber): str(r.get("ROIName", "")) for r in ds.get("StructureSetROISequence", [])}
    found = []
    for item in ds.get("ROIContourSequence", []):
        number = int(item.ReferencedROINumber)
        contours = tuple(
            c for c in (_contour(contour) for contour in item.get("ContourSequence", [])) if c.points_mm
        )
        found.append(Structure(number, names.get(number, "") or f"Structure {number}", contours))
    return tuple(found)


def _contour(item: Dataset) -> Contour:
    numbers = [float(v) for v in item.get("ContourData", None) or []]
    images = item.get("ContourImageSequence", [])
    return Contour(
        points_mm=tuple(
            (numbers[i], numbers[i + 1], numbers[i + 2]) for i in range(0, len(numbers) - len(numbers) % 3, 3)
        ),
        sop_uid=str(images[0].get("ReferencedSOPInstanceUID", "")) if images else "",
        closed=str(item.get("ContourGeometricType", "CLOSED_PLANAR")).startswith("CLOSED"),
    )


def _meaning(item: Dataset, sequence: str) -> str:
    codes = item.get(sequence, [])
    return str(codes[0].get("CodeMeaning", "")) if codes else ""


def _children(item: Dataset) -> Sequence[Dataset]:
    return item.get("ContentSequence", None) or []


def _number(item: Dataset) -> str:
    """'Probability 0.93' or 'Diameter 12 mm': a NUM item in words; empty when no value was measured."""
    values = item.get("MeasuredValueSequence", [])
    if not values:
        return ""
    unit_codes = values[0].get("MeasurementUnitsCodeSequence", [])
    unit = str(unit_codes[0].get("CodeValue", "")) if unit_codes else ""
    value = f"{float(values[0].NumericValue):.4g}"
    name = _meaning(item, "ConceptNameCodeSequence") or "Value"
    return f"{name} {value}" + ("" if unit in {"1", ""} or unit.startswith("{") else f" {unit}")


def _word(item: Dataset) -> str:
    """A CODE or TEXT item in words: 'Finding: Nodule'."""
    kind = str(item.get("ValueType", ""))
    value = _meaning(item, "ConceptCodeSequence") if kind == "CODE" else str(item.get("TextValue", ""))
    name = _meaning(item, "ConceptNameCodeSequence")
    return f"{name}: {value}" if name and value else value


def _findings(item: Dataset, label: str = "") -> Iterator[Finding]:
    """Every SCOORD in the content tree, labelled by the group it stands in."""
    children = _children(item)
    finding = _label(children) or label
    measured = tuple(t for t in (_number(c) for c in children if c.get("ValueType") == "NUM") if t)
    for child in children:
        if child.get("ValueType") == "SCOORD":
            yield _finding(child, finding, measured)
        else:
            yield from _findings(child, finding)


def _label(children: Sequence[Dataset]) -> str:
    """What is this group about? Its finding, and its tracking identifier when it has one."""
    words = {
        _meaning(c, "ConceptNameCodeSequence"): _word(c).partition(": ")[2] or _word(c)
        for c in children
        if c.get("ValueType") in {"CODE", "TEXT"}
    }
    parts = [words.get("Tracking Identifier", ""), words.get("Finding", "")]
    return ", ".join(dict.fromkeys(p for p in parts if p))


def _finding(item: Dataset, label: str, measured: tuple[str, ...]) -> Finding:
    numbers = [float(v) for v in item.get("GraphicData", None) or []]
    images = [r for c in _children(item) for r in c.get("ReferencedSOPSequence", [])]
    return Finding(
        label=label or _meaning(item, "ConceptNameCodeSequence") or "Finding",
        kind=str(item.get("GraphicType", "")),
        points=tuple((numbers[i], numbers[i + 1]) for i in range(0, len(numbers) - 1, 2)),
        sop_uid=str(images[0].get("ReferencedSOPInstanceUID", "")) if images else "",
        measurements=measured,
    )


_SETTING = {"HAS OBS CONTEXT", "HAS CONCEPT MOD", "HAS ACQ CONTEXT"}
_NAMES_OF_GROUPS = {"Tracking Identifier", "Tracking Unique Identifier", "Activity Session"}


def _statements(item: Dataset) -> Iterator[str]:
    """Every number, code and text that says something, in reading order; not who observed and in which language."""
    for child in _children(item):
        name = _meaning(child, "ConceptNameCodeSequence")
        if child.get("RelationshipType") in _SETTING or name in _NAMES_OF_GROUPS or name == "Image Library":
            continue
        kind = str(child.get("ValueType", ""))
        text = _number(child) if kind == "NUM" else _word(child) if kind in {"CODE", "TEXT"} else ""
        if text:
            yield text
        yield from _statements(child)
