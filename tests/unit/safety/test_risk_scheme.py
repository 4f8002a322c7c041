"""The declared scheme is a look-up of 25 cells, never a product of two numbers."""

from __future__ import annotations

import pytest
from hazards_here import SCHEME, score

from alarp.kernel import BadInput
from alarp.safety import Patients, read_scheme

CELLS = [(s, likelihood) for s in range(1, 6) for likelihood in range(1, 6)]


def level(severity: int, likelihood: int) -> int:
    return SCHEME.grid[likelihood - 1][severity - 1]


@pytest.mark.need("A01")
def test_the_25_cells_hold_the_published_levels() -> None:
    """DCB0129 implementation guidance v3.2, table 9, from very high likelihood down."""
    assert [[level(s, likelihood) for s in range(1, 6)] for likelihood in (5, 4, 3, 2, 1)] == [
        [3, 4, 4, 5, 5],
        [2, 3, 3, 4, 5],
        [2, 2, 3, 3, 4],
        [1, 2, 2, 3, 4],
        [1, 1, 2, 2, 3],
    ]


def test_three_cells_are_level_1_seven_level_2_seven_level_3_five_level_4_three_level_5() -> None:
    assert SCHEME.cell_counts() == {1: 3, 2: 7, 3: 7, 4: 5, 5: 3}


def test_the_grid_is_symmetric() -> None:
    assert all(level(a, b) == level(b, a) for a, b in CELLS)


def test_a_level_never_falls_when_severity_or_likelihood_rises() -> None:
    assert all(level(a, b) <= level(min(a + 1, 5), b) for a, b in CELLS)


def test_no_order_by_the_product_gives_the_levels() -> None:
    """Product 5 is level 3 and product 6 level 2; product 10 is level 4 and product 12 level 3."""
    assert (level(5, 1), level(3, 2)) == (3, 2)
    assert (level(5, 2), level(4, 3)) == (4, 3)
    by_product = sorted(CELLS, key=lambda cell: cell[0] * cell[1])
    levels = [level(*cell) for cell in by_product]
    assert levels != sorted(levels)


def test_bands_of_the_product_would_be_too_lax_in_four_cells() -> None:
    """1-5 acceptable, 6-12 tolerable, 15-25 unacceptable: the wrong matrix that goes round."""
    lax = [
        cell
        for cell in CELLS
        if (cell[0] * cell[1] <= 5 and level(*cell) >= 3)
        or (6 <= cell[0] * cell[1] <= 12 and level(*cell) >= 4)
    ]
    assert sorted(lax) == [(1, 5), (2, 5), (5, 1), (5, 2)]


def test_at_major_low_and_medium_are_one_level_and_at_catastrophic_too() -> None:
    assert level(4, 2) == level(4, 3) == 3
    assert level(5, 2) == level(5, 3) == 4


def test_the_death_of_one_patient_is_major_and_of_several_catastrophic() -> None:
    assert SCHEME.severity(4).one.startswith("Death")
    assert SCHEME.severity(5).several.startswith("Death")
    assert SCHEME.severity(5).one == ""


@pytest.mark.parametrize(
    ("severity", "likelihood", "patients", "sentence"),
    [
        (5, 1, Patients.ONE, "Catastrophic has no meaning for one patient"),
        (1, 1, Patients.SEVERAL, "Minor has no meaning for several patients"),
        (6, 1, Patients.ONE, "The severity is 6; scheme nhs-2018.1 has 1 (Minor)"),
        (3, 0, Patients.ONE, "The likelihood is 0"),
    ],
)
def test_a_score_outside_the_scheme_is_refused(
    severity: int, likelihood: int, patients: Patients, sentence: str
) -> None:
    with pytest.raises(BadInput) as refusal:
        SCHEME.level(score(severity, likelihood, patients))
    assert sentence in str(refusal.value)


def test_a_score_reads_as_words() -> None:
    assert SCHEME.words(score(4, 2)) == "Major, low likelihood: level 3"


def test_only_levels_4_and_5_can_be_accepted_by_nobody() -> None:
    assert [r.level for r in SCHEME.rules if not r.acceptable] == [5, 4]
    assert SCHEME.rule(3).accepted_by == ("clinical-safety-officer", "executive")
    assert SCHEME.rule(3).review_date
    assert SCHEME.rule(2).accepted_by == ("clinical-safety-officer",)
    assert SCHEME.rule(1).accepted_by == ()


def test_a_scheme_with_a_cell_missing_is_refused() -> None:
    steps = [{"level": n, "word": f"w{n}", "meaning": "m", "one": "o"} for n in range(1, 6)]
    value = {
        "version": "own-1",
        "title": "Ours",
        "source": "board minute",
        "severities": [{k: v for k, v in s.items() if k != "meaning"} for s in steps],
        "likelihoods": [{k: v for k, v in s.items() if k != "one"} for s in steps],
        "levels": [{"level": n, "rule": "r", "acceptable": n < 4} for n in range(1, 6)],
        "grid": [[1] * 5] * 4 + [[1] * 4],
    }
    with pytest.raises(BadInput, match="the grid must have 5 rows of 5 cells"):
        read_scheme(value)
    value["grid"] = [[1] * 5] * 5
    assert read_scheme(value).cell_counts() == {1: 25}
