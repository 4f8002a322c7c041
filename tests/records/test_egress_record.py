"""The record of what left: durable before the byte, one line for each object, and nothing can be taken from it unseen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alarp.kernel import Unavailable
from alarp.records import clock, egress


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    from alarp.records.configuration import configuration

    class Here:
        data = tmp_path

    assert configuration()
    monkeypatch.setattr(egress, "configuration", lambda: Here)
    monkeypatch.setattr(egress, "_JOURNALS", [])
    yield tmp_path / "egress"


def hour() -> tuple[datetime, datetime]:
    return clock.now() - timedelta(hours=1), clock.now() + timedelta(hours=1)


def leave(n: int) -> None:
    egress.leaving(f"object {n}".encode(), peer="TOOL", deployment="flag", sop_uid=f"1.2.{n}")


def only_file(folder: Path) -> Path:
    (file,) = folder.glob("*/*.jsonl")
    return file


def test_a_line_names_the_digest_and_length_of_the_very_bytes(tmp_path: Path) -> None:
    file = tmp_path / "image.dcm"
    file.write_bytes(b"x" * 3_000_000)
    egress.leaving(file, peer="TOOL", deployment="flag", sop_uid="1.2.3")
    (line,) = egress.read(*hour()).lines
    assert (line.sha256, line.size_bytes) == (hashlib.sha256(file.read_bytes()).hexdigest(), 3_000_000)
    assert (line.peer, line.deployment, line.how, line.sop_uid) == ("TOOL", "flag", "push", "1.2.3")


def test_only_the_lines_of_the_time_asked_for_are_answered() -> None:
    leave(1)
    begin, end = hour()
    assert len(egress.read(begin, end).lines) == 1
    assert egress.read(end, end + timedelta(hours=1)).lines == ()


@pytest.mark.need("G06")
@pytest.mark.parametrize("how", ["changed", "taken out", "exchanged"])
def test_a_line_that_was_tampered_with_is_found(folder: Path, how: str) -> None:
    for n in range(4):
        leave(n)
    lines = only_file(folder).read_bytes().splitlines(keepends=True)
    if how == "changed":
        lines[1] = lines[1].replace(b"1.2.1", b"1.2.9")
    elif how == "taken out":
        del lines[1]
    else:
        lines[1], lines[2] = lines[2], lines[1]
    only_file(folder).write_bytes(b"".join(lines))
    assert egress.read(*hour()).troubles


@pytest.mark.need("G06")
def test_lines_or_files_taken_from_the_end_are_missed_by_the_heads_that_were_sealed_elsewhere(
    folder: Path,
) -> None:
    for n in range(4):
        leave(n)
    heads = egress.heads(clock.now().date())
    leave(4)  # growing on is what a record does
    assert egress.read(*hour(), heads).troubles == ()
    file = only_file(folder)
    whole = file.read_bytes()
    file.write_bytes(b"".join(whole.splitlines(keepends=True)[:3]))
    assert egress.read(*hour()).troubles == ()  # the file alone cannot tell
    assert "no longer holds line 4" in egress.read(*hour(), heads).troubles[0]
    file.unlink()
    assert "is gone" in egress.read(*hour(), heads).troubles[0]


def test_a_line_that_was_cut_off_before_it_was_synced_is_no_fault_and_no_object(folder: Path) -> None:
    leave(1)
    with only_file(folder).open("ab") as handle:
        handle.write(json.dumps({"at": "2026"}).encode())
    found = egress.read(*hour())
    assert len(found.lines) == 1 and found.troubles == ()


def test_nothing_leaves_when_the_line_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    leave(1)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(egress.os, "fdatasync", full)
    with pytest.raises(Unavailable, match="nothing leaves without it"):
        leave(2)


@pytest.mark.need("G08")
def test_when_an_object_first_began_to_leave_is_found_by_its_name_and_its_deployment(folder: Path) -> None:
    for number in (1, 2, 1):
        leave(number)
    with only_file(folder).open("ab") as handle:
        handle.write(b'no line\n{"at": "cut o')
    first, today = egress.read(*hour()).lines[0].at, clock.now().date()
    wanted = {("flag", "1.2.1"), ("another", "1.2.2"), ("flag", "1.2.3")}
    assert egress.first_times(wanted, today, today) == {("flag", "1.2.1"): first}
    assert egress.first_times(wanted, today + timedelta(days=1), today + timedelta(days=9)) == {}
