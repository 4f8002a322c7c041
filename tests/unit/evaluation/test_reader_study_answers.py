"""Reader studies: the numbers that others published for the same data, to all their digits."""

from __future__ import annotations

import numpy as np
import pytest
from reader_makers import comparison, findings, long_table, measure, overall, published, ratings

from alarp.evaluation import read_csv
from alarp.evaluation.mrmc import cases_needed, components, difference, jackknife, of_cases, sizing, totals

IOWA_VAN_DYKE = {  # OR-DBM MRMC 2.51, trapezoidal area, jackknife
    "ms_t": 0.00479617, "ms_r": 0.00383620, "ms_tr": 0.00055103, "var_r": 0.00153500, "var_tr": 0.00020040,
    "cov1": 0.00034661, "cov2": 0.00034407, "cov3": 0.00023903, "error": 0.00080229,
}  # fmt: skip
IOWA_FRANKEN = {
    "ms_t": 0.00023565, "ms_r": 0.00068406, "ms_tr": 0.00005020, "var_r": 0.00003776, "var_tr": -0.00071276,
    "cov1": 0.00079168, "cov2": 0.00048364, "cov3": 0.00051251, "error": 0.00152578,
}  # fmt: skip


@pytest.mark.parametrize(
    ("design", "p", "within"),
    [
        ({}, 0.0516657, 5e-8),  # MRMCaov and RJafroc, to the digits printed
        ({"method": "dbm", "covariance": None}, 0.0516657, 5e-8),
        ({"covariance": "delong"}, 0.0512330, 5e-8),
        ({"covariance": "unbiased"}, 0.0511618, 5e-8),
        ({"readers": "fixed"}, 0.0192798, 5e-8),
        ({"cases": "fixed"}, 0.0419588, 5e-8),
        ({"method": "u-statistic"}, 0.0556466, 1e-7),  # iMRMC
        ({"covariance": "bootstrap"}, 0.0516657, 3e-3),  # simulation: near the jackknife
    ],
)
def test_van_dyke_gives_the_published_p_of_every_method(design, p, within):
    found = comparison(findings(published("van_dyke"), design))
    assert (found.a, found.b) == ("1", "2")
    assert found.p == pytest.approx(p, abs=within)
    assert found.difference == pytest.approx(-0.0438003, abs=5e-8)


@pytest.mark.parametrize(
    ("analysis", "p"),
    [({"interval": "normal"}, 0.0341014), ({"u_statistic": "mle"}, 0.0914017),
     ({"u_statistic": "mle", "interval": "normal"}, 0.0800446)],
)  # fmt: skip
def test_van_dyke_gives_the_published_p_of_every_u_statistic(analysis, p):
    found = comparison(findings(published("van_dyke"), {"method": "u-statistic"}, analysis=analysis))
    assert found.p == pytest.approx(p, abs=1e-7)


def test_van_dyke_gives_the_published_f_degrees_of_freedom_and_bounds():
    found = findings(published("van_dyke"))
    test, apart = overall(found), comparison(found)
    assert test.statistic == pytest.approx(4.456319, abs=5e-7)
    assert test.df == apart.df == pytest.approx(15.25967, abs=5e-6)
    assert (apart.se, apart.low, apart.high) == pytest.approx((0.02075, -0.08796, 0.00036), abs=5e-6)
    one, two = measure(found, "auc", "1"), measure(found, "auc", "2")
    assert (one.estimate, one.low, one.high) == pytest.approx((0.89703704, 0.82522360, 0.96885048), abs=5e-9)
    assert (two.estimate, two.low, two.high) == pytest.approx((0.94083736, 0.89413783, 0.98753689), abs=5e-9)


@pytest.mark.parametrize(("name", "expected"), [("van_dyke", IOWA_VAN_DYKE), ("franken", IOWA_FRANKEN)])
def test_every_variance_component_has_the_published_digits(name, expected):
    found = findings(published(name)).figures["components"]
    assert {key: found[key] for key in expected} == pytest.approx(expected, abs=5.1e-9)


def test_franken_covariances_that_would_shrink_the_error_are_not_allowed_to():
    """Cov2 is below Cov3 there: the error term keeps MS(T*R), and fixed readers keep error minus Cov1."""
    found = findings(published("franken"))
    assert overall(found).p == pytest.approx(0.1188379, abs=5e-8)
    assert comparison(found).df == pytest.approx(3.0)
    fixed = overall(findings(published("franken"), {"readers": "fixed"}))
    assert (fixed.statistic, fixed.p) == pytest.approx((0.32101, 0.5710), abs=5e-5)


def test_franken_gives_the_published_area_of_every_reader():
    found = findings(published("franken"))
    areas = [[measure(found, "auc", f"{m}, {r}").estimate for m in "12"] for r in "1234"]
    assert areas == pytest.approx(
        np.array([[0.85345997, 0.84961556], [0.86499322, 0.84350972], [0.85730439, 0.84011759], [0.81524197, 0.81433740]]),
        abs=5e-9,
    )  # fmt: skip


def standalone_and_readers():
    """Ten simulated readers and a model on 1,000 cases: the stream of RandomState(1987) in the order that Google's
    reader_study test draws it (case effects; then for each reader two reader effects and an error for each case)."""
    draw = np.random.RandomState(1987)
    diseased = np.arange(1000) < 200
    case = draw.randn(1000)
    scores = [diseased + case]
    for _ in range(10):
        healthy, ill = 0.075 * draw.randn(2)
        error = 0.8 * draw.randn(1000)
        scores.append(diseased + np.where(diseased, ill, healthy) + 0.6 * case + error)
    return np.array(scores), diseased


@pytest.mark.parametrize("named", [False, True])
def test_an_ai_against_ten_readers_gives_the_numbers_of_rjafroc(named):
    """RJafroc's values, as printed in the tests of Google-Health/google-health analysis/reader_study."""
    scores, diseased = standalone_and_readers()
    people = [f"r{i:02d}" for i in range(1, 11)]
    if named:  # one modality; the design names the reader who is the AI
        frame = long_table(scores[None], diseased, modalities=["film"], readers=["AI", *people])
        found = comparison(findings(frame, {"ai_reader": "AI"}), "AI", "film")
    else:  # two modalities, one of them with one reader
        machine = long_table(scores[None, :1], diseased, modalities=["AI"], readers=["AI"])
        human = long_table(scores[None, 1:], diseased, modalities=["human"], readers=people)
        found = comparison(findings(machine.vstack(human)), "AI", "human")
    assert found.difference == pytest.approx(-0.00584125, abs=5e-9)
    assert found.p == pytest.approx(0.6560453, abs=5e-8)
    assert (found.low, found.high) == pytest.approx((-0.03233184, 0.02064934), abs=5e-9)
    assert found.df == pytest.approx(31.00905, abs=5e-6)


def test_the_size_of_a_study_is_the_one_rjafroc_plans_from_franken():
    """RJafroc's tests: six readers, a difference of 0.05: 121 cases, power 0.8004469."""
    cube, diseased = ratings(published("franken"))
    wins = of_cases(cube.reshape(8, -1), diseased)
    pilot = components(totals(wins).estimates.reshape(2, 4), jackknife(wins), cases=100)
    planned = cases_needed(pilot, readers=6, difference=0.05)
    assert (planned.cases, planned.power) == (121, pytest.approx(0.8004469, abs=5e-8))
    assert sizing(pilot, readers=6, cases=120, difference=0.05).power < 0.8


@pytest.mark.shared
@pytest.mark.need("E22")
@pytest.mark.parametrize("study", ["screeningLowP", "screeningMedP", "screeningHighP"])
def test_viper_reads_favour_film_slightly_and_prove_nothing_as_published(shared, study):
    """13,626 reads by 20 radiologists who read different cases. Gallas et al. 2019 (doi:10.1117/1.JMI.6.1.015501):
    differences slightly favour screen-film over digital, the largest 0.047 (SE 0.023), none significant at 0.01."""
    found = comparison(viper(shared, study))
    assert (found.a, found.b) == ("FFDM", "SFM")
    assert -0.047 <= found.difference < 0
    assert found.se == pytest.approx(0.023, abs=0.003)
    assert found.p > 0.01


@pytest.mark.shared
def test_viper_areas_do_not_move_with_prevalence_but_recalls_do(shared):
    """The paper: AUC changes by at most 0.02; sensitivity rises and specificity falls as prevalence rises."""
    studies = ("screeningLowP", "screeningMedP", "screeningHighP")
    areas = [measure(viper(shared, s), "auc", "FFDM").estimate for s in studies]
    assert max(areas) - min(areas) < 0.025
    recall = {"rating": "recall", "higher_means": "no disease", "threshold": 1.5}
    sensitivity = [
        measure(viper(shared, s, "sensitivity", **recall), "sensitivity", "FFDM").estimate for s in studies
    ]
    specificity = [
        measure(viper(shared, s, "specificity", **recall), "specificity", "FFDM").estimate for s in studies
    ]
    assert sensitivity[0] < sensitivity[2]
    assert specificity[0] > specificity[2]


def viper(shared, study, endpoint="auc", *, rating="score", higher_means="disease", threshold=None):
    text = (shared / "data" / "tables" / "viper_mrmc_mammography.csv").read_text("utf-8")
    frame = read_csv(text, name="readings.csv")
    columns = {"reader": "readerID", "modality": "modalityID", "case": "caseID", "truth": "cancerStatus455"}
    return findings(
        frame.filter(frame["subStudyLabel"] == study),
        {"method": "u-statistic", "covariance": None, "endpoint": endpoint, "threshold": threshold},
        columns=columns | {"rating": rating},
        positive="1",
        higher_means=higher_means,
    )


def test_intervals_for_random_readers_and_cases_cover_as_often_as_they_say():
    """Roe and Metz's simulation (1997, doi:10.1016/S1076-6332(97)80032-3): 4 readers, 25 and 25 cases, two modalities
    that do not differ. 1,000 runs gave 96.5 % here, 94.5 % with 6 readers and 120 cases, 94.3 % with 10 and 200."""
    draw, covered, runs = np.random.default_rng(1), 0, 300
    diseased = np.arange(50) < 25
    state = diseased.astype(int)
    for _ in range(runs):
        shared = 1.5 * diseased + 0.3**0.5 * draw.normal(size=50) + 0.2**0.5 * draw.normal(size=(4, 50))
        shared = shared + 0.011**0.5 * draw.normal(size=(4, 2))[:, state]
        rating = np.stack(
            [
                shared
                + 0.3**0.5 * draw.normal(size=50)
                + 0.2**0.5 * draw.normal(size=(4, 50))
                + 0.011**0.5 * draw.normal(size=(4, 2))[:, state]
                for _ in range(2)
            ]
        )
        wins = of_cases(rating.reshape(8, 50), diseased)
        areas = totals(wins).estimates.reshape(2, 4)
        found = difference(
            components(areas, jackknife(wins), cases=50),
            float(areas[0].mean() - areas[1].mean()),
            readers="random",
            cases="random",
        )
        covered += found.low <= 0 <= found.high
    assert 0.93 <= covered / runs <= 0.985
