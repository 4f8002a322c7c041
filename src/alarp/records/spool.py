"""What was taken in, and is not in the ledger yet? One durable file for each object, in the order in which they came.

Success may be said as soon as an object lies here (ADR 0021): its bytes, what was announced for them (the file's own
preamble and meta, written by the gateway) and, in its name, when it came, from which peer, and the checksum that was
taken of its bytes on their way in. Whoever writes the ledger reads the bytes against it, takes the digest under which
they lie in the store from then on, and marks the object as written; it is taken out when its own name there is durable
as well, which is done for many at once when there is time, since every sync makes those wait who receive.

The checksum (XXH3, 128 bits) tells an accident, which is all that can happen here: a file torn by a power cut, a disk
that gives back something else. It takes a thirtieth of the time of SHA-256, and a sender waits for it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count as numbers
from itertools import islice
from pathlib import Path

import xxhash

from alarp.records import clock, objects
from alarp.records.configuration import configuration

_NAME = re.compile(
    r"(?P<at>\d{17})-\d+-\d+\.(?P<peer>\d+)\.(?P<checksum>[0-9a-f]{32})"
    r"(\.(?P<sha256>[0-9a-f]{64}))?(?P<mark>\.aside|\.written)?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NUMBERS = numbers()
_BLOCK_BYTES = 256 * 1024  # lies in the processor's cache while both read it
_ASIDE, _WRITTEN = ".aside", ".written"
_held: list[int] = []  # the lock on the folder goes with this process


@dataclass(frozen=True, slots=True)
class Entry:
    """One object that was taken in: where it lies, when it came, who brought it, and the checksum of its bytes."""

    file: Path
    at: datetime
    peer: int
    checksum: str


def folder() -> Path:
    """Where they lie, on the same disk as the store."""
    return objects.folder_within("spool")


def add(temporary: Path, *, peer: int, checksum: str, at: datetime) -> None:
    """Take in this written file; when this returns, a power cut no longer loses it.

    Renamed first and synced afterwards, as `objects.place` does. A file that was not synced by then may lie here
    torn: nobody was told of it, and `digest_of` finds it by its checksum.
    """
    moment = (at - _EPOCH) // _MICROSECOND
    target = folder() / f"{moment:017d}-{os.getpid()}-{next(_NUMBERS)}.{peer}.{checksum}"
    temporary.rename(target)
    objects.make_durable(target)


def is_mine() -> bool:
    """Am I the only process that empties it? Whoever asks first, until it ends, however it ends."""
    if not _held:
        handle = os.open(folder(), os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        _held.append(handle)
    return True


def entries(most: int | None = None) -> list[Entry]:
    """Those that came first, at most so many; all of them when no number is given. None that was set aside."""
    waiting = (name for name in _names() if not name["mark"])
    return [_entry(name) for name in islice(waiting, most)]


def oldest() -> datetime | None:
    """When did the one come that has waited longest, set aside or not?"""
    return next((_entry(name).at for name in _names() if name["mark"] != _WRITTEN), None)


def _names() -> list[re.Match[str]]:
    with os.scandir(folder()) as found:
        names = sorted(one.name for one in found)
    return [read for name in names if (read := _NAME.fullmatch(name))]


def _entry(name: re.Match[str]) -> Entry:
    at = _EPOCH + int(name["at"]) * _MICROSECOND
    return Entry(configuration().objects / "spool" / name.string, at, int(name["peer"]), name["checksum"])


def written_up_to() -> datetime:
    """Up to which moment does the ledger know of everything that came? Ask before you read the ledger."""
    return next((entry.at for entry in entries(1)), clock.now())


def set_aside(entry: Entry) -> None:
    """Let this one, which cannot be written down, stand in nobody's way; it is tried again with the next start."""
    entry.file.rename(entry.file.with_name(entry.file.name + _ASIDE))


def take_up_again() -> None:
    """What was set aside is tried once more."""
    for file in folder().glob(f"*{_ASIDE}"):
        file.rename(file.with_name(file.name.removesuffix(_ASIDE)))


def digest_of(entry: Entry) -> str | None:
    """The SHA-256 digest of this object; none when its bytes are not those that were taken in."""
    checksum, digest = xxhash.xxh3_128(), hashlib.sha256()
    with entry.file.open("rb", buffering=0) as handle:
        block = bytearray(_BLOCK_BYTES)
        while size := handle.readinto(block):
            read = memoryview(block)[:size]
            checksum.update(read)
            digest.update(read)
    return digest.hexdigest() if checksum.hexdigest() == entry.checksum else None


def written(done: Iterable[tuple[Entry, str]]) -> None:
    """These are in the store under their digests, and in the ledger."""
    for entry, sha256 in done:
        entry.file.rename(entry.file.with_name(f"{entry.file.name}.{sha256}{_WRITTEN}"))


def take_out() -> None:
    """Make durable where the written ones lie in the store, and let them go from here."""
    done = [(_entry(name).file, name["sha256"]) for name in _names() if name["mark"] == _WRITTEN]
    objects.adopt(done)  # a power cut may have taken the name in the store
    objects.sync_places(sha256 for _, sha256 in done)
    for file, _ in done:
        file.unlink(missing_ok=True)


def count(*, came_before: datetime | None = None) -> int:
    """How many were taken in (before this moment) and not written down, those that were set aside among them?"""
    waiting = (name for name in _names() if name["mark"] != _WRITTEN)
    return sum(came_before is None or _entry(name).at < came_before for name in waiting)
