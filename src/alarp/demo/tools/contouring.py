"""From a CT study to a structure set: what every contouring tool does around its own search for an organ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import contourpy
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from scipy import ndimage

from alarp.demo.tools.ct import Grid, Mask, Volume, ct_stack
from alarp.demo.tools.results import CannotAnalyse, Maker, with_identity
from alarp.demo.tools.structure import Roi, structure_set


@dataclass(frozen=True, slots=True)
class Organ:
    """What is drawn: its name (AAPM TG-263), its colour, how it is found, and on which kind of study."""

    name: str
    colour: tuple[int, int, int]
    find: Callable[[Volume, Grid], Mask]
    procedure: tuple[str, str, str]  # code, scheme and meaning, for a report that declines


def contoured(maker: Maker, organ: Organ, objects: Sequence[Dataset]) -> Dataset:
    """Which result answers this study? A structure set, or a report that says why there is none."""
    objects = [with_identity(source) for source in objects]
    try:
        stack = ct_stack(objects)
        mask = organ.find(stack.hu, stack.grid)
    except CannotAnalyse as why:
        return _decline(maker, organ, objects, why)
    contours = [
        (image, [to_patient(line, image) for line in outline(piece)])
        for image, piece in zip(stack.slices, mask, strict=True)
    ]
    return structure_set(maker, stack.slices, [Roi(organ.name, organ.colour, contours)])


def _decline(maker: Maker, organ: Organ, objects: Sequence[Dataset], why: CannotAnalyse) -> Dataset:
    """The report that says why there are no contours; its library is loaded only when it is needed."""
    from pydicom.sr.coding import Code

    from alarp.demo.tools.report import not_analysed

    return not_analysed(maker, objects, why, procedure=Code(*organ.procedure))


def outline(piece: Mask, *, least_area: float = 12.0) -> list[NDArray[np.float64]]:
    """Which closed lines (columns and rows, pixel centres whole) bound the mask of one slice?

    Along the half-way level of the slightly smoothed mask; lines around fewer pixels are left out.
    """
    if not piece.any():
        return []
    soft = ndimage.gaussian_filter(np.pad(piece, 2).astype(np.float32), 0.8)
    lines = contourpy.contour_generator(z=soft).lines(0.5)
    found = []
    for line in lines:
        closed = np.asarray(line[:-1], dtype=np.float64) - 2
        x, y = closed[:, 0], closed[:, 1]
        if abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2 >= least_area:
            found.append(closed)
    return found


def to_patient(line: NDArray[np.float64], image: Dataset) -> NDArray[np.float64]:
    """Pixel columns and rows of an axial slice as patient coordinates (PS3.3 C.7.6.2.1.1)."""
    x, y, z = (float(v) for v in image.ImagePositionPatient)
    row_mm, column_mm = (float(v) for v in image.PixelSpacing)
    return np.stack([x + column_mm * line[:, 0], y + row_mm * line[:, 1], np.full(len(line), z)], axis=1)
