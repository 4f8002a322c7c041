"""Agreement of readers: the published examples, and what real radiologists say of nodules."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from alarp.evaluation.agreement import (
    fleiss_kappa,
    gwet_ac1,
    icc_one_way,
    observed_agreement,
    tally_ratings,
)

# Twelve subjects, four readers who did not read everything (Gwet's example for missing ratings).
RATINGS = ["11-1", "2232", "3333", "3333", "2222", "1234", "4444", "1121", "2222", "-555", "--11", "--3-"]


def counted():
    pairs = [(f"s{i}", cell) for i, row in enumerate(RATINGS) for cell in row if cell != "-"]
    return tally_ratings([s for s, _ in pairs], [c for _, c in pairs], categories="12345").counts


def test_gwets_example_with_missing_ratings_gives_his_numbers():
    """irrCAC's documented results for these ratings: AC1 0.77544 (SE 0.14295), Fleiss' kappa 0.76117 (SE 0.15302)."""
    counts, t = counted(), 2.200985160082949  # the 97.5 % point of t on 11 degrees of freedom
    assert observed_agreement(counts) == pytest.approx(0.818182, abs=5e-7)
    for found, value, se in ((gwet_ac1(counts), 0.77544, 0.14295), (fleiss_kappa(counts), 0.76117, 0.15302)):
        assert found.estimate == pytest.approx(value, abs=5e-6)
        assert (found.estimate - found.low) / t == pytest.approx(se, abs=5e-6)
        assert found.high == 1.0


def test_one_nodule_repeated_in_one_patient_is_no_new_patient():
    counts = np.repeat(counted(), 3, axis=0)
    patient = np.repeat(np.arange(12), 3)
    plain, clustered = gwet_ac1(counts), gwet_ac1(counts, clusters=patient)
    assert clustered.estimate == plain.estimate
    assert clustered.low == pytest.approx(gwet_ac1(counted()).low, abs=1e-9)
    assert plain.low > clustered.low


def test_readers_who_nearly_always_say_the_same_have_a_high_ac1_and_a_poor_kappa():
    counts = np.array([[2.0, 0.0]] * 97 + [[1.0, 1.0]] * 3)
    assert gwet_ac1(counts).estimate > 0.96
    assert fleiss_kappa(counts).estimate < 0


@pytest.mark.parametrize(
    ("counts", "because"),
    [([[1, 0], [0, 1]], "no subject was read twice"), ([[2, 0], [3, 0]], "all readings are the same")],
)
def test_what_cannot_be_told_says_why(counts, because):
    found = fleiss_kappa(np.array(counts, dtype=float))
    assert (found.estimate, found.because) == (None, because)


def test_the_shrout_and_fleiss_table_gives_its_one_way_icc():
    """Six targets, four judges (Shrout and Fleiss 1979, table 2): ICC(1,1) = 0.17."""
    table = np.array(
        [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
    )
    found = icc_one_way(table.ravel(), np.repeat(np.arange(6), 4))
    assert found.estimate == pytest.approx(0.1657, abs=5e-5)
    assert (found.low, found.high) == pytest.approx((-0.1329, 0.7226), abs=5e-5)


@pytest.mark.shared
@pytest.mark.need("E10")
def test_radiologists_agree_on_the_size_of_a_nodule_and_less_on_whether_it_is_malignant(shared):
    """LIDC: marks on one patient whose centres lie within 5 mm in depth and 10 pixels in plane are one nodule."""
    marks = pl.read_csv(shared / "data" / "tables" / "lidc_readers.csv", infer_schema_length=5000)
    nodule, seen = [], dict[str, list[tuple[float, float, float]]]()
    for patient, x, y, z in marks.select("patient_id", "x_px", "y_px", "z_mm").iter_rows():
        own = seen.setdefault(patient, [])
        near = [
            i for i, (a, b, c) in enumerate(own) if abs(x - a) < 10 and abs(y - b) < 10 and abs(z - c) < 5
        ]
        if not near:
            own.append((x, y, z))
        nodule.append(f"{patient}/{near[0] if near else len(own) - 1}")
    _, subject = np.unique(nodule, return_inverse=True)
    size = icc_one_way(np.log(marks["max_inplane_diameter_mm"].to_numpy()), subject)
    grade = [str(value) for value in marks["malignancy"]]
    tally = tally_ratings(nodule, grade, categories="12345")
    patients = np.unique([name.split("/")[0] for name in dict.fromkeys(nodule)], return_inverse=True)[1]
    malignant = fleiss_kappa(tally.counts, clusters=patients)
    ordered = gwet_ac1(tally.counts, scale="ordinal", clusters=patients)
    assert size.estimate > 0.8
    assert 0.05 < malignant.low < malignant.estimate < malignant.high < 0.5
    assert ordered.estimate > malignant.estimate
