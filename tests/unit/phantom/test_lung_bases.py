"""Is the true outline of the lungs what is left of them when other organs lie in them?"""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest

from alarp.phantom import SCANNERS, abdomen_ct, fictional_patient
from alarp.phantom.anatomy import abdomen_of
from alarp.phantom.shapes import Column, Ellipsoid
from alarp.phantom.union import outlines, polygon_area_mm2
from alarp.phantom.visible import visible_outlines

WHEN = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)
BALL = Ellipsoid((3.0, -4.0, 0.0), (50.0, 50.0, 50.0))


def test_an_organ_that_nothing_covers_keeps_its_own_section() -> None:
    (outline,) = visible_outlines((BALL,), (), 30.0)
    assert polygon_area_mm2(outline) == pytest.approx(math.pi * 40.0**2, rel=1e-3)
    radii = np.hypot(outline[:, 0] - 3, outline[:, 1] + 4)
    assert np.abs(radii - 40).max() < 0.02


def test_an_organ_inside_leaves_a_hole_of_its_own_section() -> None:
    hole, rim = sorted(
        visible_outlines((BALL,), (Ellipsoid((3, -4, 0), (20, 10, 30)),), 0.0), key=polygon_area_mm2
    )
    assert polygon_area_mm2(rim) == pytest.approx(math.pi * 50**2, rel=1e-3)
    assert polygon_area_mm2(hole) == pytest.approx(math.pi * 20 * 10, rel=3e-3)


def test_what_two_discs_leave_of_each_other_has_the_area_of_the_lens_formula() -> None:
    r, d = 40.0, 50.0
    lens = 2 * r**2 * math.acos(d / (2 * r)) - d / 2 * math.sqrt(4 * r**2 - d**2)
    (moon,) = visible_outlines((Column((0, 0), (r, r)),), (Column((d, 0), (r, r)),), 0.0)
    assert polygon_area_mm2(moon) == pytest.approx(math.pi * r**2 - lens, rel=2e-3)


def test_two_parts_that_overlap_have_one_outline() -> None:
    other = Ellipsoid((40, -4, 0), (50, 50, 50))
    (one,) = visible_outlines((BALL, other), (), 0.0)
    (exact,) = outlines((BALL, other), 0.0, points=2000)
    assert polygon_area_mm2(one) == pytest.approx(polygon_area_mm2(exact), rel=1e-3)


def test_above_and_below_the_organ_there_is_no_outline() -> None:
    assert visible_outlines((BALL,), (), 51.0) == []
    assert visible_outlines((BALL,), (Ellipsoid((0, 0, 0), (90, 90, 90)),), 0.0) == []


@pytest.fixture(scope="module")
def scan():
    return abdomen_ct(
        patient=fictional_patient(7),
        scanner=SCANNERS[0],
        when=WHEN,
        rng=np.random.default_rng(1),
        accession="ACC0002",
        slices=14,
        dose=1e6,
    )


def test_the_structure_set_has_the_lungs_beside_the_liver(scan) -> None:
    names = [roi.ROIName for roi in scan.truth.structure_set.StructureSetROISequence]
    assert names == ["Liver", "Lungs"]
    (roi,) = [c for c in scan.truth.structure_set.ROIContourSequence if c.ReferencedROINumber == 2]
    assert len(roi.ContourSequence) >= 10


def test_inside_the_outline_there_is_lung_and_just_outside_there_is_none(scan) -> None:
    abdomen = abdomen_of(fictional_patient(7))
    image = scan.datasets[3]
    origin, pixel_mm = float(image.ImagePositionPatient[0]), float(image.PixelSpacing[0])
    hu = image.pixel_array.astype(float) - 1024
    outline_set = visible_outlines(
        tuple(o.solid for o in abdomen.lungs), abdomen.over_lungs, float(image.ImagePositionPatient[2])
    )
    assert len(outline_set) >= 2
    for outline in outline_set:
        columns, rows = ((outline - origin) / pixel_mm).T
        edge = hu[np.rint(rows).astype(int), np.rint(columns).astype(int)]
        assert -700 < np.median(edge) < -150  # half-way from lung (-840) to soft tissue or fat


def test_no_organ_but_the_lungs_is_called_lung(scan) -> None:
    abdomen = abdomen_of(fictional_patient(7))
    assert [o.name for o in abdomen.lungs] == ["lung right", "lung left"]
    assert len(abdomen.over_lungs) > 20
    assert not set(abdomen.over_lungs) & {o.solid for o in abdomen.lungs}
