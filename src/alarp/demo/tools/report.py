"""How is a finding said in DICOM? As a TID 1500 measurement report in a Comprehensive SR (PS3.16)."""

from __future__ import annotations

from collections.abc import Sequence

from highdicom import sr
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from alarp.demo.tools.results import CannotAnalyse, Maker, derived_uid, seed_of, stamp, with_identity

UNIT_NONE = Code("1", "UCUM", "no units")
DECISION = Code("DECISION", "99ALARPDEMO", "Decision of the tool")
REASON = Code("REASON", "99ALARPDEMO", "Reason for not analysing")
NOT_ANALYSED = Code("NOT-ANALYSED", "99ALARPDEMO", "Not analysed")

Group = sr.MeasurementsAndQualitativeEvaluations | sr.PlanarROIMeasurementsAndQualitativeEvaluations


def algorithm(maker: Maker) -> sr.AlgorithmIdentification:
    """Which algorithm made this measurement?"""
    return sr.AlgorithmIdentification(name=maker.name, version=maker.version, manufacturer=maker.manufacturer)


def tracking(maker: Maker, sources: Sequence[Dataset], what: str) -> sr.TrackingIdentifier:
    """The name under which one finding can be followed."""
    return sr.TrackingIdentifier(uid=derived_uid("tracking", what, *seed_of(maker, sources)), identifier=what)


def source_image(image: Dataset) -> sr.SourceImageForMeasurementGroup:
    return sr.SourceImageForMeasurementGroup(str(image.SOPClassUID), str(image.SOPInstanceUID))


def structured_report(
    maker: Maker, sources: Sequence[Dataset], groups: Sequence[Group], *, procedure: Code
) -> Dataset:
    """Which SR says this of these images, under their own patient and study?"""
    sources = [with_identity(source) for source in sources]
    seed = seed_of(maker, sources)
    observer = sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=derived_uid("device", maker.name, maker.version),
            name=maker.name,
            manufacturer_name=maker.manufacturer,
            model_name=f"{maker.name} {maker.version}",
        ),
    )
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=observer),
        procedure_reported=procedure,
        imaging_measurements=list(groups),
        title=codes.DCM.ImagingMeasurementReport,
    )
    report = sr.ComprehensiveSR(
        evidence=sources,
        content=content,
        series_instance_uid=derived_uid("series", *seed),
        series_number=9001,
        sop_instance_uid=derived_uid("object", *seed),
        instance_number=1,
        manufacturer=maker.manufacturer,
        is_complete=True,
        is_verified=False,
    )
    report.ManufacturerModelName, report.SoftwareVersions = maker.name, maker.version
    report.SeriesDescription = f"{maker.name} {maker.version}"
    if sources[0].get("IssuerOfPatientID"):
        report.IssuerOfPatientID = sources[0].IssuerOfPatientID
    stamp(report, sources[0])
    for equipment in report.get("ContributingEquipmentSequence", []):
        equipment.pop("ContributionDateTime", None)  # the only clock left: the same input, the same bytes
    return report


def not_analysed(maker: Maker, sources: Sequence[Dataset], why: CannotAnalyse, *, procedure: Code) -> Dataset:
    """How does a tool decline? With a report that says so and why, so that nobody waits for more."""
    sources = [with_identity(source) for source in sources]
    group = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=tracking(maker, sources, "study"),
        algorithm_id=algorithm(maker),
        qualitative_evaluations=[
            sr.QualitativeEvaluation(name=DECISION, value=NOT_ANALYSED),
            sr.QualitativeEvaluation(name=REASON, value=Code(why.code, "99ALARPDEMO", why.reason[:64])),
        ],
        source_images=[source_image(source) for source in sources],
    )
    return structured_report(maker, sources, [group], procedure=procedure)
