"""From outlines to voxels: keyholes, holes, slanted planes, the image's edge, and where filling rules disagree."""

from __future__ import annotations

import numpy as np
import pytest
from contour_makers import headers, rtstruct, square

from alarp.evaluation import contouring
from alarp.evaluation.contouring.raster import box_around, rasterise

VOXEL_ML = 3.0 / 1000


def painted(polygons, on=None):
    """The voxels of the whole grid, what was said about the filling, and the contours as read."""
    on = on or contouring.grid_from_headers("c", headers())
    contours = contouring.structure_set("c", "reference", rtstruct({"x": polygons}), on).structures["x"]
    box = box_around(on, contours)
    raster = rasterise(contours, on, box)
    whole = np.zeros(on.shape, dtype=bool)
    whole[tuple(slice(a, a + n) for a, n in zip(box.start, box.shape, strict=True))] = raster.mask
    return whole, raster, contours


def keyhole(outer, *holes):
    """One outline that runs to each hole, around it the other way, and back."""
    path = list(outer)
    for hole in holes:
        path += [outer[0], hole[0], *hole[:0:-1], hole[0]]
    return [*path, outer[0]]


class TestKeyholes:
    outer = square(5.2, 25.2, z=6)
    holes = (square(8.2, 11.2, z=6), square(6.2, 10.2, z=6, across=(15.2, 19.2)))

    @pytest.mark.need("E14")
    @pytest.mark.parametrize("count", [1, 2])
    def test_a_keyhole_owns_the_voxels_of_the_same_holes_drawn_apart(self, count):
        cut, raster, _ = painted([keyhole(self.outer, *self.holes[:count])])
        apart, other, _ = painted([self.outer, *self.holes[:count]])
        assert np.count_nonzero(cut) == 20 * 20 - sum([9, 16][:count])
        assert np.array_equal(cut, apart)
        assert (raster.slices_differ, other.slices_differ) == ((), (2,))

    def test_two_keyholes_beside_each_other_do_not_open_one_another(self):
        pair = [
            keyhole(square(5.2, 13.2, z=6, across=(low, low + 8)), square(7.2, 10.2, z=6, across=(low + 2, low + 5)))
            for low in (5.2, 20.2)
        ]  # fmt: skip
        both, raster, _ = painted(pair)
        assert np.count_nonzero(both) == 2 * (64 - 9)
        assert raster.slices_differ == ()

    def test_an_island_in_a_hole_is_inside_again(self):
        whole, raster, _ = painted([square(5.2, 25.2, z=6), square(10.2, 20.2, z=6), square(14.2, 16.2, z=6)])
        assert np.count_nonzero(whole) == 400 - 100 + 4
        assert whole[2, 15, 15]
        assert not whole[2, 12, 12]
        assert raster.differ_ml == pytest.approx((100 - 4) * VOXEL_ML)


class TestFillingRules:
    def test_each_slice_where_they_disagree_is_named_and_their_volumes_add_up(self):
        hole = [square(10.2, 20.2, z=6), square(13.2, 16.2, z=6)]  # slice 2: 9 voxels
        plain = [square(10.2, 20.2, z=9)]
        beside = [square(10.2, 15.2, z=12), square(20.2, 25.2, z=12)]
        overlap = [square(10.2, 20.2, z=15), square(18.2, 25.2, z=15)]  # slice 5: 4 voxels
        whole, raster, _ = painted([*hole, *plain, *beside, *overlap])
        assert raster.slices_differ == (2, 5)
        assert raster.differ_ml == pytest.approx((9 + 4) * VOXEL_ML)
        assert whole.sum(axis=(1, 2)).tolist() == [0, 0, 91, 100, 50, 100 + 49 - 2 * 4, 0, 0]

    def test_the_same_outline_twice_is_nothing_by_even_odd_and_all_of_it_is_reported(self):
        whole, raster, _ = painted([square(10.2, 20.2, z=6)] * 2)
        assert not whole.any()
        assert raster.differ_ml == pytest.approx(100 * VOXEL_ML)


class TestSlantedPlanes:
    tilts = [  # along a row, down a column: about x, about y, and about all three axes
        ((1, 0, 0), (0, 0.8, 0.6)),
        ((0.6, 0, 0.8), (0, 1, 0)),
        ((2 / 3, 2 / 3, 1 / 3), (1 / 3, -2 / 3, 2 / 3)),
    ]

    def grid(self, tilt):
        return contouring.grid_from_headers("c", headers(orientation=(*tilt[0], *tilt[1])))

    @pytest.mark.parametrize("tilt", tilts)
    @pytest.mark.parametrize("slices", [(0,), (2, 3), (7,)])
    def test_an_outline_fills_the_plane_it_lies_in_by_the_planes_normal(self, tilt, slices):
        across, down = np.array(tilt)
        normal = np.cross(across, down)
        polygons = [
            [tuple(x * across + y * down + 3.0 * k * normal) for x, y, _ in square(10.2, 20.2, z=0)]
            for k in slices
        ]
        whole, _, contours = painted(polygons, self.grid(tilt))
        assert np.flatnonzero(whole.any(axis=(1, 2))).tolist() == list(slices)
        assert whole[list(slices), 11:21, 11:21].all()
        assert np.count_nonzero(whole) == 100 * len(slices)
        assert contours.skipped == ()

    @pytest.mark.parametrize("tilt", tilts)
    def test_an_outline_that_is_level_in_the_room_but_not_in_the_image_is_skipped_and_said(self, tilt):
        whole, _, contours = painted([square(10.2, 20.2, z=6)], self.grid(tilt))
        assert not whole.any()
        assert contours.skipped == (("contour does not lie in an image plane", 1),)


class TestEdgeOfTheImage:
    @pytest.mark.parametrize(
        ("low", "high", "held", "clipped"),
        [(-5.2, 3.2, 4, 1), (35.2, 60.2, 4, 1), (-9.8, 80.2, 40, 1), (-0.4, 39.4, 40, 0)],
    )
    def test_an_outline_over_the_edge_owns_the_voxels_within_the_image_and_no_others(
        self, low, high, held, clipped
    ):
        whole, raster, contours = painted([square(low, high, z=6)])
        assert np.count_nonzero(whole) == np.count_nonzero(raster.mask) == held * held
        assert (contours.clipped, contours.outside) == (clipped, 0)

    def test_an_outline_wholly_beside_the_image_or_its_slices_is_left_out_and_counted(self):
        whole, _, contours = painted([square(50.2, 60.2, z=6), square(10.2, 20.2, z=-9.0)])
        assert not whole.any()
        assert (contours.clipped, contours.outside) == (0, 2)

    def test_a_hole_that_reaches_over_the_edge_stays_a_hole(self):
        whole, _, _ = painted([square(-5.2, 20.2, z=6), square(-3.2, 10.2, z=6)])
        assert np.count_nonzero(whole) == 21 * 21 - 11 * 11
