"""Contouring: voxels and surfaces true to geometry, and no missing outline rewarded."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pydicom
import pytest
from contour_makers import SPACING, block, enrolled, evaluate, headers, protocol, rtstruct, square
from detection_makers import measure
from hypothesis import given
from hypothesis import strategies as st

from alarp.evaluation import contouring, read_csv
from alarp.evaluation.contouring.raster import box_around, rasterise
from alarp.evaluation.contouring.surface import compare, surface
from alarp.kernel import BadInput

LIVER = {"liver": ("liver",)}


def grid():
    return contouring.grid_from_headers("c", headers())


def mask_of(polygons, on=None):
    on = on or grid()
    contours = contouring.structure_set("c", "reference", rtstruct({"x": polygons}), on).structures["x"]
    return rasterise(contours, on, box_around(on, contours)), contours


class TestRasteriser:
    def test_a_block_has_the_volume_of_the_voxel_centres_it_holds(self):
        raster, _ = mask_of(block())
        assert raster.volume_ml(grid()) == pytest.approx(10 * 10 * 3 * 3.0 / 1000)

    def test_an_outline_drawn_through_voxel_centres_keeps_the_voxels_on_the_line(self):
        raster, _ = mask_of([square(10, 20, z=6)])
        assert np.count_nonzero(raster.mask) == 11 * 11

    def test_an_outline_within_an_outline_is_a_hole_and_the_difference_to_a_union_is_reported(self):
        raster, _ = mask_of([square(10.2, 20.2, z=6), square(13.2, 16.2, z=6)])
        assert np.count_nonzero(raster.mask) == 100 - 9
        assert raster.slices_differ == (2,)
        assert raster.differ_ml == pytest.approx(9 * 3.0 / 1000)

    def test_a_keyhole_outline_leaves_its_hole_open(self):
        outer = square(10.2, 20.2, z=6)
        inner = square(13.2, 16.2, z=6)
        keyhole = [*outer, outer[0], inner[0], inner[3], inner[2], inner[1], inner[0], outer[0]]
        raster, _ = mask_of([keyhole])
        assert np.count_nonzero(raster.mask) == 100 - 9

    def test_the_direction_in_which_an_outline_is_drawn_does_not_matter(self):
        forward, _ = mask_of(block())
        backward, _ = mask_of([polygon[::-1] for polygon in block()])
        assert np.array_equal(forward.mask, backward.mask)

    def test_outlines_beyond_the_volume_are_clipped_and_recorded(self):
        raster, contours = mask_of([*block(low=30.2, high=60.2), square(10, 20, z=90.0)])
        assert np.count_nonzero(raster.mask) == 9 * 9 * 3
        assert (contours.clipped, contours.outside) == (3, 1)

    def test_open_contours_are_skipped_with_the_reason(self):
        found = contouring.structure_set(
            "c", "reference", rtstruct({"x": block()}, kind="OPEN_PLANAR"), grid()
        )
        assert found.structures["x"].is_empty
        assert found.structures["x"].skipped == (("OPEN_PLANAR contour encloses nothing", 3),)

    @given(st.floats(2, 12), st.integers(3, 30), st.floats(0, 6.2))
    def test_a_polygon_holds_its_area_within_its_rim(self, radius, corners, turn):
        angles = turn + np.arange(corners) * 2 * np.pi / corners
        polygon = [(20.31 + radius * np.cos(a), 19.73 + radius * np.sin(a), 6.0) for a in angles]
        area = 0.5 * corners * radius**2 * np.sin(2 * np.pi / corners)
        raster, _ = mask_of([polygon])
        assert abs(np.count_nonzero(raster.mask) - area) <= 2 * np.pi * radius + 2

    def test_oblique_slices_are_found_by_their_normal(self):
        slanted = (0.8, 0.6, 0, 0, 0, -1)
        on = contouring.grid_from_headers("c", headers(orientation=slanted))
        assert on.spacing_mm == pytest.approx((3.0, 1.0, 1.0))
        across, down, normal = (
            np.array(slanted[:3]),
            np.array(slanted[3:]),
            np.cross(slanted[:3], slanted[3:]),
        )
        polygon = [tuple(x * across + y * down + 6.0 * normal) for x, y, _ in square(10.2, 20.2, z=0)]
        raster, contours = mask_of([polygon], on)
        assert np.count_nonzero(raster.mask) == 100
        assert contours.polygons[0][0] == 2


class TestSurface:
    def test_a_mask_against_itself_is_perfect(self):
        raster, _ = mask_of(block())
        same = compare(raster.mask, raster.mask, SPACING, tolerance_mm=1)
        assert (same.dice, same.surface_dice, same.hd_mm, same.hd95_mm, same.mean_surface_distance_mm) == (
            1,
            1,
            0,
            0,
            0,
        )

    def test_a_single_voxel_still_has_a_surface(self):
        mask = np.zeros((5, 5, 5), dtype=bool)
        mask[2, 2, 2] = True
        assert surface(mask, (3, 1, 1)).area_mm2.sum() > 0

    def test_reference_and_output_may_change_places(self):
        one, _ = mask_of(block(slices=(2, 3, 4, 5)))
        two = one.mask.copy()
        two[:, :4] = False
        forth, back = (compare(a, b, SPACING, tolerance_mm=2) for a, b in ((one.mask, two), (two, one.mask)))
        assert forth.hd95_mm == back.hd95_mm
        assert forth.dice == back.dice
        assert forth.volume_difference_ml == -back.volume_difference_ml


class TestOutcomes:
    def test_missed_spurious_and_both_empty_are_counted_and_never_dropped(self):
        names = {"liver": ("liver", "Leber"), "spleen": ("spleen",), "kidney": ("kidney",)}
        found = evaluate(
            protocol(),
            [({"Liver": block(), "spleen": block()}, {"leber": block(), "spleen": [], "kidney": block(), "tumour": block()}),
             ({"Liver": block()}, {"liver": block()})],
            names,
        )  # fmt: skip
        counts = found.outcomes
        assert (counts["scored"], counts["missed"], counts["spurious"], counts["both_empty"]) == (2, 1, 1, 2)
        assert counts["enrolled"] == 6
        assert measure(found, "dice", "spleen").estimate == 0.0
        assert measure(found, "dice").estimate == pytest.approx(2 / 4)
        distance = measure(found, "hd95_mm", "spleen")
        assert distance.estimate is None
        assert "1 of 1 outlines were missed" in distance.because
        assert measure(found, "hd95_mm_as_treated").estimate == 0.0
        assert any("tumour" in remark for remark in found.remarks)

    def test_one_case_gives_an_estimate_without_an_interval_and_says_so(self):
        found = measure(
            evaluate(protocol(), [({"liver": block()}, {"liver": block(shift=1)})], LIVER), "dice", "liver"
        )
        assert found.estimate == pytest.approx(0.9)
        assert (found.low, found.high, found.because) == (None, None, "one case")

    def test_several_cases_give_an_interval(self):
        pairs = [({"liver": block()}, {"liver": block(shift=s)}) for s in (0, 1, 2)]
        found = measure(evaluate(protocol(), pairs, LIVER), "dice", "liver")
        assert found.estimate == pytest.approx(0.9)
        assert found.low < 0.9 < found.high <= 1

    @pytest.mark.need("E24")
    @given(st.integers(0, 3))
    def test_removing_an_output_never_improves_a_headline_number(self, removed):
        pairs = [
            ({"liver": block(), "spleen": block(22.2, 30.2)}, {"liver": block(shift=shift), "spleen": drawn})
            for shift, drawn in ((0, block(22.2, 30.2)), (4, []), (1, block(30.2, 38.2)))
        ]
        pairs.append(({"liver": block(), "spleen": []}, {"liver": block(), "spleen": block()}))
        names = {"liver": ("liver",), "spleen": ("spleen",)}
        without = [(truth, None if i == removed else drawn) for i, (truth, drawn) in enumerate(pairs)]
        before, after = (evaluate(protocol(), some, names) for some in (pairs, without))
        assert after.outcomes["ai_failed"] == 2
        for group in ("all", "liver", "spleen"):
            for name in ("dice", "surface_dice"):
                assert measure(after, name, group).estimate <= measure(before, name, group).estimate
            for name in ("hd_mm", "hd95_mm", "mean_surface_distance_mm"):
                assert measure(after, name, group).estimate is None  # never better: no number at all


class TestBadInput:
    def refused(self, call):
        with pytest.raises(BadInput) as refused:
            call()
        assert "\n" not in str(refused.value)
        return str(refused.value)

    def test_another_series_is_refused_naming_the_case(self):
        made = rtstruct({"x": block()}, series="1.2.3")
        said = self.refused(lambda: contouring.structure_set("c7", "output", made, grid()))
        assert "Case c7" in said
        assert "'output' was drawn on another series" in said

    def test_another_frame_of_reference_is_refused_naming_the_case(self):
        made = rtstruct({"x": block()}, frame="1.2.3")
        said = self.refused(lambda: contouring.structure_set("c7", "output", made, grid()))
        assert "Case c7" in said
        assert "another frame of reference" in said

    def test_something_else_than_a_structure_set_is_refused(self):
        said = self.refused(lambda: contouring.structure_set("c7", "output", headers()[0], grid()))
        assert "modality 'CT'" in said

    def test_coordinates_that_are_not_triples_are_refused(self):
        made = rtstruct({"x": block()})
        made.ROIContourSequence[0].ContourSequence[0].ContourData = ["1", "2"]
        assert "'x' has 2 coordinates" in self.refused(
            lambda: contouring.structure_set("c7", "output", made, grid())
        )

    def test_a_structure_without_a_name_is_refused(self):
        made = rtstruct({"x": block()})
        del made.StructureSetROISequence[0].ROIName
        said = self.refused(lambda: contouring.structure_set("c7", "output", made, grid()))
        assert "without ROIName" in said

    @pytest.mark.parametrize(
        ("spoil", "named"),
        [
            (lambda images: images.clear(), "no DICOM image"),
            (lambda images: delattr(images[0], "PixelSpacing"), "no PixelSpacing"),
            (lambda images: setattr(images[0], "PixelSpacing", [2, 2]), "differ in PixelSpacing"),
            (lambda images: setattr(images[0], "SeriesInstanceUID", "1.2.9"), "2 series"),
            (lambda images: setattr(images[0], "FrameOfReferenceUID", "1.2.9"), "2 frames of reference"),
            (lambda images: setattr(images[0], "Rows", 41), "2 numbers of rows"),
            (
                lambda images: setattr(images[0], "ImageOrientationPatient", [0, 1, 0, 1, 0, 0]),
                "different directions",
            ),
            (lambda images: images.pop(3), "a slice is missing"),
            (lambda images: images.append(images[3]), "same slice position"),
            (lambda images: setattr(images[7], "ImagePositionPatient", [0, 2, 21]), "tilted gantry"),
        ],
    )
    def test_a_series_that_makes_no_grid_is_refused_naming_the_case(self, spoil, named):
        images = headers()
        spoil(images)
        said = self.refused(lambda: contouring.grid_from_headers("c7", images))
        assert said.startswith("Case c7:")
        assert named in said

    @pytest.mark.parametrize(
        ("text", "named"),
        [
            ("case,reference,output\na,r,o\na,r,o\n", "Case a: column 'case' of cases.csv holds it 2 times"),
            ("case,reference\na,r\n", "no column 'output'"),
            ("case,reference,output,images\na,r,o,\n", ""),
        ],
    )
    def test_a_cases_table_that_will_not_do_is_refused(self, text, named):
        plan, frame = protocol(), read_csv(text, name="cases.csv")
        if named:
            assert named in self.refused(lambda: contouring.parse_cases(plan, frame))
        else:
            assert contouring.parse_cases(plan, frame)[0].images == "ct"


@pytest.mark.shared
class TestRealAbdomen:
    def read(self, shared):
        folder = shared / "data" / "ct_abdomen_rtstruct"
        images = [pydicom.dcmread(f, stop_before_pixels=True) for f in sorted((folder / "ct").iterdir())]
        on = contouring.grid_from_headers("abdomen", images)
        return folder, on, pydicom.dcmread(folder / "rtstruct_reference.dcm")

    def test_all_31_structures_have_the_volume_of_the_label_map_they_were_made_from(self, shared):
        folder, on, dataset = self.read(shared)
        raw = gzip.decompress((folder / "labels.nii.gz").read_bytes())
        spacing = np.frombuffer(raw[80:92], "<f4")
        labels = np.frombuffer(raw[int(np.frombuffer(raw[108:112], "<f4")[0]) :], np.uint8)
        numbers = {
            name: int(number) for number, name in json.loads((folder / "labels.json").read_text()).items()
        }
        structures = contouring.structure_set("abdomen", "reference", dataset, on).structures
        assert len(structures) == 31
        for name, contours in structures.items():
            expected = np.count_nonzero(labels == numbers[name]) * float(np.prod(spacing)) / 1000
            found = rasterise(contours, on, box_around(on, contours)).volume_ml(on)
            assert found == pytest.approx(expected, rel=0.01), name

    def test_the_reference_against_itself_is_perfect(self, shared):
        _, on, dataset = self.read(shared)
        both = contouring.structure_set("abdomen", "reference", dataset, on)
        names = {"liver": ("liver",)}
        case = contouring.evaluate_case(protocol(), enrolled("abdomen"), names, on, both, both)
        found = contouring.summarise(protocol(), [case])
        assert measure(found, "dice", "liver").estimate == 1.0
        assert measure(found, "hd95_mm", "liver").estimate == 0.0
        assert "vertebrae_T12" in case.unmatched
