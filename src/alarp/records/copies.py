"""How do planned bytes become a file? What is new, and what stays of the source, in as few system calls as can be.

The core answers a de-identification with segments: new bytes, and ranges of the source. A range is read into one
buffer and written from it together with what is new before it. That the kernel copies (copy_file_range(2)) takes a
third longer here: behind another header the pixels never begin at the same place of a page.
"""

from __future__ import annotations

import errno
import os
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from alarp.identity import Range

_AT_ONCE_BYTES = 1 << 18  # stays in the cache beside what reads headers


class _Buffers(threading.local):
    """One buffer for each thread, used again and again."""

    def __init__(self) -> None:
        self.view = memoryview(bytearray(_AT_ONCE_BYTES))


_BUFFERS = _Buffers()


class FileBytes:
    """A file whose bytes are read in slices, where they are asked for. Its size is that at opening."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._size = os.fstat(descriptor).st_size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        start, stop, step = part.indices(self._size)
        if step != 1:
            raise ValueError("a file is read in stretches, one byte after the other")
        return _read(self.descriptor, start, stop - start) if stop > start else b""


@contextmanager
def opened(path: Path) -> Iterator[FileBytes]:
    """The bytes of this file, to be read in slices."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield FileBytes(descriptor)
    finally:
        os.close(descriptor)


def write_beside(target: Path, source: FileBytes, segments: Sequence[bytes | Range]) -> Path:
    """Write these segments to a new file beside `target`, which nobody takes for a finished one; answers its path."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        new: list[bytes | memoryview] = []
        for segment in segments:
            if isinstance(segment, bytes):
                new.append(segment)
            else:
                _copy(source.descriptor, descriptor, segment, new)
                new = []
        _write(descriptor, new)
    except BaseException:
        temporary.unlink()
        raise
    finally:
        os.close(descriptor)
    return temporary


def settle(temporary: Path, target: Path) -> None:
    """Give a finished file its name, at once or not at all. Raises FileExistsError where another one has it.

    The temporary file is gone afterwards in either case.
    """
    try:
        os.link(temporary, target)  # unlike a rename, it does not replace what another one laid there
    finally:
        temporary.unlink()


def _copy(source: int, target: int, stays: Range, new: Sequence[bytes | memoryview]) -> None:
    """Write what is new, and this range of the source behind it."""
    start, before = stays.start, list(new)
    while start < stays.end:
        view = _BUFFERS.view[: stays.end - start]
        copied = os.preadv(source, [view], start)
        if not copied:
            raise OSError(errno.EIO, "the source became shorter while it was read")
        _write(target, [*before, view[:copied]])
        start, before = start + copied, []
    _write(target, before)


def _read(descriptor: int, start: int, length: int) -> bytes:
    data = os.pread(descriptor, length, start)
    while len(data) < length:
        more = os.pread(descriptor, length - len(data), start + len(data))
        if not more:
            break
        data += more
    return data


def _write(descriptor: int, parts: Sequence[bytes | memoryview]) -> None:
    left = [memoryview(part) for part in parts if len(part)]
    while left:
        written = os.writev(descriptor, left)
        while left and written >= len(left[0]):
            written -= len(left.pop(0))
        if written:
            left[0] = left[0][written:]
