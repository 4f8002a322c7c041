"""A header that is recognised is read as if it had been walked; the least doubt, and it is walked."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from dicom_makers import as_bytes, image
from hypothesis import given
from hypothesis import strategies as st

from alarp.identity import shape
from alarp.identity.explicit import GOES, LOOK, STAYS, NotPlain, Table, Walked, walk
from alarp.identity.file_meta import read_file_meta
from alarp.identity.shape import Shape, walk_again

MARKS = (0x00080050, 0x00100010, 0x00120062, 0x00280303)


def table() -> Table:
    return Table(lambda key, tag, vr: LOOK if vr in ("UI", "SQ") else GOES if tag % 3 == 0 else STAYS)


def header(**changes: Any) -> tuple[bytes, int]:
    """An image whose pixels reach beyond what is given of it, and where its data set begins."""
    made = image(**changes)
    made.add_new(0x00400275, "SQ", [image()])
    made.PixelData = bytes(100_000)
    whole = as_bytes(made)
    return whole[:8192], data_set_of(whole)


def data_set_of(part10: bytes) -> int:
    return read_file_meta(part10)[2]


def seen(data: bytes, start: int) -> tuple[Table, Shape]:
    known = table()
    found = Shape.of(data, walk(data, start, len(data), known, marks=MARKS), MARKS)
    assert found is not None
    return known, found


def walked(data: bytes, start: int, known: Table) -> Walked | None:
    try:
        return walk(data, start, len(data), known, marks=MARKS)
    except NotPlain:
        return None


DATA, START = header()
KNOWN, SEEN = seen(DATA, START)


@given(st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 255)), min_size=1, max_size=4))
def test_whatever_bytes_differ_the_answer_is_that_of_a_walk_or_none(changes: list[tuple[int, int]]) -> None:
    data = bytearray(DATA)
    for place, byte in changes:
        data[START + place] = byte
    found = SEEN.found_in(bytes(data), START, MARKS)
    assert found is None or found == walked(bytes(data), START, KNOWN)


@given(st.integers(0, len(SEEN.walked.starts) - 1), st.integers(0, 11), st.integers(0, 255))
def test_a_byte_of_a_head_that_differs_is_never_passed_over(element: int, byte: int, value: int) -> None:
    data = bytearray(DATA)
    data[SEEN.walked.starts[element] + byte] = value
    found = SEEN.found_in(bytes(data), START, MARKS)
    assert found is None or found == walked(bytes(data), START, KNOWN)


WORDS = st.text("ABC", max_size=40)


@given(WORDS, WORDS, WORDS, st.integers(1, 20), st.booleans())
def test_values_of_another_length_are_recognised_and_lie_where_a_walk_finds_them(
    name: str, description: str, code: str, items: int, more: bool
) -> None:
    changes: dict[str, Any] = {"PatientName": name, "InstitutionName": description, "StationName": code}
    data, start = header(
        **changes, ProtocolName="AB" * items, **({"BodyPartExamined": "HEAD"} if more else {})
    )
    first, first_start = header(StationName="ROOM", ProtocolName="HEAD")
    known, before = seen(first, first_start)
    found = before.found_in(data, start, MARKS)
    assert found == (None if more else walked(data, start, known))


@pytest.mark.parametrize("sequences", [LOOK, GOES, STAYS])
def test_a_header_without_pixels_beyond_it_or_with_an_open_sequence_is_walked_each_time(
    sequences: int,
) -> None:
    known = Table(lambda key, tag, vr: sequences if vr == "SQ" else STAYS)
    whole = as_bytes(image())
    start = data_set_of(whole)
    assert Shape.of(whole, walk(whole, start, len(whole), known, marks=MARKS), MARKS) is None
    made = image(PixelData=bytes(100_000))
    made.add_new(0x00400275, "SQ", [image()])
    made[0x00400275].is_undefined_length = True
    data = as_bytes(made)[:8192]
    start = data_set_of(data)
    assert Shape.of(data, walk(data, start, len(data), known, marks=MARKS), MARKS) is None


def test_a_series_is_walked_once_and_four_kinds_of_header_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    walks: Counter[str] = Counter()

    def counted(*arguments: Any, **named: Any) -> Walked:
        walks["walks"] += 1
        return walk(*arguments, **named)

    monkeypatch.setattr(shape, "walk", counted)
    known = table()
    for number in range(30):
        data, start = header(InstanceNumber=str(number), PatientName="A" * number)
        assert walk_again(data, start, known, marks=MARKS) == walked(data, start, known)
    assert walks["walks"] == 1
    kinds = [
        header(**{word: "1"}) for word in ("AcquisitionNumber", "EchoNumbers", "TriggerTime", "HeartRate")
    ]
    for _ in range(3):
        for data, start in kinds:
            assert walk_again(data, start, known, marks=MARKS) == walked(data, start, known)
    assert walks["walks"] == 5 and len(known.shapes) == shape.MOST_SHAPES


@pytest.mark.shared
def test_real_series_are_recognised_and_found_as_a_walk_finds_them(shared: Path) -> None:
    recognised = 0
    for folder in ("ct_abdomen_rtstruct/ct", "ct_head_phantom_philips"):
        known = table()
        for file in sorted((shared / "data" / folder).iterdir()):
            head = file.read_bytes()[: 1 << 16]
            start = data_set_of(head)
            before = known.shapes
            assert walk_again(head, start, known, marks=MARKS) == walk(
                head, start, len(head), known, marks=MARKS
            )
            recognised += known.shapes == before
    assert recognised >= 40


def test_what_is_remembered_of_a_header_holds_no_value() -> None:
    data, start = header(PatientName="Sandringham^Annabel")
    _, found = seen(data, start)
    kept = b"".join([found.heads.tobytes(), *(one.key for _, one in found.looked_at)])
    assert b"Sandring" not in kept and b"RX1-4471" not in kept
    assert all(isinstance(one.start, int) for _, one in found.looked_at)
