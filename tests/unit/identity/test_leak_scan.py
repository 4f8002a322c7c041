"""Does the second look find what the first left, and nothing else?"""

from __future__ import annotations

from pathlib import Path

import pytest
from dicom_makers import KEY, as_bytes, image
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from alarp.identity import Leak, Pseudonyms, deidentify, identifiers_known, identifiers_of, scan
from alarp.identity.structure import PIXEL_DATA, Broken, layout, leaves
from alarp.standards.deidentification import load_coded_words, load_profile

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning")

SYNTAXES = ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"]


def clean(dataset: Dataset, syntax: str = "1.2.840.10008.1.2.1") -> bytes:
    return deidentify(as_bytes(dataset, syntax), profile=load_profile(), pseudonyms=Pseudonyms(KEY, 1)).part10


def kinds(leaks: tuple[Leak, ...]) -> set[str]:
    return {leak.kind for leak in leaks}


@pytest.mark.need("G03")
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_cleaned_object_passes_and_the_original_does_not(syntax: str) -> None:
    known = identifiers_of(as_bytes(image(), syntax))

    assert scan(clean(image(), syntax), known) == ()
    assert {
        "patient name",
        "patient ID",
        "birth date",
        "accession number",
        "original UID",
        "institution",
    } <= kinds(scan(as_bytes(image(), syntax), known))


@pytest.mark.need("G03")
@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize(
    ("planted", "kind"),
    [
        ("seen by Annabel today", "patient name"),
        ("SANDRINGHAM", "patient name"),
        ("for rx1-4471.", "patient ID"),
        ("born 17/03/1952", "birth date"),
        ("born 1952-03-17", "birth date"),
        ("acc-88123", "accession number"),
        ("Dr Referrerson", "name of another person"),
        ("Northmoor Infirmary", "institution"),
        ("see 1.2.826.0.1.3680043.10.99.1.1.1", "original UID"),
    ],
)
def test_an_identifier_that_was_left_deep_inside_is_found(planted: str, kind: str, syntax: str) -> None:
    known = identifiers_of(as_bytes(image()))
    leaky, inner, outer = image(), Dataset(), Dataset()
    leaky.clear()
    leaky.SOPClassUID, leaky.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "2.25.1"
    inner.CodeMeaning = planted
    outer.add_new(0x00400260, "SQ", Sequence([inner]))
    leaky.add_new(0x00400260, "SQ", Sequence([outer]))
    part10 = as_bytes(leaky, syntax).replace(b"Sandringham".ljust(128, b"\0"), b"\0" * 128)
    part10 = part10.replace(b"NORTHMOORCT1", b"            ")

    assert kinds(scan(part10, known)) == {kind}


def test_an_identifier_behind_the_pixels_in_the_meta_or_in_the_preamble_is_found() -> None:
    known = identifiers_of(as_bytes(image()))
    cleaned = clean(image())
    behind = b"\xfc\xff\xfc\xffOB\0\0\x0c\0\0\0Sandringham "
    meta = cleaned.replace(b"ALARP ", b"Annabel ", 1)

    assert kinds(scan(cleaned + behind, known)) == {"patient name"}
    assert kinds(scan(b"Sandringham" + cleaned[11:], known)) == {"patient name"}
    assert scan(meta, known) != ()


@pytest.mark.need("G03")
@pytest.mark.parametrize("before", range(9))
@pytest.mark.parametrize(
    ("planted", "kind"),
    [
        (b"Sandringham", "patient name"),
        (b"SANDRINGHAM^ANNABEL", "patient name"),
        (b"RX1-4471", "patient ID"),
        (b"17/03/1952", "birth date"),
        (b"19520317", "birth date"),
        (b"1.2.826.0.1.3680043.10.99.1.1.1", "original UID"),
    ],
)
def test_what_is_too_long_for_chance_is_found_among_the_pixels_wherever_it_lies(
    planted: bytes, kind: str, before: int
) -> None:
    known = identifiers_of(as_bytes(image()))
    for behind in (b"", b"\0", b"\1\2", b"\1\2\3", bytes(600_000)):
        leaky = image()
        leaky.PixelData = b"\7" * before + planted + behind
        assert kinds(scan(clean(leaky), known)) == {kind}, (before, len(behind))


@pytest.mark.parametrize("before", [*range(4), (1 << 18) - 7, (1 << 18) - 3])
def test_a_text_is_told_once_and_where_it_begins(before: int) -> None:
    known = identifiers_of(as_bytes(image()))
    leaky = image()
    leaky.PixelData = b"\7" * before + b"Sandringham " + bytes(64)
    outgoing = clean(leaky)

    assert scan(outgoing, known) == (Leak("patient name", outgoing.index(b"Sandringham")),)


def test_what_occurs_by_chance_in_the_pixels_is_no_leak() -> None:
    dataset = image(PatientName="Sandringham^Annie", PatientID="512309", AccessionNumber="")
    dataset.PixelData = b"ANNIE 512309 Sandringhams mySandringham 119520317 xxx."
    known = identifiers_of(as_bytes(dataset))

    assert scan(clean(dataset), known) == ()


@pytest.mark.shared
def test_no_name_of_six_letters_is_met_by_chance_among_the_pixels_of_real_scans(shared: Path) -> None:
    """Every name of six letters and more that the scans' own headers and the common ones give; 36 MB of pixels."""
    common = "Robinson Thompson Williams Patricia Margaret Mohammed Elizabeth Catherine Campbell Mitchell"
    known = identifiers_of(as_bytes(image(PatientName=f"{common}^Newman Barker Oliver Martin Wilson George")))
    found, looked_at = 0, 0
    for file in sorted((shared / "data").rglob("*.dcm")):
        whole = file.read_bytes()
        try:
            where = layout(whole)
            pixels = [leaf for leaf in leaves(where) if leaf.tag in PIXEL_DATA]
        except Broken:
            continue
        looked_at += sum(leaf.end - leaf.start for leaf in pixels)
        places = {(leaf.start, leaf.end) for leaf in pixels}
        leaks = scan(whole, known) if pixels else ()
        found += sum(any(a <= leak.offset < b for a, b in places) for leak in leaks)

    assert looked_at > 10_000_000
    assert found == 0


def test_a_short_name_among_binary_samples_is_no_leak_and_a_long_one_is() -> None:
    known = identifiers_of(as_bytes(image(PatientName="Sandringham^Ann")))
    samples = image(PatientName="Sandringham^Ann")
    samples.add_new(0x00282000, "OB", b"\1\2Ann\3\4\5")
    leaky = image(PatientName="Sandringham^Ann")
    leaky.add_new(0x00282000, "OB", b"\1Sandringham")

    assert scan(clean(samples), known) == ()
    assert kinds(scan(clean(leaky), known)) == {"patient name"}


CODED = load_coded_words()


@pytest.mark.need("G03")
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_name_in_any_coded_string_and_a_birth_date_in_any_number_is_found(syntax: str) -> None:
    """The profile keeps what the table does not list, and nobody but the scanner reads these."""
    known, leaky = identifiers_of(as_bytes(image())), image()
    planted = {"CS": ["DERIVED", "SANDRINGHAM"], "DS": ["0.5", "19520317"], "IS": "19520317"}
    for tag, (vr, *_) in DicomDictionary.items():
        if vr in planted and tag >> 16 > 0x0002 and tag not in (0x00080005, 0x00280301):
            leaky.add_new(tag, vr, planted[vr])
    outgoing = clean(leaky, syntax)
    where = layout(outgoing)
    said = {leaf.tag: where.data[leaf.start : leaf.end] for leaf in leaves(where)}
    left = {tag for tag, value in said.items() if b"SANDRINGHAM" in value or b"19520317" in value}
    found = scan(outgoing, known, coded_words=CODED)

    assert {leak.tag for leak in found} == left and len(left) > 1_300
    assert kinds(found) == {"patient name", "birth date"}
    assert "(0018,0015)" in {leak.where for leak in found}


def test_a_patient_who_is_called_as_a_body_part_or_a_shape_is_holds_nothing_up() -> None:
    for name, kept in (
        ("Hand^Rose", {"BodyPartExamined": "HAND", "CollimatorShape": "ROUND"}),
        ("Point^Mark", {"ROIGenerationAlgorithm": "MANUAL", "ImageType": ["ORIGINAL", "POINT", "MARK"]}),
    ):
        dataset = image(PatientName=name, **kept)
        assert scan(clean(dataset), identifiers_of(as_bytes(dataset)), coded_words=CODED) == ()


@pytest.mark.need("G03")
@pytest.mark.parametrize("kept", ["of 20260105", "2026-01-05 late", "5: 05/01/2026"])
def test_a_date_of_the_study_in_a_text_is_found_unless_the_profile_keeps_dates(kept: str) -> None:
    dataset = image(StudyDate="20260105", ConvolutionKernel=kept)

    assert kinds(scan(clean(dataset), identifiers_of(as_bytes(dataset)))) == {"date of the study"}
    assert scan(clean(dataset), identifiers_of(as_bytes(dataset), keeps_dates=True)) == ()


@pytest.mark.need("G03")
def test_moved_dates_of_a_study_that_lasted_past_midnight_are_no_leak() -> None:
    dataset = image(StudyDate="20260105", SeriesDate="20260106", AcquisitionDate="20260107")
    pseudonyms = Pseudonyms(KEY, 1)
    profile = load_profile(options=["retain-modified-dates"])
    days = next(n for n in range(10_000) if pseudonyms.date_shift_days(f"RX{n}", "") == -1)
    dataset.PatientID = f"RX{days}"
    dataset.IssuerOfPatientID = ""
    left = deidentify(as_bytes(dataset), profile=profile, pseudonyms=pseudonyms).part10

    assert b"20260105" in left
    assert scan(left, identifiers_of(as_bytes(dataset))) == ()


@pytest.mark.need("G03")
@pytest.mark.parametrize("text", ["NG BO", "seen: Ng, Bo", "Bo Ng today", "Ng^Bo"])
def test_a_name_whose_every_part_is_short_is_found_as_a_whole(text: str) -> None:
    dataset = image(PatientName="Ng^Bo", ConvolutionKernel=text)

    assert kinds(scan(clean(dataset), identifiers_of(as_bytes(dataset)))) == {"patient name"}
    bystander = image(PatientName="Ng^Bo", ConvolutionKernel="Bo and Ng")
    assert scan(clean(bystander), identifiers_of(as_bytes(bystander))) == ()


@pytest.mark.need("G03")
def test_what_the_hospital_knows_of_a_patient_beside_the_object_is_looked_for_too() -> None:
    known = identifiers_known(
        name="Sandringham^Annabel", numbers=["rx1-4471", "9434765919", ""], birth_date="19520317"
    )
    for text, kind in (
        ("for Annabel", "patient name"),
        ("RX1-4471", "patient ID"),
        ("943 476 5919", "NHS number"),
        ("17/03/1952", "birth date"),
    ):
        leaky = image(PatientName="Nobody^Else", PatientID="Q1", ConvolutionKernel=text)
        assert kind in kinds(scan(clean(leaky), known)), text


def test_a_short_number_that_is_met_by_chance_is_no_leak() -> None:
    dataset = image(PatientID="512", PixelSpacing=[0.512, 0.512], WindowCenter="512", AccessionNumber="")

    assert scan(clean(dataset), identifiers_of(as_bytes(dataset))) == ()


def test_a_name_in_the_character_set_of_the_study_is_found() -> None:
    for charset, name, text in (
        ("ISO_IR 127", "قباني^لنزار", "قباني"),
        ("ISO_IR 144", "Люкceмбypг", "Люкceмбypг"),
        ("ISO_IR 192", "Wang^XiaoDong=王^小东", "小东"),
        ("GB18030", "Wang^XiaoDong=王^小东", "小东"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎", "山田"),
    ):
        original = image(SpecificCharacterSet=charset, PatientName=name)
        known = identifiers_of(as_bytes(original))
        leaky = image(SpecificCharacterSet=charset, PatientName="", ConvolutionKernel=text)

        assert "patient name" in kinds(scan(as_bytes(leaky), known)), charset
        assert scan(clean(original), known) == ()


def test_bytes_that_cannot_be_followed_are_not_cleared() -> None:
    known = identifiers_of(as_bytes(image()))

    assert kinds(scan(clean(image())[:-7], known)) == {"structure that cannot be followed"}
    assert kinds(scan(b"anything at all", known)) == {"structure that cannot be followed"}


def test_neither_a_leak_nor_the_identifiers_show_the_patient() -> None:
    known = identifiers_of(as_bytes(image()))
    shown = repr(known) + repr(scan(as_bytes(image()), known))

    assert not any(text in shown.lower() for text in ("sandringham", "annabel", "rx1", "19520317", "88123"))
