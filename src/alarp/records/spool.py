"""What was taken in, and is not in the ledger yet? One durable file for each object, in the order in which they came.

Success may be said as soon as an object lies here (ADR 0021): its bytes, what was announced for them (the file's own
preamble and meta, written by the gateway) and, in its name, when it came, from which peer, and its digest. Whoever
writes the ledger marks it as written; it is taken out when the object's own name is durable as well, which is done
for many at once when there is time, since every sync makes those wait who receive.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count as numbers
from itertools import islice
from pathlib import Path

from alarp.records import clock, objects
from alarp.records.configuration import configuration

_NAME = re.compile(
    r"(?P<at>\d{17})-\d+-\d+\.(?P<peer>\d+)\.(?P<sha256>[0-9a-f]{64})(?P<mark>\.aside|\.written)?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NUMBERS = numbers()
_ASIDE, _WRITTEN = ".aside", ".written"
_held: list[int] = []  # the lock on the folder goes with this process


@dataclass(frozen=True, slots=True)
class Entry:
    """One object that was taken in: where it lies, when it came, who brought it, and the digest of its bytes."""

    file: Path
    at: datetime
    peer: int
    sha256: str


def folder() -> Path:
    """Where they lie, on the same disk as the store."""
    return objects.folder_within("spool")


def add(temporary: Path, *, peer: int, sha256: str, at: datetime) -> None:
    """Take in this written file; when this returns, a power cut no longer loses it.

    Renamed first and synced afterwards, as `objects.place` does. A file that was not synced by then may lie here
    torn: nobody was told of it, and `torn` finds it by its digest.
    """
    moment = (at - _EPOCH) // _MICROSECOND
    target = folder() / f"{moment:017d}-{os.getpid()}-{next(_NUMBERS)}.{peer}.{sha256}"
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
    return Entry(configuration().objects / "spool" / name.string, at, int(name["peer"]), name["sha256"])


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


def written(done: Iterable[Entry]) -> None:
    """These are in the store and in the ledger."""
    for entry in done:
        entry.file.rename(entry.file.with_name(entry.file.name + _WRITTEN))


def take_out() -> None:
    """Make durable where the written ones lie in the store, and let them go from here."""
    done = [_entry(name) for name in _names() if name["mark"] == _WRITTEN]
    objects.adopt(
        [(entry.file, entry.sha256) for entry in done]
    )  # a power cut may have taken the name in the store
    objects.sync_places(entry.sha256 for entry in done)
    for entry in done:
        entry.file.unlink(missing_ok=True)


def count(*, came_before: datetime | None = None) -> int:
    """How many were taken in (before this moment) and not written down, those that were set aside among them?"""
    waiting = (name for name in _names() if name["mark"] != _WRITTEN)
    return sum(came_before is None or _entry(name).at < came_before for name in waiting)


def torn() -> list[Entry]:
    """Those whose bytes are not what their name says: the machine stopped before they were synced."""
    return [entry for entry in entries() if not objects.has_digest(entry.file, entry.sha256)]
