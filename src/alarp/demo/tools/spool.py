"""What has been received, what is owed, what has been returned? Files, so that a power cut loses nothing.

incoming/STUDY/OBJECT   received and not yet analysed
processed/STUDY/OBJECT  analysed; kept so that a late slice is analysed together with the others
outgoing/RESULT         made and not yet accepted by the gateway
returned/RESULT         accepted
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path


def key(uid: str) -> str:
    """Under which file name is this UID kept? A digest: what a stranger sends never becomes a path."""
    return hashlib.sha256(uid.encode()).hexdigest()[:32]


def sync_folder(folder: Path) -> None:
    """Make the folder's names survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_durably(path: Path, data: bytes) -> None:
    """The file is whole and on disk under its name, or not there at all."""
    part = path.with_suffix(f".part-{threading.get_ident()}")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


@dataclass(frozen=True, slots=True)
class Batch:
    """The objects of one study that are to be analysed together; `fresh` are those not analysed before."""

    study: str
    files: tuple[Path, ...]
    fresh: tuple[Path, ...]


class Spool:
    """One tool's folder. Receiving and taking away exclude each other; analysing does not wait."""

    def __init__(self, folder: Path) -> None:
        self.incoming, self.processed = folder / "incoming", folder / "processed"
        self.outgoing, self.returned = folder / "outgoing", folder / "returned"
        for part in (self.incoming, self.processed, self.outgoing, self.returned):
            part.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._last_arrival: dict[str, float] = {}
        started = time.monotonic()
        for study in self.incoming.iterdir():
            for part in study.glob("*.part-*"):
                part.unlink()  # never acknowledged
            if any(study.glob("*.dcm")):  # an empty folder is a study that was analysed before
                self._last_arrival[study.name] = started

    def receive(self, study_uid: str, sop_uid: str, data: bytes) -> None:
        """Keep an object; when this returns it may be acknowledged."""
        with self._lock:
            folder = self.incoming / key(study_uid)
            if not folder.is_dir():
                folder.mkdir()
                sync_folder(self.incoming)
            write_durably(folder / f"{key(sop_uid)}.dcm", data)
            self._last_arrival[folder.name] = time.monotonic()

    def complete(self, quiet_s: float) -> list[Batch]:
        """Which studies have had no arrival for so long that they may be analysed?"""
        with self._lock:
            quiet_since = time.monotonic() - quiet_s
            studies = sorted(name for name, at in self._last_arrival.items() if at <= quiet_since)
            return [self._batch(name) for name in studies]

    def _batch(self, name: str) -> Batch:
        fresh = {path.name: path for path in (self.incoming / name).glob("*.dcm")}
        known = {path.name: path for path in (self.processed / name).glob("*.dcm")}
        files = {**known, **fresh}
        return Batch(name, tuple(files[k] for k in sorted(files)), tuple(fresh[k] for k in sorted(fresh)))

    def finish(self, batch: Batch, result_name: str, result: bytes) -> None:
        """The result is owed from now on, and its objects are analysed; in this order.

        Killed between the two, the objects are analysed again and give the same result under the
        same name.
        """
        write_durably(self.outgoing / result_name, result)
        with self._lock:
            folder = self.processed / batch.study
            folder.mkdir(exist_ok=True)
            for path in batch.fresh:
                path.replace(folder / path.name)
            sync_folder(folder)
            if not any((self.incoming / batch.study).glob("*.dcm")):
                self._last_arrival.pop(batch.study, None)

    def owed(self) -> list[Path]:
        """Which results has the gateway not yet accepted? Oldest first."""
        return sorted(self.outgoing.glob("*.dcm"), key=lambda path: (path.stat().st_mtime_ns, path.name))

    def accepted(self, result: Path) -> None:
        """The gateway has this result."""
        result.replace(self.returned / result.name)
        sync_folder(self.returned)

    def other_study(self, batch: Batch) -> Path | None:
        """Any object of another study that was analysed earlier (for the mix-up fault)."""
        others = sorted(path for path in self.processed.glob("*/*.dcm") if path.parent.name != batch.study)
        return others[0] if others else None
