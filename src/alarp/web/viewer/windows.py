"""Which grey does each pixel value get? The display window of DICOM PS3.3 C.11.2.1.2, on plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]
Grey = NDArray[np.uint8]

WHITE = 255


@dataclass(frozen=True, slots=True)
class Window:
    """Values from `centre` - `width`/2 to `centre` + `width`/2 run from black to white."""

    centre: float
    width: float
    name: str = ""
    slug: str = ""

    @property
    def sentence(self) -> str:
        """'Lung: centre -600, width 1500'"""
        numbers = f"centre {self.centre:g}, width {self.width:g}"
        return f"{self.name}: {numbers}" if self.name else numbers.capitalize()


# Conventions of display, not a standard: they differ from book to book, so the page always shows the two
# numbers beside the name. In Hounsfield units, hence for CT alone.
CT_PRESETS = (
    Window(50, 350, "Soft tissue", "soft-tissue"),
    Window(90, 160, "Liver", "liver"),
    Window(-600, 1500, "Lung", "lung"),
    Window(500, 2000, "Bone", "bone"),
    Window(40, 80, "Brain", "brain"),
)


def grey(values: Values, window: Window, *, inverted: bool = False) -> Grey:
    """Which of 256 greys does each value show in this window?

    The linear function of PS3.3 C.11.2.1.2.1: black up to centre - 0.5 - (width - 1)/2, white above
    centre - 0.5 + (width - 1)/2. `inverted` is for MONOCHROME1, where the lowest value is white
    (PS3.3 C.7.6.3.1.2). A width under 1 counts as 1: a threshold. A value that is no number is black.
    """
    width = max(float(window.width), 1.0)
    centre = float(window.centre) - 0.5
    if width == 1.0:
        share = (values > centre).astype(np.float32)
    else:
        share = (values - np.float32(centre)) / np.float32(width - 1.0) + np.float32(0.5)
    shown = np.clip(np.nan_to_num(share, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)
    if inverted:
        shown = 1.0 - shown
    return np.asarray(np.rint(shown * WHITE), dtype=np.uint8)


def whole_range(values: Values, *, low_per_cent: float = 1.0, high_per_cent: float = 99.0) -> Window:
    """Which window shows this image when its header names none? From the 1st to the 99th percentile.

    A flat image, or one without a number in it, gets width 1 round its only value.
    """
    known = values[np.isfinite(values)]
    if known.size == 0:
        return Window(0.5, 1.0, "Whole range", "whole-range")
    low, high = (float(v) for v in np.percentile(known, (low_per_cent, high_per_cent)))
    if high <= low:
        low, high = float(known.min()), float(known.max())
    width = max(high - low, 1.0)
    return Window(round((low + high) / 2, 2), round(width, 2), "Whole range", "whole-range")
