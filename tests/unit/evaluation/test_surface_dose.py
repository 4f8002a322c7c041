"""Dose-volume histograms: true to a dose that is known everywhere, and silent where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from alarp.evaluation.contouring import dvh
from alarp.evaluation.contouring.geometry import Grid
from alarp.evaluation.contouring.raster import Box

ALONG_X, ALONG_Y, ALONG_Z = np.eye(3)


def grid(shape, spacing, origin=(0.0, 0.0, 0.0), across=ALONG_X, down=ALONG_Y):
    return Grid(np.array(origin), across, down, np.cross(across, down), spacing, shape, "1.2", "1.3")


def rising(on, slope=(0.5, -0.2, 0.1)):
    """A dose (Gy) that rises evenly in patient space: linear interpolation gives it back exactly."""
    index = np.indices(on.shape, dtype=float).reshape(3, -1).T * np.array(on.spacing_mm)
    points = on.origin + index @ np.stack([on.normal, on.along_rows, on.along_columns])
    return (30.0 + points @ np.array(slope)).reshape(on.shape)


@pytest.mark.need("E14")
@pytest.mark.parametrize(("across", "down"), [(ALONG_X, ALONG_Y), (ALONG_Y, ALONG_Z), (ALONG_X, -ALONG_Y)])
def test_a_dose_that_rises_evenly_is_given_back_on_any_other_grid(across, down):
    turned = grid((20, 30, 25), (2.5, 2.0, 2.0), origin=(-20.0, -21.0, -19.0), across=across, down=down)
    if down[1] < 0:
        turned = grid((20, 30, 25), (2.5, 2.0, 2.0), (-20.0, 30.0, 25.0), across, down)
    images = grid((4, 5, 6), (3.0, 1.0, 1.0), origin=(1.3, 2.1, 0.7))
    found = dvh.dose_in(Box((1, 1, 1), (3, 4, 5)), images, rising(turned), turned)
    assert found == pytest.approx(rising(images)[1:, 1:, 1:], abs=1e-4)


def test_a_voxel_beyond_the_dose_grid_has_no_dose_and_the_structure_no_number():
    doses = grid((5, 5, 5), (2.0, 2.0, 2.0))
    images = grid((5, 5, 12), (2.0, 2.0, 2.0))
    found = dvh.dose_in(Box((0, 0, 0), images.shape), images, rising(doses), doses)
    assert np.isfinite(found[:, :, :5]).all()
    assert np.isnan(found[:, :, 5:]).all()
    assert dvh.mean_dose_gy(found) is None
    assert dvh.dose_to_volume_gy(found, 95) is None
    assert dvh.volume_at_dose_percent(found, 20) is None
    assert dvh.histogram(found)[0].size == 0


def test_an_empty_structure_receives_nothing_that_could_be_told():
    assert dvh.mean_dose_gy(np.zeros(0)) is None


def test_the_numbers_of_an_evenly_spread_dose_are_those_of_arithmetic():
    gray = np.linspace(0.0, 100.0, 10001)
    assert dvh.mean_dose_gy(gray) == pytest.approx(50.0)
    assert dvh.dose_to_volume_gy(gray, 95) == pytest.approx(5.0)
    assert dvh.dose_to_volume_gy(gray, 2) == pytest.approx(98.0)
    assert dvh.volume_at_dose_percent(gray, 20) == pytest.approx(80.0, abs=0.01)


def test_the_histogram_starts_with_all_and_ends_with_nothing_and_never_rises():
    doses, percent = dvh.histogram(np.array([1.0, 2.0, 2.0, 4.05]), step_gy=1.0)
    assert doses == pytest.approx([0, 1, 2, 3, 4, 5])
    assert percent == pytest.approx([100, 100, 75, 25, 25, 0])
