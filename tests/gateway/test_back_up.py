"""Does docs/how-to/back-up-and-restore.md work? Its order of copying, while studies arrive."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from house import House, free_port
from pictures import files, series


def test_a_copy_made_while_studies_arrive_restores_and_a_later_result_finds_its_patient(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    house = new_house()
    tool = free_port()
    house.peer("READER", "tool", tool)
    house.start("listener")
    worker = house.start("worker")
    slow = house.start("faketool", str(tool), str(house.port), "READER", str(tmp_path / "tool"), "600")
    known = series(2)
    house.storescu(files(known, tmp_path / "known"))
    house.until("Dispatch.objects.filter(state='sent').count()", 1)

    arriving = threading.Thread(target=lambda: house.storescu(files(series(25), tmp_path / "arriving")))
    arriving.start()
    backup = tmp_path / "backup"
    copy_what_does_not_vanish(house.data / "objects" / "spool", backup / "objects" / "spool")
    with sqlite3.connect(house.data / "alarp.sqlite3") as database:
        database.execute(f"VACUUM INTO '{backup / 'alarp.sqlite3'}'")
    without = shutil.ignore_patterns("incoming", "spool")
    shutil.copytree(house.data / "objects", backup / "objects", ignore=without, dirs_exist_ok=True)
    shutil.copytree(house.data / "keys", backup / "keys")
    arriving.join()
    for process in (worker, slow):
        house.end(process)

    restored = new_house(gateway_port=house.port)
    restored.end(restored.running[0])
    shutil.rmtree(restored.data)
    shutil.copytree(backup, restored.data)
    restored.route("reader", "live")
    house.close()
    restored.port = house.port
    restored._probe = restored.start("probe", "ready", stdin=True)
    restored.start("listener")
    assert restored.balance()["balanced"], restored.balance()["sentence"]
    restored.start("worker")
    restored.start("faketool", str(tool), str(house.port), "READER", str(tmp_path / "tool"))
    uid = str(known[0].StudyInstanceUID)
    restored.until(f"Result.objects.filter(dispatch__study__study_uid={uid!r}).count()", 1)
    assert restored.ask("Quarantine.objects.count()") == 0


def copy_what_does_not_vanish(source: Path, target: Path) -> None:
    """As rsync does with a folder that somebody empties meanwhile."""
    target.mkdir(parents=True)
    for file in source.iterdir():
        with suppress(FileNotFoundError):
            shutil.copy2(file, target)
