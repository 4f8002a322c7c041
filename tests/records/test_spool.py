"""Is what was acknowledged kept in its order, written by one process only, and heard of when it waits?"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import xxhash
from valley import connected

from alarp.gateway.receiving.clerk import Clerk
from alarp.gateway.receiving.intake import Intake
from alarp.gateway.receiving.messages import announced, file_head
from alarp.kernel import sha256_hex
from alarp.records import clock, objects, spool
from alarp.records.assurance import alarms
from alarp.records.ledger import commands, dispatches, queries
from alarp.records.ledger.arrivals import Arrival, Described, receive
from alarp.records.ledger.models import Instance, Peer, Study


@pytest.fixture(autouse=True)
def _emptied() -> Iterator[None]:
    yield
    for file in spool.folder().iterdir():
        file.unlink()


@pytest.fixture
def scanner(deployment: Any) -> Peer:
    return commands.register_peer(aet="CT1", name="CT one", kind="source", site=deployment.site, by="set-up")


def taken_in(tmp_path: Path, data: bytes, at: datetime, peer: int = 7) -> None:
    (file := tmp_path / "incoming").write_bytes(data)
    spool.add(file, peer=peer, checksum=xxhash.xxh3_128_hexdigest(data), at=at)
    assert not file.exists()


@pytest.mark.need("G01")
def test_what_came_first_is_written_first_and_each_says_who_brought_it(tmp_path: Path) -> None:
    now = clock.now()
    for seconds in (3, 1, 2):
        taken_in(tmp_path, b"%d" % seconds, now + timedelta(seconds=seconds), peer=seconds)
    found = spool.entries()
    assert [(one.peer, one.file.read_bytes()) for one in found] == [(1, b"1"), (2, b"2"), (3, b"3")]
    assert [spool.digest_of(one) for one in found] == [sha256_hex(b"1"), sha256_hex(b"2"), sha256_hex(b"3")]
    assert found[0].at - now == timedelta(seconds=1) == spool.written_up_to() - now
    assert [one.peer for one in spool.entries(2)] == [1, 2]


def test_the_same_object_twice_in_the_same_moment_lies_there_twice(tmp_path: Path) -> None:
    now = clock.now()
    for _ in range(2):
        taken_in(tmp_path, b"same", now)
    assert spool.count() == 2


def test_what_was_set_aside_is_in_nobodys_way_but_is_counted_and_taken_up_again(tmp_path: Path) -> None:
    now = clock.now()
    for number in range(2):
        taken_in(tmp_path, b"%d" % number, now + timedelta(seconds=number))
    spool.set_aside(spool.entries()[0])
    assert [one.file.read_bytes() for one in spool.entries()] == [b"1"]
    assert spool.count() == 2 and spool.oldest() == now
    spool.take_up_again()
    assert [one.file.read_bytes() for one in spool.entries()] == [b"0", b"1"]


@pytest.mark.parametrize("power_cut", [False, True])
def test_what_was_written_waits_no_more_and_leaves_only_when_it_lies_in_the_store(
    tmp_path: Path, power_cut: bool
) -> None:
    taken_in(tmp_path, b"written", clock.now())
    (entry,) = spool.entries()
    sha256 = sha256_hex(b"written")
    objects.adopt([(entry.file, sha256)])
    spool.written([(entry, sha256)])
    assert (spool.entries(), spool.count(), spool.oldest()) == ([], 0, None)
    if power_cut:  # the name in the store was not synced yet
        objects.path_of(sha256).unlink()
    spool.take_out()
    assert objects.get(sha256) == b"written"
    assert list(spool.folder().iterdir()) == []


def test_bytes_that_never_reached_the_disk_have_no_digest(tmp_path: Path) -> None:
    large = bytes(range(256)) * 4000  # several blocks, the last of them not full
    taken_in(tmp_path, large, clock.now())
    (entry,) = spool.entries()
    assert spool.digest_of(entry) == sha256_hex(large)
    for hurt in (large[:-1], large[:600_000] + bytes(4096) + large[604_096:], bytes(len(large)), b""):
        entry.file.write_bytes(hurt)
        assert spool.digest_of(entry) is None


def test_the_clerk_writes_down_what_came_while_objects_go_on_coming(scanner: Peer, tmp_path: Path) -> None:
    intake, written = Intake(), threading.Event()

    def others_hand_in() -> None:
        end = time.monotonic() + 10
        while not written.is_set() and time.monotonic() < end:
            intake.ring()
            time.sleep(0.005)

    taken_in(tmp_path, file_head("1.2", "1.2.3", "1.2.840.10008.1.2"), clock.now(), peer=scanner.pk)
    others = threading.Thread(target=others_hand_in)
    others.start()
    Clerk(intake).turn(at_most_s=1)
    assert others.is_alive() and spool.count() == 0 and Instance.objects.count() == 1
    written.set()
    others.join()
    intake.close()
    os.close(spool._held.pop())


def test_only_one_process_empties_it_until_that_process_ends(tmp_path: Path) -> None:
    asks = (
        "from alarp.records import boot; boot()\nfrom alarp.records import spool\n"
        "print(spool.is_mine(), flush=True); input()"
    )
    command = [sys.executable, "-c", asks]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None and first.stdout.readline() == "True\n"
        second = subprocess.run(command, input="\n", capture_output=True, text=True, check=True)
        assert second.stdout == "False\n"
        first.kill()
    third = subprocess.run(command, input="\n", capture_output=True, text=True, check=True)
    assert third.stdout == "True\n"


@pytest.mark.need("G01")
def test_no_quiet_timer_runs_out_while_something_earlier_is_not_in_the_ledger(
    scanner: Peer, tmp_path: Path
) -> None:
    long_ago = clock.now() - timedelta(hours=1)
    described = Described(study_uid="1.2.3", patient_id="H42", modality="CT")
    receive(
        scanner,
        Arrival("0" * 64, 1, "1.2.1", "1.2", "1.2.840.10008.1.2", study=described, received_at=long_ago),
    )
    study = Study.objects.get()
    assert study.first_received_at == study.last_received_at == long_ago
    assert dispatches.quiet(study, upto=spool.written_up_to())
    taken_in(tmp_path, b"of this study or another", long_ago + timedelta(seconds=2))
    assert not dispatches.quiet(study, upto=spool.written_up_to())


def test_what_waits_longer_than_it_should_is_an_alert_until_it_is_written(
    deployment: Any, tmp_path: Path
) -> None:
    connected(deployment)
    taken_in(tmp_path, b"late", clock.now() - timedelta(minutes=4))
    alarms.look_at_arrivals(clock.now())
    assert not deployment.alerts.filter(monitor=alarms.ARRIVALS).exists()
    taken_in(tmp_path, b"later", clock.now() - timedelta(minutes=6))
    spool.set_aside(spool.entries()[0])
    alarms.look_at_arrivals(clock.now())
    assert queries.stranded() == ("2 objects received that nobody writes into the ledger",)
    alert = deployment.alerts.get(monitor=alarms.ARRIVALS)
    assert alert.role == "pacs-manager" and "2 wait" in alert.sentence
    for file in spool.folder().iterdir():
        file.unlink()
    alarms.look_at_arrivals(clock.now())
    assert queries.stranded() == ()
    alert.refresh_from_db()
    assert alert.end.because == alarms.BACK[alarms.ARRIVALS]


def test_an_adopted_object_lies_in_both_places_and_a_torn_one_in_its_place_is_replaced(
    tmp_path: Path,
) -> None:
    (file := tmp_path / "one").write_bytes(b"whole")
    sha256 = sha256_hex(b"whole")
    (configured := objects.path_of(sha256)).parent.mkdir(parents=True, exist_ok=True)
    inside = objects.incoming_folder() / "one"
    file.rename(inside)
    for lies_there in (None, b"to", b"whole"):
        if lies_there is not None:
            configured.unlink()
            configured.write_bytes(lies_there)
        objects.adopt([(inside, sha256)])
        assert configured.read_bytes() == inside.read_bytes() == b"whole"
    inside.unlink()
    assert objects.get(sha256) == b"whole"


@pytest.mark.parametrize(
    "named", [("1.2.840.10008.5.1.4.1.1.2", "1.2.3", "1.2.840.10008.1.2.1"), ("", "", "")]
)
def test_what_was_announced_is_read_back_from_the_head_of_the_file(named: tuple[str, str, str]) -> None:
    assert announced(file_head(*named) + b"\x08\x00data set") == named


@pytest.mark.parametrize("torn", [b"", bytes(600), file_head("1.2", "1.3", "1.4")[:150]])
def test_a_head_that_is_not_whole_is_not_read(torn: bytes) -> None:
    with pytest.raises(ValueError, match="not a file that was written here"):
        announced(torn)
