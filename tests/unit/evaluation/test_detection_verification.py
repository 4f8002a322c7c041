"""Only some cases verified: corrected where the protocol records how, refused where it does not, the naive one biased."""

from __future__ import annotations

import numpy as np
import pytest
from detection_makers import cases, findings, measure, protocol

from alarp.evaluation import assemble, detection
from alarp.evaluation.detection.verification import BIASED, Stratum, begg_greenes, departures, ipw, naive
from alarp.kernel import BadInput

HEADER = "case,truth,score,verified"
COLUMNS = {"case": "case", "truth": "truth", "score": "score", "verified": "verified"}
FRACTIONS = {"verification": {"sampling_fractions": {"flagged": 1.0, "not flagged": 0.25}}}


def _rows(flagged=(30, 10), alone=(2, 18), unverified_alone=60, unverified_flagged=0, silent=0):
    """Counts of diseased and healthy among the verified, and how many were not verified."""
    made = [("nodule", 0.9, "yes")] * flagged[0] + [("none", 0.8, "yes")] * flagged[1]
    made += [("nodule", 0.1, "yes")] * alone[0] + [("none", 0.2, "yes")] * alone[1]
    made += [("", 0.15, "no")] * unverified_alone + [("", 0.85, "no")] * unverified_flagged
    made += [("nodule", "", "yes")] * silent
    return [f"c{i},{truth},{score},{seen}" for i, (truth, score, seen) in enumerate(made)]


def _found(rows, **changes):
    return findings(rows, header=HEADER, columns=COLUMNS, **({"analysis": FRACTIONS} | changes))


def test_the_hepatic_scans_give_the_published_corrected_accuracy():
    """Drum and Christacopoulos 1972 as in Zhou, Obuchowski and McClish 2011: 0.84 and 0.74, naive 0.90 and 0.63."""
    strata = {"flagged": Stratum(429, 231, 32), "not flagged": Stratum(221, 27, 54)}
    sensitivity, specificity = (begg_greenes(m, strata) for m in ("sensitivity", "specificity"))
    assert (round(sensitivity.estimate, 2), round(specificity.estimate, 2)) == (0.84, 0.74)
    assert (
        round(naive("sensitivity", strata).estimate, 2),
        round(naive("specificity", strata).estimate, 2),
    ) == (0.90, 0.63)


def test_the_corrected_sensitivity_is_the_headline_and_the_naive_one_is_marked_biased():
    found = _found(_rows())
    # By hand: of 80 left alone one in ten is diseased, so 8 are missed beside the 30 found.
    assert measure(found, "sensitivity").estimate == pytest.approx(30 / 38)
    assert measure(found, "sensitivity_begg_greenes").estimate == pytest.approx(30 / 38)
    assert measure(found, "sensitivity_ipw").estimate == pytest.approx(30 / 38)
    assert measure(found, "specificity").estimate == pytest.approx(72 / 82)
    biased = measure(found, "sensitivity_naive")
    assert biased.estimate == pytest.approx(30 / 32)
    assert biased.because == BIASED


def test_ranking_and_likelihood_ratios_are_withheld_and_ppv_is_not():
    found = _found(_rows())
    for name in ("auc", "lr_positive", "sensitivity_best_case", "auc_as_treated"):
        assert measure(found, name).estimate is None, name
        assert "60 cases were not verified" in measure(found, name).because
    assert measure(found, "ppv").estimate == 0.75
    assert measure(found, "npv").estimate == 0.9


def test_without_recorded_fractions_sensitivity_is_refused_with_the_reason():
    found = _found(_rows(), analysis={})
    for name in ("sensitivity", "sensitivity_begg_greenes", "sensitivity_ipw", "specificity"):
        refused = measure(found, name)
        assert refused.estimate is None
        assert "60 of 80 cases 'not flagged' were not verified" in refused.because
    assert measure(found, "sensitivity_naive").estimate == pytest.approx(30 / 32)


def test_a_claim_on_a_refused_sensitivity_is_not_measurable():
    claims = [{"measure": "sensitivity", "at_least": 0.5}]
    found = _found(_rows(), analysis={}, claims=claims)
    plan = protocol(columns=COLUMNS, claims=claims)
    result = assemble(plan.common, found, lock=None, data={}, code_version="")
    assert result.content["claims"][0]["status"] == "not measurable"
    assert any("Sensitivity cannot be measured" in s for s in detection.story(result.content)["summary"])


def test_when_nobody_left_alone_was_verified_a_fraction_does_not_help():
    found = _found(_rows(alone=(0, 0)))
    assert measure(found, "sensitivity").because == "none of the 60 cases 'not flagged' was verified"


def test_a_table_whose_negatives_have_no_truth_is_refused_even_when_nobody_says_so():
    rows = [row.rsplit(",", 1)[0] for row in _rows(alone=(0, 0))]
    found = findings(rows, header="case,truth,score")
    assert measure(found, "sensitivity").estimate is None
    assert (
        "none of the 60 cases that the tool left alone has a usable reference"
        in measure(found, "sensitivity").because
    )
    assert measure(found, "ppv").estimate == 0.75


def test_when_everybody_was_verified_the_ordinary_numbers_stand():
    found = _found(_rows(unverified_alone=0))
    assert measure(found, "sensitivity").estimate == pytest.approx(30 / 32)
    assert measure(found, "auc").estimate is not None
    assert not [m for m in found.measures if m.measure == "sensitivity_begg_greenes"]


def test_a_verified_case_without_an_answer_lowers_the_corrected_sensitivity():
    before, after = (measure(_found(_rows(silent=n)), "sensitivity").estimate for n in (0, 4))
    assert after == pytest.approx(30 / 42)
    assert after < before


def test_every_unverified_case_is_an_outcome():
    found = _found(_rows())
    assert found.outcomes["reference_missing"] == 60
    assert sum(v for k, v in found.outcomes.items() if k != "enrolled") == found.outcomes["enrolled"] == 120


def test_a_share_verified_that_is_not_the_recorded_one_is_remarked():
    strata = {"flagged": Stratum(100, 40, 50), "not flagged": Stratum(400, 5, 95)}
    said = departures(strata, {"flagged": 1.0, "not flagged": 0.25})
    assert said == [
        "Of the cases 'flagged' 90.0 % were verified, the protocol records 100 %: the weighted figures lean on the recorded one."
    ]


@pytest.mark.parametrize(
    ("row", "named"),
    [
        (
            "x,nodule,0.9,no",
            "Case x: column 'verified' says it was not verified, but column 'truth' holds a truth",
        ),
        ("x,nodule,0.9,perhaps", "Case x: column 'verified' holds 'perhaps'"),
        ("x,nodule,0.9,", "Case x: column 'verified' is empty"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused_by_case_and_column(row, named):
    with pytest.raises(BadInput) as refused:
        cases([*_rows(), row], header=HEADER, columns=COLUMNS, analysis=FRACTIONS)
    assert named in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"analysis": FRACTIONS}, "names no 'columns.verified'"),
        (
            {"columns": COLUMNS, "analysis": {"verification": {"sampling_fractions": {"flagged": 1.5}}}},
            "a share above 0",
        ),
        (
            {"columns": COLUMNS, "analysis": {"verification": {"sampling_fractions": {"negatives": 1}}}},
            "negatives",
        ),
    ],
)
def test_a_protocol_that_records_verification_wrongly_is_refused(changes, named):
    with pytest.raises(BadInput) as refused:
        protocol(**changes)
    assert named in str(refused.value)


@pytest.mark.parametrize("measure_", ["sensitivity", "specificity"])
def test_the_corrected_interval_covers_the_truth_as_often_as_it_says(measure_):
    rng = np.random.default_rng(11)
    truth, inside, weighted = {"sensitivity": 0.8, "specificity": 0.85}[measure_], 0, 0
    for _ in range(800):
        diseased = rng.random(800) < 0.2
        flagged = rng.random(800) < np.where(diseased, 0.8, 0.15)
        seen = flagged | (rng.random(800) < 0.3)
        strata = {
            name: Stratum(int(w.sum()), int((w & seen & diseased).sum()), int((w & seen & ~diseased).sum()))
            for name, w in (("flagged", flagged), ("not flagged", ~flagged))
        }
        found = begg_greenes(measure_, strata)
        inside += found.low <= truth <= found.high
        by_weight = ipw(measure_, strata, {"flagged": 1.0, "not flagged": 0.3})
        weighted += by_weight.low <= truth <= by_weight.high
    assert 0.925 <= inside / 800 <= 0.975
    assert 0.925 <= weighted / 800 <= 0.975
