"""Is a result that has one study's header and another's content found out, wherever the other one is named?"""

from __future__ import annotations

from typing import Any

import pytest
from dicom_makers import as_bytes, structured_report
from pydicom.dataset import Dataset
from test_result_matching import STUDIES

from alarp.identity import mentions_in, others_named, unknown_uids
from alarp.kernel import BadInput

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning")
SYNTAXES = ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"]
ITEM = {"RelationshipType": "CONTAINS"}


def item(**values: Any) -> Dataset:
    made = Dataset()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def report_on(number: int) -> Dataset:
    sent, dataset = STUDIES[number]
    return structured_report(dataset, sorted(sent.sop_instance_uids))


def with_name(result: Dataset, where: str, patient: str, accession: str) -> Dataset:
    """The result with this patient (or request) written at one more place."""
    content = {
        "text": item(**ITEM, ValueType="TEXT", TextValue=f"Subject {patient}, seen"),
        "person": item(**ITEM, ValueType="PNAME", PersonName=patient),
        "deep": item(**ITEM, ContentSequence=[item(ContentSequence=[item(TextValue=patient)])]),
    }
    if where in content:
        result.ContentSequence = [*result.get("ContentSequence", []), content[where]]
    elif where == "request":
        result.ReferencedRequestSequence = [item(AccessionNumber=accession)]
    elif where == "other ID":
        result.OtherPatientIDsSequence = [item(PatientID=patient)]
    elif where == "private":
        result.add_new(0x00091001, "LO", patient)
    else:
        setattr(result, where, patient)
    return result


PLACES = [
    "PatientName",
    "OtherPatientIDs",
    "PatientComments",
    "other ID",
    "text",
    "person",
    "deep",
    "request",
    "private",
]


@pytest.mark.need("G02")
@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("where", PLACES)
def test_another_patient_who_is_named_anywhere_in_a_result_is_a_disagreement(where: str, syntax: str) -> None:
    sent, other = STUDIES[0][0], STUDIES[1][0]
    for named, agrees in ((sent, True), (other, False)):
        result = with_name(report_on(0), where, named.patient_pseudonym, named.accession_pseudonym)
        found = list(others_named(mentions_in(as_bytes(result, syntax)), sent))
        assert (found == []) == agrees
        assert all(one.expected in (sent.patient_pseudonym, sent.accession_pseudonym) for one in found)


@pytest.mark.need("G02")
def test_uids_of_this_study_are_known_and_a_reference_to_another_s_image_is_not() -> None:
    sent, other = STUDIES[0][0], STUDIES[1][0]
    result = report_on(0)
    assert unknown_uids(mentions_in(as_bytes(result)), sent) <= {
        result.SOPInstanceUID,
        result.SeriesInstanceUID,
    }
    strange = min(other.sop_instance_uids)
    result.ContentSequence = [
        *result.get("ContentSequence", []),
        item(**ITEM, ValueType="UIDREF", UID=strange),
    ]
    assert strange in unknown_uids(mentions_in(as_bytes(result)), sent)


def test_words_that_only_look_alike_are_nobody_s_name() -> None:
    sent = STUDIES[0][0]
    result = report_on(0)
    result.PatientComments = f"x{sent.patient_pseudonym}x ALARP ALARPS33OMGV5K5 alarp{'a' * 16}"
    result.ReferencedRequestSequence = [item(AccessionNumber="RQ-2026/1"), item(AccessionNumber="")]
    assert list(others_named(mentions_in(as_bytes(result)), sent)) == []


def test_a_result_that_is_cut_off_is_refused_in_one_sentence() -> None:
    with pytest.raises(BadInput, match="not whole"):
        mentions_in(as_bytes(report_on(0))[:-9])
