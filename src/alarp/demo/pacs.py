"""The demonstration's PACS: keeps what it is sent, answers queries, writes down every arrival.

`python -m alarp.demo.pacs --ae PACS --port 0 --folder DIR`. `arrivals.jsonl` has one line per C-STORE
received, so that a duplicate shows even though the second copy lies over the first.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind, Verification

SUCCESS, PENDING, CANNOT_UNDERSTAND = 0x0000, 0xFF00, 0xC000
KEYS_IN_A_NAME = "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"


class Archive:
    """The folder: one file per SOP instance, one line per arrival."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lock = threading.Lock()

    def keep(self, event: evt.Event) -> int:
        request = event.request
        instance = str(request.AffectedSOPInstanceUID)
        if not instance.replace(".", "").isdigit():
            return CANNOT_UNDERSTAND
        with self.lock:
            target = self.folder / f"{instance}.dcm"
            temporary = target.with_suffix(".part")
            with temporary.open("wb") as handle:
                handle.write(event.encoded_dataset())
                handle.flush()
                os.fsync(handle.fileno())
            temporary.replace(target)
            line = {"sop_instance_uid": instance, "sop_class_uid": str(request.AffectedSOPClassUID)}
            with (self.folder / "arrivals.jsonl").open("a", encoding="ascii") as log:
                log.write(json.dumps(line) + "\n")
                log.flush()
                os.fsync(log.fileno())
        return SUCCESS

    def find(self, event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        """Answer a query at IMAGE or STUDY level on the three UIDs and the patient's number."""
        asked = event.identifier
        wanted = {
            name: str(asked[name].value)
            for name in (*KEYS_IN_A_NAME, "PatientID", "AccessionNumber")
            if name in asked and asked[name].value
        }
        seen: set[str] = set()
        for file in sorted(self.folder.glob("*.dcm")):
            kept = dcmread(file, stop_before_pixels=True)
            if any(str(kept.get(name, "")) != value for name, value in wanted.items()):
                continue
            key = kept.StudyInstanceUID if asked.get("QueryRetrieveLevel") == "STUDY" else kept.SOPInstanceUID
            if key in seen:
                continue
            seen.add(key)
            answer = Dataset()
            answer.QueryRetrieveLevel = asked.get("QueryRetrieveLevel", "IMAGE")
            for element in asked:
                if element.keyword and element.keyword != "QueryRetrieveLevel":
                    setattr(answer, element.keyword, kept.get(element.keyword, ""))
            yield PENDING, answer


def serve(aet: str, port: int, folder: Path) -> None:
    """Run until told to stop; print the port when ready."""
    archive = Archive(folder)
    entity = AE(ae_title=aet)
    entity.maximum_pdu_size = 131_072
    entity.supported_contexts = AllStoragePresentationContexts
    entity.add_supported_context(Verification)
    entity.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
    handlers: list[Any] = [(evt.EVT_C_STORE, archive.keep), (evt.EVT_C_FIND, archive.find)]
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    print(json.dumps({"ready": "pacs", "port": server.server_address[1]}), flush=True)
    done = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: done.set())
    while not done.wait(0.5):  # a signal may reach another thread: look for it now and then
        pass
    server.shutdown()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The demonstration's PACS.")
    parser.add_argument("--ae", default="PACS")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--folder", type=Path, required=True)
    given = parser.parse_args()
    serve(given.ae, given.port, given.folder)
