"""How is a finding that came as JSON said in DICOM? As a TID 1500 report (PS3.16) by highdicom on the images it names.

The report claims what the finding claims, under the names that the finding gives: whether that fits what was sent is
not judged here but where every result is judged. The same finding always gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from highdicom import sr
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code as DicomCode

from alarp.gateway.adapters.findings import CODE, Code, Finding, Statement

OURS = "99ALARP"
SERIES_NUMBER = 9001
PROCEDURE = DicomCode("363679005", "SCT", "Imaging procedure")
REASON = DicomCode("REASON", OURS, "Reason for not analysing")


@dataclass(frozen=True, slots=True)
class Image:
    """An image under the names that it was sent with: its class and its series."""

    sop_class: str
    series_uid: str


def report_uid(finding: Finding, *, tool: str) -> str:
    """The SOP Instance UID of this tool's result: the same for the same study and result id."""
    return _uid("object", tool, finding.study_uid, finding.result_id)


def report(finding: Finding, images: Mapping[str, Image], *, tool: str) -> bytes:
    """Which Part 10 file says this? `images` knows each image that the finding names; `tool` is the peer's title."""
    evidence = [_evidence(finding, uid, images[uid]) for uid in finding.images]
    made = sr.ComprehensiveSR(
        evidence=evidence,
        content=_content(finding, images, tool),
        series_instance_uid=_uid("series", tool, finding.study_uid, finding.algorithm, finding.version),
        series_number=SERIES_NUMBER,
        sop_instance_uid=report_uid(finding, tool=tool),
        instance_number=1,
        manufacturer=finding.manufacturer or finding.algorithm,
        is_complete=True,
        is_verified=False,
    )
    made.ManufacturerModelName, made.SoftwareVersions = finding.algorithm, finding.version
    made.SeriesDescription = f"{finding.algorithm} {finding.version}"[:64]
    made.ContributingEquipmentSequence = [
        *made.get("ContributingEquipmentSequence", ()),
        _maker(finding, tool),
    ]
    _stamp(made, finding)
    out = io.BytesIO()
    made.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _maker(finding: Finding, tool: str) -> Dataset:
    """The algorithm among the contributing equipment, as IHE AI Results asks for (AIR 6.5.3.1)."""
    made = Dataset()
    made.Manufacturer = finding.manufacturer or finding.algorithm
    made.ManufacturerModelName, made.SoftwareVersions = finding.algorithm, finding.version
    made.DeviceUID = _uid("device", tool, finding.algorithm, finding.version)
    made.PurposeOfReferenceCodeSequence = [sr.CodedConcept.from_code(codes.DCM.ProcessingEquipment)]
    return made


def _evidence(finding: Finding, uid: str, image: Image) -> Dataset:
    """As much of an image as a report takes from it: who, which study, and the image's own names."""
    made = Dataset()
    made.PatientID = finding.patient_id
    made.StudyInstanceUID, made.AccessionNumber = finding.study_uid, finding.accession
    for empty in ("PatientName", "PatientBirthDate", "PatientSex", "StudyID", "StudyDate", "StudyTime"):
        setattr(made, empty, "")
    made.ReferringPhysicianName = ""
    made.SeriesInstanceUID, made.SOPInstanceUID = image.series_uid, uid
    made.SOPClassUID = image.sop_class
    return made


def _content(finding: Finding, images: Mapping[str, Image], tool: str) -> sr.MeasurementReport:
    device = sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=_uid("device", tool, finding.algorithm, finding.version),
            name=finding.algorithm,
            manufacturer_name=finding.manufacturer or finding.algorithm,
            model_name=finding.algorithm,
        ),
    )
    return sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=device),
        procedure_reported=PROCEDURE,
        imaging_measurements=list(_groups(finding, images, tool)),
        title=codes.DCM.ImagingMeasurementReport,
    )


def _groups(
    finding: Finding, images: Mapping[str, Image], tool: str
) -> Iterable[sr.MeasurementsAndQualitativeEvaluations]:
    """One measurement group for what is said of the same images; one that says that nothing was analysed."""
    together: dict[tuple[str, ...], list[Statement]] = {}
    for one in finding.statements:
        together.setdefault(one.images or finding.images, []).append(one)
    if finding.not_analysed:
        together[finding.images] = []
    algorithm = sr.AlgorithmIdentification(
        name=finding.algorithm, version=finding.version, manufacturer=finding.manufacturer or None
    )
    for number, (about, said) in enumerate(together.items(), start=1):
        name = f"{finding.result_id}:{number}"
        yield sr.MeasurementsAndQualitativeEvaluations(
            tracking_identifier=sr.TrackingIdentifier(
                uid=_uid("tracking", tool, finding.study_uid, name), identifier=name
            ),
            algorithm_id=algorithm,
            measurements=[_measurement(one) for one in said if one.word is None] or None,
            qualitative_evaluations=[*_evaluations(said), *_why_not(finding)] or None,
            source_images=[sr.SourceImageForMeasurementGroup(images[uid].sop_class, uid) for uid in about],
        )


def _measurement(one: Statement) -> sr.Measurement:
    assert one.number is not None
    unit = DicomCode(one.unit, "UCUM", "no units" if one.unit == "1" else one.unit)
    return sr.Measurement(name=_code(one.name), value=one.number, unit=unit)


def _evaluations(said: list[Statement]) -> list[sr.QualitativeEvaluation]:
    return [
        sr.QualitativeEvaluation(name=_code(one.name), value=_code(one.word))
        for one in said
        if one.word is not None
    ]


def _why_not(finding: Finding) -> list[sr.QualitativeEvaluation]:
    """That nothing was analysed, in the standard's own words (111065, 111225 of PS3.16 annex D), and the reason."""
    if not finding.not_analysed:
        return []
    return [
        sr.QualitativeEvaluation(name=codes.DCM.SummaryOfAnalyses, value=codes.DCM.NotAttempted),
        sr.QualitativeEvaluation(name=REASON, value=_code(Code("", "", finding.not_analysed))),
    ]


def _code(concept: Code) -> DicomCode:
    """The concept as it was coded, or under a code of ours that follows from its words."""
    if concept.value:
        return DicomCode(concept.value, concept.scheme, concept.meaning)
    plain = re.sub(r"[^A-Z0-9]+", "-", concept.meaning.upper()).strip("-")
    if not plain or len(plain) > CODE or plain.casefold() != concept.meaning.casefold():
        plain = f"{plain[:9]}-{hashlib.sha256(concept.meaning.encode()).hexdigest()[:6].upper()}".strip("-")
    return DicomCode(plain, OURS, concept.meaning)


def _stamp(made: Dataset, finding: Finding) -> None:
    """The time of the finding in the place of every clock: a finding that is sent again is the same object."""
    day, time = f"{finding.made_at:%Y%m%d}", f"{finding.made_at:%H%M%S}"
    for event in ("Content", "InstanceCreation", "Series"):
        setattr(made, f"{event}Date", day)
        setattr(made, f"{event}Time", time)
    made.TimezoneOffsetFromUTC = f"{finding.made_at:%z}"[:5]
    for equipment in made.get("ContributingEquipmentSequence", []):
        equipment.pop("ContributionDateTime", None)


def _uid(*parts: str) -> str:
    """A UID that follows from these words (2.25, PS3.5 annex B.2)."""
    number = int.from_bytes(hashlib.sha256("|".join(parts).encode()).digest()[:16], "big")
    return f"2.25.{number}"
