"""Of every kind whose truth people make: how far they agreed is said; and a truth that is itself an AI's is warned of."""

from __future__ import annotations

import numpy as np
import pytest
from contour_makers import PROTOCOL as CONTOURING
from detection_makers import EIGHT
from detection_makers import PROTOCOL as DETECTION
from number_makers import (
    DOSE,
    MEASUREMENT,
    PREDICTION,
    QUALITY,
    findings,
    measure,
    protocol,
    result,
    story_of,
)
from reader_makers import MARKS
from reader_makers import PROTOCOL as READER_STUDY

from alarp.evaluation import pieces
from alarp.kernel import BadInput

READINGS = {"file": "who.csv", "columns": {"case": "case", "reader": "reader", "reading": "said"}}


def readings(words):
    """'case,reader,said' of two readers for every case."""
    lines = [
        f"{case},{reader},{word}"
        for case, both in words.items()
        for reader, word in zip(("R1", "R2"), both, strict=True)
    ]
    return "\n".join(["case,reader,said", *lines, ""])


# Six of eight cases alike, half of the words each way: agreement 3/4, by chance 1/2 (as in detection, by hand).
SPLIT = {"a": "11", "b": "11", "c": "11", "d": "10", "e": "00", "f": "00", "g": "00", "h": "01"}
AGREED = {"reference_agreement": 0.75, "reference_kappa": 0.5, "reference_ac1": 0.5}


def reader_rows():
    draw = np.random.default_rng(1)
    return [
        f"{reader},{modality},{case},{int(case < 'e')},{draw.integers(1, 6) + 2 * (case < 'e')}"
        for reader in ("A", "B", "C")
        for modality in ("with", "without")
        for case in "abcdefgh"
    ]


@pytest.mark.need("E10")
def test_a_reader_studys_truth_says_how_far_its_makers_agreed():
    others = {"reference_readings": readings(SPLIT)}
    header, changes = "reader,modality,case,truth,rating", {"positive": "1", "reference_readings": READINGS}
    found = findings(READER_STUDY, reader_rows(), header, others, **changes)
    assert {name: measure(found, name).estimate for name in AGREED} == pytest.approx(AGREED)
    assert any("agree about a case in 75 of 100 pairs (8 cases read twice)" in said for said in found.remarks)
    content = result(READER_STUDY, reader_rows(), header, others, **changes).content
    assert "How sure is the truth?" in [section["heading"] for section in story_of(content)["sections"]]


@pytest.mark.need("E10")
def test_a_localisations_truth_says_how_far_its_makers_agreed_and_who_is_diseased_decides():
    words = {case: ["yes" if w == "1" else "no" for w in both] for case, both in SPLIT.items()}
    others = {
        "marks": "modality,reader,case,mark,index,rating\n"
        + "".join(f"M,T,{case},LL,1,0.9\n" for case in "abc"),
        "truth": "case,diseased,n_lesions\n"
        + "".join(f"{c},{int(c < 'e')},{int(c < 'e')}\n" for c in "abcdefgh"),
        "reference_readings": readings(words),
    }
    found = findings(MARKS, [], "", others, reference_readings=READINGS)
    assert {name: measure(found, name).estimate for name in AGREED} == pytest.approx(AGREED)


@pytest.mark.need("E10")
def test_a_measurements_reference_says_how_far_its_readers_measured_alike():
    rows = [f"{case},{10 + i},{10.5 + i}" for i, case in enumerate("abcdefgh")]
    near = {case: (f"{10 + i}", f"{10.4 + i}") for i, case in enumerate("abcdefgh")}
    found = findings(
        MEASUREMENT,
        rows,
        "case,reference,output",
        {"reference_readings": readings(near)},
        reference_readings=READINGS,
    )
    # By hand: means 10.2 + i, so 2 x 6 between cases; 8 x 2 x 0.2^2 / 8 = 0.08 within: (12 - 0.08) / (12 + 0.08).
    assert measure(found, "reference_icc").estimate == pytest.approx(11.92 / 12.08)
    assert measure(found, "reference_icc").low < 11.92 / 12.08 < measure(found, "reference_icc").high


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"z": ("10", "11")}, "Case z: in column 'case' of who.csv but not in cases.csv"),
        ({"a": ("10", "ten")}, "Case a, reader R2: column 'said' holds 'ten'"),
    ],
)
def test_a_reading_that_will_not_do_is_named_by_case_and_column(changed, sentence):
    rows = [f"{case},{10 + i},{10.5 + i}" for i, case in enumerate("abc")]
    words = {"a": ("10", "10"), "b": ("11", "11"), "c": ("12", "12")} | changed
    with pytest.raises(BadInput, match=sentence):
        findings(
            MEASUREMENT, rows, "case,reference,output", {"reference_readings": readings(words)},
            reference_readings=READINGS,
        )  # fmt: skip


@pytest.mark.parametrize("base", [PREDICTION, QUALITY, DOSE], ids=lambda base: base["kind"])
def test_a_kind_whose_truth_nobody_reads_refuses_readings_of_it(base):
    with pytest.raises(BadInput, match="reference_readings"):
        protocol(base, reference_readings=READINGS)


BASES = (DETECTION, READER_STUDY, MARKS, MEASUREMENT, PREDICTION, QUALITY, DOSE, CONTOURING)


@pytest.mark.need("E10")
@pytest.mark.parametrize("base", BASES, ids=lambda base: base["kind"])
@pytest.mark.parametrize(
    "reference", ["the output of another AI", {"kind": "AI"}], ids=["by its words", "by its kind"]
)
def test_every_kind_warns_when_the_reference_is_itself_an_ai(base, reference):
    from alarp.evaluation import Findings, assemble

    warned = []
    for standard in (reference, "two radiologists, a third to adjudicate"):
        plan = protocol(base, reference_standard=standard).common
        content = assemble(
            plan, Findings({"enrolled": 1}, "case", ()), lock=None, data={}, code_version="x"
        ).content
        warned.append(any("itself the output of an AI" in line for line in pieces.warnings(content)))
    assert warned == [True, False]


def test_the_eight_cases_are_those_of_detection():
    assert [row[0] for row in EIGHT] == list(SPLIT)
