"""What is proved in a first pass leaves in a second as the very bytes that were proved, or not at all."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from alarp.gateway.steps import proving
from alarp.kernel import Unavailable, sha256_hex
from alarp.records import clock, egress, objects
from alarp.records.ledger.models import Dispatch, DispatchInstance, Instance, Peer, Study

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:.*:UserWarning")]
needs_the_extra = pytest.mark.skipif(
    importlib.util.find_spec("rapidocr") is None, reason="the optional extra alarp[ocr] is not installed"
)

CT, ULTRASOUND = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.6.1"
ROOT = "1.2.826.0.1.3680043.10.99.78"


def picture(number: int, *, text: str = "", syntax: str = ExplicitVRLittleEndian, **values: Any) -> bytes:
    """One grey picture, with this text drawn into it."""
    drawn = Image.new("L", (360, 120), 12)
    ImageDraw.Draw(drawn).text((10, 40), text, fill=240, font_size=24)
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = CT, f"{ROOT}.3.{number}"
    made.StudyInstanceUID, made.SeriesInstanceUID = f"{ROOT}.1", f"{ROOT}.2"
    made.PatientID, made.PatientName, made.Modality = "H 42", "Sandringham^Annabel", "CT"
    made.Rows, made.Columns = 120, 360
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = 8
    made.HighBit, made.PixelRepresentation = 7, 0
    made.PixelData = np.asarray(drawn).tobytes()
    for name, value in values.items():
        setattr(made, name, value)
    made.file_meta = FileMetaDataset()
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.file_meta.TransferSyntaxUID = syntax
    out = io.BytesIO()
    made.save_as(out, enforce_file_format=True)
    return out.getvalue()


@pytest.fixture
def dispatch(deployment: Any) -> Dispatch:
    moment = clock.now()
    peer = Peer.objects.create(aet="ROOM", name="Room", kind=Peer.SOURCE)
    study = Study.objects.create(
        study_uid=f"{ROOT}.1", patient_id="H 42", peer=peer, first_received_at=moment, last_received_at=moment
    )
    return Dispatch.objects.create(
        study=study, deployment=deployment, state=Dispatch.READY, phase="send", created_at=moment, changed_at=moment
    )  # fmt: skip


def item(dispatch: Dispatch, part10: bytes) -> DispatchInstance:
    header = dcmread(io.BytesIO(part10), stop_before_pixels=True)
    instance = Instance.objects.create(
        study=dispatch.study,
        direction=Instance.SOURCE,
        peer=dispatch.study.peer,
        sop_uid=header.SOPInstanceUID,
        sop_class=header.SOPClassUID,
        transfer_syntax=header.file_meta.TransferSyntaxUID,
        sha256=objects.put(part10),
        size_bytes=len(part10),
        received_at=clock.now(),
    )
    return DispatchInstance.objects.create(dispatch=dispatch, instance=instance)


@pytest.mark.need("G03")
def test_an_image_is_made_again_as_it_was_proved_whichever_way_it_is_written(
    dispatch: Dispatch, tmp_path: Path
) -> None:
    syntaxes = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
    for number, syntax in enumerate(syntaxes):
        item(dispatch, picture(number, syntax=syntax))
    proof = proving.Proof(dispatch, tmp_path)
    for one in proving.waiting(dispatch):
        proof.add(one)
    assert list(tmp_path.iterdir()) == []
    assert [(kind.sop_class, kind.transfer_syntax) for kind in proof.kinds.values()] == [
        (CT, syntax) for syntax in syntaxes
    ]
    for one in proof.images:
        with proof.ready(one) as outgoing:
            assert sha256_hex(outgoing.file.read_bytes()) == one.sha256 == outgoing.scanned_sha256
            assert outgoing.sop_uid == one.names["sop_uid_sent"] != f"{ROOT}.3.{one.item}"
        assert list(tmp_path.iterdir()) == []


@pytest.mark.need("G03")
@pytest.mark.usefixtures("trust")
def test_bytes_that_are_not_those_which_were_scanned_do_not_leave_and_have_no_line(tmp_path: Path) -> None:
    (file := tmp_path / "image.dcm").write_bytes(b"other bytes")
    whom = {"peer": "TOOL", "deployment": "flag", "sop_uid": "1.2.3"}
    begin = clock.now()
    with pytest.raises(Unavailable, match="otherwise than when it was scanned"):
        egress.leaving(file, **whom, scanned_sha256=sha256_hex(b"these bytes"))
    egress.leaving(file, **whom, scanned_sha256=sha256_hex(b"other bytes"))
    lines = egress.read(begin, clock.now()).lines
    assert [line.sha256 for line in lines] == [sha256_hex(b"other bytes")]


@needs_the_extra
@pytest.mark.need("G03")
@pytest.mark.parametrize("room_bytes", [proving.ROOM_BYTES, 0])
def test_a_picture_with_text_leaves_blanked_whether_or_not_there_was_room_to_keep_it(
    dispatch: Dispatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room_bytes: int
) -> None:
    monkeypatch.setattr(proving, "ROOM_BYTES", room_bytes)
    original = picture(1, text="SANDRINGHAM ANNABEL", SOPClassUID=ULTRASOUND, Modality="US")
    one = item(dispatch, original)
    proof = proving.Proof(dispatch, tmp_path)
    proof.add(one)
    (proven,) = proof.images
    assert len(list(tmp_path.iterdir())) == (1 if room_bytes else 0)
    DispatchInstance.objects.filter(pk=one.pk).update(**proven.names)
    with proof.ready(proven) as outgoing:
        left = dcmread(outgoing.file)
        assert sha256_hex(outgoing.file.read_bytes()) == outgoing.scanned_sha256
        one.refresh_from_db()
        assert one.sent_sha256 == outgoing.scanned_sha256
    bright = np.frombuffer(dcmread(io.BytesIO(original)).PixelData, np.uint8).max()
    assert bright > 200 > np.frombuffer(left.PixelData, np.uint8).max()
    assert list(tmp_path.iterdir()) == []
