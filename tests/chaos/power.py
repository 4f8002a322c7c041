"""A machine whose power fails: what was not synced is gone, or reached the disk in part.

The gateway's processes run with a small library before the C library (`power.c`, compiled for the test) that writes
down, at each sync, exactly what is durable from then on: SQLite's syncs as well as Python's. A cut kills every process
and lays the data folder anew from that; PostgreSQL runs with it too, on a disk of its own. This simulates a disk that does what it is told; it does not simulate one that
lies, nor a file system of a certain make.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

PAGE = 4096
KINDS = ("files", "folders", "held", "locks")


class Disk:
    """The data folder, and beside it the platter: what would still be there after a power cut."""

    def __init__(self, folder: Path, platter: Path, *, owner: tuple[int, int] | None = None) -> None:
        self.folder, self.platter, self._owner = folder, platter, owner
        self._lost = 0
        self.all_is_synced()

    def environment(self, library: Path, *, names_with_files: bool = False) -> dict[str, str]:
        """What a process needs to write on this disk. `names_with_files`: the first sync of a file keeps its name."""
        names = {"POWER_DISK": self.folder, "POWER_PLATTER": self.platter, "LD_PRELOAD": library}
        kind = {"POWER_NAMES": "1"} if names_with_files else {}
        return {name: str(path) for name, path in names.items()} | kind

    def all_is_synced(self) -> None:
        """Begin here: everything that lies there now is durable."""
        shutil.rmtree(self.platter, ignore_errors=True)
        for kind in KINDS:
            (self.platter / kind).mkdir(parents=True)
        for where, folders, files in os.walk(self.folder):
            here = Path(where)
            lines = [f"{(here / name).stat().st_ino} d {name}\n" for name in folders]
            for name in files:
                inode = (here / name).stat().st_ino
                lines.append(f"{inode} f {name}\n")
                os.link(here / name, self.platter / "held" / str(inode))
                shutil.copy(here / name, self.platter / "files" / str(inode))
            (self.platter / "folders" / str(here.stat().st_ino)).write_text("".join(lines))
        self._belongs(self.platter)

    def _belongs(self, folder: Path) -> None:
        if self._owner is not None:
            for one in (folder, *folder.rglob("*")):
                os.chown(one, *self._owner)

    def cut(self, dice: random.Random | None) -> None:
        """Every process is dead. Nothing is left but what was synced; with dice, of the rest a page here and there.

        With dice, names are as they were last (a journal that ran ahead of the data), and each page that was not synced
        has reached the disk or not: then it is what it was before, or zeroes.
        """
        fresh = self.folder.with_name(f"{self.folder.name}.new")
        self._lay(self.folder, self.folder.stat().st_ino, fresh, dice)
        self._belongs(fresh)
        self._lost += 1
        self.folder.rename(self.folder.with_name(f"{self.folder.name}.lost-{self._lost}"))
        fresh.rename(self.folder)
        self.all_is_synced()

    def _lay(self, last: Path, inode: int, fresh: Path, dice: random.Random | None) -> None:
        fresh.mkdir(mode=0o700)
        for number, is_folder, name in self._names(last, inode, dice):
            if is_folder:
                self._lay(last / name, number, fresh / name, dice)
            else:
                (fresh / name).write_bytes(self._content(number, dice))
                (fresh / name).chmod(0o600)

    def _names(self, last: Path, inode: int, dice: random.Random | None) -> list[tuple[int, bool, str]]:
        if dice is not None:
            with os.scandir(last) as found:
                now = [(one.inode(), one.is_dir(), one) for one in found]
            for number, is_folder, one in now:
                held = self.platter / "held" / str(number)
                if not is_folder and not held.exists():
                    os.link(one.path, held)
            return [(number, is_folder, one.name) for number, is_folder, one in now]
        synced = self.platter / "folders" / str(inode)
        lines = synced.read_text().splitlines() if synced.exists() else []
        split = (line.split(" ", 2) for line in lines)
        return [(int(number), kind == "d", name) for number, kind, name in split]

    def _content(self, inode: int, dice: random.Random | None) -> bytes:
        kept, held = (self.platter / kind / str(inode) for kind in ("files", "held"))
        synced = kept.read_bytes() if kept.exists() else b""
        if dice is None:
            return synced
        last = held.read_bytes()
        before = synced.ljust(len(last), b"\0")[: len(last)]
        pages = range(0, len(last), PAGE)
        return b"".join((last if dice.random() < 0.5 else before)[at : at + PAGE] for at in pages)


def library(folder: Path) -> Path:
    """The compiled library; a test that needs it is skipped by name where there is no compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler for the disk that forgets: apt-get install gcc libc6-dev")
    made = folder / "power.so"
    source = Path(__file__).with_name("power.c")
    command = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", made, source, "-ldl"]
    subprocess.run([str(part) for part in command], check=True)
    return made
