"""How are a protocol's files read, and its results written? Whole or not at all, and durable where it counts."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alarp.evaluation import openings, read_text
from alarp.kernel import BadInput


def read_protocol(path: Path) -> Any:
    """What does this protocol say?"""
    if not path.is_file():
        raise BadInput(f"The protocol '{path.name}' does not exist; give the path of a YAML file.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (UnicodeDecodeError, OSError) as error:
        raise BadInput(f"The protocol '{path.name}' is not readable YAML; save it in UTF-8.") from error
    return read_text(text, name=f"The protocol '{path.name}'")


def read_table(folder: Path, name: str, field: str) -> bytes:
    """Which bytes does the file hold that this field of the protocol names?"""
    file = folder / name
    if not file.is_file():
        raise BadInput(
            f"The protocol's field '{field}' names the file '{name}', which does not exist beside it."
        )
    return file.read_bytes()


def as_text(content: bytes, name: str) -> str:
    """Which text do these bytes hold?"""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{name} is not UTF-8 text; save the table as CSV in UTF-8.") from error


def make_folder(out: Path) -> None:
    """Make the output folder, or say why it cannot be made."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"The output folder '{out}' cannot be made ({error.strerror}); choose another."
        ) from error


def write_whole(path: Path, content: bytes, *, durable: bool = True) -> Path:
    """Write whole or not at all: beside the target first, then renamed over it.

    What is not durable survives the end of this process, but perhaps not a power cut.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise BadInput(f"'{path}' cannot be written ({error.strerror}); choose another place.") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def append_row(path: Path, row: Mapping[str, Any]) -> None:
    """Add one line of JSON and see it on the disk before going on. A line cut short by a crash stays alone.

    Each line carries the digest of the one before (`before`); two that append at once wait for each other.
    """
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        size = os.fstat(handle).st_size
        lines = openings.lines_of(os.pread(handle, size, 0))
        linked = dict(row) | {openings.LINK: openings.link_to(lines)}
        line = (json.dumps(linked, sort_keys=True, ensure_ascii=False) + "\n").encode("utf-8")
        if size and os.pread(handle, 1, size - 1) != b"\n":
            line = b"\n" + line
        os.write(handle, line)
        os.fsync(handle)
    finally:
        os.close(handle)
    if not size:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def read_rows(path: Path) -> list[dict[str, Any] | None]:
    """Which rows does this file of JSON lines hold? None for a line that cannot be read."""
    return [_row(line) for line in read_lines(path)]


def read_lines(path: Path) -> list[bytes]:
    """Which lines stand in this file, as they stand there? None where there is no file."""
    try:
        return openings.lines_of(path.read_bytes())
    except FileNotFoundError:
        return []


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def file_hash(path: Path) -> str:
    """Which SHA-256 do the bytes of this file have? Read in pieces: a volume may be large."""
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


__all__ = [
    "append_row",
    "as_text",
    "file_hash",
    "make_folder",
    "read_protocol",
    "read_rows",
    "read_table",
    "write_whole",
]
