"""Does every object give a header or one clear sentence?"""

from __future__ import annotations

import csv
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from dicom_makers import KEY, as_bytes, image, structure_set, structured_report
from hypothesis import given
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from alarp.identity import Pseudonyms, deidentify, is_nhs_number, read_header
from alarp.identity.structure import layout, leaves
from alarp.kernel import AlarpError, BadInput
from alarp.standards.deidentification import load_profile

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning")


@pytest.mark.shared
def test_every_real_file_gives_a_header_or_one_sentence_that_names_no_patient(shared) -> None:
    opened, sentences = set(), {}
    for path in sorted(path for path in (shared / "data").rglob("*") if path.is_file()):
        try:
            read_header(path.read_bytes())
            opened.add(str(path.relative_to(shared / "data")))
        except BadInput as error:
            sentences[path.name] = str(error)
    with (shared / "data/inventory.csv").open(encoding="utf-8") as file:
        complete = {
            row["file"]
            for row in csv.DictReader(file)
            if row["modality"] and row["sop_class"] and row["open"] == "ok"
        }
    refused = {name for name in complete - opened if "malformed" not in name}
    assert {name.rsplit("/", 1)[-1] for name in refused} <= {"HTJ2KLossless_08_RGB.dcm", "JLSL_RGB_ILV1.dcm"}
    assert "is longer than what is left" in sentences["MR_truncated.dcm"]
    assert "is longer than what is left" in sentences["rtplan_truncated.dcm"]
    assert "has no SOP Class UID" in sentences["16573.dcm"]
    assert "not a DICOM object" in sentences["README.md"]
    assert all(text.count(". ") == 0 and text.endswith(".") for text in sentences.values())


@pytest.mark.need("G10")
def test_the_header_tells_manufacturer_model_and_software() -> None:
    header = read_header(as_bytes(image(ManufacturerModelName="Ring 5", SoftwareVersions=["v1", "v2"])))

    assert (header.manufacturer, header.model, header.software) == ("MAKER", "Ring 5", "v1\\v2")


@pytest.mark.parametrize(
    "syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"]
)
def test_the_same_header_is_read_from_every_encoding(syntax: str) -> None:
    dataset = image()
    header = read_header(as_bytes(dataset, syntax))

    assert header.transfer_syntax == syntax
    assert (header.patient_id, header.patient_name, header.accession) == (
        "RX1-4471",
        "Sandringham^Annabel",
        "ACC-88123",
    )


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"])
def test_an_object_without_preamble_and_meta_is_read(syntax: str) -> None:
    out = BytesIO()
    dataset = image()
    pydicom.dcmwrite(
        out,
        dataset,
        implicit_vr=syntax == "1.2.840.10008.1.2",
        little_endian=syntax != "1.2.840.10008.1.2.2",
        enforce_file_format=False,
    )
    header = read_header(out.getvalue())

    assert (header.transfer_syntax, header.patient_id) == (syntax, "RX1-4471")


@pytest.mark.parametrize(
    "keyword", ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"]
)
@pytest.mark.parametrize(
    "value", ["", "../../etc/passwd", "1..2", "1.2.03", "1." + "2" * 70, "1.2/3", ".1.2", "x"]
)
def test_an_object_whose_uid_cannot_be_a_key_is_refused(keyword: str, value: str) -> None:
    before = image()
    before.add_new(keyword, "UI", "1.2")
    before[keyword]._value = value
    with pytest.raises(BadInput, match="UID"):
        read_header(as_bytes(before))


def test_an_object_that_is_cut_off_inside_an_element_is_refused() -> None:
    item = Dataset()
    item.CodeMeaning = "protocol"
    whole = as_bytes(image(PerformedProtocolCodeSequence=Sequence([item])))
    between_elements = {leaf.end for leaf in leaves(layout(whole))}
    read_cuts = set()
    for length in range(len(whole)):
        try:
            read_header(whole[:length])
            read_cuts.add(length)
        except BadInput as error:
            assert str(error).endswith(".")
    assert read_cuts < between_elements


def test_compressed_pixels_without_an_end_are_refused() -> None:
    whole = Path(get_testdata_file("JPEG2000.dcm")).read_bytes()
    read_header(whole)
    with pytest.raises(BadInput, match="no end"):
        read_header(whole[: whole.rindex(b"\xfe\xff\xdd\xe0")])


@given(st.binary(max_size=400), st.integers(0, 600), st.binary(max_size=12))
def test_no_bytes_make_the_reader_or_the_de_identifier_crash(noise: bytes, place: int, patch: bytes) -> None:
    good = as_bytes(image())
    hurt = good[:place] + patch + good[place + len(patch) :]
    for part10 in (noise, b"\0" * 128 + b"DICM" + noise, good[:144] + noise, hurt):
        try:
            deidentify(part10, profile=load_profile(), pseudonyms=Pseudonyms(KEY, 1))
        except AlarpError as error:
            assert "Sandringham" not in str(error)


def test_references_are_found_at_every_depth_and_told_apart_from_the_studys_own_uid() -> None:
    sent = image()
    report = read_header(as_bytes(structured_report(sent, ["1.2.3.7", "1.2.3.8"])))
    structures = read_header(as_bytes(structure_set(sent, ["1.2.3.9"])))

    assert report.referenced_sop_uids == {"1.2.3.7", "1.2.3.8"}
    assert report.referenced_study_uids == {sent.StudyInstanceUID}
    assert structures.referenced_sop_uids == {"1.2.3.9"}
    assert structures.referenced_study_uids == {sent.StudyInstanceUID}
    assert structures.referenced_series_uids == {sent.SeriesInstanceUID}
    assert structures.referenced_frame_of_reference_uids == {sent.FrameOfReferenceUID}


def test_the_age_comes_from_the_age_string_or_else_from_birth_and_study_date() -> None:
    assert read_header(as_bytes(image(PatientAge="018M"))).age_years == pytest.approx(1.5)
    assert read_header(as_bytes(image())).age_years == pytest.approx(73.21, abs=0.01)
    assert read_header(as_bytes(image(PatientBirthDate=""))).age_years is None
    assert read_header(as_bytes(image(PatientBirthDate="20300101"))).age_years is None


def test_the_nhs_number_is_taken_only_where_its_check_digit_holds() -> None:
    other = Dataset()
    other.PatientID, other.IssuerOfPatientID = "943 476 5919", "NHS"

    assert is_nhs_number("943 476 5919") and not is_nhs_number("9434765918") and not is_nhs_number("RX1")
    assert read_header(as_bytes(image(PatientID="9434765919"))).nhs_number == "9434765919"
    assert read_header(as_bytes(image(OtherPatientIDsSequence=Sequence([other])))).nhs_number == "9434765919"
    assert read_header(as_bytes(image())).nhs_number == ""
    other.PatientID = "9434765918"
    assert read_header(as_bytes(image(OtherPatientIDsSequence=Sequence([other])))).nhs_number == ""


@pytest.mark.need("G06")
@pytest.mark.parametrize(
    ("others", "found"),
    [
        ("943 476 5919", "9434765919"),
        (["RX2", "9434765919"], "9434765919"),
        (["9434765919", "943-476-5919"], "9434765919"),
        (["9434765919", "9434765870"], ""),  # which is the patient's, nobody can say
        ("9434765918", ""),
        ("", ""),
    ],
)
def test_the_nhs_number_in_the_retired_attribute_is_taken_where_it_is_the_only_one(
    others: str | list[str], found: str
) -> None:
    assert read_header(as_bytes(image(OtherPatientIDs=others))).nhs_number == found
