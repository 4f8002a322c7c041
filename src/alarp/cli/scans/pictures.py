"""What do the worst outlines look like? Reads those few cases again and cuts the slice to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.errors import InvalidDicomError

from alarp.cli.scans.case import Scans, nomenclature_of, read_scans
from alarp.cli.scans.files import UNREADABLE, Files, is_nifti
from alarp.evaluation import contouring
from alarp.evaluation.contouring.pictures import Worst, picture, slice_to_show, worst_of
from alarp.evaluation.contouring.regions import box_of, raster_of


def worst_pictures(
    protocol: contouring.ContouringProtocol, results: Sequence[contouring.CaseResult], folder: Path
) -> Iterator[dict[str, Any]]:
    """How do the outlines that agree least differ from their reference? One picture each, worst first."""
    enrolled = {result.enrolled.case: result.enrolled for result in results}
    opened: dict[str, tuple[Files, Scans]] = {}
    for worst in worst_of(results, protocol.options.worst_pictures):
        case = enrolled[worst.case]
        if worst.case not in opened:
            files = Files(worst.case, folder)
            opened = {worst.case: (files, read_scans(protocol, case, files))}  # one case at a time in memory
        files, scans = opened[worst.case]
        yield _picture(protocol, case, worst, files, scans)


def _picture(
    protocol: contouring.ContouringProtocol,
    enrolled: contouring.Enrolled,
    worst: Worst,
    files: Files,
    scans: Scans,
) -> dict[str, Any]:
    grid = scans.grid
    assert grid is not None and scans.reference is not None and scans.output is not None
    regions = [
        _region(protocol, files.case, column, held, worst.structure)
        for column, held in (
            (protocol.columns.reference, scans.reference),
            (protocol.columns.output, scans.output),
        )
    ]
    box = box_of(grid, *regions)
    reference, output = (raster_of(region, grid, box).mask for region in regions)
    level = slice_to_show(reference, output)
    pixels = _pixels(enrolled, files, grid, box.start[0] + level)
    return picture(worst, grid, box, reference, output, level, pixels)


def _region(
    protocol: contouring.ContouringProtocol,
    case: str,
    column: str,
    held: contouring.StructureSet,
    structure: str,
) -> contouring.Contours | contouring.Voxels:
    asked = {structure: protocol.structures[structure]}
    found = contouring.matched(case, column, held.structures, asked, nomenclature_of(protocol))
    return held.structures[found[structure]] if structure in found else contouring.Contours(structure, ())


def _pixels(
    enrolled: contouring.Enrolled, files: Files, grid: contouring.Grid, level: int
) -> npt.NDArray[np.float64] | None:
    """Which pixels does the image have on this slice? None when no image is named or none can be decoded."""
    if enrolled.images is None:
        return None
    if is_nifti(enrolled.images):
        image, source = files.nifti("images", enrolled.images)
        values = np.transpose(np.asarray(image.dataobj, dtype=np.float32).reshape(image.shape[:3]), (2, 1, 0))
        return np.asarray(
            contouring.onto(files.case, "images", values, source, grid)[level], dtype=np.float64
        )
    place = grid.origin + grid.normal * grid.spacing_mm[0] * level
    for file in sorted(p for p in (files.folder / enrolled.images).rglob("*") if p.is_file()):
        try:
            header = pydicom.dcmread(file, stop_before_pixels=True)
            at = np.array([float(v) for v in header.ImagePositionPatient])
            if abs(float((at - place) @ grid.normal)) > grid.spacing_mm[0] / 4:
                continue
            dataset = pydicom.dcmread(file)
            slope, bias = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
            pixels = np.asarray(dataset.pixel_array, dtype=np.float64) * slope + bias
        except (InvalidDicomError, RuntimeError, *UNREADABLE):
            continue
        if pixels.shape == tuple(grid.shape[1:]):
            return pixels
    return None
