"""What do one case's files hold, and how does the output compare with the reference?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alarp.cli.scans.dose import dose_on
from alarp.cli.scans.files import NIFTI, RTSTRUCT, SEG, Files, is_nifti
from alarp.cli.scans.nifti import read_labels
from alarp.cli.scans.seg import Segments, read_seg, spanning, structures_on
from alarp.evaluation import contouring
from alarp.evaluation.contouring.protocol import TG263
from alarp.kernel import BadInput
from alarp.standards.evaluation.naming import load_tg263

_NAME_TAGS = ("Modality", "StructureSetROISequence", "SegmentSequence")


@dataclass(frozen=True, slots=True)
class Opened:
    """One file of outlines, open but not yet laid on a grid."""

    column: str
    form: str
    content: Any  # an RTSTRUCT's data set, a SEG's segments or a NIfTI image
    grid: contouring.Grid | None
    name: str


@dataclass(frozen=True, slots=True)
class Scans:
    """Everything that the files of one case hold, on one grid."""

    grid: contouring.Grid | None
    reference: contouring.StructureSet | None
    output: contouring.StructureSet | None
    observer: contouring.StructureSet | None
    dose: contouring.DoseIn | None


def structure_names(
    protocol: contouring.ContouringProtocol, enrolled: Sequence[contouring.Enrolled], folder: Path
) -> dict[str, tuple[str, ...]]:
    """Which structures are asked for: the protocol's, or else all that any reference names, as they appear?"""
    if protocol.structures:
        return protocol.structures
    found = []
    for case in enrolled:
        if case.reference is not None and not is_nifti(case.reference):
            column = protocol.columns.reference
            dataset = Files(case.case, folder).dicom(column, case.reference, tags=_NAME_TAGS)
            rois = getattr(dataset, "StructureSetROISequence", None) or []
            segments = getattr(dataset, "SegmentSequence", None) or []
            names = [getattr(item, "ROIName", "") for item in rois]
            names += [getattr(item, "SegmentLabel", "") for item in segments]
            found.append([str(name or "").strip() for name in names])
        elif case.reference is not None:
            _refuse_unnamed_labels(protocol)
    names_found = contouring.structure_names(found)
    if not names_found:
        raise BadInput(
            f"No reference in {protocol.common.cases} names any structure: nothing can be compared."
        )
    return names_found


def read_and_compare(
    protocol: contouring.ContouringProtocol, enrolled: contouring.Enrolled, folder: Path
) -> tuple[contouring.CaseResult, dict[str, str]]:
    """What became of every structure of this case, and which files (by hash) say so?

    `protocol` names the structures (`contouring.asking`). Needs nothing but its arguments, so it runs in any process.
    """
    files = Files(enrolled.case, folder)
    scans = read_scans(protocol, enrolled, files)
    result = contouring.evaluate_case(
        protocol,
        enrolled,
        protocol.structures,
        scans.grid,
        scans.reference,
        scans.output,
        observer=scans.observer,
        dose=scans.dose,
        nomenclature=nomenclature_of(protocol),
    )
    return result, files.hashes


def read_scans(protocol: contouring.ContouringProtocol, enrolled: contouring.Enrolled, files: Files) -> Scans:
    """Which outlines do the files of this case hold, laid on one grid without resampling?

    The grid is that of the images where they are named; else that of a label map; else the smallest that holds the
    SEGs. Forms may be mixed when their grids agree.
    """
    columns = protocol.columns
    sides = [
        _opened(protocol, files, column, name) if name is not None else None
        for column, name in (
            (columns.reference, enrolled.reference),
            (columns.output, enrolled.output),
            (columns.observer or "observer", enrolled.observer),
        )
    ]
    grid = _grid(protocol, enrolled, files, [side for side in sides if side is not None])
    held = [None if side is None or grid is None else _laid(protocol, files, side, grid) for side in sides]
    dose = None
    if enrolled.dose is not None and columns.dose is not None and grid is not None:
        dose = dose_on(enrolled.case, columns.dose, files.dicom(columns.dose, enrolled.dose), grid)
    return Scans(grid, held[0], held[1], held[2], dose)


def _opened(protocol: contouring.ContouringProtocol, files: Files, column: str, name: str) -> Opened:
    if is_nifti(name):
        _refuse_unnamed_labels(protocol)
        image, grid = files.nifti(column, name)
        return Opened(column, NIFTI, image, grid, name)
    dataset = files.dicom(column, name)
    if str(getattr(dataset, "Modality", "")) == SEG:
        share = protocol.options.fractional_at_least
        segments = read_seg(files.case, column, dataset, fractional_at_least=share)
        return Opened(column, SEG, segments, segments.grid, name)
    return Opened(
        column, RTSTRUCT, dataset, None, name
    )  # anything else is refused when it is read as contours


def _refuse_unnamed_labels(protocol: contouring.ContouringProtocol) -> None:
    if not protocol.labels:
        raise BadInput(
            "The protocol has no field 'labels', which says what each number of a label map stands for: add it, as in "
            "labels: {1: liver}."
        )


def _refuse_labels_without(protocol: contouring.ContouringProtocol, case: str, column: str) -> None:
    """Has each structure asked for a number? One without could only ever be called missing."""
    found = contouring.matched(
        case, column, protocol.labels.values(), protocol.structures, nomenclature_of(protocol)
    )
    lost = [name for name in protocol.structures if name not in found]
    if lost:
        raise BadInput(
            f"Case {case}: column '{column}' names a label map, but the protocol's field 'labels' has no number for "
            f"'{lost[0]}'; add it, or leave the structure out of 'structures'."
        )


def nomenclature_of(protocol: contouring.ContouringProtocol) -> contouring.Nomenclature:
    """By which names are structures matched?"""
    return load_tg263() if protocol.options.names == TG263 else contouring.AS_WRITTEN


def _grid(
    protocol: contouring.ContouringProtocol,
    enrolled: contouring.Enrolled,
    files: Files,
    sides: Sequence[Opened],
) -> contouring.Grid | None:
    """On which grid is this case compared?"""
    if enrolled.images is not None and is_nifti(enrolled.images):
        return files.nifti("images", enrolled.images)[1]
    if enrolled.images is not None:
        return contouring.grid_from_headers(enrolled.case, list(files.headers(enrolled.images)))
    drawn = [side for side in sides if side.form == RTSTRUCT]
    if drawn:
        raise BadInput(
            f"Case {enrolled.case}: column '{drawn[0].column}' names the structure set '{drawn[0].name}', but neither a "
            f"column 'images' of {protocol.common.cases} nor the protocol's field 'images' names the series that it was "
            "drawn on; add it."
        )
    maps = [side.grid for side in sides if side.form == NIFTI]
    if maps:
        return maps[0]
    return spanning([side.content.grid for side in sides]) if sides else None


def _laid(
    protocol: contouring.ContouringProtocol, files: Files, side: Opened, grid: contouring.Grid
) -> contouring.StructureSet:
    """Which structures does this file hold on the grid?"""
    if side.form == RTSTRUCT:
        return contouring.structure_set(files.case, side.column, side.content, grid)
    if isinstance(side.content, Segments):
        return structures_on(files.case, side.column, side.content, grid)
    assert side.grid is not None
    _refuse_labels_without(protocol, files.case, side.column)
    labels = read_labels(files.case, side.column, side.content, side.name)
    laid = contouring.onto(files.case, side.column, labels, side.grid, grid)
    return contouring.StructureSet(dict(contouring.painted(laid, protocol.labels)))
