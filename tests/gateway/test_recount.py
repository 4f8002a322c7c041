"""`alarp reconcile --recount`: does each witness beside the ledger notice what was taken from its side?

Orthanc as the PACS that sends and takes results, another Orthanc as the AI node, the shipped command line.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from faketool import deliver, report
from house import House
from orthanc import Orthanc
from pictures import files, image, series
from pydicom import dcmread
from pydicom.dataset import Dataset

from alarp.kernel import sha256_hex
from throwaway_postgres import free_port


@dataclass
class Counted:
    """One study that went all the way, and everybody who has to do with it."""

    house: House
    pacs: Orthanc
    tool: Orthanc
    tmp: Path
    images: list[Dataset] = field(default_factory=lambda: series(3))

    def store(self, orthanc: Orthanc, aet: str, images: list[Dataset]) -> None:
        command = ["storescu", "-aec", aet, "127.0.0.1", str(orthanc.port)]
        written = files(images, self.tmp / f"at-{aet}")
        subprocess.run([*command, *map(str, written)], check=True, timeout=60)

    def goes_all_the_way(self) -> None:
        self.store(self.pacs, "PACS", self.images)
        assert self.house.storescu(files(self.images, self.tmp / "out"), calling="PACS").returncode == 0
        self.house.until("Dispatch.objects.filter(state='sent').count()", 1, seconds=120)
        got = [_file(self.tool, one["ID"]) for one in self.tool.get("/instances?expand")]
        assert deliver([report(got)], self.house.port, "READER") == [0]
        self.house.until("Result.objects.filter(state='filed').count()", 1, seconds=120)

    def recount(self) -> tuple[int, dict[str, Any], str]:
        """The command's exit code, what each witness said, and everything that was printed."""
        command = [sys.executable, "-m", "alarp.cli", "reconcile", "--recount", "--json"]
        done = subprocess.run(
            command, env=self.house.env, capture_output=True, text=True, timeout=200, check=False
        )
        assert done.stdout, done.stderr
        found = json.loads(done.stdout)["recount"]["witnesses"]
        return done.returncode, {one["name"]: one for one in found}, done.stdout + done.stderr


def _file(orthanc: Orthanc, name: str) -> Dataset:
    answer = httpx.get(f"http://127.0.0.1:{orthanc.http}/instances/{name}/file", timeout=20)
    return dcmread(io.BytesIO(answer.content))


def _delete(orthanc: Orthanc, modality: str) -> None:
    """One object of this modality is gone, and nobody was told."""
    found = orthanc.get("/instances?expand")
    one = next(o["ID"] for o in found if _file(orthanc, o["ID"]).Modality == modality)
    httpx.delete(f"http://127.0.0.1:{orthanc.http}/instances/{one}", timeout=20).raise_for_status()


@pytest.fixture
def counted(new_house: Callable[..., House], tmp_path: Path) -> Iterator[Counted]:
    house = new_house()
    pacs, tool = Orthanc(tmp_path / "pacs"), Orthanc(tmp_path / "tool", aet="READER")
    try:
        house.peer("PACS", "pacs", pacs.port)
        house.peer("READER", "tool", tool.port)
        back = ["ALARP", "127.0.0.1", house.port]  # where Orthanc answers a request for storage commitment
        httpx.put(f"http://127.0.0.1:{pacs.http}/modalities/alarp", json=back).raise_for_status()
        for program in ("listener", "worker"):
            house.start(program)
        yield Counted(house, pacs, tool, tmp_path)
    finally:
        pacs.close()
        tool.close()


@pytest.mark.need("G01")
def test_each_witness_beside_the_ledger_notices_what_was_taken_from_its_side(counted: Counted) -> None:
    counted.goes_all_the_way()
    code, said, printed = counted.recount()
    assert code == 0, printed
    assert list(said) == [
        "the store",
        "the egress record",
        "PACS",
        "READER",
        "PACS as the sender",
        "PACS by storage commitment",
    ]
    assert all("differs in 0" in one["sentence"] and one["studies"] == 1 for one in said.values()), printed

    assert counted.house.ask("Commitment.objects.filter(answered_at__isnull=False).count()") == 1
    _delete(counted.pacs, "SR")  # the PACS loses the result
    _delete(counted.tool, "CR")  # the tool loses an image
    late = image(
        **{
            name: counted.images[0].get(name)
            for name in ("StudyInstanceUID", "SeriesInstanceUID", "PatientID")
        }
    )
    counted.store(counted.pacs, "PACS", [late])  # the PACS has an image that never came here
    objects = counted.house.data / "objects"
    lost = counted.house.ask("Instance.objects.filter(direction='source').order_by('pk').first().sha256")
    (objects / lost[:2] / lost).unlink()  # the store loses an object
    journal = next(counted.house.data.glob("egress/*/*.jsonl"))
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[1:]))  # a line is taken away
    code, said, printed = counted.recount()
    assert code == 3, printed
    study = counted.house.ask("Study.objects.get().pk")
    found = {
        name: [(d["study"], d["ledger"], d["found"]) for d in one["differences"]]
        for name, one in said.items()
    }
    assert found == {
        "the store": [(study, 4, 3)],
        "the egress record": [(study, 3, 2)],
        "PACS": [(study, 1, 0)],
        "READER": [(study, 3, 2)],
        "PACS as the sender": [(study, 3, 4)],
        "PACS by storage commitment": [(study, 1, 0)],
    }
    assert "does not follow" in said["the egress record"]["trouble"]
    named = (counted.images[0].PatientID, counted.images[0].StudyInstanceUID, "Sorrowfield")
    assert not any(str(name) in printed for name in named)


@pytest.mark.need("G01")
def test_an_object_that_no_row_speaks_of_and_a_peer_that_is_silent_are_named(counted: Counted) -> None:
    counted.goes_all_the_way()
    stray = files([image(StudyInstanceUID=counted.images[0].StudyInstanceUID)], counted.tmp / "stray")[0]
    content = stray.read_bytes()
    place = counted.house.data / "objects" / sha256_hex(content)[:2]
    (place / sha256_hex(content)).write_bytes(content)
    counted.tool.close()
    code, said, printed = counted.recount()
    assert code == 3, printed
    study = counted.house.ask("Study.objects.get().pk")
    (found,) = said["the store"]["differences"]
    assert (found["study"], found["ledger"], found["found"]) == (study, 4, 5)
    assert "READER" in said["READER"]["trouble"] and said["READER"]["studies"] == 0


@pytest.mark.need("G01")
def test_a_pacs_that_has_not_answered_for_what_it_keeps_is_neither_agreement_nor_difference(
    counted: Counted,
) -> None:
    counted.goes_all_the_way()
    gone = ["ALARP", "127.0.0.1", free_port()]  # it takes the question, and finds nobody to answer to
    httpx.put(f"http://127.0.0.1:{counted.pacs.http}/modalities/alarp", json=gone).raise_for_status()
    hurry = counted.house.data / "clock"
    counted.house.ask(
        "from alarp.records.ledger import recounting\nr = recounting.ask(__import__('django.utils.timezone').utils.timezone.localdate())"
    )
    counted.house.until(
        "bool((Work.objects.get(kind='recount').payload.get('asked') or {}).get('rows'))", True
    )
    hurry.write_text("120")
    counted.house.until("Work.objects.get(kind='recount').state", "done", seconds=60)
    (one,) = counted.house.ask(
        "[w for e in AuditEvent.objects.filter(action='day counted anew') for w in e.details['witnesses'] "
        "if 'commitment' in w['name']]"
    )
    assert (one["studies"], one["silent"], one["trouble"], one["differences"]) == (0, 1, "", [])
