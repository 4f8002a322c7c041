"""The voxel definition: the numbers of surface-distance 0.1, from the geometry of its elements."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from alarp.evaluation.contouring.nearby import distances_at, squares_within
from alarp.evaluation.contouring.surface import compare
from alarp.evaluation.contouring.voxel_surface import (
    compare_voxel_surfaces,
    element_areas,
    neighbour_codes,
)

SPACINGS = [(1.0, 1.0, 1.0), (3.0, 1.0, 1.0), (0.7, 0.7, 3.0), (2.0, 1.5, 0.9)]


def turned(code, order, flips):
    """The pattern of eight voxels seen from another side."""
    bits = np.array([code >> (7 - i) & 1 for i in range(8)]).reshape(2, 2, 2)
    seen = np.flip(np.transpose(bits, order), flips)
    return int("".join(str(bit) for bit in seen.ravel()), 2)


class TestElements:
    def test_a_flat_face_has_the_area_of_the_voxel_side(self):
        areas = element_areas((3.0, 2.0, 1.0))
        assert areas[0b11110000] == pytest.approx(2.0)
        assert areas[0b11001100] == pytest.approx(3.0)
        assert areas[0b10101010] == pytest.approx(6.0)

    def test_a_lone_corner_is_cut_off_by_a_triangle_between_the_middles_of_its_edges(self):
        assert element_areas((1.0, 1.0, 1.0))[128] == pytest.approx(np.sqrt(3) / 8)

    def test_no_surface_where_all_voxels_agree(self):
        assert element_areas((1.0, 1.0, 1.0))[[0, 255]] == pytest.approx([0, 0])

    @pytest.mark.parametrize("spacing", SPACINGS)
    def test_inside_and_outside_may_change_places(self, spacing):
        areas = element_areas(spacing)
        assert areas == pytest.approx(areas[::-1])

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    @pytest.mark.parametrize("flips", [(), (0,), (1, 2), (0, 1, 2)])
    def test_a_turned_or_mirrored_pattern_has_the_same_area(self, order, flips):
        areas = element_areas((1.0, 1.0, 1.0))
        assert [areas[turned(code, order, flips)] for code in range(256)] == pytest.approx(list(areas))

    def test_the_areas_of_a_slanted_half_space_add_up_to_no_less_than_the_plane(self):
        z, y, x = np.indices((20, 20, 20))
        codes = neighbour_codes(x + y + z < 28)
        inner = codes[2:-2, 2:-2, 2:-2]
        crossing = element_areas((1.0, 1.0, 1.0))[inner].sum() / np.sqrt(3)
        columns = np.count_nonzero(((inner > 0) & (inner < 255)).any(axis=0))
        assert crossing == pytest.approx(columns, rel=0.12)


@pytest.mark.need("E14")
def test_published_numbers_of_two_slabs_are_reproduced():
    """surface_distance_test.py of the package: 100 x 100 x 100 voxels of 2 x 1 x 1 mm, one slab moved."""
    one, two = np.zeros((100, 100, 100), dtype=bool), np.zeros((100, 100, 100), dtype=bool)
    one[0:50], two[0:51] = True, True
    found = compare_voxel_surfaces(one, two, (2.0, 1.0, 1.0))
    assert found.means_mm() == pytest.approx((0.322, 0.339), abs=1e-3)
    assert found.share_within(1.0) == pytest.approx(0.836, abs=1e-3)
    assert compare(one, two, (2.0, 1.0, 1.0), tolerance_mm=1.0).dice == pytest.approx(0.990, abs=1e-3)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_the_window_of_moved_minima_gives_the_distance_of_every_pair(spacing):
    draw = np.random.default_rng(20260101)
    marked = draw.random((7, 12, 11)) < 0.01
    marked[3, 5, 5] = True
    at = np.arange(marked.size)
    points = np.stack(np.unravel_index(at, marked.shape), axis=1) * np.array(spacing)
    targets = np.argwhere(marked) * np.array(spacing)
    every = np.sqrt(((points[:, None] - targets[None]) ** 2).sum(axis=2)).min(axis=1)
    assert distances_at(marked, at, spacing) == pytest.approx(every, abs=1e-5)


def test_far_points_are_measured_too():
    marked = np.zeros((3, 4, 60), dtype=bool)
    marked[1, 1, 0] = True
    assert distances_at(marked, np.array([marked.size - 1]), (1.0, 1.0, 1.0)) == pytest.approx(
        np.sqrt(1 + 4 + 59**2)
    )


def test_squares_are_exact_up_to_the_reach_and_larger_beyond():
    marked = np.zeros((1, 30, 30), dtype=bool)
    marked[0, 15, 15] = True
    rows, columns = np.indices((30, 30)) - 15
    exact = rows**2 + columns**2
    for reach in (3, 8, 13):
        found = squares_within(marked, (1, 2), reach=reach)[0]
        near = exact <= reach**2
        assert (found[near] == exact[near]).all()
        assert (found[~near] > reach**2).all()


def blob(turn):
    """A lumpy thing with handles and holes that reaches the edge of the grid."""
    z, y, x = np.indices((10, 14, 16))
    return np.sin(0.7 * z + turn) + np.cos(0.55 * y - turn) + np.sin(0.4 * x + 0.3 * y) > 0.6


# What surface-distance 0.1 answers for blob(0) and blob(0.5), with np.Inf given back to it under numpy 2: surface Dice at
# 1.05 mm, robust Hausdorff at 95 and at 100, average distance from the first and from the second.
OF_THE_PACKAGE = [
    ((1.0, 1.0, 1.0), (0.98159552, 1.00000000, 2.23606798, 0.17557709, 0.23993115)),
    ((3.0, 1.0, 1.0), (0.96585252, 1.00000000, 3.16227766, 0.19527472, 0.24890137)),
    ((0.7, 0.7, 3.0), (0.97975675, 0.70000000, 4.20000000, 0.12892572, 0.23230717)),
    ((2.0, 1.5, 0.9), (0.91121854, 1.50000000, 3.13209195, 0.20967962, 0.28238594)),
]


@pytest.mark.need("E14")
@pytest.mark.parametrize(("spacing", "theirs"), OF_THE_PACKAGE)
def test_a_lumpy_shape_has_the_numbers_of_the_package(spacing, theirs):
    ours = compare(blob(0.0), blob(0.5), spacing, tolerance_mm=1.05)
    found = (
        ours.surface_dice_voxel,
        ours.hd95_mm_voxel,
        ours.hd_mm_voxel,
        ours.mean_from_reference_mm_voxel,
        ours.mean_from_output_mm_voxel,
    )
    assert found == pytest.approx(theirs, abs=1e-6)
