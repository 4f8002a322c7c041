"""What does this DICOM object look like? Header facts, pixel values and a PNG, from its bytes alone."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import config, dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.pixels import apply_color_lut, apply_modality_lut, pixel_array

from alarp.kernel import BadInput
from alarp.web.viewer.planes import Plane, plane_from
from alarp.web.viewer.windows import CT_PRESETS, Values, Window, grey, whole_range

# A value that does not fit its VR would be quoted in a warning on standard error: identifiers never reach a log.
config.settings.reading_validation_mode = config.IGNORE


@dataclass(frozen=True, slots=True)
class Facts:
    """What a viewer needs of an image's header; nothing that names a patient."""

    rows: int
    columns: int
    frames: int
    modality: str
    kind: str  # the SOP class in words
    plane: Plane | None
    series_number: int
    instance_number: int
    thickness_mm: float | None
    windows: tuple[Window, ...]  # those the header names, then the conventional ones

    @property
    def is_picture(self) -> bool:
        return self.rows > 0 and self.columns > 0


def opened(source: BinaryIO, *, pixels: bool = True) -> Dataset:
    """This object as a data set; one sentence when it is none. Objects without file meta are read all the same."""
    try:
        return dcmread(source, force=True, stop_before_pixels=not pixels)
    except (InvalidDicomError, EOFError, ValueError, TypeError, NotImplementedError, AttributeError) as error:
        raise BadInput(
            f"This object cannot be read as DICOM ({type(error).__name__}). "
            "It is kept as received; look at it in the sender."
        ) from None


def facts_of(source: BinaryIO) -> Facts:
    """What do the headers say? A missing or unusable field leaves its fact out instead of failing."""
    ds = opened(source, pixels=False)
    modality = str(ds.get("Modality", "") or "")
    named = _header_windows(ds)
    presets = CT_PRESETS if modality == "CT" else ()
    return Facts(
        rows=_whole(ds, "Rows"),
        columns=_whole(ds, "Columns"),
        frames=max(_whole(ds, "NumberOfFrames"), 1),
        modality=modality,
        kind=ds.SOPClassUID.name if ds.get("SOPClassUID") else "object without a SOP class",
        plane=_plane(ds),
        series_number=_whole(ds, "SeriesNumber"),
        instance_number=_whole(ds, "InstanceNumber"),
        thickness_mm=_number(ds, "SliceThickness"),
        windows=(*named, *presets, Window(0, 0, "Whole range", "whole-range")),
    )


def _whole(ds: Dataset, keyword: str) -> int:
    value = _number(ds, keyword)
    return int(value) if value is not None else 0


def _number(ds: Dataset, keyword: str) -> float | None:
    try:
        value = float(ds.get(keyword))
    except (TypeError, ValueError):
        return None
    return value if np.isfinite(value) else None


def _numbers(ds: Dataset, keyword: str) -> list[float]:
    value = ds.get(keyword)
    if value is None or value == "":
        return []
    try:
        return (
            [float(v) for v in value]
            if hasattr(value, "__iter__") and not isinstance(value, str)
            else [float(value)]
        )
    except (TypeError, ValueError):
        return []


def _group(ds: Dataset, sequence: str) -> Dataset:
    """The functional group of an enhanced object that holds for its first frame, or the object itself."""
    for outer in ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"):
        frames = ds.get(outer)
        if frames and sequence in frames[0] and len(frames[0][sequence].value):
            group: Dataset = frames[0][sequence].value[0]
            return group
    return ds


def _plane(ds: Dataset) -> Plane | None:
    return plane_from(
        _numbers(_group(ds, "PlanePositionSequence"), "ImagePositionPatient"),
        _numbers(_group(ds, "PlaneOrientationSequence"), "ImageOrientationPatient"),
        _numbers(_group(ds, "PixelMeasuresSequence"), "PixelSpacing"),
    )


def _header_windows(ds: Dataset) -> tuple[Window, ...]:
    voi = _group(ds, "FrameVOILUTSequence")
    pairs = zip(_numbers(voi, "WindowCenter"), _numbers(voi, "WindowWidth"), strict=False)
    usable = [(c, w) for c, w in pairs if w >= 1]
    many = len(usable) > 1
    return tuple(
        Window(c, w, f"As the scanner set it ({i})" if many else "As the scanner set it", f"scanner-{i}")
        for i, (c, w) in enumerate(usable, start=1)
    )


def values_of(ds: Dataset) -> tuple[Values | NDArray[np.uint8], bool]:
    """The first frame as numbers, and whether it is in colour (rows x columns x 3, 8 bit).

    Grey values are after the modality transformation (Hounsfield units for CT; PS3.3 C.11.1); the padding
    value (PS3.3 C.7.5.1.1.2) becomes "no number". Raises BadInput in one sentence when they cannot be had.
    """
    if not any(k in ds for k in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        kind = ds.SOPClassUID.name if ds.get("SOPClassUID") else "object without a SOP class"
        raise BadInput(f"There is no picture in this object ({kind}).")
    if not hasattr(ds, "file_meta") or "TransferSyntaxUID" not in ds.file_meta:
        raise BadInput(
            "The transfer syntax of this object is not stated, so its pixels cannot be decoded. "
            "It is kept and passed on as received."
        )
    try:
        raw = pixel_array(ds, index=0)
        if ds.get("PhotometricInterpretation") == "PALETTE COLOR":
            return _eight_bit(apply_color_lut(raw, ds)), True
        if raw.ndim == 3:
            return _eight_bit(raw), True
        values = np.asarray(apply_modality_lut(raw, _transformation(ds)), dtype=np.float32)
    except Exception as error:  # any decoder may fail in its own way: a page is not the place to crash
        syntax = ds.file_meta.TransferSyntaxUID.name
        raise BadInput(
            f"The pixels of this object cannot be decoded ({syntax}; {type(error).__name__}). "
            "It is kept and passed on as received; look at it in PACS."
        ) from None
    padding = ds.get("PixelPaddingValue")
    if isinstance(padding, int):
        values[raw == padding] = np.nan
    return values, False


def _transformation(ds: Dataset) -> Dataset:
    return _group(ds, "PixelValueTransformationSequence")


def _eight_bit(colours: NDArray[np.generic]) -> NDArray[np.uint8]:
    if colours.dtype == np.uint8:
        return np.asarray(colours[..., :3], dtype=np.uint8)
    top = max(float(np.max(colours)), 1.0)
    return np.asarray(colours[..., :3].astype(np.float32) * (255.0 / top), dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Picture:
    """One frame as a PNG at native pixels, and the window it is shown in (None for colour)."""

    png: bytes
    window: Window | None


def picture_of(data: bytes, window: Window | None) -> Picture:
    """The first frame as a PNG: one byte of grey for each pixel, or colour as it came.

    Without a window (or with one of width under 1) the picture's own range is shown.
    """
    ds = opened(io.BytesIO(data))
    values, colour = values_of(ds)
    if colour:
        return Picture(_png(Image.fromarray(np.asarray(values, dtype=np.uint8))), None)
    shown = window if window is not None and window.width >= 1 else whole_range(values)
    inverted = ds.get("PhotometricInterpretation") == "MONOCHROME1"
    return Picture(_png(Image.fromarray(grey(values, shown, inverted=inverted))), shown)


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, format="PNG", compress_level=1)
    return out.getvalue()
