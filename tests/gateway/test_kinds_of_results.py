"""Every kind of object that AI returns: matched, restored, filed, and seen in the PACS under the original study.

Made as tools make them: highdicom for reports, key objects, segmentations, presentation states and captures, pydicom for
structure sets and documents. Orthanc is the PACS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import highdicom as hd
import numpy as np
import pytest
from faketool import deliver, report
from pictures import whole
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian
from test_journey import Hospital, hospital  # noqa: F401  the hospital with Orthanc as its PACS
from test_segmentation_journey import scan, segmentation

from alarp.demo.tools.results import Maker
from alarp.demo.tools.structure import Roi, structure_set

pytestmark = pytest.mark.filterwarnings("ignore:.*unlikely to represent the intended person name")
PDF_STORAGE = "1.2.840.10008.5.1.4.1.1.104.1"
SAME: dict[str, Any] = {"series_number": 9, "instance_number": 1, "manufacturer": "Fake tool"}
Sent = tuple[Hospital, list[Dataset], list[Dataset]]


def uids() -> dict[str, str]:
    return {"series_instance_uid": hd.UID(), "sop_instance_uid": hd.UID()}


def structured_report(images: list[Dataset]) -> Dataset:
    made = report(images, score=0.31)
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = hd.UID()
    return made


def key_objects(images: list[Dataset]) -> Dataset:
    content = hd.ko.KeyObjectSelection(
        document_title=codes.DCM.OfInterest, referenced_objects=images[:1], description="Look here"
    )
    return hd.ko.KeyObjectSelectionDocument(evidence=images[:1], content=content, **uids(), **SAME)


def presentation_state(images: list[Dataset]) -> Dataset:
    circle = hd.pr.GraphicObject(
        graphic_type=hd.pr.GraphicTypeValues.CIRCLE,
        graphic_data=np.array([[20.0, 20.0], [30.0, 20.0]]),
        units="PIXEL",
    )
    layer = hd.pr.GraphicLayer("FINDING", order=1)
    note = hd.pr.GraphicAnnotation(
        referenced_images=images[:1], graphic_layer=layer, graphic_objects=[circle]
    )
    return hd.pr.GrayscaleSoftcopyPresentationState(
        referenced_images=images[:1],
        manufacturer_model_name="Circle",
        software_versions="1.0",
        device_serial_number="1",
        content_label="FINDING",
        graphic_layers=[layer],
        graphic_annotations=[note],
        voi_lut_transformations=[hd.pr.SoftcopyVOILUTTransformation(window_center=40, window_width=400)],
        **uids(),
        **SAME,
    )


def secondary_capture(images: list[Dataset]) -> Dataset:
    made = hd.sc.SCImage.from_ref_dataset(
        ref_dataset=images[0],
        pixel_array=np.full((32, 32), 128, np.uint8),
        photometric_interpretation="MONOCHROME2",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "P"),
        **uids(),
        **SAME,
    )
    made.SourceImageSequence = [referring(images[0])]
    made.BurnedInAnnotation = "NO"
    return made


def document(images: list[Dataset]) -> Dataset:
    """An encapsulated PDF (PS3.3 A.45.1) on the first image."""
    first, made = images[0], Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = PDF_STORAGE
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = hd.UID()
    for name in ("StudyInstanceUID", "PatientID", "PatientName", "AccessionNumber", "StudyID", "StudyDate"):
        setattr(made, name, first.get(name, ""))
    made.SeriesInstanceUID, made.Modality, made.SeriesNumber = hd.UID(), "DOC", 9
    made.Manufacturer, made.ConversionType, made.BurnedInAnnotation = "Fake tool", "WSD", "NO"
    made.DocumentTitle, made.MIMETypeOfEncapsulatedDocument = "Finding", "application/pdf"
    made.ConceptNameCodeSequence = []
    made.SourceInstanceSequence = [referring(first)]
    made.EncapsulatedDocument = b"%PDF-1.4\n%%EOF\n\0"
    return made


def contours(images: list[Dataset]) -> Dataset:
    slices = sorted(images, key=lambda one: float(one.ImagePositionPatient[2]))
    squares = []
    for one in slices:
        x, y, z = (float(number) for number in one.ImagePositionPatient)
        squares.append((one, [np.array([[x + 9, y + 9, z], [x + 20, y + 9, z], [x + 20, y + 20, z]])]))
    return structure_set(Maker("Square", "1.0", "Fake tool"), slices, [Roi("Liver", (200, 80, 60), squares)])


def referring(image: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    return item


@pytest.fixture(scope="module")
def sent(hospital: Hospital) -> Iterator[Sent]:  # noqa: F811
    """One study that the tool holds: the hospital, the originals, and the images as the tool has them."""
    hospital.house.route("reader", "live")
    originals = scan()
    study = hospital.send(originals)
    assert hospital.results(study) == ["filed"]
    yield hospital, originals, whole(hospital.at_the_tool(study))


KINDS: dict[str, tuple[Callable[[list[Dataset]], Dataset], str]] = {
    "structured report": (structured_report, "SR"),
    "key objects": (key_objects, "KO"),
    "presentation state": (presentation_state, "PR"),
    "secondary capture": (secondary_capture, "OT"),
    "encapsulated document": (document, "DOC"),
    "segmentation": (segmentation, "SEG"),
    "structure set": (contours, "RTSTRUCT"),
}


@pytest.mark.need("G02", "G11", "G14")
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_result_comes_to_the_pacs_under_the_original_study(sent: Sent, kind: str) -> None:
    hospital, originals, images = sent  # noqa: F811
    make, modality = KINDS[kind]
    made = make(images)
    assert deliver([made], hospital.house.port, "READER") == [0]
    name, study = str(made.SOPInstanceUID), str(originals[0].StudyInstanceUID)
    states = f"list(Result.objects.filter(instance__sop_uid={name!r}).values_list('state', flat=True))"
    hospital.house.until(states, ["filed"])
    (filed,) = [one for one in hospital.pacs.instances(study) if one["SOPInstanceUID"] == name]
    assert (filed["SOPClassUID"], filed["Modality"]) == (made.SOPClassUID, modality)
    assert (filed["PatientID"], filed["AccessionNumber"]) == (
        originals[0].PatientID,
        originals[0].AccessionNumber,
    )
    assert filed["PatientName"] == str(originals[0].PatientName)
    # Whatever it refers to is an original: nothing of what it was called outside is left in it
    text = str(filed)
    named = set(re.findall(r"'ReferencedSOPInstanceUID': '([^']+)'", text))
    parents = {study, *(str(one.SeriesInstanceUID) for one in originals)}
    assert named - parents and named - parents <= {str(one.SOPInstanceUID) for one in originals}
    assert str(images[0].StudyInstanceUID) not in text and str(images[0].PatientID) not in text


@pytest.mark.need("G02", "G14")
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_that_names_an_image_that_was_never_sent_is_quarantined(sent: Sent, kind: str) -> None:
    hospital, originals, images = sent  # noqa: F811
    strange = KINDS[kind][0](images)
    _rename(strange, str(images[0].SOPInstanceUID), hd.UID())
    strange.SOPInstanceUID = strange.file_meta.MediaStorageSOPInstanceUID = hd.UID()
    assert deliver([strange], hospital.house.port, "READER") == [0]
    name = str(strange.SOPInstanceUID)
    reason = f"Quarantine.objects.filter(instance__sop_uid={name!r}).values_list('reason', flat=True).first()"
    hospital.house.until(f"{reason} is not None")
    assert "referenced objects" in hospital.house.ask(reason)
    filed = hospital.pacs.instances(str(originals[0].StudyInstanceUID))
    assert name not in {one["SOPInstanceUID"] for one in filed}


def _rename(dataset: Dataset, old: str, new: str) -> None:
    """Put another UID in the place of this one wherever the object refers to it."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value or ():
                _rename(item, old, new)
        elif element.keyword == "ReferencedSOPInstanceUID" and element.value == old:
            element.value = new
