"""Reader studies: every reading counts, every pair is compared, and bad rows are named."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reader_makers import (
    comparison,
    findings,
    long_table,
    measure,
    overall,
    plain_auc,
    published,
    ratings,
    values,
)

from alarp.evaluation import assemble, reader_study
from alarp.evaluation.mrmc import covariance, jackknife, of_cases, of_flags, totals
from alarp.kernel import BadInput
from alarp.report import charts


def study(modalities=2, readers=3, ill=6, well=8, seed=3, worth=1.0):
    """A small study with ties."""
    draw = np.random.default_rng(seed)
    diseased = np.arange(ill + well) < ill
    case = draw.normal(size=ill + well)
    noise = draw.normal(size=(modalities, readers, ill + well))
    return np.round(worth * diseased + 0.6 * case + noise, 1), diseased


def test_the_vectorised_jackknife_is_the_naive_one():
    cube, diseased = study()
    flat = cube.reshape(6, -1)
    naive = []
    for k in range(len(diseased)):
        left = np.arange(len(diseased)) != k
        naive.append([plain_auc(r[left & diseased], r[left & ~diseased]) for r in flat])
    spread = np.cov(np.array(naive).T) * (len(naive) - 1)
    wins = of_cases(flat, diseased)
    assert totals(wins).estimates == pytest.approx(
        [plain_auc(r[diseased], r[~diseased]) for r in flat], abs=1e-15
    )
    assert jackknife(wins) == pytest.approx((len(naive) - 1) / len(naive) * spread, abs=1e-15)


def test_the_jackknife_of_patients_leaves_out_whole_patients():
    cube, diseased = study()
    flat, patient = cube.reshape(6, -1), np.array([0, 0, 1, 1, 2, 3, 0, 4, 4, 5, 6, 6, 1, 7])
    naive = []
    for p in range(8):
        left = patient != p
        naive.append([plain_auc(r[left & diseased], r[left & ~diseased]) for r in flat])
    wanted = 7 / 8 * 7 * np.cov(np.array(naive).T)
    assert jackknife(of_cases(flat, diseased), clusters=patient) == pytest.approx(wanted, abs=1e-14)


def test_the_unbiased_variance_of_a_sensitivity_is_that_of_a_share():
    cube, diseased = study()
    wins = of_flags(cube.reshape(6, -1), diseased, threshold=1.0, side="diseased")
    share = totals(wins).estimates
    for method in ("unbiased", "delong"):
        assert np.diag(covariance(wins, method=method)) == pytest.approx(share * (1 - share) / 5, abs=1e-15)


@pytest.mark.parametrize("endpoint", ["auc", "sensitivity", "specificity"])
@pytest.mark.parametrize("modalities", [2, 3])
def test_pseudovalues_and_obuchowski_rockette_agree_for_every_endpoint(endpoint, modalities):
    cube, diseased = study(modalities=modalities, seed=8)
    threshold = None if endpoint == "auc" else 0.8
    both = [
        overall(
            findings(
                long_table(cube, diseased),
                {"method": method, "endpoint": endpoint, "threshold": threshold, "covariance": None},
            )
        )
        for method in ("or", "dbm")
    ]
    assert both[0].statistic == pytest.approx(both[1].statistic, rel=1e-9)
    assert both[0].df == pytest.approx(both[1].df, rel=1e-9)


def test_every_pair_of_modalities_is_compared_once_and_the_overall_test_stands_beside_them():
    cube, diseased = study(modalities=4)
    found = findings(long_table(cube, diseased))
    assert [(c.a, c.b) for c in found.comparisons][:-1] == [
        ("m1", "m2"), ("m1", "m3"), ("m1", "m4"), ("m2", "m3"), ("m2", "m4"), ("m3", "m4"),
    ]  # fmt: skip
    assert overall(found).difference is None
    adjusted = findings(long_table(cube, diseased), analysis={"multiplicity": "holm"})
    for bare, holm in zip(found.comparisons[:-1], adjusted.comparisons[:-1], strict=True):
        assert holm.p >= bare.p == holm.p_unadjusted


def test_the_order_of_the_rows_changes_nothing():
    frame = published("franken")
    assert findings(frame.reverse()) == findings(frame)


def test_the_same_bootstrap_seed_gives_the_same_numbers_and_another_seed_others():
    cube, diseased = study()
    frame, design = long_table(cube, diseased), {"covariance": "bootstrap"}
    one, two = findings(frame, design), findings(frame, design)
    other = findings(frame, design, analysis={"seed": 5})
    assert one == two
    assert one.figures["components"]["error"] != other.figures["components"]["error"]


@pytest.mark.need("E22")
def test_radiographers_are_readers_and_are_shown_beside_the_doctors():
    cube, diseased = study(readers=4)
    frame = long_table(cube, diseased)
    job = {"r1": "radiographer", "r2": "radiographer", "r3": "radiologist", "r4": "radiologist"}
    frame = frame.with_columns(pl.col("reader").replace(job).alias("job"))
    found = findings(frame, columns=values()["columns"] | {"profession": "job"})
    radiographers = measure(found, "auc", "m1 (radiographer)")
    own = [measure(found, "auc", f"m1, {r}").estimate for r in ("r1", "r2")]
    assert radiographers.estimate == pytest.approx(np.mean(own))
    assert comparison(found, "m1 (radiologist)", "m2 (radiologist)").p is not None


def test_a_claim_is_judged_in_the_order_that_it_names():
    """Non-inferiority by a margin: the aided readers may not be worse by more than 0.05."""
    claim = {"measure": "auc", "a": "2", "b": "1", "at_least": -0.05, "on": "low"}
    protocol = reader_study.parse(values(claims=[claim]))
    found = reader_study.findings(protocol, {"cases": published("van_dyke")})
    result = assemble(protocol.common, found, lock=None, data={}, code_version="test")
    assert result.content["claims"][0]["status"] == "met"
    assert result.content["claims"][0]["found"] == pytest.approx(-0.00036, abs=5e-6)


def silenced(frame, holes):
    """The same table with some ratings gone."""
    gone = set(holes)
    kept = [None if i in gone else cell for i, cell in enumerate(frame["rating"])]
    return frame.with_columns(pl.Series("rating", kept, dtype=pl.String))


@pytest.mark.need("E24")
@settings(max_examples=25)
@given(st.sets(st.integers(0, 13), max_size=5), st.integers(0, 13))
def test_removing_an_answer_of_the_ai_never_improves_a_headline_number(already, removed):
    cube, diseased = study(modalities=1, readers=4)
    frame = long_table(cube, diseased)
    ai = {"ai_reader": "r1"}
    before = findings(silenced(frame, already), ai)
    after = findings(silenced(frame, already | {removed}), ai)
    for name in ("auc", "auc_worst_case"):
        assert measure(after, name, "r1").estimate <= measure(before, name, "r1").estimate + 1e-12
    assert comparison(after, "r1", "m1").difference <= comparison(before, "r1", "m1").difference + 1e-12
    assert measure(after, "failure_rate", "r1").estimate >= measure(before, "failure_rate", "r1").estimate


@pytest.mark.need("E24")
def test_removing_a_whole_row_of_the_ai_is_the_same_as_removing_its_rating():
    cube, diseased = study(modalities=1, readers=3)
    frame = long_table(cube, diseased)
    for method in ("or", "u-statistic"):
        design = {"ai_reader": "r1", "method": method, "covariance": None}
        emptied = findings(silenced(frame, [0]), design)
        assert findings(frame[1:], design) == emptied
        assert emptied.outcomes["ai_failed"] == 1


@pytest.mark.need("E24")
def test_every_enrolled_case_has_one_outcome_and_best_and_worst_case_stand_beside():
    cube, diseased = study(modalities=1, readers=3)
    frame = silenced(long_table(cube, diseased), [2, 14 + 3])
    truth = [
        "" if case == "c0001" else cell for case, cell in zip(frame["case"], frame["truth"], strict=True)
    ]
    truth = [None if cell == "" else cell for cell in truth]
    found = findings(frame.with_columns(pl.Series("truth", truth, dtype=pl.String)), {"ai_reader": "r1"})
    assert found.outcomes == {
        "enrolled": 14, "scored": 11, "ai_failed": 1, "indeterminate": 1, "reference_missing": 1,
    }  # fmt: skip
    worst, best = measure(found, "auc_worst_case", "r1"), measure(found, "auc_best_case", "r1")
    assert worst.estimate == measure(found, "auc", "r1").estimate < best.estimate
    assert measure(found, "auc_as_treated", "r1").n == 11


def test_readers_of_different_cases_are_refused_by_anova_and_taken_by_u_statistics():
    frame = long_table(*study())
    part = frame.filter(~((pl.col("reader") == "r1") & (pl.col("case") == "c0003")))
    with pytest.raises(BadInput, match=r"Case c0003: reader r1 has no row with modality m1.*u-statistic"):
        findings(part)
    assert comparison(findings(part, {"method": "u-statistic", "covariance": None})).p is not None


def test_u_statistics_of_readers_who_share_no_case_add_up_reader_by_reader():
    """Two readers, one modality, disjoint cases: pooled wins over pooled pairs."""
    cube, diseased = study(modalities=1, readers=2)
    cube[0, 0, ::2], cube[0, 1, 1::2] = np.nan, np.nan
    frame = long_table(cube, diseased)
    found = findings(
        frame.filter(pl.col("rating").is_not_null()), {"method": "u-statistic", "covariance": None}
    )
    won = pairs = 0.0
    for own in cube[0]:
        ill, well = own[diseased & ~np.isnan(own)], own[~diseased & ~np.isnan(own)]
        won += plain_auc(ill, well) * len(ill) * len(well)
        pairs += len(ill) * len(well)
    assert measure(found, "auc", "all").estimate == pytest.approx(won / pairs)


def test_perfect_readers_have_an_estimate_and_no_interval():
    cube, diseased = study()
    found = findings(long_table(np.where(diseased, 2.0, 1.0) + 0 * cube, diseased))
    perfect = measure(found, "auc", "m1")
    assert (perfect.estimate, perfect.low, perfect.high) == (1.0, None, None)
    assert comparison(found).p is None
    assert "variance" in comparison(found).flag


def spoilt(change):
    frame = long_table(*study())
    return change(frame)


def with_cell(column, row, cell):
    def change(frame):
        cells = frame[column].to_list()
        cells[row] = cell
        return frame.with_columns(pl.Series(column, cells, dtype=pl.String))

    return change


def idle(frame):
    mine = (frame["reader"] == "r2") & (frame["modality"] == "m2")
    return frame.with_columns(pl.when(mine).then(None).otherwise(pl.col("rating")).alias("rating"))


def constant(frame):
    mine = (frame["reader"] == "r2") & (frame["modality"] == "m2")
    return frame.with_columns(pl.when(mine).then(pl.lit("3")).otherwise(pl.col("rating")).alias("rating"))


@pytest.mark.parametrize(
    ("change", "more", "said"),
    [
        (idle, {}, r"Reader r2 read nothing with modality m2: column 'rating'"),
        (constant, {}, r"Reader r2: column 'rating' holds the rating 3 for every case with modality m2"),
        (with_cell("rating", 4, "7"), {"scale": {"min": -5, "max": 5}},
         r"Case c0005, reader r1, modality m1: column 'rating' holds '7', which is not a rating on the declared scale"),
        (with_cell("rating", 4, "nan"), {}, r"Case c0005, reader r1, modality m1: column 'rating' holds 'nan'"),
        (with_cell("case", 4, "c0004"), {}, r"Case c0004, reader r1, modality m1: readings.csv holds it twice"),
        (with_cell("truth", 4, "healthy"), {}, r"Case c0005: column 'truth' says 'healthy' in row 6 and 'diseased'"),
        (lambda f: f.with_columns(pl.col("truth").replace({"healthy": "well"}).replace({"diseased": "well"})), {},
         r"no case's truth is 'diseased'; with one class only"),
        (lambda f: f.with_columns(pl.when(pl.col("case") == "c0014").then(pl.lit("maybe")).otherwise("truth")
                                  .alias("truth")), {}, r"Case c0014: the truth in column 'truth' is 'maybe'"),
        (with_cell("reader", 4, None), {}, r"readings.csv, row 6: column 'reader' is empty"),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_with_its_case_and_column(change, more, said):
    with pytest.raises(BadInput, match=said):
        findings(spoilt(change), **more)


@pytest.mark.parametrize(
    ("design", "said"),
    [
        ({"endpoint": "sensitivity"}, "nobody set the rating from which a case counts as flagged"),
        ({"readers": "fixed", "cases": "fixed"}, "nothing is left to chance"),
        ({"method": "u-statistic", "readers": "fixed"}, "takes readers and cases as random"),
        ({"method": "dbm", "covariance": "delong"}, "made of jackknife pseudovalues"),
        ({"endpoint": "wafroc"}, "needs marks"),
        ({"covariance": "guess"}, "design.covariance' is 'guess': it must be one of"),
        ({"reader": "random"}, "unknown field 'design.reader'"),
    ],
)  # fmt: skip
def test_a_design_that_contradicts_itself_is_refused(design, said):
    with pytest.raises(BadInput, match=said):
        reader_study.parse(values(design))


def test_the_story_has_a_table_and_a_picture_for_every_chart():
    protocol = reader_study.parse(values())
    found = reader_study.findings(protocol, {"cases": published("van_dyke")})
    result = assemble(protocol.common, found, lock=None, data={}, code_version="test")
    told = reader_study.story(json.loads(result.as_json()))
    drawn = [chart for part in told["sections"] for chart in part["charts"]]
    assert {chart["chart"] for chart in drawn} == {"differences", "forest", "reader-curves"}
    for chart in drawn:
        assert chart["table"]["rows"]
        assert chart["description"]
        assert charts.draw(chart).startswith("<svg")
    assert any(
        "1 is lower than 2 by 0.044" in line and "chance could explain it" in line for line in told["summary"]
    )


def test_the_ratings_are_read_as_written():
    cube, diseased = ratings(published("van_dyke"))
    assert cube.shape == (2, 5, 114)
    assert int(diseased.sum()) == 45


@pytest.mark.need("E03")
def test_a_subgroup_of_cases_that_readers_miss_is_flagged_against_the_rest():
    cube, diseased = study(modalities=1, readers=4, ill=60, well=60, worth=2.5)
    woman = np.arange(120) % 2 == 0
    cube[0, :, woman & diseased] -= 2.5
    sex = {f"c{k + 1:04d}": "F" if woman[k] else "M" for k in range(120)}
    frame = long_table(cube, diseased).with_columns(pl.col("case").replace(sex).alias("sex"))
    found = findings(frame, subgroups=["sex"])
    (gap,) = [c for c in found.comparisons if c.a == "sex=F"]
    women, men = measure(found, "auc", "sex=F"), measure(found, "auc", "sex=M")
    assert gap.difference == pytest.approx(women.estimate - men.estimate)
    assert (gap.b, gap.flag) == ("rest", "gap")
    assert (women.n, women.events) == (60, 30)
    few = findings(frame, subgroups=["sex"], minimum_n=80)
    assert measure(few, "auc", "sex=F").because.startswith("too few to tell")


@pytest.mark.need("E03")
def test_a_subgroup_without_a_healthy_case_is_not_measurable():
    cube, diseased = study(modalities=2)
    site = {f"c{k + 1:04d}": "A" if k < 3 else "B" for k in range(14)}
    frame = long_table(cube, diseased).with_columns(pl.col("case").replace(site).alias("site"))
    alone = measure(findings(frame, subgroups=["site"]), "auc", "m1, site=A")
    assert (alone.estimate, alone.because) == (None, "no healthy case")
