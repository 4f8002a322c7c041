"""Scans read as they are: three forms of outlines, one grid, and one sentence for each file that will not do."""

from __future__ import annotations

import json
import pickle

import nibabel
import numpy as np
import pytest
import scan_makers as make
from scan_makers import ONE, pair, refused

from alarp.cli import scans
from alarp.evaluation import CaseOutcome, contouring
from alarp.evaluation.contouring.pictures import worst_of
from alarp.standards.evaluation.naming import load_tg263
from unit.evaluation import contour_makers


class TestThreeForms:
    def test_the_same_outlines_as_label_map_seg_and_structure_set_give_the_same_numbers(self, tmp_path):
        make.series(tmp_path)
        forms = {}
        for side, shift in (("r", 0), ("o", 2)):
            make.nifti(tmp_path / f"{side}.nii.gz", make.block(shift=shift))
            make.seg(tmp_path / f"{side}.seg.dcm", {"Liver": make.block(shift=shift)})
            make.structure_set(
                tmp_path / f"{side}.rt.dcm", {"LIVER": contour_makers.block(shift=float(shift))}
            )
        for form in ("nii.gz", "seg.dcm", "rt.dcm"):
            rows = f"case,reference,output,images\na,r.{form},o.{form},ct\n"
            forms[form] = make.found(tmp_path, rows, structures=["liver"])
        numbers = [[(m.measure, m.estimate) for m in findings.measures] for findings in forms.values()]
        assert numbers[0] == numbers[1] == numbers[2]
        assert make.rows_of(forms["rt.dcm"])["dice", "liver"].estimate == pytest.approx(0.8)

    @pytest.mark.parametrize("form", ["seg", "structure set"])
    def test_structures_that_overlap_are_each_compared_whole(self, tmp_path, form):
        make.series(tmp_path)
        within = {"liver": (11, 21), "abdomen": (6, 31), "beside": (16, 26)}  # the liver lies in the abdomen
        for side, shift in (("r", 0), ("o", 2)):
            moved = {"liver": shift, "abdomen": 0, "beside": 0}
            if form == "seg":
                masks = {n: make.block(low=a, high=b, shift=moved[n]) for n, (a, b) in within.items()}
                make.seg(tmp_path / f"{side}.dcm", masks)
            else:
                drawn = {
                    n: contour_makers.block(a - 0.5, b - 0.5, shift=float(moved[n]))
                    for n, (a, b) in within.items()
                }
                make.structure_set(tmp_path / f"{side}.dcm", drawn)
        rows = "case,reference,output,images\na,r.dcm,o.dcm,ct\n"
        _, (case,) = make.read(tmp_path, rows, labels=None, structures=list(within))
        found = {one.structure: one.measures for one in case.structures}
        assert [found[n].dice for n in within] == pytest.approx([0.8, 1.0, 1.0])
        # Nobody's voxels are taken from anybody: three slices of 3 mm.
        for name, (low, high) in within.items():
            assert found[name].reference_ml == pytest.approx(9 * (high - low) ** 2 / 1000)

    def test_forms_may_be_mixed_and_a_flipped_label_map_is_turned_not_resampled(self, tmp_path):
        make.series(tmp_path)
        make.structure_set(tmp_path / "r.dcm", {"liver": contour_makers.block()})
        flipped = make.AFFINE @ np.array([[1, 0, 0, 0], [0, -1, 0, 39], [0, 0, -1, 7], [0, 0, 0, 1.0]])
        make.nifti(tmp_path / "o.nii.gz", make.block()[::-1, ::-1], affine=flipped)
        rows = "case,reference,output,images\na,r.dcm,o.nii.gz,ct\n"
        assert make.rows_of(make.found(tmp_path, rows))["dice", "liver"].estimate == 1.0

    def test_two_segs_that_begin_at_different_slices_are_compared_without_a_series(self, tmp_path):
        make.seg(tmp_path / "r.dcm", {"liver": make.block(slices=slice(2, 5))})
        make.seg(tmp_path / "o.dcm", {"liver": make.block(slices=slice(1, 4))})
        rows = "case,reference,output\na,r.dcm,o.dcm\n"
        found = make.found(tmp_path, rows, labels=None)
        assert make.rows_of(found)["dice", "liver"].estimate == pytest.approx(2 / 3)

    def test_a_seg_of_fractions_needs_a_declared_share(self, tmp_path):
        for side in "ro":
            make.seg(tmp_path / f"{side}.dcm", {"liver": make.block(120)}, kind="FRACTIONAL")
        rows = "case,reference,output\na,r.dcm,o.dcm\n"
        assert "Case a: column 'reference' names a SEG of fractions" in refused(tmp_path, rows, labels=None)
        for share, outcome in ((0.5, "scored"), (0.7, "both_empty")):
            found = make.found(tmp_path, rows, labels=None, analysis={"fractional_at_least": share})
            assert found.outcomes[outcome] == 1

    def test_a_label_map_seg_is_read_by_its_voxels(self, tmp_path):
        def as_label_map(made):
            for group in made.PerFrameFunctionalGroupsSequence:
                del group.SegmentIdentificationSequence

        for side in "ro":
            make.seg(tmp_path / f"{side}.dcm", {"liver": make.block()}, kind="LABELMAP", spoil=as_label_map)
        found = make.found(tmp_path, "case,reference,output\na,r.dcm,o.dcm\n", labels=None)
        assert make.rows_of(found)["dice", "liver"].estimate == 1.0


@pytest.mark.need("E24")
class TestOutcomes:
    def test_every_structure_of_every_case_has_one_outcome_and_the_totals_reconcile(self, tmp_path):
        both = make.block(2, low=25, high=30, into=make.block())
        make.nifti(tmp_path / "both.nii.gz", both)
        make.nifti(tmp_path / "liver.nii.gz", make.block())
        make.nifti(tmp_path / "none.nii.gz", make.blank())
        rows = (
            "case,reference,output\nscored,both.nii.gz,both.nii.gz\nmissed,both.nii.gz,liver.nii.gz\n"
            "spurious,liver.nii.gz,both.nii.gz\nempty,none.nii.gz,none.nii.gz\nfailed,both.nii.gz,\n"
            "lost,,both.nii.gz\nnothing,,\n"
        )
        found = make.found(tmp_path, rows)
        assert found.outcomes == {
            "enrolled": 14, "scored": 4, "missed": 1, "spurious": 1, "both_empty": 2, "ai_failed": 2,
            "rejected_by_ai": 0, "indeterminate": 0, "reference_missing": 4,
        }  # fmt: skip
        rows = make.rows_of(found)
        assert rows["dice", "liver"].estimate == pytest.approx(3 / 4)
        assert rows["dice", "spleen"].estimate == pytest.approx(1 / 4)
        assert rows["failure_rate", "all"].events == 3

    def test_a_distance_of_a_missed_outline_is_not_measurable_unless_the_protocol_declares_the_diagonal(
        self, tmp_path
    ):
        pair(tmp_path, make.block(), make.blank())
        without = make.rows_of(make.found(tmp_path, ONE))
        assert without["hd_mm", "liver"].estimate is None
        assert "1 of 1 outlines" in without["hd_mm", "liver"].because
        declared = make.found(tmp_path, ONE, analysis={"distance_of_a_missed_outline": "image diagonal"})
        diagonal = np.linalg.norm([8 * 3, 40, 40])
        assert make.rows_of(declared)["hd_mm", "liver"].estimate == pytest.approx(diagonal)
        assert without["hd_mm_worst_case", "liver"].estimate == pytest.approx(diagonal)

    def test_best_case_takes_an_unanswered_outline_for_perfect_but_not_a_missed_one(self, tmp_path):
        pair(tmp_path, make.block(), make.blank())
        rows = make.rows_of(make.found(tmp_path, "case,reference,output\na,r.nii.gz,o.nii.gz\nb,r.nii.gz,\n"))
        assert rows["dice", "liver"].estimate == 0
        assert rows["dice_best_case", "liver"].estimate == 0.5
        assert rows["dice_worst_case", "liver"].estimate == 0

    def test_removing_an_output_never_improves_a_headline_number(self, tmp_path):
        make.nifti(tmp_path / "r.nii.gz", make.block())
        options = {"analysis": {"distance_of_a_missed_outline": "image diagonal"}}
        outputs = []
        for number, shift in enumerate((0, 3, 9, 12)):
            outputs.append(make.nifti(tmp_path / f"o{number}.nii.gz", make.block(shift=shift)))
        better = ("dice", "surface_dice")
        worse = ("hd_mm", "hd95_mm", "mean_surface_distance_mm", "added_path_length_mm", "failure_rate")

        def headline(names):
            lines = "".join(f"{i},r.nii.gz,{name}\n" for i, name in enumerate(names))
            return make.rows_of(
                make.found(tmp_path, "case,reference,output\n" + lines, structures=["liver"], **options)
            )

        whole = headline(outputs)
        for gone in range(len(outputs)):
            less = headline([name if i != gone else "" for i, name in enumerate(outputs)])
            for name in better:
                assert less[name, "all"].estimate <= whole[name, "all"].estimate
            for name in worse:
                assert less[name, "all"].estimate >= whole[name, "all"].estimate

    def test_a_finished_case_survives_a_way_through_json_and_through_pickle(self, tmp_path):
        pair(tmp_path, make.block(), make.block(shift=1))
        _, (result,) = make.read(tmp_path, ONE, acceptance={"all": {"dice": {"at_least": 0.8}}})
        assert contouring.CaseResult.from_dict(json.loads(json.dumps(result.as_dict()))) == result
        assert pickle.loads(pickle.dumps(result)) == result
        assert result.structures[0].outcome is CaseOutcome.SCORED


@pytest.mark.need("E24")
class TestRefused:
    @pytest.mark.parametrize(
        ("affine", "named"),
        [
            (np.diag([-1.0, -1.0, 2.5, 1.0]), "voxels of 2.5×1×1 mm, not 3×1×1 mm"),
            (
                make.AFFINE + np.array([[0, 0, 0, 0.4], [0] * 4, [0] * 4, [0] * 4]),
                "voxel centres 0.4 voxels off",
            ),
            (make.AFFINE + np.array([[0, 0, 0, 5.0], [0] * 4, [0] * 4, [0] * 4]), "beginning at"),
            (
                np.array([[-0.8, 0.6, 0, 0], [-0.6, -0.8, 0, 0], [0, 0, 3, 0], [0, 0, 0, 1]]),
                "axes that point elsewhere",
            ),
        ],
    )
    def test_grids_that_differ_are_refused_naming_case_and_column(self, tmp_path, affine, named):
        pair(tmp_path, make.block(), make.block(), affine=affine)
        said = refused(tmp_path)
        assert said.startswith("Case a: the grid of column 'output' differs")
        assert named in said

    def test_a_label_map_with_another_number_of_voxels_is_refused(self, tmp_path):
        make.nifti(tmp_path / "r.nii.gz", make.block())
        make.nifti(tmp_path / "o.nii.gz", make.block()[:7])
        assert "7×40×40 voxels beginning at 0×0×0, not 8×40×40" in refused(tmp_path)

    def test_a_label_map_without_spacing_is_refused(self, tmp_path):
        pair(tmp_path, make.block(), make.block())
        image = nibabel.Nifti1Image(np.transpose(make.block(), (2, 1, 0)), None)
        nibabel.save(image, tmp_path / "o.nii.gz")
        said = refused(tmp_path)
        assert said.startswith("Case a: column 'output' names 'o.nii.gz'")
        assert "spacing is missing" in said

    def test_a_label_map_that_states_two_spacings_is_refused(self, tmp_path):
        pair(tmp_path, make.block(), make.block())
        raw = bytearray(nibabel.load(tmp_path / "o.nii.gz").to_bytes())
        raw[80:84] = np.array([2.0], "<f4").tobytes()
        (tmp_path / "o.nii").write_bytes(bytes(raw))
        rows = "case,reference,output\na,r.nii.gz,o.nii\n"
        assert "states two spacings (2×1×3 and 1×1×3 mm)" in refused(tmp_path, rows)

    @pytest.mark.parametrize(
        ("spoil", "named"),
        [
            (lambda labels: labels * 0.5, "whose voxels hold fractions"),
            (lambda labels: np.where(labels > 0, np.nan, 0), "NaN or infinite"),
            (lambda labels: labels - 1.0, "values from -1 to 0"),
        ],
    )
    def test_voxels_that_are_no_labels_are_refused(self, tmp_path, spoil, named):
        pair(tmp_path, make.block(), spoil(make.block().astype(np.float32)), dtype=np.float32)
        assert named in refused(tmp_path)

    def test_a_damaged_or_missing_label_map_is_refused(self, tmp_path):
        pair(tmp_path, make.block(), make.block())
        (tmp_path / "o.nii.gz").write_bytes((tmp_path / "o.nii.gz").read_bytes()[:60])
        assert "Case a: column 'output' names the file 'o.nii.gz', which is not a NIfTI image" in refused(
            tmp_path
        )
        (tmp_path / "o.nii.gz").unlink()
        assert "which does not exist" in refused(tmp_path)

    def test_a_series_of_volumes_is_refused(self, tmp_path):
        pair(tmp_path, make.block(), make.block())
        nibabel.save(
            nibabel.Nifti1Image(np.zeros((4, 4, 4, 2), np.uint8), make.AFFINE), tmp_path / "o.nii.gz"
        )
        assert "with 4 dimensions (4×4×4×2)" in refused(tmp_path)

    def test_a_label_map_without_labels_in_the_protocol_is_refused(self, tmp_path):
        pair(tmp_path, make.block(), make.block())
        assert "no field 'labels'" in refused(tmp_path, labels=None)

    def test_a_structure_without_a_number_could_only_ever_be_missing_and_is_refused(self, tmp_path):
        pair(tmp_path, make.block(), make.block())
        assert "has no number for 'pancreas'" in refused(tmp_path, structures=["liver", "pancreas"])

    def test_a_structure_set_without_its_series_is_refused(self, tmp_path):
        make.structure_set(tmp_path / "r.dcm", {"liver": contour_makers.block()})
        said = refused(tmp_path, "case,reference,output\na,r.dcm,r.dcm\n")
        assert said.startswith(
            "Case a: column 'reference' names the structure set 'r.dcm', but neither a column 'images'"
        )

    def test_contours_outside_the_volume_are_refused_or_clipped_as_declared(self, tmp_path):
        make.series(tmp_path)
        beyond = [*contour_makers.block(), contour_makers.square(10.2, 20.2, z=90.0)]
        make.structure_set(tmp_path / "r.dcm", {"liver": contour_makers.block()})
        make.structure_set(tmp_path / "o.dcm", {"liver": beyond})
        rows = "case,reference,output,images\na,r.dcm,o.dcm,ct\n"
        said = refused(tmp_path, rows, structures=["liver"])
        assert said.startswith("Case a: in column 'output' 1 contour(s) of 'liver' lie outside the volume")
        clipped = make.found(tmp_path, rows, structures=["liver"], analysis={"outside": "clip"})
        assert make.rows_of(clipped)["dice", "liver"].estimate == 1.0
        assert "left out" in clipped.figures["per_case"][0]["remarks"][0]

    def test_contours_wholly_beside_the_image_lie_outside_the_volume_too(self, tmp_path):
        make.series(tmp_path)
        make.structure_set(tmp_path / "r.dcm", {"liver": contour_makers.block(low=60.2, high=70.2)})
        rows = "case,reference,output,images\na,r.dcm,r.dcm,ct\n"
        assert "lie outside the volume" in refused(tmp_path, rows, structures=["liver"])

    def test_a_seg_of_another_frame_of_reference_is_refused(self, tmp_path):
        make.series(tmp_path)
        make.seg(tmp_path / "r.dcm", {"liver": make.block()})
        make.seg(tmp_path / "o.dcm", {"liver": make.block()}, frame="1.2.3")
        rows = "case,reference,output,images\na,r.dcm,o.dcm,ct\n"
        assert "Case a: the SEG in column 'output' lies in another frame of reference" in refused(
            tmp_path, rows
        )

    def test_a_seg_without_spacing_or_name_is_refused(self, tmp_path):
        def no_spacing(made):
            del made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing

        def no_name(made):
            del made.SegmentSequence[0].SegmentLabel

        rows = "case,reference,output\na,r.dcm,r.dcm\n"
        make.seg(tmp_path / "r.dcm", {"liver": make.block()}, spoil=no_spacing)
        assert "without PixelSpacing" in refused(tmp_path, rows, structures=["liver"])
        make.seg(tmp_path / "r.dcm", {"liver": make.block()}, spoil=no_name)
        assert "without SegmentLabel" in refused(tmp_path, rows, structures=["liver"])


class TestNames:
    def test_names_are_mapped_by_tg_263_and_every_other_name_is_listed(self, tmp_path):
        reference = make.block(2, low=25, high=30, into=make.block())
        make.seg(tmp_path / "r.dcm", {"Kidney_L": reference == 1, "Bowel_Small": reference == 2})
        make.seg(tmp_path / "o.dcm", {"left kidney": reference == 1, "Blob": reference == 2})
        found = make.found(tmp_path, "case,reference,output\na,r.dcm,o.dcm\n", labels=None)
        rows = make.rows_of(found)
        assert rows["dice", "Kidney_L"].estimate == 1.0
        assert rows["dice", "Bowel_Small"].estimate == 0.0
        assert "were not scored: Blob." in " ".join(found.remarks)
        assert {
            "role": "output",
            "written": "left kidney",
            "structure": "Kidney_L",
            "standard": "Kidney_L",
            "cases": 1,
        } in (found.figures["names"])
        plain = make.found(
            tmp_path, "case,reference,output\na,r.dcm,o.dcm\n", labels=None, analysis={"names": "as written"}
        )
        assert plain.outcomes["missed"] == 2

    def test_two_names_of_one_organ_in_one_file_are_refused(self, tmp_path):
        make.seg(tmp_path / "r.dcm", {"Kidney_L": make.block()})
        make.seg(tmp_path / "o.dcm", {"left kidney": make.block(), "Lt Kidney": make.block()})
        said = refused(tmp_path, "case,reference,output\na,r.dcm,o.dcm\n", labels=None)
        assert said.startswith(
            "Case a: in column 'output' both 'left kidney' and 'Lt Kidney' stand for 'Kidney_L'"
        )

    @pytest.mark.parametrize(
        ("written", "standard"),
        [
            ("liver", "Liver"), ("KIDNEY_R", "Kidney_R"), ("Lt Lung", "Lung_L"), ("LtParotid", "Parotid_L"),
            ("lung_upper_lobe_left", "Lung_LUL"), ("Parotid Gland Left", "Parotid_L"), ("spinal cord", "SpinalCord"),
            ("Left Optic Nerve", "OpticNrv_L"), ("vertebrae_L5", "VB_L5"), ("small_bowel", "Bowel_Small"),
            ("Breast", None), ("kidney", None), ("Liver-PTV", None), ("Lung_L_L", None),
        ],
    )  # fmt: skip
    def test_a_name_means_one_organ_or_none(self, written, standard):
        assert load_tg263().standard(written) == standard

    def test_a_label_that_nobody_named_is_listed(self, tmp_path):
        pair(tmp_path, make.block(), make.block(7, low=2, high=5, into=make.block()))
        assert "label 7" in " ".join(make.found(tmp_path, ONE).remarks)


class TestPictures:
    def test_the_slice_that_differs_most_is_shown_with_both_outlines_and_no_identifier(self, tmp_path):
        make.series(tmp_path)
        make.nifti(tmp_path / "r.nii.gz", make.block())
        output = make.block(shift=1)
        output[3, :, 24:28] = output[3, :, 20:24]
        make.nifti(tmp_path / "o.nii.gz", output)
        rows = "case,reference,output,images\na,r.nii.gz,o.nii.gz,ct\n"
        first, again = (make.found(tmp_path, rows, structures=["liver"]) for _ in range(2))
        (shown,) = first.figures["worst"]
        assert (shown["slice"], shown["slices"], shown["outcome"]) == (4, 8, "scored")
        assert shown["reference"] and shown["output"] and shown["png"]
        assert json.dumps(first.figures["worst"]) == json.dumps(again.figures["worst"])
        corners = np.array(shown["reference"][0])
        assert np.ptp(corners, axis=0) == pytest.approx([10, 10], abs=0.1)

    def test_an_outline_without_images_is_still_drawn_on_nothing(self, tmp_path):
        pair(tmp_path, make.block(), make.blank())
        (shown,) = make.found(tmp_path, ONE).figures["worst"]
        assert (shown["png"], shown["output"], shown["outcome"]) == (None, [], "missed")

    def test_missed_outlines_never_crowd_out_those_that_were_drawn_badly(self, tmp_path):
        pair(tmp_path, make.block(2, low=25, high=30, into=make.block()), make.block(shift=1))
        rows = "case,reference,output\n" + "".join(f"{i},r.nii.gz,o.nii.gz\n" for i in range(5))
        _, results = make.read(tmp_path, rows)
        assert [w.outcome for w in worst_of(results, 4)] == ["missed", "missed", "scored", "scored"]


@pytest.mark.shared
class TestRealFiles:
    def test_all_31_real_organs_agree_between_structure_set_and_label_map(self, shared):
        folder = shared / "data" / "ct_abdomen_rtstruct"
        numbers = {int(k): v for k, v in json.loads((folder / "labels.json").read_text()).items()}
        held = np.unique(np.asarray(nibabel.load(folder / "labels.nii.gz").dataobj))
        names = [numbers[int(v)] for v in held if v]
        assert len(names) == 31
        rows = "case,reference,output,images\nabdomen,rtstruct_reference.dcm,labels.nii.gz,ct\n"
        _, (result,) = make.read(folder, rows, labels=numbers, structures=names)
        assert {s.outcome for s in result.structures} == {CaseOutcome.SCORED}
        assert min(s.measures.dice for s in result.structures) > 0.999
        assert max(s.measures.hd95_mm for s in result.structures) < 0.5

    def test_a_real_seg_lies_on_its_real_series(self, shared):
        rows = "case,reference,output,images\nliver,liver.dcm,liver.dcm,.\n"
        _, (result,) = make.read(shared / "data" / "seg_sr" / "ct3_liver", rows, labels=None)
        (liver,) = result.structures
        assert (liver.structure, liver.measures.dice) == ("Liver", 1.0)
        assert liver.measures.reference_ml == pytest.approx(70.362, abs=0.001)

    @pytest.mark.parametrize(
        ("file", "images", "named"),
        [
            ("rt/breast_dicompyler/rtss.dcm", "rt/breast_dicompyler", "outside the volume of the images"),
            ("rt/breast_dicompyler/rtss.dcm", "ct_abdomen_rtstruct/ct", "drawn on another series"),
            ("rt/pydicom/rtstruct.dcm", "ct_abdomen_rtstruct/ct", "not a DICOM object"),
            ("ct_abdomen_rtstruct/rtstruct_reference.dcm", "seg_sr/ct3_liver", "drawn on another series"),
            ("seg_sr/ct3_liver/liver.dcm", "ct_abdomen_rtstruct/ct", "another frame of reference"),
            (
                "ct_abdomen_rtstruct/rtstruct_reference.dcm",
                "geometry_faults/ct_gantry_tilt_siemens",
                "Case b:",
            ),
            ("ct_abdomen_rtstruct/rtstruct_reference.dcm", "mr/ge_mr750_t1", "Case b:"),
        ],
    )
    @pytest.mark.need("E24")
    def test_real_structure_sets_with_broken_references_are_refused_in_one_sentence(
        self, shared, file, images, named
    ):
        rows = f"case,reference,output,images\nb,{file},{file},{images}\n"
        said = refused(shared / "data", rows, labels=None)
        assert said.startswith("Case b:")
        assert named in said


def test_names_of_structures_come_from_the_protocol_or_from_every_reference(tmp_path):
    make.seg(tmp_path / "one.dcm", {"Liver": make.block()})
    make.seg(tmp_path / "two.dcm", {"LIVER": make.block(), "Spleen": make.block(low=25, high=30)})
    rows = "case,reference,output\na,one.dcm,one.dcm\nb,two.dcm,two.dcm\n"
    plan, results = make.read(tmp_path, rows, labels=None)
    assert list(plan.structures) == ["Liver", "Spleen"]
    assert [s.outcome.value for s in results[0].structures] == ["scored", "both_empty"]
    assert scans.structure_names(plan, (), tmp_path) == plan.structures
