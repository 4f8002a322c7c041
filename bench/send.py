"""Send CT images by C-STORE: ours beside dcmtk's storescu, as shipped and tuned, and beside pynetdicom alone.

One association each, to dcmtk's storescp (tuned, no sync), which costs every sender the same. storescu is a program:
its start, some 20 ms, is in its time; ours and pynetdicom's begin with the association as well. Ours sends as to a PACS:
to an AI tool a durable line of the record of what leaves comes before each object. Processor time is the sender's alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from alarp.records import boot
from bench.measuring import Row, faster, medians, not_measured, used_s
from bench.receive import free_port

IMAGES, ROUNDS = 150, 5
ANSWER_WITHIN_S = 3.0
WORK = f"send {IMAGES} CT images of 512 x 512, one association"


def run() -> Iterator[Row]:
    if not (shutil.which("storescp", path="/usr/bin") and shutil.which("storescu", path="/usr/bin")):
        yield not_measured(WORK, "storescu", "dcmtk is not installed")
        return
    boot()  # a peer is a row of the ledger; no database is opened
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        files = _images(folder)
        port = _receiver(stack, folder)
        contenders = {
            "ours": lambda: _ours(port, files),
            "storescu as shipped": lambda: _storescu(port, folder / "images"),
            "storescu tuned: no delay, 128 kB PDUs": lambda: _storescu(
                port, folder / "images", "-pdu", "131072", TCP_NODELAY="1"
            ),
            "pynetdicom from the file, as it lies": lambda: _library(port, files),
        }
        ours, *theirs = medians(list(contenders.values()), rounds=ROUNDS)
        for name, taken in zip(list(contenders)[1:], theirs, strict=True):
            yield faster(WORK, name, ours, taken, each=IMAGES)
        yield from _processor(contenders)


def _processor(contenders: dict[str, Any]) -> Iterator[Row]:
    """Processor time of each sender, its child process where it is one."""
    used = {}
    for name, work in contenders.items():
        before = used_s()
        work()
        used[name] = used_s() - before
    for name in list(contenders)[1:]:
        yield faster(f"{WORK}: processor time", name, used["ours"], used[name], each=IMAGES)


def _images(folder: Path) -> list[Path]:
    """Copies of one synthetic CT image under UIDs of their own."""
    import numpy as np
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    made = Dataset()
    made.SOPClassUID = CTImageStorage
    made.StudyInstanceUID, made.SeriesInstanceUID = generate_uid(), generate_uid()
    made.PatientID, made.PatientName, made.Modality = "BENCH", "Bench", "CT"
    made.Rows = made.Columns = 512
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 16, 15, 0
    made.PixelData = np.random.default_rng(1).integers(0, 4096, (512, 512), dtype=np.uint16).tobytes()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    place = folder / "images"
    place.mkdir()
    files = []
    for number in range(IMAGES):
        made.SOPInstanceUID = generate_uid()
        made.file_meta.MediaStorageSOPClassUID = CTImageStorage
        made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
        files.append(place / f"{number:03d}.dcm")
        made.save_as(files[-1], enforce_file_format=True)
    return files


def _receiver(stack: ExitStack, folder: Path) -> int:
    port, store = free_port(), folder / "received"
    store.mkdir()
    command = ["storescp", "--fork", "-aet", "PEER", "-od", str(store), "-pdu", "131072", "+uf", str(port)]
    receiver = stack.enter_context(subprocess.Popen(command, env={**os.environ, "TCP_NODELAY": "1"}))
    stack.callback(receiver.terminate)
    time.sleep(0.5)
    return port


def _storescu(port: int, folder: Path, *options: str, **env: str) -> None:
    command = ["storescu", "-aec", "PEER", *options, "+sd", "127.0.0.1", str(port), str(folder)]
    subprocess.run(command, check=True, env={**os.environ, **env})


def _ours(port: int, files: list[Path]) -> None:
    from alarp.gateway import associations

    outgoing = [associations.Outgoing.of(file) for file in files]
    peer: Any = SimpleNamespace(aet="PEER", kind="pacs")
    link = _associated(port, associations.contexts_for(outgoing))
    for number, one in enumerate(outgoing):
        associations.store(link, peer, one, number)
    link.release()


def _library(port: int, files: list[Path]) -> None:
    from pynetdicom import _config

    from alarp.gateway import associations

    _config.STORE_SEND_CHUNKED_DATASET = True
    outgoing = [associations.Outgoing.of(file) for file in files]
    contexts = associations.contexts_for(outgoing)
    link = _associated(port, contexts)
    for one in outgoing:
        # Now and then the library misses an answer and waits in vain; then it begins anew with this object.
        while (answer := link.send_c_store(str(one.file))).get("Status") != 0x0000:
            if "Status" in answer:
                raise RuntimeError("an image was not taken")
            link.abort()
            link = _associated(port, contexts)
    link.release()


def _associated(port: int, contexts: list[Any]) -> Any:
    from pynetdicom import AE, evt

    from alarp.gateway import sockets

    entity = AE(ae_title="BENCH")
    entity.dimse_timeout = ANSWER_WITHIN_S
    link = entity.associate(
        "127.0.0.1",
        port,
        contexts=contexts,
        ae_title="PEER",
        max_pdu=0,
        evt_handlers=[(evt.EVT_CONN_OPEN, sockets.no_delay)],
    )
    if not link.is_established:
        raise RuntimeError("storescp accepts no association")
    return link
