"""What clinicians add to outlines: a second observer, ratings, times, doses, and limits for each organ."""

from __future__ import annotations

import numpy as np
import pytest
import scan_makers as make
from scan_makers import pair, refused

from alarp.evaluation import contouring
from alarp.kernel import BadInput


class TestClinic:
    def test_a_second_observer_is_the_baseline_and_the_difference_is_paired(self, tmp_path):
        make.nifti(tmp_path / "r.nii.gz", make.block())
        lines = ["case,reference,output,second"]
        for case, (ai, person) in enumerate([(1, 2), (1, 2), (0, 2), (1, 3)]):
            make.nifti(tmp_path / f"o{case}.nii.gz", make.block(shift=ai))
            make.nifti(tmp_path / f"s{case}.nii.gz", make.block(shift=person))
            lines.append(f"{case},r.nii.gz,o{case}.nii.gz,s{case}.nii.gz")
        claims = [{"measure": "dice", "a": "AI", "b": "observer", "at_least": 0, "on": "low"}]
        found = make.found(
            tmp_path, "\n".join(lines), columns={"observer": "second"}, structures=["liver"], claims=claims
        )
        row = next(c for c in found.comparisons if (c.measure, c.a) == ("dice", "AI"))
        differences = np.array([0.9 - 0.8, 0.9 - 0.8, 1.0 - 0.8, 0.9 - 0.7])
        assert row.difference == pytest.approx(differences.mean())
        assert row.se == pytest.approx(differences.std(ddof=1) / 2)
        assert row.df == 3
        assert make.rows_of(found)["observer_dice", "liver"].estimate == pytest.approx(0.775)

    def test_acceptance_is_judged_outline_by_outline_and_a_missing_one_is_not_accepted(self, tmp_path):
        make.nifti(tmp_path / "r.nii.gz", make.block())
        make.nifti(tmp_path / "near.nii.gz", make.block(shift=1))
        make.nifti(tmp_path / "far.nii.gz", make.block(shift=6))
        rows = "case,reference,output\na,r.nii.gz,near.nii.gz\nb,r.nii.gz,far.nii.gz\nc,r.nii.gz,\n"
        found = make.found(
            tmp_path, rows, structures=["liver"],
            acceptance={"liver": {"dice": {"at_least": 0.85}, "hd95_mm": {"at_most": 5}}},
        )  # fmt: skip
        row = make.rows_of(found)["acceptance_rate", "liver"]
        assert (row.events, row.n) == (1, 3)
        assert row.low is not None

    @pytest.mark.parametrize(
        ("acceptance", "named"),
        [
            ({"liver": {"dice": 0.9}}, "'acceptance.liver.dice' is 0.9"),
            ({"heart": {"dice": {"at_least": 0.9}}}, "'heart', which is not asked for"),
            ({"liver": {"auc": {"at_least": 0.9}}}, "the measure 'auc'"),
        ],
    )
    def test_criteria_that_cannot_be_judged_are_refused(self, acceptance, named):
        with pytest.raises(BadInput, match=named):
            contouring.parse(make.PLAN | {"acceptance": acceptance})

    RATINGS = "case,structure,rater,rating,blinded_id\na,liver,x,5,q1\na,liver,y,3,q1\nb,Liver,x,4,q2\nb,liver,y,4,q2\n"

    def rated(self, folder, text):
        from alarp.evaluation import read_csv

        pair(folder, make.block(), make.block(shift=1))
        rows = "case,reference,output\na,r.nii.gz,o.nii.gz\nb,r.nii.gz,o.nii.gz\n"
        tables = {"ratings": read_csv(text, name="ratings.csv")}
        return make.found(folder, rows, structures=["liver"], ratings="ratings.csv", tables=tables)

    def test_ratings_give_the_share_that_is_usable_and_how_far_raters_agree(self, tmp_path):
        rows = make.rows_of(self.rated(tmp_path, self.RATINGS))
        share = rows["acceptable_rating_share", "liver"]
        assert (share.events, share.n, "clustered" in share.method) == (3, 4, True)
        assert rows["mean_rating", "all"].estimate == 4
        assert rows["rater_agreement", "liver"].estimate == 0.5

    @pytest.mark.parametrize(
        ("line", "named"),
        [
            ("a,liver,z,6,q1", "Case a: column 'rating' of ratings.csv is '6'"),
            ("a,liver,x,4,q1", "the rater 'x' rates 'liver' twice"),
            ("z,liver,x,4,q1", "Case z: .* not enrolled"),
            ("a,heart,x,4,q1", "says 'heart', which is not asked for"),
            ("a,liver,,4,q1", "column 'rater' of ratings.csv is empty"),
        ],
    )
    def test_a_rating_that_will_not_do_is_refused(self, tmp_path, line, named):
        with pytest.raises(BadInput, match=named):
            self.rated(tmp_path, self.RATINGS + line + "\n")

    def test_time_saved_is_paired_and_a_tool_without_answer_saves_nothing(self, tmp_path):
        pair(tmp_path, make.block(), make.block())
        rows = "case,reference,output,e,m\na,r.nii.gz,o.nii.gz,5,20\nb,r.nii.gz,o.nii.gz,10,30\nc,r.nii.gz,,,20\n"
        columns = {"edit_time_min": "e", "manual_time_min": "m"}
        found = make.rows_of(make.found(tmp_path, rows, columns=columns, structures=["liver"]))
        assert found["time_saving_min", "all"].estimate == pytest.approx(35 / 3)
        assert found["time_saving_share", "all"].estimate == pytest.approx(1 - 35 / 70)
        said = refused(tmp_path, rows.replace(",5,20", ",soon,20"), columns=columns)
        assert said == "Case a: column 'e' is 'soon'; write minutes as a number, 0 or more."

    @pytest.mark.need("E15")
    def test_fractions_of_an_adaptive_course_are_rows_of_one_patient(self, tmp_path):
        pair(tmp_path, make.block(), make.block())
        columns = {"fraction": "f", "accepted": "used", "fallback": "manual"}
        rows = "case,f,reference,output,used,manual\n" + "".join(
            f"{p},{f},r.nii.gz,{'' if (p, f) == ('B', 3) else 'o.nii.gz'},{used},{manual}\n"
            for p, f, used, manual in [
                ("A", 1, "yes", "no"),
                ("A", 2, "no", "yes"),
                ("B", 1, "yes", "no"),
                ("B", 3, "yes", "yes"),
            ]
        )
        found = make.rows_of(make.found(tmp_path, rows, columns=columns, structures=["liver"]))
        assert (
            found["fraction_acceptance_rate", "all"].events,
            found["fraction_acceptance_rate", "all"].n,
        ) == (2, 4)
        assert found["fallback_rate", "all"].events == 2
        assert "more than once" in refused(tmp_path, rows + "A,1,r.nii.gz,o.nii.gz,yes,no\n", columns=columns)

    def test_dose_differs_by_the_slope_times_the_shift(self, tmp_path):
        make.series(tmp_path)
        make.nifti(tmp_path / "r.nii.gz", make.block())
        make.nifti(tmp_path / "o.nii.gz", make.block(shift=3))
        make.dose(tmp_path / "d.dcm", lambda x, y, z: 20 + 0.5 * x)
        rows = "case,reference,output,images,plan\na,r.nii.gz,o.nii.gz,ct,d.dcm\n"
        found = make.rows_of(make.found(tmp_path, rows, columns={"dose": "plan"}, structures=["liver"]))
        for name in ("dmean_difference_gy", "d95_difference_gy", "d2_difference_gy"):
            assert found[name, "liver"].estimate == pytest.approx(1.5, abs=0.002)

    @pytest.mark.parametrize(
        ("options", "named"),
        [({"units": "RELATIVE"}, "units 'RELATIVE'"), ({"frame": "1.2.3"}, "another frame of reference")],
    )
    def test_a_dose_that_cannot_be_laid_on_the_images_is_refused(self, tmp_path, options, named):
        make.series(tmp_path)
        pair(tmp_path, make.block(), make.block())
        make.dose(tmp_path / "d.dcm", lambda x, y, z: 20 + x, **options)
        rows = "case,reference,output,images,plan\na,r.nii.gz,o.nii.gz,ct,d.dcm\n"
        assert named in refused(tmp_path, rows, columns={"dose": "plan"})
