"""How does a tool live in a hospital? It receives studies, analyses the complete ones, returns results.

An object is acknowledged when it is on disk; a result is owed until the gateway has accepted it.
The process may be killed at any moment: started again on the same folder, it goes on.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from pydicom import Dataset, dcmread
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.sop_class import Verification

from alarp.demo.tools.results import Maker, seed_of, to_bytes, with_identity
from alarp.demo.tools.spool import Batch, Spool, key, write_durably

TRANSFER_SYNTAXES = [
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.5",
]
SUCCESS, CANNOT_UNDERSTAND, OUT_OF_RESOURCES = 0x0000, 0xC000, 0xA700
PDU_BYTES = 131_072


class Tool(Protocol):
    """What must an algorithm offer? A maker, and one result for the objects of one study."""

    maker: Maker

    def analyse(self, objects: list[Dataset]) -> Dataset: ...


class Product(Tool, Protocol):
    """What must be known of a tool before it runs? Which releases there are, the oldest first."""

    releases: ClassVar[tuple[str, ...]]

    def __init__(self, version: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Settings:
    """Where does the tool listen, and to whom does it return?"""

    ae_title: str
    port: int
    return_host: str
    return_port: int
    return_aet: str
    folder: Path
    quiet_s: float = 1.0
    fault: str = ""
    host: str = "127.0.0.1"


class Service:
    """One running tool."""

    def __init__(self, tool: Tool, settings: Settings) -> None:
        self.tool, self.settings = tool, settings
        self.spool = Spool(settings.folder)
        self.stopping = False
        self._next_try, self._patience_s = 0.0, 0.5

    def run(self) -> None:
        """Serve until told to stop; prints one JSON line with the port when ready."""
        server = self._listen()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._stop)
        port = server.socket.getsockname()[1]
        ready = {"tool": self.tool.maker.name, "version": self.tool.maker.version}
        print(json.dumps({**ready, "ae_title": self.settings.ae_title, "port": port}), flush=True)
        while not self.stopping:
            for batch in self.spool.complete(self.settings.quiet_s):
                self._analyse(batch)
            self._return_owed()
            time.sleep(0.05)
        server.shutdown()

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def _listen(self) -> Any:
        ae = AE(ae_title=self.settings.ae_title)
        ae.maximum_pdu_size = PDU_BYTES
        ae.add_supported_context(Verification)
        for context in AllStoragePresentationContexts:
            ae.add_supported_context(context.abstract_syntax, TRANSFER_SYNTAXES)
        return ae.start_server(
            (self.settings.host, self.settings.port),
            block=False,
            evt_handlers=[(evt.EVT_C_STORE, self._on_store), (evt.EVT_CONN_OPEN, at_once)],
        )

    def _on_store(self, event: evt.Event) -> int:
        try:
            dataset = event.dataset
            study, sop = str(dataset.StudyInstanceUID), str(dataset.SOPInstanceUID)
            if not study or not sop:
                return CANNOT_UNDERSTAND
        except Exception:  # whatever a stranger sent: refuse it, live on
            return CANNOT_UNDERSTAND
        try:
            self.spool.receive(study, sop, event.encoded_dataset())
        except OSError:
            return OUT_OF_RESOURCES
        return SUCCESS

    def _analyse(self, batch: Batch) -> None:
        if not batch.files:
            return
        started = time.monotonic()
        objects = [with_identity(dcmread(path)) for path in batch.files]
        objects.sort(key=lambda o: str(o.SOPInstanceUID))
        mixed_up = self._mix_up(batch, objects)
        result = self.tool.analyse(objects)
        name = f"{key('|'.join(seed_of(self.tool.maker, objects)))}.dcm"
        if mixed_up:
            write_durably(self.settings.folder / "fault-done", b"wrong-patient-once\n")
        self.spool.finish(batch, name, to_bytes(result))
        took = round(time.monotonic() - started, 2)
        log("analysed", study=batch.study[:8], objects=len(objects), seconds=took, modality=result.Modality)

    def _mix_up(self, batch: Batch, objects: list[Dataset]) -> bool:
        """The fault of the demonstration: once, give a study's result the patient of an earlier study."""
        if self.settings.fault != "wrong-patient-once" or (self.settings.folder / "fault-done").exists():
            return False
        other = self.spool.other_study(batch)
        if other is None:
            return False
        stranger = dcmread(other, stop_before_pixels=True)
        for source in objects:
            source.PatientID = stranger.PatientID
            source.PatientName = stranger.get("PatientName", "")
        return True

    def _return_owed(self) -> None:
        owed = self.spool.owed()
        if not owed or time.monotonic() < self._next_try:
            return
        if all(self._send(result) for result in owed):
            self._patience_s = 0.5
            return
        self._next_try = time.monotonic() + self._patience_s
        self._patience_s = min(self._patience_s * 2, 5.0)

    def _send(self, path: Path) -> bool:
        """Has the gateway accepted this result?"""
        result = dcmread(path)
        ae = AE(ae_title=self.settings.ae_title)
        ae.maximum_pdu_size = PDU_BYTES
        ae.acse_timeout, ae.dimse_timeout, ae.network_timeout, ae.connection_timeout = 10, 60, 60, 5
        ae.add_requested_context(result.SOPClassUID, result.file_meta.TransferSyntaxUID)
        to = self.settings
        link = ae.associate(
            to.return_host,
            to.return_port,
            ae_title=to.return_aet,
            evt_handlers=[(evt.EVT_CONN_OPEN, at_once)],
        )
        if not link.is_established:
            log("gateway not reached", waiting=len(self.spool.owed()))
            return False
        try:
            answer = link.send_c_store(result)
        except ValueError:
            log("gateway does not take this kind of result")
            return False
        finally:
            link.release()
        status = answer.get("Status") if "Status" in answer else None
        if status != SUCCESS and not (status is not None and 0xB000 <= status <= 0xBFFF):
            log("result not accepted", status="none" if status is None else f"{status:#06x}")
            return False
        self.spool.accepted(path)
        log("returned", result=path.stem[:8])
        return True


def at_once(event: evt.Event) -> None:
    """Send small packets at once: waiting for acknowledgements costs 40 ms a message."""
    link = event.assoc.dul.socket
    if link is not None and link.socket is not None:
        link.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def log(what: str, **more: object) -> None:
    """One JSON line on standard error; never a patient's identifier."""
    print(json.dumps({"what": what, **more}), file=sys.stderr, flush=True)
