"""How do planned bytes become a file? What is new is written; what stays of the source is copied by the kernel.

The core answers a de-identification with segments: new bytes, and ranges of the source. Pixels, nearly all of an
image, then never pass through this process (copy_file_range(2); where a file system cannot, they are read and written).
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from alarp.identity import Range

_CANNOT = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF})
_AT_ONCE_BYTES = 1 << 20


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
        for segment in segments:
            if isinstance(segment, bytes):
                _write(descriptor, segment)
            else:
                _copy(source.descriptor, descriptor, segment.start, segment.end)
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


def _copy(source: int, target: int, start: int, end: int) -> None:
    while start < end:
        try:
            copied = os.copy_file_range(source, target, end - start, start)
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
            chunk = _read(source, start, min(end - start, _AT_ONCE_BYTES))
            _write(target, chunk)
            copied = len(chunk)
        if not copied:
            raise OSError(errno.EIO, "the source became shorter while it was read")
        start += copied


def _read(descriptor: int, start: int, length: int) -> bytes:
    data = os.pread(descriptor, length, start)
    while len(data) < length:
        more = os.pread(descriptor, length - len(data), start + len(data))
        if not more:
            break
        data += more
    return data


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
