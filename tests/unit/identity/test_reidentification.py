"""Does the right patient come back whole, in any alphabet?"""

from __future__ import annotations

import hashlib

import pytest
from dicom_makers import KEY, as_bytes, image, read, structure_set, structured_report
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from alarp.identity import Crosswalk, Pseudonyms, deidentify, read_header, reidentify
from alarp.kernel import BadInput
from alarp.standards.deidentification import load_profile

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning")

NAMES = Pseudonyms(KEY, 1)
RESTORED = [
    "patient_id",
    "issuer",
    "patient_name",
    "birth_date",
    "sex",
    "accession",
    "study_id",
    "study_date",
    "study_time",
    "study_description",
    "referring_physician",
    "study_uid",
]


def sent(original: Dataset) -> tuple[Dataset, Crosswalk]:
    before = as_bytes(original)
    done = deidentify(before, profile=load_profile(), pseudonyms=NAMES)
    return read(done.part10), Crosswalk.of([read_header(before)], NAMES)


@pytest.mark.need("G02")
def test_a_report_gets_its_patient_and_study_back_and_keeps_its_own_series_and_uid() -> None:
    original = image(StudyDescription="CT thorax")
    outside, crosswalk = sent(original)
    report = structured_report(outside, [outside.SOPInstanceUID])
    returned = as_bytes(report)

    back = reidentify(returned, crosswalk)
    header, first = read_header(back), read_header(as_bytes(original))

    assert [getattr(header, name) for name in RESTORED] == [getattr(first, name) for name in RESTORED]
    assert header.referenced_sop_uids == {first.sop_instance_uid}
    assert header.referenced_series_uids == {first.series_uid}
    assert header.referenced_study_uids == {first.study_uid}
    assert (header.series_uid, header.sop_instance_uid) == (report.SeriesInstanceUID, report.SOPInstanceUID)
    assert not {0x00120062, 0x00120063, 0x00120064} & set(read(back).keys())
    assert b"ALARP" + NAMES.patient("RX1-4471", "NORTHMOOR")[5:].encode() not in back


@pytest.mark.need("G02")
def test_no_other_name_that_a_tool_gives_the_patient_comes_back_with_the_result() -> None:
    outside, crosswalk = sent(image())
    other = Dataset()
    other.PatientID = "RX2-0815"
    report = structured_report(
        outside,
        [outside.SOPInstanceUID],
        OtherPatientIDs="RX2-0815",
        OtherPatientIDsSequence=[other],
        OtherPatientNames="Someone^Else",
        PatientBirthName="Else",
        MedicalRecordLocator="RX2-0815",
        PatientAddress="1 Else Road",
        TypeOfPatientID="TEXT",
        PatientWeight="71",
    )

    back = reidentify(as_bytes(report), crosswalk)

    assert b"RX2-0815" not in back and b"Else" not in back
    assert read(back).PatientWeight == 71


@pytest.mark.need("G02")
def test_images_that_name_the_issuer_and_images_that_leave_it_to_their_sender_are_of_one_patient() -> None:
    stated, bare = image(), image(IssuerOfPatientID="")
    headers = [read_header(as_bytes(one)) for one in (stated, bare)]
    names = Pseudonyms(KEY, 1, issuer=stated.IssuerOfPatientID)

    assert (
        Crosswalk.of(headers, names).patient_pseudonym == Crosswalk.of(headers[:1], NAMES).patient_pseudonym
    )
    with pytest.raises(BadInput, match="one patient"):
        Crosswalk.of(headers, Pseudonyms(KEY, 1, issuer="SOUTHMOOR"))


@pytest.mark.need("G14")
def test_a_structure_set_comes_back_on_the_original_frame_and_images() -> None:
    original = image()
    outside, crosswalk = sent(original)
    back = read_header(reidentify(as_bytes(structure_set(outside, [outside.SOPInstanceUID])), crosswalk))

    assert back.referenced_frame_of_reference_uids == {original.FrameOfReferenceUID}
    assert back.referenced_sop_uids == {original.SOPInstanceUID}
    assert back.referenced_study_uids == {original.StudyInstanceUID}


def test_the_same_result_always_comes_back_as_the_same_bytes_and_the_given_ones_are_left_alone() -> None:
    outside, crosswalk = sent(image())
    returned = as_bytes(structured_report(outside, [outside.SOPInstanceUID]))
    digest = hashlib.sha256(returned).hexdigest()

    assert reidentify(returned, crosswalk) == reidentify(bytes(bytearray(returned)), crosswalk)
    assert hashlib.sha256(returned).hexdigest() == digest


@pytest.mark.need("G02")
@pytest.mark.shared
def test_names_in_every_alphabet_survive_the_round_trip_in_the_original_character_set(shared) -> None:
    alphabets = 0
    for path in sorted((shared / "data/charsets_pydicom").glob("*.dcm")):
        try:
            first = read_header(path.read_bytes())
        except BadInput:
            continue
        done = deidentify(path.read_bytes(), profile=load_profile(), pseudonyms=NAMES)
        outside = read(done.part10)
        report = structured_report(outside, [outside.SOPInstanceUID])

        back = reidentify(as_bytes(report), Crosswalk.of([first], NAMES))

        assert read_header(back).patient_name == first.patient_name, path.name
        assert _without_escapes(back) == _without_escapes(path.read_bytes()), path.name
        assert read_header(back).character_set == first.character_set
        alphabets += not first.patient_name.isascii()
    assert alphabets >= 10


def _without_escapes(part10: bytes) -> bytes:
    """The name's bytes without the return to ASCII, and without an empty last part: both are optional."""
    raw: bytes = read(part10).get_item("PatientName").value
    return raw.replace(b"\x1b(B", b"").strip(b" =")


@pytest.mark.need("G02")
def test_neither_the_name_nor_the_finding_is_lost_when_their_character_sets_differ() -> None:
    outside, crosswalk = sent(image(SpecificCharacterSet="ISO_IR 127", PatientName="قباني^لنزار"))
    finding = Dataset()
    finding.TextValue = "Größe 7 mm"
    report = structured_report(
        outside,
        [outside.SOPInstanceUID],
        SpecificCharacterSet="ISO_IR 100",
        ContentSequence=Sequence([finding]),
    )

    back = read(reidentify(as_bytes(report), crosswalk))

    assert back.PatientName == "قباني^لنزار"
    assert back.ContentSequence[0].TextValue == "Größe 7 mm"
    assert back.SpecificCharacterSet == "ISO_IR 192"


def test_a_pseudonym_that_stands_alone_deep_in_a_report_is_turned_back() -> None:
    outside, crosswalk = sent(image())
    subject, wrapped = Dataset(), Dataset()
    subject.TextValue = outside.PatientID
    subject.ReferencedSOPSequence = Sequence([Dataset()])
    subject.ReferencedSOPSequence[0].ReferencedSOPInstanceUID = outside.SOPInstanceUID
    wrapped.ContentSequence = Sequence([subject])
    report = structured_report(outside, [outside.SOPInstanceUID], ContentSequence=Sequence([wrapped]))

    back = read(reidentify(as_bytes(report), crosswalk)).ContentSequence[0].ContentSequence[0]

    assert back.TextValue == "RX1-4471"
    assert back.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == image().SOPInstanceUID


@pytest.mark.need("G02")
def test_a_result_of_another_patient_or_study_is_never_given_this_ones_name() -> None:
    outside, _ = sent(image())
    report = as_bytes(structured_report(outside, [outside.SOPInstanceUID]))
    _, other_patient = sent(image(PatientID="RX1-9"))
    _, other_study = sent(image(StudyInstanceUID="1.2.3.99"))

    for crosswalk in (other_patient, other_study):
        with pytest.raises(BadInput, match="quarantine"):
            reidentify(report, crosswalk)


def test_a_secondary_capture_keeps_its_pixels() -> None:
    outside, crosswalk = sent(image())
    capture = structured_report(
        outside,
        [outside.SOPInstanceUID],
        SOPClassUID="1.2.840.10008.5.1.4.1.1.7",
        Rows=1,
        Columns=4,
        BitsAllocated=8,
    )
    capture.add_new(0x7FE00010, "OB", b"\1\2\3\4")

    assert read(reidentify(as_bytes(capture), crosswalk)).PixelData == b"\1\2\3\4"


def test_a_crosswalk_of_two_patients_or_of_nothing_is_refused() -> None:
    headers = [read_header(as_bytes(image())), read_header(as_bytes(image(PatientID="RX1-9")))]

    with pytest.raises(BadInput, match="one study of one patient"):
        Crosswalk.of(headers, NAMES)
    with pytest.raises(BadInput, match="none was given"):
        Crosswalk.of([], NAMES)


def test_a_crosswalk_does_not_show_whom_it_leads_to() -> None:
    _, crosswalk = sent(image())

    assert not any(
        text in repr(crosswalk) for text in ("Sandringham", "RX1-4471", "19520317", "ACC-88123", "3680043")
    )
