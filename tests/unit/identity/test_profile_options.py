"""Each option keeps what its column of table E.1-1 says, and nothing else; the table is that of the standard."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Any

import pydicom
import pytest
from dicom_makers import KEY, MARK, MARK_DATE, MARK_UID, as_bytes, image, plant, read
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from alarp.identity import OPTIONS, Pseudonyms, deidentify
from alarp.kernel import BadInput
from alarp.standards.deidentification import load_named, load_profile, load_profiles, load_safe_private

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning")  # the library on planted and odd values

PSEUDONYMS = Pseudonyms(KEY, 1)
PATTERNS = (MARK, MARK_UID, MARK_DATE, "111213.4711", "047Y", "4711.4711", "47114711")
BY_TABLE = sorted(set(OPTIONS) - {"clean-pixel-data", "retain-safe-private"})
SELECTOR_UN = 0x0072006D
WHO = frozenset({0x00080050, 0x00100010, 0x00100020, 0x00101000, 0x00101001, 0x00101002, 0x00101005})
"""Whose words must not stand in any kept text: planted there, the marker would be taken for the patient's name."""


@cache
def table() -> dict[str, Any]:
    path = resources.files("alarp.standards.deidentification").joinpath("e1_1_2026d.json")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@cache
def column(option: str) -> dict[int, str]:
    """What the table's column of this option says, by tag."""
    rows = [row for row in table()["rows"] if len(row) > 4 and option in row[4]]
    return {int(row[0], 16): row[4][option] for row in rows if "x" not in row[0] and row[0] != "PRIVATE"}


@cache
def planted(syntax: str) -> bytes:
    dataset = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    dataset.PatientName = "Nobody^Else"
    plant(dataset, sorted(set(load_profile().actions) - WHO - {SELECTOR_UN}))
    dataset.file_meta.TransferSyntaxUID = syntax
    out = BytesIO()
    dataset.save_as(out, implicit_vr=syntax == ImplicitVRLittleEndian, little_endian=True)
    return out.getvalue()


def elements(dataset: Dataset, above: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Every element that is no sequence, with the tags above it."""
    for element in dataset:
        path = (*above, int(element.tag))
        if element.VR == "SQ":
            for item in element.value:
                yield from elements(item, path)
        else:
            yield path, element


def still_there(part10: bytes) -> dict[tuple[int, ...], Any]:
    """Where is a planted value still to be seen?"""
    return {
        path: element
        for path, element in elements(read(part10))
        if any(pattern in repr(element.value) for pattern in PATTERNS)
    }


@pytest.mark.need("G03")
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("option", BY_TABLE)
def test_an_option_keeps_what_its_column_says_and_nothing_else(option: str, syntax: str) -> None:
    profile = load_profile(options=[option])
    after = deidentify(planted(syntax), profile=profile, pseudonyms=PSEUDONYMS).part10
    kept = still_there(after)

    listed = {path for path in kept if any(tag in column(option) for tag in path)}
    assert set(kept) == listed, [hex(path[-1]) for path in set(kept) - listed]
    for path, element in kept.items():
        nearest = next(tag for tag in reversed(path) if tag in column(option))
        if column(option)[nearest] == "K":
            continue
        assert option == "retain-modified-dates" and element.VR in ("TM", "DT", "SH"), hex(path[-1])
        assert MARK_DATE not in str(element.value)  # a time of day stays where its date is moved
    wanted = {tag for tag, letter in column(option).items() if letter == "K"}
    seen = {path[-1] for path in kept}
    missing = {tag for tag in wanted - seen if _can_be_seen(tag)}
    assert not missing, sorted(map(hex, missing))


def _can_be_seen(tag: int) -> bool:
    """Was a value planted in this attribute that would be known again?"""
    if tag >> 16 <= 7 or not pydicom.datadict.dictionary_has_tag(tag):
        return False
    return pydicom.datadict.dictionary_VR(tag) in ("LO", "SH", "DA", "DT", "TM", "UI", "AS", "DS", "LT", "ST")


@pytest.mark.need("G03")
def test_without_an_option_nothing_planted_is_left_in_either_syntax() -> None:
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        before = planted(syntax)
        assert len(still_there(before)) > 1000
        after = deidentify(before, profile=load_profile(), pseudonyms=PSEUDONYMS).part10
        assert still_there(after) == {}


def out(dataset: Dataset, *options: str, **more: Any) -> Dataset:
    profile = load_profile(options=options)
    done = deidentify(as_bytes(dataset), profile=profile, pseudonyms=PSEUDONYMS, **more)
    return read(done.part10)


@pytest.mark.need("G03")
def test_every_option_is_declared_by_its_code_of_the_standard() -> None:
    held = {
        code.value: code.meaning for code in (getattr(codes.cid7050, name) for name in codes.cid7050.dir())
    }
    for option, (value, meaning) in OPTIONS.items():
        assert held[value] == meaning
        after = out(image(), option, pixels_cleaned=option == "clean-pixel-data")
        declared = [item.CodeValue for item in after.DeidentificationMethodCodeSequence]
        assert declared == ["113100", value]
        assert {item.CodingSchemeDesignator for item in after.DeidentificationMethodCodeSequence} == {"DCM"}


def test_the_table_is_that_of_the_standard_to_the_last_row() -> None:
    """Its digest, in the form in which another project took it from the standard's own pages, is the one recorded."""
    names = {
        "retain-full-dates": "retain_longitudinal_full_dates",
        "retain-modified-dates": "retain_longitudinal_modified_dates",
    }
    rows = [
        {
            "name": row[1],
            "tag": "(gggg,eeee) where gggg is odd" if row[0] == "PRIVATE" else f"({row[0][:4]},{row[0][4:]})",
            "retired": len(row) > 5,
            "in_standard_iod": row[2] == "Y",
            "basic_profile": row[3],
            "options": {
                names.get(o, o.replace("-", "_")): letter
                for o, letter in (row[4] if len(row) > 4 else {}).items()
            },
        }
        for row in table()["rows"]
    ]
    canonical = json.dumps(rows, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert len(rows) == 657
    assert hashlib.sha256(canonical.encode()).hexdigest() == table()["content_sha256"]


def test_cleaned_texts_keep_words_of_technique_and_lose_everybody_and_every_number() -> None:
    after = out(
        image(
            SeriesDescription="CT ABDOMEN portal venous 5mm Sandringham 13/11/1937 ward 7",
            StudyDescription="Head Referrerson 22",
            ProtocolName="Local protocol of Dr Nobody",
            RequestedProcedureDescription="4471 RX1-4471",
        ),
        "clean-descriptors",
    )
    assert after.SeriesDescription == "CT ABDOMEN portal venous 5mm"
    assert after.StudyDescription == "Head"
    assert after.ProtocolName == "protocol of"
    assert after.get("RequestedProcedureDescription", "") in ("", "ANONYMISED")


def test_a_word_that_is_somebodys_name_in_the_object_is_not_safe_there() -> None:
    after = out(
        image(
            PatientName="Head^Brain", ReferringPhysicianName="Neck^Tom", SeriesDescription="Head neck CHEST"
        ),
        "clean-descriptors",
    )
    assert after.SeriesDescription == "CHEST"


def test_a_cleaned_report_keeps_its_codes_and_numbers_and_loses_its_prose() -> None:
    concept, number, prose, unit = Dataset(), Dataset(), Dataset(), Dataset()
    for item, (value, meaning) in (
        (concept, ("112039", "Tracking Sandringham")),
        (unit, ("mm", "millimetre")),
    ):
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    measured = Dataset()
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = "7.5", Sequence([unit])
    number.ValueType, number.ConceptNameCodeSequence = "NUM", Sequence([concept])
    number.MeasuredValueSequence = Sequence([measured])
    prose.ValueType, prose.TextValue = "TEXT", "Mrs Sandringham, seen on 2 June: nodule in the left lung"
    after = out(image(ContentSequence=Sequence([number, prose])), "clean-structured-content")

    kept, told = after.ContentSequence
    assert kept.ConceptNameCodeSequence[0].CodeValue == "112039"
    assert kept.ConceptNameCodeSequence[0].CodeMeaning == "tracking".capitalize()
    assert str(kept.MeasuredValueSequence[0].NumericValue) == "7.5"
    assert told.TextValue == "on nodule in the left lung"


def test_safe_private_numbers_stay_with_their_creator_and_nothing_else_of_the_block() -> None:
    dataset = image()
    dataset.add_new(0x00190010, "LO", "SIEMENS MR HEADER")
    dataset.add_new(0x0019100C, "IS", "1000")
    dataset.add_new(0x0019100E, "FD", [0.1, 0.2, 0.3])
    dataset.add_new(0x00191008, "CS", "IMAGE NUM 4")
    dataset.add_new(0x00290010, "LO", "SIEMENS CSA HEADER")
    dataset.add_new(0x00291010, "OB", b"Sandringham\0")
    dataset.add_new(0x20010010, "LO", "Sandringham")
    dataset.add_new(0x20011003, "FL", 1.0)  # safe under another creator
    dataset.add_new(0x20010011, "LO", "Philips Imaging DD 001")
    dataset.add_new(0x20011103, "LO", "Sandringham")  # safe as a number, not as a text
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        profile = load_profile(options=["retain-safe-private"])
        done = deidentify(as_bytes(dataset, syntax), profile=profile, pseudonyms=PSEUDONYMS)
        after = read(done.part10)
        private = [int(element.tag) for element in after if element.tag.is_private]
        assert private[:3] == [0x00190010, 0x0019100C, 0x0019100E]
        assert b"Sandringham" not in done.part10
    plain = out(dataset)
    assert not [element for element in plain if element.tag.is_private]
    assert len(load_safe_private().attributes) == 345


def test_a_device_keeps_its_name_and_its_titles_are_keyed() -> None:
    dataset = image(
        StationName="CT3", DeviceSerialNumber="4711", StationAETitle="NORTHMOORCT3", DeviceUID="1.2.3.4.5"
    )
    kept, plain = out(dataset, "retain-device-identity"), out(dataset)

    assert (kept.StationName, kept.DeviceSerialNumber, kept.DeviceUID) == ("CT3", "4711", "1.2.3.4.5")
    assert kept.StationAETitle == PSEUDONYMS.title("NORTHMOORCT3") and len(kept.StationAETitle) == 16
    assert "DeviceSerialNumber" not in plain or plain.DeviceSerialNumber != "4711"
    assert "StationAETitle" not in plain


def test_a_kept_attribute_in_which_the_patient_stands_is_replaced() -> None:
    after = out(image(InstitutionName="Home of A. Sandringham"), "retain-institution-identity")
    assert after.InstitutionName == "ANONYMISED"


def test_two_studies_of_a_patient_without_a_number_are_moved_by_different_days() -> None:
    one = out(image(PatientID=""), "retain-modified-dates")
    two = out(image(PatientID="", StudyInstanceUID="1.2.3.77"), "retain-modified-dates")
    assert one.StudyDate != two.StudyDate


def test_clean_pixels_are_promised_only_by_whoever_has_looked() -> None:
    burned = image(BurnedInAnnotation="YES")
    for options in ((), ("clean-pixel-data",)):
        with pytest.raises(BadInput, match="pixels"):
            out(burned, *options)
    for options in ((), ("clean-pixel-data",)):
        after = out(burned, *options, pixels_cleaned=True)
        assert after.BurnedInAnnotation == "NO"
        assert "113101" in [item.CodeValue for item in after.DeidentificationMethodCodeSequence]


def test_every_named_profile_loads_and_an_unknown_one_is_named() -> None:
    for named in load_profiles():
        assert load_named(named.name)[1].options == tuple(sorted(named.options))
        assert named.purpose.endswith(".")
    with pytest.raises(BadInput, match="choose from basic"):
        load_named("none")
