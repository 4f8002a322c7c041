"""How often a test set was looked at, and what a plan's hash says."""

from __future__ import annotations

import pytest
from detection_makers import protocol, protocol_values

from alarp.evaluation import Opening, adapt, parse_protocol, use_of
from alarp.kernel import BadInput


def opened(truth="t", protocol="p", version="1"):
    return Opening(
        "2026-01-01", truth, "cases.csv", protocol, "1", "Flag", version, True, "alarp 1"
    ).as_dict()


@pytest.mark.need("E06")
def test_only_openings_of_this_truth_are_counted_by_product_and_protocol():
    rows = [opened(), opened(), opened(version="2", protocol="q"), opened(truth="other")]
    use = use_of("t", rows)
    assert (use.openings, use.product_versions, use.protocol_versions, use.worn) == (3, 2, 2, False)
    assert use.sentences == (
        "This test set has been opened 3 times, for 2 product versions, under 2 protocol versions.",
    )


@pytest.mark.need("E06")
def test_the_third_product_version_on_one_test_set_is_warned_of():
    use = use_of("t", [opened(version=v) for v in "123"])
    assert use.worn
    assert use.sentences[1].startswith("Warning: 3 product versions have been judged on this one test set")


def test_a_line_that_cannot_be_read_counts_against_the_set_and_is_said():
    use = use_of("t", [opened(), None])
    assert use.openings == 2
    assert "1 line(s) of the record of openings cannot be read" in use.sentences[-1]


@pytest.mark.need("E01", "E08")
@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"title": "another"}, True),
        ({"product": {"name": "Other", "version": "9"}}, True),
        ({"cases": "ours.csv", "columns": {"case": "id", "truth": "truth", "score": "score"}}, True),
        ({"threshold": 0.4}, False),
        ({"level": 0.9}, False),
        ({"claims": [{"measure": "auc", "at_least": 0.8}]}, False),
        ({"reference_standard": "one reader"}, False),
    ],
)
def test_the_plan_hash_changes_with_the_plan_and_not_with_product_or_files(changes, same):
    assert (protocol(**changes).common.plan_hash == protocol().common.plan_hash) is same


@pytest.mark.need("E08")
def test_an_adapted_protocol_names_its_origin_and_keeps_the_plan():
    first = protocol_values()
    second = parse_protocol(
        adapt(first, name="Other", version="9", begun_at="2026-01-01T00:00:00+00:00")
    ).common
    assert second.plan_hash == protocol().common.plan_hash
    assert second.adapted_from is not None
    assert second.adapted_from["hash"] == protocol().common.hash
    assert second.title == "Nodules on chest X-rays (Other 9)"
    with pytest.raises(BadInput, match="its name and its version"):
        adapt(first, name=" ", version="9", begun_at="")
