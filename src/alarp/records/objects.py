"""Where do bytes lie? Under their own SHA-256, so that nothing is ever overwritten.

A file is written beside its place, renamed, and it and its folder synced before its digest is answered:
when `put` has returned, a power cut no longer loses it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

from alarp.kernel import BrokenEvidence, sha256_hex
from alarp.records.configuration import configuration


def path_of(sha256: str) -> Path:
    """Where do the bytes with this digest lie (whether or not they are there)?"""
    if len(sha256) != 64 or not all(c in "0123456789abcdef" for c in sha256):
        raise BrokenEvidence("An object's address is not a SHA-256 digest; nothing was read or written.")
    return configuration().objects / sha256[:2] / sha256


def _sync(place: Path) -> None:
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _ensure_folder(folder: Path) -> None:
    """Make the folder and make every new name in its path durable, from the top down."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        new.mkdir(mode=0o700, exist_ok=True)
        _sync(new.parent)


def make_folders() -> None:
    """Make the store's first level of folders at once and durably, not one by one as objects come."""
    store = configuration().objects
    _ensure_folder(store)
    for number in range(256):
        (store / f"{number:02x}").mkdir(mode=0o700, exist_ok=True)
    _sync(store)


def place(temporary: Path, sha256: str) -> None:
    """Give an already written file its place under its digest, durably; keep the first when both exist.

    Renamed first and synced afterwards: on the usual file systems bytes and name then become durable in one step
    of the disk. A power cut in between can leave a name without its bytes; nobody was told of it, and what lies
    there is believed only when its digest is right.
    """
    target = path_of(sha256)
    _ensure_folder(target.parent)
    if has_digest(target, sha256):
        temporary.unlink()
    else:
        temporary.rename(target)
    make_durable(target)


def put(data: bytes) -> str:
    """Keep these bytes and answer their digest. Asking twice keeps them once."""
    sha256 = sha256_hex(data)
    target = path_of(sha256)
    if has_digest(target, sha256):
        make_durable(target)
        return sha256
    temporary = incoming_folder() / f"{os.getpid()}-{secrets.token_hex(8)}"
    with temporary.open("xb") as handle:
        handle.write(data)
    place(temporary, sha256)
    return sha256


def adopt(files: Sequence[tuple[Path, str]]) -> None:
    """Give these synced files a place under their digests as well; each also stays where it is.

    The new names are durable after `sync_places`; until then the old ones stand for them.
    """
    for file, sha256 in files:
        target = path_of(sha256)
        _ensure_folder(target.parent)
        try:
            target.hardlink_to(file)
        except FileExistsError:
            if not (target.samefile(file) or has_digest(target, sha256)):
                _replace(target, file)


def sync_places(digests: Iterable[str]) -> None:
    """Make the names of these objects durable."""
    for folder in {path_of(sha256).parent for sha256 in digests}:
        _sync(folder)


def _replace(target: Path, file: Path) -> None:
    """Put this file's bytes in the place of a name that a power cut left without its own."""
    beside = incoming_folder() / f"{os.getpid()}-{secrets.token_hex(8)}"
    beside.hardlink_to(file)
    beside.rename(target)


def digest_of(file: Path) -> str:
    """The SHA-256 digest of what lies there now."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def has_digest(file: Path, sha256: str) -> bool:
    """Do these very bytes lie there?"""
    try:
        return digest_of(file) == sha256
    except FileNotFoundError:
        return False


def make_durable(target: Path) -> None:
    """Sync a file and its name. Whoever did it before us may not have come to the end of it."""
    _sync(target)
    _sync(target.parent)


def get(sha256: str) -> bytes:
    """The bytes under this digest, checked against it. Raises BrokenEvidence when they were altered or are gone."""
    try:
        data = path_of(sha256).read_bytes()
    except FileNotFoundError:
        raise BrokenEvidence(
            f"Object {sha256[:12]}… is missing from the store. Restore it from the backup."
        ) from None
    if sha256_hex(data) != sha256:
        raise BrokenEvidence(f"Object {sha256[:12]}… was altered on disk. Restore it from the backup.")
    return data


def incoming_folder() -> Path:
    """Where unfinished files lie, on the same disk as the store; safe to empty when nothing runs."""
    return folder_within("incoming")


def folder_within(name: str) -> Path:
    """A folder beside the objects, on their disk; made when it is not there."""
    folder = configuration().objects / name
    _ensure_folder(folder)
    return folder
