"""Reliance on advice keeps its denominators: 0/0 is not 0."""

from __future__ import annotations

import numpy as np
import pytest

from alarp.evaluation.reliance import Readings, reliance
from alarp.kernel import BadInput


def measured(truth, first, advice, final):
    arrays = [None if a is None else np.array(a, dtype=bool) for a in (truth, first, advice, final)]
    return {m.measure: m for m in reliance(Readings(*arrays, np.zeros(len(truth), dtype=np.int64)))}


@pytest.mark.need("H08")
def test_a_reader_who_was_never_first_wrong_has_no_rair_and_not_one_of_zero():
    found = measured([1, 0, 1], [1, 0, 1], [1, 1, 0], [1, 1, 1])
    assert found["rair"].estimate is None
    assert "first wrong" in found["rair"].because
    assert found["rsr"].estimate == 0.5
    assert found["rsr"].n == 2


@pytest.mark.need("H08")
def test_without_a_first_impression_only_the_comparable_measures_remain():
    found = measured([1, 0, 1, 0], None, [1, 1, 0, 0], [1, 1, 1, 0])
    assert found["rair"].estimate is None
    assert found["accuracy_first"].estimate is None
    assert found["commission_rate"].estimate == 1.0
    assert found["omission_rate"].estimate == 0.0
    assert found["accuracy_final"].estimate == 0.75


def test_following_everything_gives_full_rair_and_no_rsr_at_all():
    found = measured([1, 1, 0, 0], [0, 1, 0, 1], [1, 0, 1, 0], [1, 0, 1, 0])
    assert (found["rair"].estimate, found["rsr"].estimate) == (1.0, 0.0)


def test_columns_of_different_length_are_refused():
    with pytest.raises(BadInput, match="differ in length"):
        Readings(*[np.ones(n, dtype=bool) for n in (2, 3, 3, 3)], np.zeros(3, dtype=np.int64))
