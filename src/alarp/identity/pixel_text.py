"""Is there text in the picture, and what is left of it when the text is blanked? With the optional extra `ocr`.

The only place that decodes pixels on a study's way out, and only for objects under `burned_in.suspicion`. All text
is blanked, whatever it says: to tell a name from a measurement is a judgement that a reader of letters cannot make.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels import apply_color_lut
from pydicom.uid import ExplicitVRLittleEndian

from alarp.identity.objects import UNREADABLE, open_dataset
from alarp.kernel import BadInput

Picture = NDArray[Any]
LEAST_SCORE = 0.3  # of 1: what is read with less certainty is texture more often than letters
_MARGIN = 0.3  # of a line's height, on every side: accents and descenders stand out of the box that was found
_FRAMES_READ = 5
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Region:
    """Where text stood: columns left to right, rows top to bottom, in pixels, right and bottom not included."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class Looked:
    """What a look at the pixels gave: the object with its text blanked, where that was, and how much was looked at.

    Where nothing was found `part10` is the object as it came, byte for byte.
    """

    part10: bytes = field(repr=False)
    regions: tuple[Region, ...]
    frames: int
    frames_read: int


def can_look() -> bool:
    """Is the optional extra installed with which text in pixels is read?"""
    return importlib.util.find_spec("rapidocr") is not None


def blanked(part10: bytes) -> Looked:
    """What may leave of this picture once every line of text in it is blanked, in all of its frames?

    Up to five frames spread over the object are read, and the brightest and darkest value of each pixel over all of
    them, where text that stands still comes out; what is found in one is blanked in every one. A compressed object
    leaves uncompressed (Explicit VR Little Endian), a coloured one as RGB. Raises BadInput for an object without
    pixels, for pixels that cannot be decoded, and when text can still be read after blanking.
    """
    dataset = open_dataset(part10, pixels=True)
    frames = _frames(dataset)
    read, black = min(len(frames), _FRAMES_READ), _background(dataset, frames)
    regions: list[Region] = []
    for _ in range(_ROUNDS):  # letters beside a blanked line come out once the line no longer joins them
        found = [region for view in _views(dataset, frames) for region in _text_in(view)]
        if not found:
            left = _written(dataset, frames) if regions else part10
            return Looked(left, tuple(regions), len(frames), read)
        frames = frames if regions else frames.copy()
        regions += found
        for region in found:
            frames[:, region.top : region.bottom, region.left : region.right] = black
    raise BadInput(
        f"Text can still be read in the pixels after {_ROUNDS} rounds of blanking; a person has to look at them."
    )


def _frames(dataset: Any) -> Picture:
    """The decoded pixels as frames x rows x columns, and x 3 where they have colours."""
    if "PixelData" not in dataset:
        raise BadInput("The object has no pixels that could be read for text; a person has to look at it.")
    try:
        pixels = dataset.pixel_array
    except UNREADABLE as error:
        raise BadInput(
            f"The pixels cannot be decoded ({type(error).__name__}); a person has to look at them."
        ) from None
    single = int(dataset.get("NumberOfFrames") or 1) == 1
    return np.asarray(pixels)[np.newaxis] if single else np.asarray(pixels)


def _views(dataset: Any, frames: Picture) -> Iterator[NDArray[np.uint8]]:
    """What is shown to the reader of text: frames spread over the object, and the extremes over all of them."""
    chosen = np.unique(np.linspace(0, len(frames) - 1, _FRAMES_READ).astype(int))
    yield from (_shown(dataset, frames[number]) for number in chosen)
    if len(frames) > 1:
        yield _shown(dataset, frames.max(axis=0))
        yield _shown(dataset, frames.min(axis=0))


def _shown(dataset: Any, frame: Picture) -> NDArray[np.uint8]:
    """One frame as eight bits a sample, as a screen would show the whole of its range."""
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        frame = apply_color_lut(frame, dataset)
    low, high = float(frame.min()), float(frame.max())
    scaled = (frame.astype(np.float32) - low) * (255.0 / (high - low if high > low else 1.0))
    eight = scaled.astype(np.uint8)
    return np.repeat(eight[..., np.newaxis], 3, axis=2) if eight.ndim == 2 else eight


def _text_in(view: NDArray[np.uint8]) -> list[Region]:
    boxes = _reader()(view).boxes
    rows, columns = view.shape[:2]
    found = []
    for box in boxes if boxes is not None else ():
        (left, top), (right, bottom) = np.min(box, axis=0), np.max(box, axis=0)
        margin = max(2.0, _MARGIN * float(bottom - top))
        found.append(
            Region(
                max(0, int(left - margin)),
                max(0, int(top - margin)),
                min(columns, int(np.ceil(right + margin))),
                min(rows, int(np.ceil(bottom + margin))),
            )
        )
    return found


@cache
def _reader() -> Any:
    """The reader of text with its models from the package itself: nothing is fetched. Made once, seconds."""
    if not can_look():
        raise BadInput("Text in pixels cannot be read here: install the extra with pip install 'alarp[ocr]'.")
    from rapidocr import RapidOCR

    quiet = {"Global.log_level": "critical", "Global.text_score": LEAST_SCORE}
    return RapidOCR(params=quiet)


def _background(dataset: Any, frames: Picture) -> Any:
    """The value that shows nothing: black."""
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        return frames.max()
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        entries = np.arange(int(frames.max()) + 1, dtype=frames.dtype)[np.newaxis]
        return int(np.argmin(apply_color_lut(entries, dataset)[0].astype(np.int64).sum(axis=1)))
    return 0 if frames.ndim == 4 else frames.min()


def _written(dataset: Any, frames: Picture) -> bytes:
    if frames.ndim == 4:
        dataset.PhotometricInterpretation, dataset.PlanarConfiguration = "RGB", 0
    data = np.ascontiguousarray(frames).tobytes()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if frames.dtype.itemsize == 1 else "OW"
    for gone in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        if gone in dataset:
            del dataset[gone]
    out = BytesIO()
    dataset.save_as(out, implicit_vr=False, little_endian=True, enforce_file_format=True)
    return out.getvalue()
