"""What a tool says in JSON and what the report says that is made of it: the same, under the same names, each time."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from alarp.demo.tools.report import not_analysed
from alarp.demo.tools.results import CannotAnalyse, Maker, to_bytes
from alarp.gateway import summaries
from alarp.gateway.adapters import findings, reports
from alarp.identity import SentStudy, disagreements, read_header, shortcomings
from alarp.phantom import SCANNERS, chest_film, fictional_patient
from alarp.standards.air import load_return_checks

CR = "1.2.840.10008.5.1.4.1.1.1"
IMAGES = {uid: reports.Image(CR, "2.25.9") for uid in ("2.25.11", "2.25.12")}
SENT = SentStudy("ALARPX", "ACC", "2.25.1", frozenset({"2.25.9"}), frozenset(IMAGES), frozenset())


def said(**changed: Any) -> bytes:
    table = {
        "result_id": "r1", "study_uid": "2.25.1", "patient_id": "ALARPX", "accession": "ACC", "images": list(IMAGES),
        "algorithm": {"name": "Reader", "version": "1.0"}, "made_at": "2026-06-03T14:05:00+01:00",
        "statements": [{"name": "Probability of cancer", "value": 0.75}],
    }  # fmt: skip
    return json.dumps({k: v for k, v in (table | changed).items() if v is not None}).encode()


def wrapped(**changed: Any) -> bytes:
    return reports.report(findings.read(said(**changed)), IMAGES, tool="READER")


@pytest.mark.need("G02", "G11")
def test_a_report_of_ours_fits_what_was_sent_and_falls_short_of_no_check() -> None:
    made = wrapped()
    assert disagreements(read_header(made), SENT) == ()
    assert shortcomings(made, SENT, load_return_checks().checks) == ()


def test_the_same_finding_is_the_same_bytes_and_another_id_another_object() -> None:
    assert wrapped() == wrapped()
    first, other = (dcmread(io.BytesIO(made)) for made in (wrapped(), wrapped(result_id="r2")))
    assert first.SOPInstanceUID != other.SOPInstanceUID
    assert first.SeriesInstanceUID == other.SeriesInstanceUID  # one series of each version of the algorithm
    assert (first.ContentDate, first.ContentTime, first.TimezoneOffsetFromUTC) == (
        "20260603",
        "140500",
        "+0100",
    )


@given(value=st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_a_number_comes_back_to_the_last_digit(value: float) -> None:
    made = dcmread(io.BytesIO(wrapped(statements=[{"name": "Volume", "value": value, "unit": "ml"}])))
    (measured,) = [
        item.MeasuredValueSequence[0]
        for container in made.ContentSequence
        for group in container.get("ContentSequence", ())
        for item in group.get("ContentSequence", ())
        if item.ValueType == "NUM"
    ]
    exact = measured.get("FloatingPointValue")
    assert (float(measured.NumericValue) if exact is None else exact) == value


def test_two_names_that_begin_alike_have_two_codes_and_given_codes_are_kept() -> None:
    names = ["Probability of malignancy in the left lung", "Probability of malignancy in the right lung"]
    own = {"name": "Score", "value": 1, "code": {"value": "S1", "scheme": "99READER"}}
    made = dcmread(io.BytesIO(wrapped(statements=[*({"name": n, "value": 0.5} for n in names), own])))
    text = str(made)
    assert "S1" in text and "99READER" in text
    (group,) = made.ContentSequence[-1].ContentSequence
    found = [i.ConceptNameCodeSequence[0].CodeValue for i in group.ContentSequence if i.ValueType == "NUM"]
    assert len(set(found)) == 3 and all(len(one) <= 16 for one in found)


@pytest.mark.need("G11")
def test_a_study_that_was_not_analysed_is_said_so_with_its_reason_in_every_way_of_saying_it() -> None:
    ours = wrapped(statements=None, not_analysed="No lungs in the picture.")
    film = chest_film(
        patient=fictional_patient(1), scanner=SCANNERS[0], nodules=(), when=datetime(2026, 1, 5, tzinfo=UTC),
        rng=np.random.default_rng(1), accession="A", pixels=32,
    ).datasets[0]  # fmt: skip
    maker = Maker("NoduleFlag", "2.1.0", "Brightlung")
    why = CannotAnalyse("NOT-FRONTAL", "The film is not frontal")
    theirs = to_bytes(
        not_analysed(maker, [film], why, procedure=Code("399208008", "SCT", "Plain chest X-ray"))
    )
    assert summaries.summary(ours)["not_analysed"] == "No lungs in the picture"
    declined = summaries.summary(theirs)
    assert declined["not_analysed"] == "The film is not frontal"
    assert not {"score", "decision"} & set(declined)  # it is no decision that a rate of flags may count
    assert "not_analysed" not in summaries.summary(wrapped())
    partly = [
        {"name": "Left lung", "says": "Not analysed"},
        {"name": "Score of the right lung", "value": 0.97},
    ]
    found = summaries.summary(wrapped(statements=partly))
    assert found["score"] == 0.97 and "not_analysed" not in found
    flagged = [{"name": "Left lung", "says": "Not analysed"}, {"name": "Decision", "says": "Flagged"}]
    found = summaries.summary(wrapped(statements=flagged))
    assert found["decision"] == "Flagged" and "not_analysed" not in found
    assert codes.DCM.NotAttempted.meaning.casefold() in str(summaries.summary(ours)["lines"]).casefold()
