"""A gateway's ear and mouth for the tools' tests: a tool in a process of its own, real associations."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydicom import Dataset, dcmread
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.sop_class import Verification

SOURCE = Path(__file__).resolve().parents[3] / "src"


class Ear:
    """Stands in for the gateway's return address; keeps what it accepted, as bytes."""

    def __init__(self, *, status: int = 0x0000) -> None:
        self.kept: list[bytes] = []
        self.status = status
        ae = AE(ae_title="ALARP")
        ae.supported_contexts = AllStoragePresentationContexts
        self._server = ae.start_server(
            ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, self._store)]
        )
        self.port = self._server.socket.getsockname()[1]

    def _store(self, event: evt.Event) -> int:
        if self.status == 0:
            self.kept.append(event.encoded_dataset())
        return self.status

    @property
    def results(self) -> list[Dataset]:
        return [dcmread(io.BytesIO(data)) for data in self.kept]

    def close(self) -> None:
        self._server.shutdown()


@contextmanager
def an_ear(**how: int) -> Iterator[Ear]:
    ear = Ear(**how)
    try:
        yield ear
    finally:
        ear.close()


class Process:
    """One tool, started as the demonstration starts it."""

    def __init__(self, tool: str, folder: Path, return_port: int, *more: str) -> None:
        words = [sys.executable, "-m", "alarp.demo.tools", tool, "--return-port", str(return_port)]
        words += ["--folder", str(folder), "--quiet-s", "0.3", *more]
        self.log = folder.parent / f"{folder.name}.log"
        self._log = self.log.open("a")
        self.process = subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
        )
        line = self.process.stdout.readline()
        assert line, self.log.read_text()
        self.ready = json.loads(line)

    def send(self, *datasets: Dataset) -> list[int]:
        ae = AE(ae_title="ALARP")
        pairs = {(d.SOPClassUID, d.file_meta.TransferSyntaxUID) for d in datasets}
        for sop_class, syntax in sorted(pairs):
            ae.add_requested_context(sop_class, syntax)
        link = ae.associate("127.0.0.1", self.ready["port"], ae_title=self.ready["ae_title"])
        assert link.is_established
        try:
            return [link.send_c_store(dataset).Status for dataset in datasets]
        finally:
            link.release()

    def echo(self) -> int:
        ae = AE()
        ae.add_requested_context(Verification)
        link = ae.associate("127.0.0.1", self.ready["port"], ae_title=self.ready["ae_title"])
        assert link.is_established
        try:
            return int(link.send_c_echo().Status)
        finally:
            link.release()

    def kill(self) -> None:
        self.process.kill()
        self.close()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()
        self._log.close()


@contextmanager
def a_tool(tool: str, folder: Path, return_port: int, *more: str) -> Iterator[Process]:
    process = Process(tool, folder, return_port, *more)
    try:
        yield process
    finally:
        process.close()


def wait_for(truth: Callable[[], bool], *, seconds: float = 60.0) -> bool:
    """Does it become true in time?"""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if truth():
            return True
        time.sleep(0.05)
    return truth()
