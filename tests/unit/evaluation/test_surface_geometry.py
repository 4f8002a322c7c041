"""The geometric definition: true to geometry on thin and on thick slices, at every place between the voxels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from alarp.evaluation.contouring.boxes import boxes, every_box
from alarp.evaluation.contouring.geometric_surface import surface
from alarp.evaluation.contouring.sparse import places_set
from alarp.evaluation.contouring.surface import compare, compare_labels

CENTRES = [(0.31, 0.17, -0.42), (1.3, 0.45, 0.2), (0.0, 0.0, 0.0)]
SPACINGS = [(1.0, 1.0, 1.0), (3.0, 1.0, 1.0), (1.0, 1.0, 3.0)]
OTHER_SPACINGS = [(2.0, 1.0, 1.0), (3.0, 0.7, 0.7), (2.5, 0.98, 0.98), (1.25, 0.98, 0.98), (3.0, 1.0, 1.2)]
MOVES = {"apart": (2.5, (0, 0, 0)), "z": (0, (3, 0, 0)), "y": (0, (0, 3, 0)), "x": (0, (0, 0, 3))}


def ellipsoid(centre, semi_axes, spacing, half):
    axes = [np.arange(-half, half + step, step) for step in spacing]
    z, y, x = np.meshgrid(*axes, indexing="ij", sparse=True)
    parts = ((a - c) / s for a, c, s in zip((z, y, x), centre, semi_axes, strict=True))
    return sum(part**2 for part in parts) <= 1


def ball(centre, radius, spacing, half):
    return ellipsoid(centre, (radius,) * 3, spacing, half)


def exact(radius, grown, moved, tolerance):
    """Mean distance and share within the tolerance, for concentric spheres or for one sphere moved."""
    if grown:
        return grown, float(grown <= tolerance)
    toward = (np.arange(20000) + 0.5) / 10000 - 1  # the cosine to the shift: even over the sphere's area
    away = np.abs(np.sqrt(radius**2 + moved**2 - 2 * radius * moved * toward) - radius)
    return float(away.mean()), float(np.mean(away <= tolerance))


@pytest.mark.need("E14")
@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize(
    ("radius", "spacing"),
    [*((r, s) for r in (10, 20) for s in SPACINGS + OTHER_SPACINGS), *((40, s) for s in SPACINGS)],
)
def test_spheres_are_as_far_apart_as_geometry_says(radius, spacing, move):
    grown, shift = MOVES[move]
    wanted_mean, wanted_share = exact(radius, grown, 3.0, 2.0)
    for centre in CENTRES if radius < 40 else CENTRES[:1]:
        one = ball(centre, radius, spacing, radius + 8)
        two = ball(np.add(centre, shift), radius + grown, spacing, radius + 8)
        found = compare(one, two, spacing, tolerance_mm=2.0)
        assert found.mean_surface_distance_mm == pytest.approx(wanted_mean, rel=0.06)
        assert found.surface_dice == pytest.approx(wanted_share, abs=0.06)
        assert found.surface_dice_low <= wanted_share <= found.surface_dice_high
        assert found.hd_mm == pytest.approx(grown or 3.0, abs=max(spacing))


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("semi_axes", [(20, 8, 8), (8, 8, 20), (5, 5, 20), (8, 20, 8)])
def test_long_thin_shapes_moved_along_themselves_are_measured_too(semi_axes, spacing):
    """Against a cloud of points on both surfaces, each weighed by its area."""
    steps = np.arange(40000) + 0.5
    polar, turn = np.arccos(1 - 2 * steps / 40000), np.pi * (1 + 5**0.5) * steps
    unit = np.stack([np.cos(polar), np.sin(polar) * np.sin(turn), np.sin(polar) * np.cos(turn)], axis=1)
    semi = np.array(semi_axes, dtype=float)
    cloud, area = unit * semi, np.linalg.norm(unit / semi, axis=1)
    shift = np.array([0.0, 0.0, 3.0])
    there, _ = cKDTree(cloud + shift).query(cloud)
    wanted_mean = (there * area).sum() / area.sum()
    wanted_share = area[there <= 2.0].sum() / area.sum()
    one, two = (ellipsoid(c, semi, spacing, 32) for c in (CENTRES[0], CENTRES[0] + shift))
    found = compare(one, two, spacing, tolerance_mm=2.0)
    assert found.mean_surface_distance_mm == pytest.approx(wanted_mean, rel=0.1, abs=0.1)
    assert found.surface_dice == pytest.approx(wanted_share, abs=0.08)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (3.0, 1.0, 1.0)])
def test_a_nerve_of_a_few_voxels_survives_and_its_shift_is_seen_within_the_voxel(spacing):
    def nerve(shift):
        return ellipsoid((0.3 * spacing[0], 0.1 + shift, 0.0), (1.6, 1.6, 15.0), spacing, 20)

    assert nerve(0).any()
    found = compare(nerve(0), nerve(3.0), spacing, tolerance_mm=1.0)
    assert found.hd_mm == pytest.approx(3.0, abs=max(spacing) / 2)
    assert found.mean_surface_distance_mm == pytest.approx(1.7, abs=0.6)


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("radius", [10, 20])
def test_the_area_of_a_sphere_is_right_within_two_to_six_per_cent(spacing, radius):
    """A sphere of 10 mm radius has seven slices of 3 mm; straight lines between them cut its corners off."""
    found = surface(ball(CENTRES[0], radius, spacing, radius + 5), spacing)
    within = 0.06 if radius == 10 and max(spacing) == 3 else 0.025
    assert found.area_mm2.sum() == pytest.approx(4 * np.pi * radius**2, rel=within)


def test_a_spacing_in_whole_numbers_is_the_same_spacing():
    one, two = (ball(centre, 9, (3.0, 1.0, 1.0), 14) for centre in CENTRES[:2])
    assert compare(one, two, (3, 1, 1), tolerance_mm=2) == compare(one, two, (3.0, 1.0, 1.0), tolerance_mm=2)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slabs_lie_as_far_apart_as_they_were_moved(axis):
    one, two = np.zeros((40, 40, 40), dtype=bool), np.zeros((40, 40, 40), dtype=bool)
    place = [slice(5, 35)] * 3
    place[axis] = slice(10, 20)
    one[tuple(place)] = True
    place[axis] = slice(12, 22)
    two[tuple(place)] = True
    spacing = (3.0, 1.0, 1.0)
    assert compare(one, two, spacing, tolerance_mm=1.0).hd_mm == pytest.approx(2 * spacing[axis], abs=0.3)


def shapes():
    """Shapes that have broken others: name, mask."""
    grid = np.zeros((9, 16, 16), dtype=bool)

    def drawn(*blocks, but=()):
        mask = grid.copy()
        for block in blocks:
            mask[block] = True
        for block in but:
            mask[block] = False
        return mask

    return {
        "single voxel": drawn((4, 8, 8)),
        "single voxel in the corner": drawn((0, 0, 0)),
        "line": drawn((4, 8, slice(3, 12))),
        "line across slices": drawn((slice(1, 8), 8, 8)),
        "sheet": drawn((4, slice(3, 12), slice(3, 12))),
        "whole grid": ~grid,
        "touching every edge": drawn((slice(None), slice(None), slice(4, 9))),
        "two parts": drawn((2, slice(2, 5), slice(2, 5)), (slice(5, 8), slice(9, 14), slice(9, 14))),
        "hole": drawn(
            (slice(1, 8), slice(3, 13), slice(3, 13)), but=[(slice(3, 6), slice(6, 10), slice(6, 10))]
        ),
        "diagonal": np.add.outer(np.arange(9), np.add.outer(np.arange(16), np.arange(16))) == 18,
    }


@pytest.mark.parametrize("spacing", [*SPACINGS, (1.0, 3.0, 3.0), (5.0, 0.4, 0.4), (1.0, 2.0, 4.5)])
@pytest.mark.parametrize("name", shapes())
class TestAwkwardShapes:
    def test_a_shape_against_itself_is_perfect_to_the_last_digit(self, name, spacing):
        mask = shapes()[name]
        same = compare(mask, mask.copy(), spacing, tolerance_mm=0.5)
        assert (same.dice, same.surface_dice, same.surface_dice_voxel, same.surface_dice_high) == (1, 1, 1, 1)
        assert (same.hd_mm, same.hd95_mm, same.mean_surface_distance_mm) == (0, 0, 0)
        assert (same.hd_mm_voxel, same.hd95_mm_voxel, same.mean_surface_distance_mm_voxel) == (0, 0, 0)
        assert same.added_path_length_mm == 0

    def test_every_other_shape_can_be_compared_with_it(self, name, spacing):
        mask = shapes()[name]
        for other in shapes().values():
            found = compare(mask, other, spacing, tolerance_mm=1.0)
            distances = (found.hd_mm, found.hd95_mm, found.mean_surface_distance_mm)
            assert all(value is not None and np.isfinite(value) and value >= 0 for value in distances)
            assert 0 <= found.surface_dice_low <= found.surface_dice <= found.surface_dice_high <= 1


def test_a_wall_that_is_not_there_is_not_smoothed_away():
    grid = np.zeros((6, 20, 20), dtype=bool)
    grid[2:4, 5:15, 5:15] = True
    hollow = grid.copy()
    hollow[2:4, 9:11, 9:11] = False
    assert compare(grid, hollow, (3.0, 1.0, 1.0), tolerance_mm=1.0).surface_dice < 0.99


def test_reference_and_output_may_change_places():
    one, two = ball(CENTRES[0], 9, (3.0, 1.0, 1.0), 14), ball(CENTRES[1], 8, (3.0, 1.0, 1.0), 14)
    forth, back = (compare(a, b, (3.0, 1.0, 1.0), tolerance_mm=2) for a, b in ((one, two), (two, one)))
    assert forth.hd95_mm == back.hd95_mm
    assert forth.surface_dice == pytest.approx(back.surface_dice)
    assert forth.mean_surface_distance_mm == pytest.approx(back.mean_surface_distance_mm)
    assert forth.volume_difference_ml == -back.volume_difference_ml


def test_the_grid_around_the_structures_does_not_matter():
    one, two = ball(CENTRES[0], 9, (3.0, 1.0, 1.0), 14), ball(CENTRES[1], 8, (3.0, 1.0, 1.0), 14)
    wide = [np.pad(mask, ((3, 0), (0, 17), (5, 2))) for mask in (one, two)]
    assert compare(*wide, (3.0, 1.0, 1.0), tolerance_mm=2) == compare(
        one, two, (3.0, 1.0, 1.0), tolerance_mm=2
    )


class TestTolerance:
    def test_a_tolerance_within_a_voxel_is_flagged_and_its_interval_is_wide(self):
        spacing = (3.0, 1.0, 1.0)
        one, two = ball(CENTRES[0], 15, spacing, 22), ball((2.3, 0.2, 0.4), 15, spacing, 22)
        near, far = (compare(one, two, spacing, tolerance_mm=t) for t in (2.0, 6.0))
        assert near.tolerance_near_voxel
        assert not far.tolerance_near_voxel
        assert near.surface_dice_high - near.surface_dice_low > 0.3
        assert far.surface_dice_high - far.surface_dice_low < 0.01

    def test_a_smaller_voxel_narrows_the_interval(self):
        widths = []
        for step in (2.0, 1.0, 0.5):
            spacing = (step,) * 3
            one, two = ball(CENTRES[0], 9, spacing, 14), ball((0.3, 0.2, 2.6), 9, spacing, 14)
            found = compare(one, two, spacing, tolerance_mm=2.0)
            widths.append(found.surface_dice_high - found.surface_dice_low)
        assert widths == sorted(widths, reverse=True)


class TestOneSideEmpty:
    def test_a_missed_structure_has_no_distance_and_no_overlap(self):
        mask = shapes()["two parts"]
        found = compare(mask, np.zeros_like(mask), (3.0, 1.0, 1.0), tolerance_mm=1.0)
        assert (found.dice, found.surface_dice, found.surface_dice_voxel) == (0, 0, 0)
        assert found.hd_mm is None
        assert found.mean_surface_distance_mm_voxel is None
        assert found.added_path_length_mm == compare_outline(mask)

    def test_nothing_to_draw_is_not_a_path_of_zero(self):
        mask = shapes()["two parts"]
        assert (
            compare(np.zeros_like(mask), mask, (3.0, 1.0, 1.0), tolerance_mm=1.0).added_path_length_mm is None
        )


def compare_outline(mask):
    """The voxels of the outline, counted one by one."""
    total = 0
    for layer in mask:
        for row, column in np.argwhere(layer):
            around = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
            inside = [0 <= r < layer.shape[0] and 0 <= c < layer.shape[1] and layer[r, c] for r, c in around]
            total += not all(inside)
    return float(total)


class TestAddedPath:
    def test_a_square_with_one_side_moved_needs_that_side_drawn_anew(self):
        reference, output = np.zeros((1, 12, 12), dtype=bool), np.zeros((1, 12, 12), dtype=bool)
        reference[0, 2:10, 2:10] = True
        output[0, 2:10, 2:8] = True
        found = compare(reference, output, (3.0, 0.8, 0.8), tolerance_mm=1.0)
        assert found.added_path_length_mm == pytest.approx(
            (8 + 1 + 1) * 0.8
        )  # the side, and a voxel above and below

    def test_a_hole_in_the_reference_is_part_of_its_outline(self):
        mask = shapes()["hole"]
        filled = mask.copy()
        filled[1:8, 3:13, 3:13] = True
        found = compare(mask, filled, (3.0, 1.0, 1.0), tolerance_mm=1.0)
        assert found.added_path_length_mm == pytest.approx(
            3 * 16
        )  # a ring around 4 x 4 voxels has 16 edge neighbours


class TestLabelMaps:
    def maps(self):
        draw = np.random.default_rng(20260101)
        reference = np.zeros((12, 30, 30), dtype=np.uint8)
        reference[2:7, 3:12, 4:15], reference[5:11, 15:27, 10:22] = 1, 200
        output = np.roll(reference, (1, 1, -2), axis=(0, 1, 2))
        reference[0, 0, 0] = reference[-1, -1, -1] = 3
        output[draw.random(output.shape) < 0.001] = 7
        return reference, output

    def test_label_by_label_is_the_same_as_mask_by_mask(self):
        reference, output = self.maps()
        found = compare_labels(reference, output.astype(np.int32), (3.0, 1.0, 1.0), 2.0, [1, 200, 3, 7])
        for label, pair in found.items():
            assert pair == compare(reference == label, output == label, (3.0, 1.0, 1.0), tolerance_mm=2.0)

    def test_two_threads_give_the_answer_of_one(self):
        reference, output = self.maps()
        one, two = (
            compare_labels(reference, output, (3.0, 1.0, 1.0), 2.0, [1, 200], threads=n) for n in (1, 2)
        )
        assert one == two

    def test_a_label_that_nobody_drew_has_no_volume(self):
        reference, output = self.maps()
        found = compare_labels(reference, output, (3.0, 1.0, 1.0), 2.0, [9])[9]
        assert (found.reference_ml, found.output_ml, found.hd_mm) == (0, 0, None)

    def test_every_box_holds_all_of_its_label(self):
        reference, output = self.maps()
        for labelled in (reference, output, np.full((3, 4, 5), 2, dtype=np.int16), reference[:, ::2, ::-1]):
            for label, box in boxes(labelled, range(1, 256)).items():
                assert np.count_nonzero(labelled[box] == label) == np.count_nonzero(labelled == label) > 0

    def test_every_label_is_found_without_being_named_whatever_the_slab_it_is_in(self):
        whole = np.zeros((40, 9, 11), dtype=np.int16)
        whole[3, 2:4, 5], whole[14:35, 4:6, 3:8], whole[39, 8, 10], whole[0, 0, 0] = 300, 2, 7, -1
        block = (slice(14, 35), slice(4, 6), slice(3, 8))
        for labelled in (whole, np.asfortranarray(whole)):
            found = every_box(labelled)
            assert list(found) == [2, 7, 300]
            assert found[2] == block
            assert found[7] == (slice(39, 40), slice(8, 9), slice(10, 11))


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 64, 1003])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 1.0])
def test_flags_read_eight_at_a_time_are_the_flags_that_are_set(length, share):
    flags = np.random.default_rng(length).random(length) < share
    for each in (flags, flags[::-1], flags[1:]):
        assert np.array_equal(places_set(each), np.flatnonzero(each))
