"""The words: one form of bytes for a value, one sentence for a number, nothing divided by nothing."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alarp.kernel import Measure, canonical_json, digest, sha256_hex


def test_the_order_of_keys_does_not_change_the_digest():
    assert digest({"b": 1, "a": [1, {"d": 2, "c": 3}]}) == digest({"a": [1, {"c": 3, "d": 2}], "b": 1})


def test_any_change_of_value_changes_the_digest():
    assert digest({"a": 1}) != digest({"a": 2})
    assert digest({"a": 1}) != digest({"a": "1"})


def test_numbers_that_json_does_not_know_are_refused():
    for value in (math.nan, math.inf, -math.inf):
        with pytest.raises(ValueError):
            canonical_json({"a": value})


def test_the_empty_text_has_the_published_digest():
    # FIPS 180-4 test value for the empty message.
    assert sha256_hex(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_canonical_json_reads_back_as_the_same_value(value):
    import json

    assert json.loads(canonical_json(value)) == value


def test_a_measure_that_cannot_be_had_says_why_and_is_not_zero():
    nothing = Measure.not_measurable("sensitivity", because="nobody is diseased")
    assert nothing.estimate is None
    assert not nothing.is_measurable
    assert nothing.sentence() == "not measurable: nobody is diseased"


def test_a_measure_reads_with_its_interval_its_counts_and_its_method():
    found = Measure("sensitivity", 0.94, 0.91, 0.96, method="Wilson", n=332, events=312)
    assert found.sentence(per_cent=True) == "94 % (91-96), 312 of 332, Wilson"


def test_a_zero_is_measurable():
    assert Measure("hd95_mm", 0.0, n=1).is_measurable
