"""How fast does DICOM run here? A receiver of our own on this machine, and synthetic test images sent to it."""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE, evt
from pynetdicom.transport import ThreadedAssociationServer

from alarp.gateway import associations, sockets
from alarp.identity.objects import IMPLEMENTATION_CLASS_UID
from alarp.kernel import Unavailable
from alarp.records.configuration import configuration

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
AET = "SELFTEST"
SUCCESS, OUT_OF_RESOURCES = 0x0000, 0xA700


class Loopback:
    """A C-STORE provider on a free port of this machine that syncs what it gets and keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self._place = tempfile.TemporaryDirectory(dir=folder, prefix="self-test-")
        self._received = 0
        self._server: ThreadedAssociationServer | None = None

    def __enter__(self) -> Loopback:
        entity = AE(ae_title=AET)
        entity.maximum_pdu_size = 128 * 1024
        entity.add_supported_context(SECONDARY_CAPTURE, ExplicitVRLittleEndian)
        handlers: list[Any] = [(evt.EVT_CONN_OPEN, sockets.no_delay), (evt.EVT_C_STORE, self._store)]
        self._server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
        self._place.cleanup()

    def _store(self, event: evt.Event) -> int:
        file = Path(self._place.name) / f"received-{self._received}"
        try:
            with file.open("wb") as out:
                out.write(event.request.DataSet.getvalue())
                out.flush()
                os.fsync(out.fileno())
        except OSError:
            return OUT_OF_RESOURCES
        self._received += 1
        return SUCCESS

    def send(self, images: int, image_bytes: int) -> float:
        """Send so many images of this size; answers the seconds from the first byte to the last Success."""
        assert self._server is not None
        outgoing = [self._image(number, image_bytes) for number in range(images)]
        entity = AE(ae_title=configuration().gateway_aet)
        for one in associations.contexts_for(outgoing):
            entity.add_requested_context(one.abstract_syntax, one.transfer_syntax)
        port = self._server.server_address[1]
        link = entity.associate("127.0.0.1", port, ae_title=AET, max_pdu=0, evt_handlers=[(evt.EVT_CONN_OPEN, sockets.no_delay)])  # fmt: skip
        if not link.is_established:
            raise Unavailable("The test receiver on this machine does not answer.")
        try:
            start = time.perf_counter()
            for number, one in enumerate(outgoing):
                status = link.send_c_store(str(one.file), msg_id=number + 1)
                if "Status" not in status or status.Status != SUCCESS:
                    raise Unavailable("The test receiver on this machine did not keep an image.")
            return time.perf_counter() - start
        finally:
            link.release()

    def _image(self, number: int, size: int) -> associations.Outgoing:
        """One secondary capture that says in every name that it is a test object and no patient."""
        made = Dataset()
        made.SOPClassUID, made.SOPInstanceUID = SECONDARY_CAPTURE, generate_uid()
        made.StudyInstanceUID, made.SeriesInstanceUID = generate_uid(), generate_uid()
        made.PatientName, made.PatientID = "QA^SELF-TEST", "QA-SELF-TEST"
        made.Modality, made.ConversionType = "OT", "SYN"
        side = int((size / 2) ** 0.5)
        made.Rows, made.Columns = side, size // 2 // side
        made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
        made.BitsAllocated, made.BitsStored, made.HighBit, made.PixelRepresentation = 16, 16, 15, 0
        made.PixelData = secrets.token_bytes(made.Rows * made.Columns * 2)
        made.file_meta = FileMetaDataset()
        made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
        made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
        made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        made.file_meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
        file = Path(self._place.name) / f"image-{number}.dcm"
        made.save_as(file, enforce_file_format=True)
        return associations.Outgoing.of(file)
