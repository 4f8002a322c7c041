"""One day of the ledger for tests of pages: a study for each thing that can become of one, with real pictures.

`build` writes rows as the gateway leaves them; it needs two deployments, a person who may record an opt-out
and one who resolves nothing. Pictures come from the scan simulator, small so that a test stays quick.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from alarp.phantom import SCANNERS, Nodule, abdomen_ct, chest_film, fictional_patient
from alarp.records import clock, objects
from alarp.records.audit import commands as audit
from alarp.records.deployments.models import Deployment
from alarp.records.ledger import commands
from alarp.records.ledger.models import (
    Dispatch,
    DispatchInstance,
    Instance,
    OptOut,
    Peer,
    Quarantine,
    Result,
    Study,
    Work,
)
from alarp.records.people.models import Organisation, Person
from pages import counted_anew

PATIENT_WHO_SAID_NO = 7


@dataclass
class Day:
    """The rows that tests ask for by name."""

    studies: dict[str, Study] = field(default_factory=dict)
    quarantine: Quarantine | None = None
    source_quarantine: Quarantine | None = None
    opt_out: OptOut | None = None

    def __getitem__(self, name: str) -> Study:
        return self.studies[name]

    @property
    def identifiers(self) -> set[str]:
        """Every text that names a patient of this day."""
        named = set()
        for study in self.studies.values():
            named |= {study.patient_name.split("^")[1], study.patient_id, study.nhs_number, study.accession}
        return named - {""}


def part10(ds: Dataset) -> bytes:
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


class _Builder:
    def __init__(
        self, *, detection: Deployment, contouring: Deployment, site: Organisation, now: datetime
    ) -> None:
        self.now = now
        self.day = Day()
        self.detection, self.contouring = detection, contouring
        self.source = Peer.objects.create(aet="TESTCR", name="Chest room 2", kind=Peer.SOURCE, site=site)
        self.tools = {
            d.pk: Peer.objects.create(
                aet=f"TESTTOOL{n}",
                name=f"Tool {n}",
                kind=Peer.TOOL,
                host="127.0.0.1",
                port=4000 + n,
                deployment=d,
            )
            for n, d in enumerate((detection, contouring))
        }

    def film(
        self, number: int, *, nodules: tuple[Nodule, ...] = (), pixels: int = 192
    ) -> tuple[Dataset, ...]:
        return chest_film(
            patient=fictional_patient(number),
            scanner=SCANNERS[0],
            nodules=nodules,
            when=self.now,
            rng=np.random.default_rng(number),
            accession=f"T{number:07d}",
            pixels=pixels,
        ).datasets

    def study(self, name: str, images: tuple[Dataset, ...], *, minutes_ago: int, **changes: Any) -> Study:
        first = images[0]
        at = self.now - timedelta(minutes=minutes_ago)
        columns = {
            "study_uid": first.StudyInstanceUID,
            "patient_id": first.PatientID,
            "issuer": str(first.get("IssuerOfPatientID", "")),
            "nhs_number": nhs_number_of(first),
            "patient_name": str(first.PatientName),
            "birth_date": first.PatientBirthDate,
            "sex": first.PatientSex,
            "accession": first.AccessionNumber,
            "study_date": first.StudyDate,
            "modality": first.Modality,
            "body_part": str(first.get("BodyPartExamined", "")),
            "view": str(first.get("ViewPosition", "")),
            "manufacturer": str(first.get("Manufacturer", "")),
            "model": str(first.get("ManufacturerModelName", "")),
            "station": str(first.get("StationName", "")),
            "peer": self.source,
            "first_received_at": at,
            "last_received_at": at,
            "completed_at": at + timedelta(seconds=30),
        }
        study = Study.objects.create(**(columns | changes))
        for image in images:
            self.instance(image, study=study, at=at)
        self.day.studies[name] = study
        with transaction.atomic():
            audit.record("gateway", "study received", f"study {study.pk}", peer=self.source.aet)
        return study

    def instance(
        self,
        ds: Dataset,
        *,
        study: Study | None,
        at: datetime,
        peer: Peer | None = None,
        data: bytes | None = None,
    ) -> Instance:
        data = data if data is not None else part10(ds)
        return Instance.objects.create(
            study=study,
            direction=Instance.RESULT if peer else Instance.SOURCE,
            peer=peer or self.source,
            sop_uid=ds.SOPInstanceUID,
            sop_class=ds.SOPClassUID,
            series_uid=ds.SeriesInstanceUID,
            modality=ds.Modality,
            transfer_syntax=ds.file_meta.TransferSyntaxUID,
            sha256=objects.put(data),
            size_bytes=len(data),
            received_at=at,
        )

    def dispatch(
        self, study: Study, deployment: Deployment, state: str, phase: str, reason: str = "", **columns: Any
    ) -> Dispatch:
        at = study.completed_at
        dispatch = Dispatch.objects.create(
            study=study,
            deployment=deployment,
            state=state,
            phase=phase,
            reason=reason,
            created_at=at,
            changed_at=at,
            patient_pseudonym=f"P{study.pk:08d}",
            accession_pseudonym=f"A{study.pk:08d}",
            study_uid_sent=f"2.25.{1000 + study.pk}",
            **columns,
        )
        sent_at = columns.get("sent_at")
        for n, instance in enumerate(study.instances.filter(direction=Instance.SOURCE).order_by("pk")):
            DispatchInstance.objects.create(
                dispatch=dispatch, instance=instance, sop_uid_sent=f"2.25.{study.pk}.{n}", sent_at=sent_at
            )
        return dispatch

    def sent(
        self, study: Study, deployment: Deployment, *, route: str, due_in: int = 60, back: bool = False
    ) -> Dispatch:
        at = study.completed_at + timedelta(seconds=5)
        return self.dispatch(
            study,
            deployment,
            Dispatch.RETURNED if back else Dispatch.SENT,
            "match" if back else "process",
            sent_at=at,
            due_at=at + timedelta(minutes=due_in),
            route_when_sent=route,
            profile="Basic Profile 2026b",
            returned_at=at + timedelta(seconds=40) if back else None,
        )

    def result(self, dispatch: Dispatch, ds: Dataset, *, state: str, summary: dict[str, Any]) -> Result:
        at = dispatch.returned_at
        instance = self.instance(ds, study=dispatch.study, at=at, peer=self.tools[dispatch.deployment_id])
        return Result.objects.create(
            instance=instance,
            dispatch=dispatch,
            modality=ds.Modality,
            state=state,
            restored_sha256=instance.sha256,
            summary=summary,
            matched_at=at,
            filed_at=at + timedelta(seconds=3) if state == Result.FILED else None,
        )


def nhs_number_of(ds: Dataset) -> str:
    for other in ds.get("OtherPatientIDsSequence", []):
        digits = str(other.get("PatientID", "")).replace(" ", "")
        if len(digits) == 10 and digits.isdecimal():
            return digits
    return ""


def build(*, detection: Deployment, contouring: Deployment, site: Organisation, radiographer: Person) -> Day:
    """Write the day. `detection` is treated as live, `contouring` as silent."""
    b = _Builder(detection=detection, contouring=contouring, site=site, now=clock.now())
    _flagged(b)
    _contoured(b)
    _unsent(b)
    _quarantined(b, site)
    _opted_out(b, site, radiographer)
    counted_anew.today(b.day["flagged"].pk)
    return b.day


def _flagged(b: _Builder) -> None:
    study = b.study("flagged", b.film(1, nodules=(Nodule((-60.0, 0.0, 20.0), 24.0),)), minutes_ago=50)
    dispatch = b.sent(study, b.detection, route="live", back=True)
    lines = [
        {"name": "Finding", "value": "Nodule", "unit": ""},
        {"name": "Diameter", "value": "24", "unit": "mm"},
    ]
    summary = {"score": 0.93, "decision": "Flag", "lines": lines, "content": "0" * 64}
    b.result(dispatch, report(study), state=Result.FILED, summary=summary)
    b.dispatch(study, b.contouring, Dispatch.REFUSED, "eligible", "CR is not a modality this tool takes.")


def _contoured(b: _Builder) -> None:
    scan = abdomen_ct(
        patient=fictional_patient(2),
        scanner=SCANNERS[1],
        when=b.now,
        rng=np.random.default_rng(2),
        accession="T0000002",
        slices=9,
        spacing_mm=10.0,
        matrix=96,
    )
    study = b.study("contoured", scan.datasets, minutes_ago=40)
    dispatch = b.sent(study, b.contouring, route="silent", back=True)
    lines = [{"name": "structure", "value": "Liver", "unit": ""}]
    b.result(
        dispatch, scan.truth.structure_set, state=Result.KEPT, summary={"lines": lines, "content": "1" * 64}
    )


def _unsent(b: _Builder) -> None:
    held = b.study("held", b.film(3), minutes_ago=30)
    dispatch = b.dispatch(
        held, b.detection, Dispatch.HELD, "connect", "The tool does not answer; it is tried again."
    )
    Work.objects.create(
        kind="send", key=f"{b.detection.pk}:{dispatch.pk}", due_at=b.now, created_at=b.now, state=Work.READY
    )
    overdue = b.study("overdue", b.film(4), minutes_ago=90)
    b.sent(overdue, b.detection, route="live", due_in=30)
    failed = b.study("failed", b.film(5), minutes_ago=25)
    b.dispatch(
        failed,
        b.detection,
        Dispatch.FAILED,
        "de-identify",
        "Text is burned into the picture; it cannot leave.",
    )
    b.study("phantom", b.film(6), minutes_ago=20, held_because="A test object: nothing of it leaves.")
    spoiled = b.film(8, pixels=64)
    study = b.study("spoiled", spoiled, minutes_ago=15)
    cut = part10(spoiled[0])[:-900]
    Instance.objects.filter(study=study).update(sha256=objects.put(cut), size_bytes=len(cut))


def _quarantined(b: _Builder, site: Organisation) -> None:
    study = b.day["flagged"]
    stray = report(study)
    stray.SOPInstanceUID = stray.file_meta.MediaStorageSOPInstanceUID = "2.25.424242"
    tool = b.tools[b.detection.pk]
    b.day.quarantine = Quarantine.objects.create(
        instance=b.instance(stray, study=None, at=b.now, peer=tool),
        phase="match",
        reason="The result does not fit what was sent to this tool: patient pseudonym.",
        disagreements=[
            {"field": "patient pseudonym", "expected": f"P{study.pk:08d}", "found": "P99999999"},
            {"field": "referenced images", "expected": "", "found": "2.25.5"},
        ],
        deployment=b.detection,
        at=b.now,
    )
    film = b.film(9)[0]
    b.day.source_quarantine = Quarantine.objects.create(
        instance=b.instance(film, study=None, at=b.now, data=b"no DICOM at all"),
        phase="receive",
        reason="The object cannot be read as DICOM.",
        at=b.now - timedelta(minutes=3),
    )


def _opted_out(b: _Builder, site: Organisation, radiographer: Person) -> None:
    images = b.film(PATIENT_WHO_SAID_NO)
    study = b.study("opted-out", images, minutes_ago=10)
    b.day.opt_out = commands.record_opt_out(
        patient_id=study.patient_id, issuer=study.issuer, organisation=site, by=radiographer
    )
    b.dispatch(study, b.detection, Dispatch.OPTED_OUT, "opt-out", "The patient has opted out of AI.")


def _code(meaning: str, value: str = "1") -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "99TEST", meaning
    return Sequence([item])


def _item(kind: str, name: str, *children: Dataset, **fields: Any) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType, item.ConceptNameCodeSequence = "CONTAINS", kind, _code(name)
    for keyword, value in fields.items():
        setattr(item, keyword, value)
    if children:
        item.ContentSequence = Sequence(children)
    return item


def _number(name: str, value: str, unit: str) -> Dataset:
    measured = Dataset()
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = value, _code(unit, unit)
    return _item("NUM", name, MeasuredValueSequence=Sequence([measured]))


def report(study: Study) -> Dataset:
    """A measurement report with one circled nodule on the study's first picture."""
    image = study.instances.filter(direction=Instance.SOURCE).order_by("pk").first()
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = image.sop_class, image.sop_uid
    source = _item("IMAGE", "Source image", ReferencedSOPSequence=Sequence([reference]))
    region = _item(
        "SCOORD", "Image Region", source, GraphicType="CIRCLE", GraphicData=[62.0, 96.0, 72.0, 96.0]
    )
    finding = _item("CODE", "Finding", ConceptCodeSequence=_code("Nodule"))
    group = _item(
        "CONTAINER",
        "Measurement Group",
        finding,
        region,
        _number("Score", "0.93", "1"),
        _number("Diameter", "24", "mm"),
    )
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.88.33", f"2.25.{7_000_000 + study.pk}"
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = (
        ds.SOPClassUID,
        ds.SOPInstanceUID,
    )
    ds.SeriesInstanceUID, ds.StudyInstanceUID = f"2.25.{8_000_000 + study.pk}", study.study_uid
    ds.Modality, ds.ValueType = "SR", "CONTAINER"
    ds.ContentSequence = Sequence([group])
    return ds
