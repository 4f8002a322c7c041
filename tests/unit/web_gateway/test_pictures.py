"""Real objects from many vendors become pictures, or say in one sentence why not."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.data import get_testdata_file

from alarp.kernel import BadInput
from alarp.web.viewer.drawings import drawing_of
from alarp.web.viewer.overlays import shapes_on
from alarp.web.viewer.pictures import facts_of, opened, picture_of
from alarp.web.viewer.slices import Slice, half_gap_mm, ordered, series_of
from alarp.web.viewer.windows import Window


def grey_levels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


def test_a_ct_slice_is_shown_at_its_native_pixels_in_the_window_asked_for() -> None:
    data = Path(get_testdata_file("CT_small.dcm")).read_bytes()
    facts = facts_of(io.BytesIO(data))
    picture = picture_of(data, Window(50, 350))
    assert (facts.rows, facts.columns, facts.modality) == (128, 128, "CT")
    assert grey_levels(picture.png).shape == (128, 128)
    assert [w.slug for w in facts.windows][-1] == "whole-range"


def test_hounsfield_units_not_stored_values_meet_the_window() -> None:
    # CT_small stores value + 1024; in a window round -1000 HU the air is grey and the body white.
    data = Path(get_testdata_file("CT_small.dcm")).read_bytes()
    raw = opened(io.BytesIO(data)).pixel_array.astype(int) - 1024
    shown = grey_levels(picture_of(data, Window(-900, 200)).png)
    assert (shown[raw > -700] == 255).all()
    assert (shown[raw < -1010] == 0).all()


def test_cut_off_pixels_are_one_sentence_and_not_an_error() -> None:
    data = Path(get_testdata_file("MR_truncated.dcm")).read_bytes()
    with pytest.raises(BadInput, match=r"cannot be decoded .* kept and passed on as received"):
        picture_of(data, None)


def test_a_report_has_no_picture_and_says_so() -> None:
    data = Path(get_testdata_file("reportsi.dcm")).read_bytes()
    assert not facts_of(io.BytesIO(data)).is_picture
    with pytest.raises(BadInput, match="no picture in this object"):
        picture_of(data, None)


def test_bytes_that_are_no_dicom_are_one_sentence() -> None:
    with pytest.raises(BadInput):
        picture_of(b"%PDF-1.7 not an image", None)


def test_a_colour_picture_stays_in_colour() -> None:
    data = Path(get_testdata_file("examples_rgb_color.dcm")).read_bytes()
    assert grey_levels(picture_of(data, None).png).ndim == 3


def test_slices_are_ordered_by_position_and_not_by_arrival(shared: Path) -> None:
    files = sorted((shared / "data" / "ct_abdomen_rtstruct" / "ct").glob("*.dcm"))
    slices = []
    for number, file in enumerate([*files[10:], *files[:10]]):
        ds = opened(io.BytesIO(file.read_bytes()), pixels=False)
        facts = facts_of(io.BytesIO(file.read_bytes()))
        slices.append(Slice(number, "", str(ds.SOPInstanceUID), str(ds.SeriesInstanceUID), facts))
    heights = [s.facts.plane.height_mm for s in ordered(slices) if s.facts and s.facts.plane]
    assert heights == sorted(heights)
    assert half_gap_mm(slices) == pytest.approx(1.0)
    assert len(series_of(slices)) == 1


def test_the_real_structure_set_is_drawn_inside_the_body(shared: Path) -> None:
    folder = shared / "data" / "ct_abdomen_rtstruct"
    drawing = drawing_of(opened(io.BytesIO((folder / "rtstruct_reference.dcm").read_bytes())))
    assert len(drawing.structures) == 31
    data = (folder / "ct" / "CT010.dcm").read_bytes()
    facts, ds = facts_of(io.BytesIO(data)), opened(io.BytesIO(data), pixels=False)
    shapes = shapes_on(drawing, names={str(ds.SOPInstanceUID)}, plane=facts.plane)
    liver = next(s for s in shapes if s.label == "liver")
    numbers = [float(n) for n in liver.path.replace("M", " ").replace("L", " ").replace("Z", " ").split()]
    shown = grey_levels(picture_of(data, Window(50, 350)).png)
    at_outline = [shown[int(y), int(x)] for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
    assert np.median(at_outline) > 60  # soft tissue, not the air round the patient


@pytest.mark.parametrize(
    "folder", ["malformed", "enhanced", "transfer_syntaxes", "burned_in_text", "rt/pydicom", "cxr", "seg_sr"]
)
def test_every_real_file_is_shown_or_refused_in_one_sentence(shared: Path, folder: str) -> None:
    tried = 0
    for file in sorted((shared / "data" / folder).rglob("*.dcm"))[:16]:
        data = file.read_bytes()
        try:
            facts_of(io.BytesIO(data))
            picture = picture_of(data, None)
        except BadInput as refused:
            assert str(refused).endswith(".")
        else:
            assert picture.png.startswith(b"\x89PNG")
        tried += 1
    assert tried
