"""What matches what, as a table that can be read beside PS3.4 C.2.2.2."""

from __future__ import annotations

import io
import secrets
import time
from typing import Any

import pytest

from alarp.gateway.dicomweb.multipart import Parts, media_type, part_head, tail
from alarp.gateway.pulling.matching import matches, query, wild
from alarp.kernel import BadInput


@pytest.mark.parametrize(
    ("keyword", "wanted", "have", "fits"),
    [
        ("PatientID", ("A12",), "A12", True),
        ("PatientID", ("a12",), "A12", False),
        ("PatientID", ("A*",), "A12", True),
        ("PatientID", ("A?2",), "A12", True),
        ("PatientID", ("A?",), "A12", False),
        ("PatientID", ("A12",), "", False),
        ("PatientName", ("smith^anna",), "Smith^Anna", True),
        ("PatientName", ("SMITH^ANNA",), "Smith^Anna^^", True),
        ("PatientName", ("SM*",), "Łukasz^Anna", False),
        ("StudyDate", ("20260101-20260131",), "20260131", True),
        ("StudyDate", ("20260101-20260131",), "20260201", False),
        ("StudyDate", ("-20260131",), "20260131", True),
        ("StudyDate", ("20260131-",), "20260130", False),
        ("StudyDate", ("2026013?",), "20260131", False),
        ("StudyTime", ("10-11",), "115959", True),
        ("StudyTime", ("1015",), "101530", True),
        ("StudyInstanceUID", ("1.2.3", "1.2.4"), "1.2.4", True),
        ("StudyInstanceUID", ("1.2.3",), "1.2.30", False),
        ("ModalitiesInStudy", ("CT",), ["CR", "CT"], True),
        ("ModalitiesInStudy", ("MR",), ["CR", "CT"], False),
        ("InstanceNumber", ("02",), 2, True),
        ("SeriesNumber", ("3",), None, False),
    ],
)
def test_a_value_matches_as_the_standard_says(
    keyword: str, wanted: tuple[str, ...], have: Any, fits: bool
) -> None:
    assert matches(keyword, wanted, have) is fits


def test_a_pattern_made_to_be_slow_is_not() -> None:
    start = time.process_time()
    assert not wild("*a" * 200 + "b", "a" * 20_000)
    assert time.process_time() - start < 5


def test_what_nobody_knows_is_neither_matched_nor_answered_and_a_uid_is_a_uid() -> None:
    asked = query(
        "STUDY",
        [("StudyInstanceUID", ""), ("SeriesInstanceUID", "1.2.3"), ("EthnicGroup", "x"), ("PatientID", "*")],
    )
    assert asked.keys == {} and asked.wanted == ("StudyInstanceUID", "PatientID")
    with pytest.raises(BadInput, match="StudyInstanceUID is not a UID"):
        query("STUDY", [("StudyInstanceUID", "../../etc")])
    with pytest.raises(BadInput, match="names no level"):
        query("FRAME", [])


@pytest.mark.parametrize("size", [1, 7, 4096, 262_144])
def test_parts_come_out_as_they_went_in_however_the_body_is_cut(size: int) -> None:
    contents = [secrets.token_bytes(70_000), b"", b"\r\n--x\r\n--xy--\r\n", b"\r\n" * 50]
    body = b"".join(
        part_head("boundary", "application/dicom", first=not n) + c for n, c in enumerate(contents)
    )

    class Dribbling(io.BytesIO):
        def read(self, most: int | None = -1) -> bytes:
            return super().read(size)

    found = [
        (h, b"".join(content))
        for h, content in Parts(Dribbling(body + tail("boundary")), "boundary", most_bytes=10**6)
    ]
    assert [content for _, content in found] == contents
    assert {h["content-type"] for h, _ in found} == {"application/dicom"}


def test_a_part_that_is_not_read_is_passed_over() -> None:
    body = b"preamble\r\n--b\r\nA: 1\r\n\r\nfirst\r\n--b\r\n\r\nsecond\r\n--b--epilogue"
    assert [h for h, _ in Parts(io.BytesIO(body), "b", most_bytes=1000)] == [{"a": "1"}, {}]


def test_a_media_type_is_read_with_its_parameters() -> None:
    found = media_type('multipart/related; Type="application/dicom"; boundary="a b"')
    assert (found.kind, found.parameters) == (
        "multipart/related",
        {"type": "application/dicom", "boundary": "a b"},
    )
