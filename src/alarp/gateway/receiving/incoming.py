"""Where do the bytes of one object go while they come in? Into a file beside the store, summed on their way."""

from __future__ import annotations

import itertools
import os
import secrets
from pathlib import Path

import xxhash

from alarp.gateway.receiving.messages import file_head

_RUN = secrets.token_hex(8)
_NUMBERS = itertools.count()


class Incoming:
    """One object on its way in. A disk that does not take it is told by `failure`, not in the middle of a stream."""

    def __init__(self, folder: Path, *, sop_class: str, sop_uid: str, transfer_syntax: str) -> None:
        self.sop_class, self.sop_uid, self.transfer_syntax = sop_class, sop_uid, transfer_syntax
        self.file = folder / f"{os.getpid()}-{_RUN}-{next(_NUMBERS)}"
        self.failure: OSError | None = None
        self._checksum = xxhash.xxh3_128()
        try:
            handle = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._out = os.fdopen(handle, "wb", buffering=0)
        except OSError as error:
            self.failure = error
        self.write(file_head(sop_class, sop_uid, transfer_syntax))

    def write(self, data: bytes | memoryview) -> None:
        """Add these bytes; after a failure they are let go, so that the sender can be answered at the end."""
        if self.failure is not None:
            return
        try:
            rest = memoryview(data)
            self._checksum.update(rest)
            while rest:
                rest = rest[self._out.write(rest) :]
        except OSError as error:
            self.failure = error

    @property
    def checksum(self) -> str:
        """By which the spool tells a torn file."""
        return self._checksum.hexdigest()

    def close(self) -> None:
        """No more bytes come. Raises the failure, when there was one."""
        if hasattr(self, "_out"):
            self._out.close()
        if self.failure is not None:
            raise self.failure

    def discard(self) -> None:
        """Leave nothing of it. What `keep` has given its place under its digest is not touched."""
        if hasattr(self, "_out"):
            self._out.close()
        self.file.unlink(missing_ok=True)


def sweep(folder: Path, *, older_than_s: float, now: float) -> None:
    """Remove what a dead process left half-written: never acknowledged, so the sender still has it."""
    for file in folder.iterdir():
        if file.is_file() and file.stat().st_mtime < now - older_than_s:
            file.unlink(missing_ok=True)
