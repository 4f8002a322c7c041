"""What a board member reads first: claims without code words, natural frequencies, and for whom it may not work."""

from __future__ import annotations

from typing import Any

import pytest

from alarp.evaluation import pieces, telling
from alarp.evaluation.mrmc.telling import _in_hundred


@pytest.mark.need("E05")
@pytest.mark.parametrize(
    ("measure", "sentence", "words"),
    [
        (
            "calibration_slope",
            "lower bound of calibration_slope at least 0.8",
            "Lower end of the interval of calibration slope at least 0.8",
        ),
        ("auc", "auc of A minus B at least 0", "AUC of A minus B at least 0"),
        ("within_tolerance", "within_tolerance at least 0.9", "Within tolerance at least 0.9"),
    ],
)
def test_a_claim_is_told_without_code_words(measure: str, sentence: str, words: str) -> None:
    assert pieces.claim_words({"measure": measure, "claim": sentence}) == words


@pytest.mark.parametrize("endpoint", ["auc", "inferred-roc", "wafroc", "afroc", "sensitivity", "specificity"])
def test_every_endpoint_of_a_reader_study_is_told_out_of_a_hundred(endpoint: str) -> None:
    told = _in_hundred(endpoint, {"estimate": 0.867, "low": 0.798, "high": 0.935})
    assert "of 100" in told and "87 (between 80 and 94)" in told


def test_the_gaps_of_one_measure_are_one_clause_and_no_gap_is_left_out() -> None:
    gap: dict[str, Any] = {"measure": "sensitivity", "b": "rest", "flag": "gap"}
    found = [gap | {"a": "age=old", "difference": -0.2}, gap | {"a": "age=young", "difference": 0.1}]
    assert telling.for_whom({"comparisons": found}) == (
        "For whom it may not work: Sensitivity is lower by 0.2 for age=old, higher by 0.1 for age=young than for the "
        "rest."
    )
    assert "age=young" not in telling.for_whom({"comparisons": found}, lower_is_worse=True)


def test_the_names_of_gain_and_lift_say_of_which_part_of_the_list() -> None:
    assert pieces.name_of("gain_10pct") == "Share of all outcomes in the top 10 %"
