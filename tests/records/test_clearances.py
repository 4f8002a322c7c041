"""What machines draw names into waits until somebody has looked, or until its text is blanked."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from django.db import DatabaseError, connection, transaction
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from valley import person

from alarp.identity import Pseudonyms, pixel_text
from alarp.kernel import BadInput, NotNow, NotPermitted, Phase
from alarp.records import clock, objects
from alarp.records.assurance import clearances
from alarp.records.audit.models import AuditEvent
from alarp.records.ledger import dispatches, work
from alarp.records.ledger.models import Dispatch, DispatchInstance, Instance, Peer, Study, Work
from alarp.standards.deidentification import load_profile

pytestmark = pytest.mark.django_db

ULTRASOUND = "1.2.840.10008.5.1.4.1.1.6.1"
ROOT = "1.2.826.0.1.3680043.10.99.77"
KEY = bytes.fromhex("41c7e02b95fd6a1388be54d3709f2ea6c5d81b7f036294eab0557d3c8e1fa269")


def ultrasound(number: int) -> bytes:
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = ULTRASOUND, f"{ROOT}.3.{number}"
    made.StudyInstanceUID, made.SeriesInstanceUID = f"{ROOT}.1", f"{ROOT}.2"
    made.PatientID, made.PatientName, made.Modality = "H 42", "Example^Ann", "US"
    made.Rows = made.Columns = 32
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = 8
    made.HighBit, made.PixelRepresentation = 7, 0
    made.PixelData = np.zeros((32, 32), np.uint8).tobytes()
    made.file_meta = FileMetaDataset()
    made.file_meta.MediaStorageSOPClassUID = ULTRASOUND
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    out = io.BytesIO()
    made.save_as(out, enforce_file_format=True)
    return out.getvalue()


@pytest.fixture
def study(deployment: Any) -> Study:
    moment = clock.now()
    peer = Peer.objects.create(aet="US_1", name="Ultrasound one", kind=Peer.SOURCE)
    return Study.objects.create(
        study_uid=f"{ROOT}.1", patient_id="H 42", peer=peer, first_received_at=moment, last_received_at=moment
    )


def item(study: Study, dispatch: Dispatch, number: int) -> DispatchInstance:
    data = ultrasound(number)
    instance = Instance.objects.create(
        study=study,
        direction=Instance.SOURCE,
        peer=study.peer,
        sop_uid=f"{ROOT}.3.{number}",
        sop_class=ULTRASOUND,
        sha256=objects.put(data),
        size_bytes=len(data),
        received_at=clock.now(),
    )
    return DispatchInstance.objects.create(dispatch=dispatch, instance=instance)


@pytest.fixture
def dispatch(study: Study, deployment: Any) -> Dispatch:
    moment = clock.now()
    return Dispatch.objects.create(
        study=study, deployment=deployment, state=Dispatch.READY, phase="send", created_at=moment, changed_at=moment
    )  # fmt: skip


@pytest.fixture
def without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixel_text, "can_look", lambda: False)


def leave(one: DispatchInstance) -> Any:
    from alarp.gateway.steps.proving import cleaned

    return cleaned(one, load_profile(), Pseudonyms(KEY, 1)).left


def held(dispatch: Dispatch, sentence: str) -> None:
    """As the gateway leaves it: the step of sending ended, the study held with the reason."""
    with transaction.atomic():
        work.ask("send", f"{dispatch.deployment_id}:{dispatch.pk}", {"dispatch": dispatch.pk})
    (step,) = [one for one in work.claim("test", 9) if one.kind == "send"]
    dispatches.end(step, dispatch, Dispatch.HELD, Phase.DEIDENTIFY, sentence)


@pytest.mark.need("G03")
@pytest.mark.usefixtures("without_the_extra")
def test_an_ultrasound_is_held_until_somebody_has_looked_and_then_goes_on_by_itself(
    study: Study, dispatch: Dispatch
) -> None:
    from alarp.gateway.steps.proving import Barred

    first = item(study, dispatch, 1)
    with pytest.raises(Barred, match=r"ultrasound image.*clear them, or install") as bar:
        leave(first)
    assert bar.value.state == Dispatch.HELD
    held(dispatch, bar.value.sentence)

    clearances.clear(study, reason="Its one picture, edges included.", by=person("radiographer"))

    dispatch.refresh_from_db()
    assert dispatch.state == Dispatch.READY
    assert Work.objects.get(kind="send").state == Work.READY
    assert leave(first).options == ()
    assert AuditEvent.objects.filter(action="pictures cleared", subject=f"study {study.pk}").exists()


@pytest.mark.need("G03")
@pytest.mark.usefixtures("without_the_extra")
def test_what_comes_after_the_look_waits_for_a_look_of_its_own(study: Study, dispatch: Dispatch) -> None:
    from alarp.gateway.steps.proving import Barred

    first = item(study, dispatch, 1)
    with pytest.raises(Barred) as bar:
        leave(first)
    held(dispatch, bar.value.sentence)
    clearances.clear(study, reason="Its one picture.", by=person("pacs-manager"))
    with pytest.raises(Barred, match="Held for a look"):
        leave(item(study, dispatch, 2))


@pytest.mark.usefixtures("without_the_extra")
def test_nobody_clears_without_a_reason_without_the_right_or_what_does_not_wait(
    study: Study, dispatch: Dispatch
) -> None:
    with pytest.raises(NotNow, match="No tool waits"):
        clearances.clear(study, reason="All of them.", by=person("radiographer"))
    held(dispatch, f"{clearances.WAITS_FOR_A_LOOK}it is an ultrasound image")
    with pytest.raises(BadInput, match="Say what you looked at"):
        clearances.clear(study, reason=" ", by=person("radiographer"))
    with pytest.raises(NotPermitted):
        clearances.clear(study, reason="All of them.", by=person("executive"))
    row = clearances.clear(study, reason="All of them.", by=person("radiographer"))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE assurance_clearance SET reason = 'None.' WHERE id = %s", [row.pk])
