"""What objects are made of that peers stumbled over: makers' private blocks, many frames, values of wrong length."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import pytest
from pictures import image, patient, uid
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from alarp.identity import Deidentified, Pseudonyms, by_dataset, deidentify, identifiers_of, read_header, scan
from alarp.kernel import BadInput
from alarp.standards.deidentification import load_profile

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning")  # the library on makers' own ideas

PSEUDONYMS = Pseudonyms(bytes.fromhex("3c7e5a90b1d24f6889aa0b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f50"), 1)
NAME = "Sorrowfield"
CSA, MEDCOM, PHILIPS = "SIEMENS CSA HEADER", "SIEMENS MEDCOM HEADER", "Philips Imaging DD 001"


def as_bytes(dataset: Dataset) -> bytes:
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def leaves(part10: bytes) -> Deidentified:
    """What leaves of this object; the second scanner has to agree."""
    left = deidentify(part10, profile=load_profile(), pseudonyms=PSEUDONYMS)
    assert scan(left.part10, identifiers_of(part10)) == ()
    return left


def of_makers() -> Dataset:
    """A film with the private blocks of Siemens and Philips, each of which names the patient in its own way."""
    made = image()
    csa = made.private_block(0x0029, CSA, create=True)
    csa.add_new(0x10, "OB", b"SV10\x04\x03\x02\x01" + f"PatientName {NAME}^Quentin".encode() + b"\0\0")
    csa.add_new(0x20, "UN", f"tPatientName = {NAME}".encode())
    made.private_block(0x0029, MEDCOM, create=True).add_new(0x60, "LO", f"{NAME}^Quentin")
    item, inner = Dataset(), Dataset()
    inner.private_block(0x2005, PHILIPS, create=True).add_new(0x32, "PN", f"{NAME}^Quentin")
    item.private_block(0x2005, PHILIPS, create=True).add_new(0x02, "SQ", Sequence([inner]))
    made.private_block(0x2005, PHILIPS, create=True).add_new(0x0E, "SQ", Sequence([item]))
    return made


@pytest.mark.need("G03")
def test_private_blocks_of_siemens_and_philips_leave_with_nobody() -> None:
    before = of_makers()
    part10 = as_bytes(before)
    assert part10.count(NAME.encode()) >= 5
    left = leaves(part10).part10
    after = dcmread(BytesIO(left))
    assert not [element.tag for element in after.iterall() if element.tag.is_private]
    assert NAME.encode() not in left and b"SIEMENS" not in left and PHILIPS.encode() not in left
    assert after.PixelData == before.PixelData


@pytest.mark.need("G03")
@pytest.mark.shared
def test_real_private_blocks_of_siemens_and_philips_leave_with_nobody(shared: Path) -> None:
    folders = ("ct_abdomen_rtstruct/ct", "mr/siemens_triotim", "ct_head_phantom_philips")
    for folder in folders:
        file = sorted(path for path in (shared / "data" / folder).iterdir() if path.is_file())[0]
        part10 = file.read_bytes()
        before = dcmread(file)
        after = dcmread(BytesIO(leaves(part10).part10))
        assert any(element.tag.is_private for element in before.iterall()), folder
        assert not [element.tag for element in after.iterall() if element.tag.is_private], folder
        assert after.PixelData == before.PixelData, folder


@pytest.mark.need("G03")
@pytest.mark.shared
def test_an_enhanced_multi_frame_object_leaves_whole_with_its_frames_in_their_places(shared: Path) -> None:
    files = sorted((shared / "data" / "enhanced").glob("*.dcm"))
    placed = 0
    for file in files:
        before = dcmread(file)
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            if not before.get(keyword):
                setattr(before, keyword, uid())
        for frame in frames(before):
            for content in frame.get("FrameContentSequence") or ():
                content.FrameComments = f"{NAME} of ward 5"
        before.PatientName, before.PatientID = f"{NAME}^Quentin", patient()
        out = BytesIO()
        before.save_as(out)
        left = leaves(out.getvalue())
        after = dcmread(BytesIO(left.part10))
        assert (after.NumberOfFrames, after.PixelData) == (before.NumberOfFrames, before.PixelData), file.name
        assert len(frames(after)) == len(frames(before)) and positions(after) == positions(before), file.name
        placed += any(positions(after))
        assert NAME.encode() not in left.part10 and not any(e.tag.is_private for e in after.iterall())
        assert read_header(left.part10).sop_instance_uid == left.sop_instance_uid
    assert len(files) == 4 and placed >= 3


def frames(dataset: Dataset) -> Sequence:
    return dataset.get("PerFrameFunctionalGroupsSequence") or Sequence()


def positions(dataset: Dataset) -> list[list[float] | None]:
    """Where does each frame lie?"""
    found: list[list[float] | None] = []
    for frame in frames(dataset):
        place = frame.get("PlanePositionSequence")
        found.append([float(one) for one in place[0].ImagePositionPatient] if place else None)
    return found


def with_element(part10: bytes, element: bytes, *, before: bytes) -> bytes:
    place = part10.index(before)
    return part10[:place] + element + part10[place:]


ROWS = b"\x28\x00\x10\x00US"
WRONG = {
    "a number of three bytes": b"\x18\x00\x10\x93FD\x03\x00\x01\x02\x03",
    "an unsigned short of four": b"\x20\x00\x10\x90US\x04\x00\x01\x00\x02\x00",
    "a time of nine letters": b"\x18\x00\x14\x10TM\x09\x00101500.12",
    "a tag of two bytes": b"\x20\x00\x65\x91AT\x02\x00\x18\x00",
}


@pytest.mark.need("G01", "G03")
@pytest.mark.parametrize("element", WRONG.values(), ids=list(WRONG))
def test_a_value_of_wrong_length_neither_stops_an_object_nor_shifts_what_follows(element: bytes) -> None:
    before = image()
    part10 = with_element(as_bytes(before), element, before=ROWS)
    assert read_header(part10).sop_instance_uid == before.SOPInstanceUID
    left = leaves(part10)
    careful = by_dataset.rewrite(part10, load_profile(), PSEUDONYMS, pixels_cleaned=False)[0]
    for way in (left.part10, careful):
        after = dcmread(BytesIO(way))
        assert (after.Rows, after.Columns, after.PixelData) == (8, 8, before.PixelData)
        assert NAME.encode() not in way


@pytest.mark.need("G03")
def test_a_length_that_reaches_beyond_the_object_is_refused_in_one_sentence() -> None:
    whole = as_bytes(image())
    place = whole.index(b"\x10\x00\x10\x00PN") + 6
    broken = whole[:place] + struct.pack("<H", 0xFFF0) + whole[place + 2 :]
    for reads in (read_header, leaves):
        with pytest.raises(BadInput) as refused:
            reads(broken)
        assert NAME not in str(refused.value) and str(refused.value).count("\n") == 0


@pytest.mark.need("G03")
@pytest.mark.parametrize(
    ("sop_class", "modality"),
    [("1.2.840.10008.5.1.4.1.1.88.67", "SR"), ("1.2.840.10008.5.1.4.1.1.11.1", "PR")],
    ids=["dose report", "presentation state"],
)
def test_a_dose_report_and_a_presentation_state_that_a_tool_takes_leave_without_anybody(
    sop_class: str, modality: str
) -> None:
    made = image(SOPClassUID=sop_class, Modality=modality)
    made.file_meta.MediaStorageSOPClassUID = sop_class
    del made.PixelData
    observer, person, words = Dataset(), Dataset(), Dataset()
    person.ValueType, person.PersonName = "PNAME", "Larkspurn^Ottoline"
    words.ValueType, words.TextValue = "TEXT", f"Irradiation of {NAME} authorised"
    observer.ValueType, observer.ContentSequence = "CONTAINER", [person, words]
    made.ContentSequence = [observer]
    words_on_it = Dataset()
    words_on_it.UnformattedTextValue = f"{NAME} left side"
    annotation = Dataset()
    annotation.TextObjectSequence = [words_on_it]
    made.GraphicAnnotationSequence = [annotation]
    made.ContentCreatorName = "Larkspurn^Ottoline"
    left = leaves(as_bytes(made)).part10
    assert NAME.encode() not in left and b"Larkspurn" not in left
