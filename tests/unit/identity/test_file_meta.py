"""The names in a file meta, read without the library, are those that the library reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import data
from pydicom.filereader import read_file_meta_info

from alarp.gateway.associations import Outgoing
from alarp.identity.explicit import NotPlain
from alarp.identity.file_meta import file_meta, read_names

NAMES = ("MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "TransferSyntaxUID")


def by_the_library(file: Path) -> tuple[str, ...] | None:
    try:
        meta = read_file_meta_info(file)
    except Exception:
        return None
    return tuple(str(meta[name].value) for name in NAMES) if all(name in meta for name in NAMES) else None


def test_the_names_are_those_that_the_library_reads() -> None:
    compared = 0
    for file in sorted(Path(data.__file__).parent.rglob("*.dcm")):
        expected = by_the_library(file)
        if expected is not None and file.read_bytes()[128:132] == b"DICM":
            compared += 1
            assert read_names(file.read_bytes()[:2048]) == expected, file.name
            outgoing = Outgoing.of(file)
            assert (outgoing.sop_class, outgoing.sop_uid, outgoing.transfer_syntax) == expected
    assert compared > 30


@pytest.mark.parametrize("length", [0, 100, 140, 150, 200, 300])
def test_a_meta_that_does_not_end_here_is_not_believed(length: int) -> None:
    whole = file_meta("1.2.840.10008.5.1.4.1.1.2", "2.25.1", "1.2.840.10008.1.2.1")
    assert read_names(whole) == ("1.2.840.10008.5.1.4.1.1.2", "2.25.1", "1.2.840.10008.1.2.1")
    with pytest.raises(NotPlain):
        read_names(whole[: min(length, len(whole) - 1)])
