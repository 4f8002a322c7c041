"""What left for an AI tool, as the socket saw it? A record of its own, written before the first byte leaves.

The ledger says what was meant to be sent; this says what was handed to the socket: digest and length of the very
bytes, the name they carry, the peer, the moment. It lies in files beside the database, one for each process and
day (`egress/2026-11-22/host-pid-….jsonl`), so that who changes the ledger has not changed it. Every line carries
the digest of the line before it; the newest line of each file is sealed into the audit chain from time to time
(`heads`), so that a line or a file that was taken away is missed. A line is durable before the byte it speaks
of leaves: it may name an object whose sending was cut off, never the other way round.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import socket
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from alarp.kernel import Phase, Unavailable, canonical_json, digest
from alarp.records import clock
from alarp.records.configuration import configuration

PUSHED, PULLED = "push", "pull"


@dataclass(frozen=True, slots=True)
class Line:
    """One object as it was handed over."""

    at: datetime
    peer: str
    deployment: str
    how: str
    sop_uid: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Head:
    """The newest line of one file: how many there are, and the digest that covers them all."""

    file: str
    lines: int
    seal: str


def leaving(
    file: Path | bytes,
    *,
    peer: str,
    deployment: str,
    sop_uid: str,
    how: str = PUSHED,
    scanned_sha256: str = "",
) -> tuple[str, int]:
    """Write down that these bytes are about to leave for this peer; answers their digest and length.

    Call it for every object handed to an AI tool, by push or by pull, immediately before the first byte. `sop_uid`
    is the name in the object's own file meta. Raises Unavailable when the line cannot be made durable, and when
    the bytes are not those that were scanned (`scanned_sha256`): then nothing may leave.
    """
    sha256, size = _measured(file)
    if scanned_sha256 not in ("", sha256):
        raise Unavailable(
            "An image came out otherwise than when it was scanned; the study is proved anew.",
            phase=Phase.DEIDENTIFY,
        )
    entry: dict[str, str | int] = {
        "at": clock.now().isoformat(timespec="microseconds"),
        "bytes": size,
        "deployment": deployment,
        "how": how,
        "peer": peer,
        "sha256": sha256,
        "sop_uid": sop_uid,
    }
    try:
        _journal().add(entry)
    except OSError as error:
        raise Unavailable(
            f"The record of what leaves cannot be written ({type(error).__name__}); nothing leaves without it.",
            phase=Phase.SEND,
        ) from None
    return sha256, size


def _measured(file: Path | bytes) -> tuple[str, int]:
    if isinstance(file, bytes):
        return hashlib.sha256(file).hexdigest(), len(file)
    with file.open("rb", buffering=0) as handle:
        found = hashlib.file_digest(handle, "sha256")
        return found.hexdigest(), handle.tell()


class _Journal:
    """The file of this process and this day; lines are added by one thread at a time."""

    def __init__(self, day: date) -> None:
        self.day, self.pid = day, os.getpid()
        folder = configuration().data / "egress" / day.isoformat()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{socket.gethostname()}-{self.pid}-{secrets.token_hex(4)}.jsonl"
        self._handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        for place in (folder, folder.parent):
            opened = os.open(place, os.O_RDONLY)
            os.fsync(opened)
            os.close(opened)
        self._seal = ""
        self._lock = threading.Lock()

    def add(self, entry: dict[str, str | int]) -> None:
        with self._lock:
            whole = {**entry, "previous": self._seal}
            seal = digest(whole)
            line = canonical_json({**whole, "seal": seal}).decode() + "\n"
            os.write(self._handle, line.encode())
            os.fdatasync(self._handle)
            self._seal = seal


_JOURNALS: list[_Journal] = []
_OPENING = threading.Lock()


def _journal() -> _Journal:
    """This process's file of today; a forked process and a new day begin their own."""
    today = clock.now().date()
    with _OPENING:
        if not _JOURNALS or (_JOURNALS[-1].day, _JOURNALS[-1].pid) != (today, os.getpid()):
            _JOURNALS[:] = [_Journal(today)]
        return _JOURNALS[-1]


@dataclass(frozen=True, slots=True)
class Recorded:
    """Every line of a time, where each file ends now, and what is wrong with the record itself."""

    lines: tuple[Line, ...]
    heads: tuple[Head, ...]
    troubles: tuple[str, ...]


def read(begin: datetime, end: datetime, anchored: tuple[Head, ...] = ()) -> Recorded:
    """What left from `begin` (included) to `end` (not included), and is the record whole?

    `anchored`: the heads that were sealed elsewhere before. Each must still be there, at its place.
    """
    lines: list[Line] = []
    heads: list[Head] = []
    troubles: list[str] = []
    sealed: dict[str, list[Head]] = {}
    for head in anchored:
        sealed.setdefault(head.file, []).append(head)
    for name, file in _files(begin.date(), end.date()):
        seals = _read_file(name, file, lines, troubles)
        heads.append(Head(name, len(seals), seals[-1] if seals else ""))
        troubles += _against(sealed.pop(name, []), seals)
    for gone in sealed.values():
        day = date.fromisoformat(gone[0].file.split("/")[0])
        if begin.date() <= day <= end.date():
            troubles.append(f"The file {gone[0].file} of the egress record is gone.")
    inside = (line for line in lines if begin <= line.at < end)
    return Recorded(tuple(sorted(inside, key=lambda line: line.at)), tuple(heads), tuple(troubles))


def first_times(
    wanted: Collection[tuple[str, str]], first: date, last: date
) -> dict[tuple[str, str], datetime]:
    """When did each of these objects (deployment, name) begin to leave, as far as these days tell?

    One without a line is not in the answer. What is wrong with the record itself is the proof's to say (`read`): a line
    that cannot be read is passed over here.
    """
    found: dict[tuple[str, str], datetime] = {}
    for _, file in _files(first, last) if wanted else ():
        with file.open("rb") as handle:
            for raw in handle:
                name, at = _said(raw) or (None, None)
                if name in wanted and at is not None:
                    found[name] = min(at, found.get(name, at))
    return found


def _said(raw: bytes) -> tuple[tuple[str, str], datetime] | None:
    try:
        entry = json.loads(raw) if raw.endswith(b"\n") else {}
        return (str(entry["deployment"]), str(entry["sop_uid"])), datetime.fromisoformat(entry["at"])
    except (ValueError, KeyError, TypeError):
        return None


def heads(day: date) -> tuple[Head, ...]:
    """Where does each file of this day end now?"""
    found = []
    for name, file in _files(day, day):
        seals = _read_file(name, file, [], [])
        found.append(Head(name, len(seals), seals[-1] if seals else ""))
    return tuple(found)


def _files(first: date, last: date) -> Iterator[tuple[str, Path]]:
    folder = configuration().data / "egress"
    for day in sorted(folder.iterdir()) if folder.is_dir() else ():
        if day.is_dir() and first.isoformat() <= day.name <= last.isoformat():
            for file in sorted(day.glob("*.jsonl")):
                yield f"{day.name}/{file.name}", file


def _read_file(name: str, file: Path, lines: list[Line], troubles: list[str]) -> list[str]:
    """Add this file's lines; answers the seal of each. A last line without its end never left: it was not synced."""
    seals: list[str] = []
    for number, raw in enumerate(file.read_bytes().splitlines(keepends=True), 1):
        if not raw.endswith(b"\n"):
            break
        try:
            entry = json.loads(raw)
            seal = entry.pop("seal")
            line = _line(entry)
        except (ValueError, KeyError, TypeError, AttributeError):
            troubles.append(f"Line {number} of {name} in the egress record cannot be read.")
            break
        if entry["previous"] != (seals[-1] if seals else "") or digest(entry) != seal:
            troubles.append(f"Line {number} of {name} in the egress record was changed or does not follow.")
        seals.append(seal)
        lines.append(line)
    return seals


def _line(entry: dict[str, object]) -> Line:
    return Line(
        at=datetime.fromisoformat(str(entry["at"])),
        peer=str(entry["peer"]),
        deployment=str(entry["deployment"]),
        how=str(entry["how"]),
        sop_uid=str(entry["sop_uid"]),
        sha256=str(entry["sha256"]),
        size_bytes=int(str(entry["bytes"])),
    )


def _against(anchored: list[Head], seals: list[str]) -> list[str]:
    return [
        f"{head.file} of the egress record no longer holds line {head.lines} as it was sealed."
        for head in anchored
        if head.lines and (len(seals) < head.lines or seals[head.lines - 1] != head.seal)
    ]
