"""Greys and coordinates of the slice viewer, against numbers worked out by hand from DICOM PS3.3."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alarp.web.viewer.planes import Plane, plane_from
from alarp.web.viewer.windows import Window, grey, whole_range


def values(*numbers: float) -> np.ndarray:
    return np.asarray(numbers, dtype=np.float32)


def test_a_window_is_black_at_its_lower_edge_and_white_at_its_upper_edge() -> None:
    # PS3.3 C.11.2.1.2.1: centre 40, width 400 -> black up to -160, white from 239 (39.5 +/- 199.5)
    assert grey(values(-160, 239, -1000, 3000), Window(40, 400)).tolist() == [0, 255, 0, 255]


def test_the_middle_of_a_window_is_middle_grey() -> None:
    assert grey(values(39.5), Window(40, 400)).tolist() == [128]


def test_the_full_twelve_bit_window_keeps_first_and_last_value_apart() -> None:
    # The standard's own example: centre 2048, width 4096 maps 0 to black and 4095 to white.
    assert grey(values(0, 4095), Window(2048, 4096)).tolist() == [0, 255]


def test_a_window_of_width_one_is_a_threshold() -> None:
    # The standard's own example: centre 0.5, width 1 -> 0 and below black, above 0 white.
    assert grey(values(-1, 0, 1), Window(0.5, 1)).tolist() == [0, 0, 255]


def test_monochrome1_shows_the_lowest_value_white() -> None:
    assert grey(values(0, 4095), Window(2048, 4096), inverted=True).tolist() == [255, 0]


def test_a_value_that_is_no_number_is_black() -> None:
    assert grey(values(np.nan, 4095), Window(2048, 4096)).tolist() == [0, 255]


@given(
    st.floats(-2000, 3000),
    st.floats(1.5, 5000),
    st.lists(st.floats(-4000, 4000, width=32), min_size=2, max_size=30),
)
def test_a_larger_value_is_never_darker(centre: float, width: float, numbers: list[float]) -> None:
    shown = grey(values(*sorted(numbers)), Window(centre, width)).astype(int)
    assert (np.diff(shown) >= 0).all()


def test_the_whole_range_runs_from_the_first_to_the_ninety_ninth_percentile() -> None:
    window = whole_range(np.arange(101, dtype=np.float32))
    assert (window.centre, window.width) == (50.0, 98.0)


@pytest.mark.parametrize("flat", [np.full((4, 4), 7.0), np.full((4, 4), np.nan)])
def test_a_flat_or_empty_picture_still_has_a_window(flat: np.ndarray) -> None:
    assert whole_range(flat.astype(np.float32)).width == 1.0


AXIAL = Plane(
    origin_mm=(-100.0, -50.0, 30.0),
    along_row=(1.0, 0.0, 0.0),
    down_column=(0.0, 1.0, 0.0),
    row_spacing_mm=2.0,
    column_spacing_mm=0.5,
)


def test_the_first_pixel_has_its_centre_at_a_half() -> None:
    assert AXIAL.to_picture(np.array([[-100.0, -50.0, 30.0]])).tolist() == [[0.5, 0.5]]


def test_columns_use_the_column_spacing_and_rows_the_row_spacing() -> None:
    # 5 mm right = 10 columns of 0.5 mm; 6 mm down = 3 rows of 2 mm
    assert AXIAL.to_picture(np.array([[-95.0, -44.0, 30.0]])).tolist() == [[10.5, 3.5]]


def test_the_distance_from_the_plane_is_the_furthest_points() -> None:
    assert AXIAL.distance_mm(np.array([[0.0, 0.0, 31.0], [0.0, 0.0, 27.5]])) == pytest.approx(2.5)


def test_a_sagittal_plane_reads_height_as_the_vertical() -> None:
    sagittal = plane_from([10, -40, 60], [0, 1, 0, 0, 0, -1], [1, 1])
    assert sagittal is not None
    assert sagittal.to_picture(np.array([[10.0, -30.0, 40.0]])).tolist() == [[10.5, 20.5]]
    assert sagittal.height_mm == pytest.approx(-10)


@pytest.mark.parametrize(
    ("position", "orientation", "spacing"),
    [
        (None, [1, 0, 0, 0, 1, 0], [1, 1]),
        ([0, 0, 0], [1, 0, 0, 1, 0, 0], [1, 1]),  # parallel directions
        ([0, 0, 0], [1, 0, 0, 0, 1, 0], [0, 1]),  # no spacing
        ([0, 0], [1, 0, 0, 0, 1, 0], [1, 1]),
        ([0, 0, float("nan")], [1, 0, 0, 0, 1, 0], [1, 1]),
    ],
)
def test_an_unusable_header_describes_no_plane(
    position: list[float] | None, orientation: list[float], spacing: list[float]
) -> None:
    assert plane_from(position, orientation, spacing) is None
