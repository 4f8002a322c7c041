"""The swift way by bytes and the careful way by data set give the same data set, or the swift one stands back."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
from dicom_makers import KEY, as_bytes, image, plant, read, survivors
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from alarp.identity import Profile, Pseudonyms, Range, by_bytes, by_dataset, deidentify
from alarp.identity.explicit import NotPlain
from alarp.identity.structure import layout
from alarp.kernel import AlarpError, BadInput
from alarp.standards.deidentification import load_profile, load_profiles

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning")  # the library on planted and odd values

PSEUDONYMS = Pseudonyms(KEY, 1)
PROFILES = [load_profile(options=named.options) for named in load_profiles()]
SELECTOR_UN = 0x0072006D  # of VR UN: what it holds is left to the careful way
PLAIN = (
    "CT_small.dcm",
    "MR_small.dcm",
    "test-SR.dcm",
    "liver_1frame.dcm",
    "JPEG2000.dcm",
    "MR_small_RLE.dcm",
)


class Counted(bytes):
    """Bytes that say how far they were read."""

    furthest = 0

    def __getitem__(self, part: Any) -> Any:
        if isinstance(part, slice):
            self.furthest = max(self.furthest, min(part.stop or 0, len(self)) if (part.start or 0) < 1 else 0)
        return super().__getitem__(part)


def by_both(part10: bytes, profile: Profile) -> tuple[Dataset, Dataset] | None:
    """What leaves by each way; None where the swift one stands back."""
    try:
        segments, _, swift_done = by_bytes.rewrite(part10, profile, PSEUDONYMS, pixels_cleaned=True)
    except NotPlain:
        return None
    careful, _, careful_done = by_dataset.rewrite(part10, profile, PSEUDONYMS, pixels_cleaned=True)
    swift = b"".join(one if isinstance(one, bytes) else part10[one.start : one.end] for one in segments)
    assert dict(swift_done) == dict(careful_done)
    return read(swift), read(careful)


def tags(dataset: Dataset) -> list[Any]:
    return list(dataset.keys())


def values(dataset: Dataset) -> dict[str, str]:
    return {str(tag): str(dataset[tag].value) for tag in tags(dataset)}


def same(one: Dataset, other: Dataset) -> None:
    assert set(tags(one)) == set(tags(other))
    for element, twin in zip(one, other, strict=True):
        assert element.VR == twin.VR, element.tag
        if element.VR == "SQ":
            assert len(element.value) == len(twin.value), element.tag
            for item, twin_item in zip(element.value, twin.value, strict=True):
                same(item, twin_item)
        else:
            assert element.value == twin.value or (element.is_empty and twin.is_empty), element.tag


@pytest.mark.need("G03")
@pytest.mark.parametrize("profile", PROFILES, ids=lambda one: "+".join(one.options) or "basic")
@pytest.mark.parametrize("name", PLAIN)
def test_both_ways_give_the_same_data_set_of_real_files_with_every_attribute_planted(
    name: str, profile: Profile
) -> None:
    dataset = pydicom.dcmread(get_testdata_file(name))
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID"):
        setattr(dataset, keyword, dataset.get(keyword) or "1.2.3.4")
    for whole in (False, True):
        if whole:
            plant(dataset, [tag for tag in sorted(profile.actions) if tag != SELECTOR_UN])
        original = BytesIO()
        dataset.save_as(original)
        found = by_both(original.getvalue(), profile)
        assert found is not None
        same(*found)
        assert found[0].file_meta == found[1].file_meta


@pytest.mark.need("G03")
@pytest.mark.parametrize("name", PLAIN)
def test_the_swift_way_leaves_no_planted_value_at_any_depth(name: str) -> None:
    profile = load_profile()
    dataset = pydicom.dcmread(get_testdata_file(name))
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID"):
        setattr(dataset, keyword, dataset.get(keyword) or "1.2.3.4")
    planted = plant(dataset, [tag for tag in sorted(profile.actions) if tag != SELECTOR_UN])
    original = BytesIO()
    dataset.save_as(original)
    segments, _, _ = by_bytes.rewrite(original.getvalue(), profile, PSEUDONYMS, pixels_cleaned=True)
    after = read(
        b"".join(
            one if isinstance(one, bytes) else original.getvalue()[one.start : one.end] for one in segments
        )
    )

    assert planted > 1200
    assert survivors(after) == []
    assert not [element.tag for element in after.iterall() if element.tag.is_private]


@pytest.mark.need("G03")
@pytest.mark.shared
@pytest.mark.parametrize("profile", PROFILES, ids=lambda one: "+".join(one.options) or "basic")
def test_both_ways_give_the_same_data_set_of_the_vendors_files(shared: Path, profile: Profile) -> None:
    """Each profile on every fifth file, all files between them."""
    compared = 0
    for path in sorted((shared / "data").rglob("*.dcm"))[PROFILES.index(profile) :: len(PROFILES)]:
        try:
            found = by_both(path.read_bytes(), profile)
        except BadInput:
            continue
        if found:
            same(*found)
            compared += 1
    assert compared > 30


@pytest.mark.shared
def test_one_image_in_four_compressed_syntaxes_leaves_with_one_header_and_its_own_pixels(
    shared: Path,
) -> None:
    headers = []
    for syntax in ("j2k", "jpeg", "jpegls", "rle"):
        folder = shared / "data" / "transfer_syntaxes" / f"mr_triotim_compressed_{syntax}"
        before = (folder / "IM-0001-0001-0001.dcm").read_bytes()
        done = deidentify(before, profile=load_profile(), pseudonyms=PSEUDONYMS)
        after = read(done.part10)
        assert any(isinstance(part, Range) for part in done.segments)
        assert after.PixelData == read(before).PixelData
        headers.append(values(after) | {"(7FE0,0010)": ""})
    assert headers[0] == headers[1] == headers[2] == headers[3]


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="\\"), max_size=20)
KEYWORDS = {
    "SeriesDescription": TEXT,
    "ProtocolName": TEXT,
    "SequenceName": TEXT,
    "InstitutionName": TEXT,
    "PatientAge": st.from_regex(r"[0-9]{3}[DWMY]", fullmatch=True),
    "AcquisitionDate": st.dates().map(lambda day: day.strftime("%Y%m%d")),
    "ContentTime": st.from_regex(r"[012][0-9][0-5][0-9]", fullmatch=True),
    "OperatorsName": st.lists(TEXT.filter(lambda text: "=" not in text and text.count("^") < 5), max_size=3),
    "PatientWeight": st.decimals(1, 200, places=1).map(str),
    "FrameOfReferenceUID": st.from_regex(r"1(\.[1-9][0-9]{0,4}){3,6}", fullmatch=True),
    "RetrieveAETitle": st.from_regex(r"[A-Z]{1,12}", fullmatch=True),
}
LEVELS = st.recursive(
    st.fixed_dictionaries({}, optional=KEYWORDS),
    lambda inner: (
        st.fixed_dictionaries({}, optional=KEYWORDS | {"SourceImageSequence": st.lists(inner, max_size=3)})
        | st.fixed_dictionaries(
            {"PerformedProtocolCodeSequence": st.lists(inner, min_size=1, max_size=3)},
            optional=KEYWORDS | {"RequestAttributesSequence": st.lists(inner, max_size=2)},
        )
    ),
    max_leaves=6,
)


def as_dataset(values: dict[str, Any], into: Dataset | None = None) -> Dataset:
    made = into if into is not None else Dataset()
    for keyword, value in values.items():
        sequence = keyword.endswith("Sequence")
        setattr(made, keyword, Sequence([as_dataset(item) for item in value]) if sequence else value)
    return made


@settings(max_examples=40)
@given(LEVELS, st.booleans(), st.sampled_from(PROFILES))
def test_both_ways_give_the_same_data_set_of_any_tree_of_attributes(
    tree: dict[str, Any], open_ended: bool, profile: Profile
) -> None:
    dataset = as_dataset(tree, image())
    for element in dataset.iterall():
        if element.VR == "SQ":
            element.is_undefined_length = open_ended
            for item in element.value:
                item.is_undefined_length_sequence_item = open_ended
    part10 = as_bytes(dataset)
    found = by_both(part10, profile)

    assert found is not None
    same(*found)
    # by data set alone, from the implicit form of the same object
    implicit, _, _ = by_dataset.rewrite(
        as_bytes(dataset, ImplicitVRLittleEndian), profile, PSEUDONYMS, pixels_cleaned=True
    )
    assert values(found[0]) == values(read(implicit))


def large(**changes: Any) -> bytes:
    dataset = image(Rows=256, Columns=512, **changes)
    dataset.PixelData = bytes(256 * 512 * 2)
    return as_bytes(dataset)


def test_the_pixels_are_named_as_a_range_and_never_read() -> None:
    source = Counted(large())
    done = deidentify(source, profile=load_profile(), pseudonyms=PSEUDONYMS)

    (pixels,) = [part for part in done.segments if isinstance(part, Range)]
    assert pixels.end - pixels.start == 256 * 512 * 2 + 12
    assert source.furthest <= by_bytes.HEAD_BYTES
    assert done.size_bytes == len(done.part10)
    assert read(done.part10).PixelData == bytes(256 * 512 * 2)


def test_what_lies_behind_the_pixels_is_walked_and_not_copied() -> None:
    dataset = image(Rows=256, Columns=512)
    dataset.PixelData = bytes(256 * 512 * 2)
    dataset.add_new(0xFFFCFFFC, "OB", b"Sandringham\0")
    dataset.add_new(0x7FE10010, "LO", "MAKER")
    dataset.add_new(0x7FE11001, "LO", "Sandringham")
    dataset.add_new(0xFFFAFFFA, "SQ", Sequence([Dataset()]))
    part10 = as_bytes(dataset)
    assert part10.rindex(b"Sandringham") > by_bytes.HEAD_BYTES

    done = deidentify(part10, profile=load_profile(), pseudonyms=PSEUDONYMS)

    assert len(done.segments) == 2 and b"Sandringham" not in done.part10
    assert max(read(done.part10).keys()) == 0x7FE00010


def test_a_stamp_that_falls_into_what_goes_brings_nothing_back() -> None:
    """Private elements on both sides of an attribute that is written anew: none of them comes out again."""
    dataset = image()
    for group in (0x0011, 0x0013, 0x0027, 0x0029):
        dataset.add_new(group << 16 | 0x0010, "LO", "MAKER")
        dataset.add_new(group << 16 | 0x1001, "LO", "SECRET")
    after = deidentify(as_bytes(dataset), profile=load_profile(), pseudonyms=PSEUDONYMS)

    assert b"SECRET" not in after.part10 and b"MAKER" not in after.part10.replace(b"MAKER ", b"", 1)


def _put(part10: bytes, tag: bytes, element: bytes) -> bytes:
    place = part10.index(tag)
    return part10[:place] + element + part10[place:]


ROWS = b"\x28\x00\x10\x00US"
ODD = {
    "an odd length": b"\x18\x00\x10\x12SH\x03\x00B30",
    "a VR nobody knows": b"\x18\x00\x10\x12ZZ\x04\x00B30f",
    "a sequence in a sequence's place that holds no item": b"\x18\x00\x12\x90SQ\0\0\x08\0\0\0ABCDEFGH",
    "a delimiter inside a sequence of a defined length": (
        b"\x18\x00\x12\x90SQ\0\0\x20\0\0\0"
        + b"\xfe\xff\xdd\xe0\0\0\0\0"
        + b"\x10\x00\x10\x00PN\x10\0Sandringham^Anna"
    ),
    "an item longer than its sequence": b"\x18\x00\x12\x90SQ\0\0\x08\0\0\0\xfe\xff\x00\xe0\xff\0\0\0",
    "an undefined length that is no sequence": b"\x18\x00\x12\x90UN\0\0\xff\xff\xff\xff\xfe\xff\xdd\xe0\0\0\0\0",
    "a length beyond the end": b"\x18\x00\x12\x90OB\0\0\xff\xff\xff\x7fABCD",
    "a tag out of order": b"\x10\x00\x10\x00PN\x0c\0Sandringham^",
}


@pytest.mark.need("G03")
@pytest.mark.parametrize("what", ODD)
def test_bytes_that_do_not_lie_plainly_are_cleaned_or_refused_and_never_passed(what: str) -> None:
    part10 = _put(as_bytes(image()), ROWS, ODD[what])
    with pytest.raises(NotPlain):
        by_bytes.rewrite(part10, load_profile(), PSEUDONYMS, pixels_cleaned=True)
    try:
        after = deidentify(part10, profile=load_profile(), pseudonyms=PSEUDONYMS).part10
    except BadInput as refused:
        assert "Sandringham" not in str(refused) and "\n" not in str(refused)
    else:
        assert b"Sandringham" not in layout(after).data


@settings(max_examples=150)
@given(st.integers(132, 900), st.binary(min_size=1, max_size=6))
def test_no_damage_to_a_header_lets_the_patient_out(place: int, patch: bytes) -> None:
    good = as_bytes(image(OperatorsName=["Sandringham^Zoe", "Sandringham^Amy"]))
    place = min(place, len(good) - 40)
    hurt = good[:place] + patch + good[place + len(patch) :]
    try:
        after = deidentify(hurt, profile=load_profile(), pseudonyms=PSEUDONYMS)
    except AlarpError as refused:
        assert "Sandringham" not in str(refused)
        return
    changed = b"Sandringham" not in hurt[hurt.find(b"\x10\x00\x10\x00PN") :][:40]
    assert b"Sandringham" not in after.part10 or changed


def test_sequences_nested_beyond_all_reason_are_refused_in_one_sentence() -> None:
    content = b"\x08\x00\x60\x00CS\x02\0CT"
    for _ in range(3000):
        item = b"\xfe\xff\x00\xe0" + struct.pack("<L", len(content)) + content
        content = b"\x40\x00\x60\x02SQ\0\0" + struct.pack("<L", len(item)) + item
    part10 = _put(as_bytes(image()), b"\xe0\x7f\x10\x00OW", content)

    with pytest.raises(BadInput):
        deidentify(part10, profile=load_profile(), pseudonyms=PSEUDONYMS)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_names_in_two_character_sets_three_sequences_deep_are_gone_by_either_way(syntax: str) -> None:
    innermost, middle, outer = Dataset(), Dataset(), Dataset()
    names = ["Yamada^Tarou=山田^太郎=やまだ^たろう", "Suzuki^Hanako=鈴木^花子"]
    innermost.OperatorsName = names
    innermost.add_new(0x0040A067, "PN", names)  # retired, not in the table
    middle.add_new(0x00400260, "SQ", Sequence([innermost]))
    outer.add_new(0x00400260, "SQ", Sequence([middle]))
    dataset = image(
        SpecificCharacterSet=["", "ISO 2022 IR 87"],
        PatientName=names[0],
        PerformedProtocolCodeSequence=Sequence([outer]),
        AcquisitionDeviceProcessingCode="山田",
    )
    part10 = as_bytes(dataset, syntax)
    after = deidentify(part10, profile=load_profile(), pseudonyms=PSEUDONYMS).part10

    for name in ("Yamada", "Suzuki", "山田", "太郎", "鈴木"):
        for codec in ("iso2022_jp", "utf-8"):
            coded = name.encode(codec).replace(b"\x1b$B", b"").replace(b"\x1b(B", b"")
            assert coded in part10 or codec == "utf-8"
            assert coded not in after, name
