"""Text in the picture itself: which objects are suspected of it, and is it gone after blanking?"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom_makers import KEY, as_bytes, image
from PIL import Image, ImageDraw
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO

from alarp.identity import Pseudonyms, deidentify, read_header, suspicion
from alarp.identity.pixel_text import _text_in, blanked
from alarp.kernel import BadInput
from alarp.standards.deidentification import load_profile

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning")
needs_the_extra = pytest.mark.skipif(
    importlib.util.find_spec("rapidocr") is None, reason="the optional extra alarp[ocr] is not installed"
)

US, SC, XA = (f"1.2.840.10008.5.1.4.1.1.{number}" for number in ("6.1", "7", "12.1"))
ROWS, COLUMNS, LINES = 160, 360, ((8, "SANDRINGHAM ANNABEL"), (112, "17/03/1952"))


def screen(*, frames: int = 1, sixteen: bool = False, **changes: Any) -> bytes:
    """An ultrasound image with a bright disc, and a name and a date of birth drawn into it."""
    picture = Image.new("L", (COLUMNS, ROWS), 12)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((150, 50, 200, 100), fill=120)
    for top, text in LINES:
        draw.text((10, top), text, fill=240, font_size=24)
    pixels = np.asarray(picture).astype(np.uint16 if sixteen else np.uint8) * (16 if sixteen else 1)
    bits = 16 if sixteen else 8
    made = image(
        SOPClassUID=US,
        Modality="US",
        Rows=ROWS,
        Columns=COLUMNS,
        BitsAllocated=bits,
        BitsStored=bits,
        HighBit=bits - 1,
        PixelRepresentation=0,
        **changes,
    )
    if frames > 1:
        made.NumberOfFrames = frames
    made.PixelData = pixels.tobytes() * frames
    made["PixelData"].VR = "OW" if sixteen else "OB"
    return as_bytes(made)


VL = "1.2.840.10008.5.1.4.1.1.77.1"


@pytest.mark.need("G03")
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"SOPClassUID": US, "Modality": "US"}, "ultrasound"),
        ({"SOPClassUID": SC, "Modality": "CT"}, "secondary capture"),
        ({"SOPClassUID": XA, "Modality": "XA"}, "angiography"),
        ({"SOPClassUID": US, "Modality": "US", "BurnedInAnnotation": "NO"}, "ultrasound"),
        ({"SOPClassUID": f"{VL}.5.1", "Modality": "OT", "BurnedInAnnotation": "NO"}, "photograph"),
        ({"SOPClassUID": f"{VL}.5.2", "Modality": "OP"}, "photograph"),
        ({"SOPClassUID": f"{VL}.7", "Modality": "DMS"}, "photograph"),
        ({"SOPClassUID": f"{VL}.6", "Modality": "SM"}, "slide"),
        ({"BurnedInAnnotation": "YES"}, "its header"),
        ({"BurnedInAnnotation": "PERHAPS"}, "its header"),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, "picture of a screen"),
        ({"BurnedInAnnotation": "NO"}, ""),
        ({}, ""),
    ],
)
def test_what_machines_write_into_is_suspected_whatever_its_tag_says(
    changes: dict[str, Any], why: str
) -> None:
    found = suspicion(read_header(as_bytes(image(**changes))))

    assert (why in found) if why else found == ""


@needs_the_extra
@pytest.mark.need("G03")
@pytest.mark.parametrize(("frames", "sixteen"), [(1, False), (3, True)])
def test_a_name_and_a_date_drawn_into_the_picture_are_blanked_and_the_rest_stays(
    frames: int, sixteen: bool
) -> None:
    before = dcmread(DicomBytesIO(screen(frames=frames, sixteen=sixteen))).pixel_array
    looked = blanked(screen(frames=frames, sixteen=sixteen))
    after = dcmread(DicomBytesIO(looked.part10)).pixel_array

    assert looked.frames == frames
    assert after.shape == before.shape
    assert after.dtype == before.dtype
    assert (after[..., 8:40, 10:250] == before.min()).all()
    assert (after[..., 112:140, 10:140] == before.min()).all()
    assert (after[..., 50:101, 150:201] == before[..., 50:101, 150:201]).all()


@needs_the_extra
@pytest.mark.need("G03")
def test_a_picture_without_text_comes_back_byte_for_byte() -> None:
    made = image(Rows=64, Columns=64, BitsAllocated=8, BitsStored=8, HighBit=7, PixelRepresentation=0)
    made.PixelData = bytes(range(64)) * 64
    made["PixelData"].VR = "OB"
    plain = as_bytes(made)

    looked = blanked(plain)

    assert (looked.part10, looked.regions) == (plain, ())


@needs_the_extra
@pytest.mark.need("G03")
def test_what_was_blanked_may_leave_and_says_that_its_pixels_were_cleaned() -> None:
    looked = blanked(screen(BurnedInAnnotation="YES"))
    left = deidentify(
        looked.part10,
        profile=load_profile(options=("clean-pixel-data",)),
        pseudonyms=Pseudonyms(KEY, 1),
        pixels_cleaned=True,
    )
    read = dcmread(DicomBytesIO(left.part10))

    assert read.BurnedInAnnotation == "NO"
    assert "113101" in {item.CodeValue for item in read.DeidentificationMethodCodeSequence}


def test_an_object_without_pixels_is_left_to_a_person() -> None:
    document = image()
    del document.PixelData

    with pytest.raises(BadInput, match="a person has to look"):
        blanked(as_bytes(document))


@needs_the_extra
@pytest.mark.shared
@pytest.mark.need("G03")
def test_of_a_real_ultrasound_screen_no_line_can_be_read_afterwards(shared: Path) -> None:
    source = (shared / "data" / "burned_in_text" / "GREYSCALE_IMAGE.dcm").read_bytes()

    looked = blanked(source)

    pixels = dcmread(DicomBytesIO(looked.part10)).pixel_array
    eight = pixels if pixels.ndim == 3 else np.repeat(pixels[..., np.newaxis], 3, axis=2)
    assert len(looked.regions) >= 10
    assert _text_in(eight.astype(np.uint8)) == []
