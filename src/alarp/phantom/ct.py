"""What does an abdominal CT of this patient look like? By voxelising analytic organs."""

from __future__ import annotations

import math
from datetime import datetime
from functools import partial

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from scipy import ndimage

from alarp.kernel import BadInput
from alarp.phantom.anatomy import Abdomen, Organ, abdomen_of
from alarp.phantom.dicom import Visit, new_object, set_pixels
from alarp.phantom.patients import Patient
from alarp.phantom.physics import ct_noise_hu, kernel_noise
from alarp.phantom.rtstruct import Outlines, structure_set
from alarp.phantom.scan import AbdomenTruth, Scan, UidSource, seeded_uids
from alarp.phantom.scanners import CtUnit, Scanner
from alarp.phantom.shapes import Array, Solid
from alarp.phantom.union import outlines, union_volume_mm3
from alarp.phantom.visible import visible_outlines

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
TOP_Z_MM = 10.0


def share_inside(solid: Solid, x: Array, y: Array, z: Array, *, pixel_mm: float) -> Array:
    """Which share of each voxel lies inside? From the distance to the surface, in the plane of the slice.

    A voxel whose centre lies on the surface is half inside; one half a pixel away is in or out.
    """
    return np.asarray(np.clip(0.5 - solid.distance_mm(x, y, z) / pixel_mm, 0, 1), dtype=np.float32)


def paint(volume: Array, organ: Organ, x: Array, y: Array, z: Array, *, pixel_mm: float) -> None:
    """Put an organ into the volume, over what is there, looking only where it can be."""
    (x0, x1), (y0, y1), (z0, z1) = organ.solid.box_mm()
    xs = slice(*np.searchsorted(x, [x0 - pixel_mm, x1 + pixel_mm]))
    ys = slice(*np.searchsorted(y, [y0 - pixel_mm, y1 + pixel_mm]))
    for k in np.flatnonzero((z >= z0 - pixel_mm) & (z <= z1 + pixel_mm)):
        part = volume[k, ys, xs]
        if part.size:
            share = share_inside(organ.solid, x[None, xs], y[ys, None], z[k], pixel_mm=pixel_mm)
            part += share * (np.float32(organ.hu) - part)


def voxelise(abdomen: Abdomen, x: Array, y: Array, z: Array, *, pixel_mm: float) -> Array:
    """Which CT number does each voxel have, before blur and noise? Shape (slices, rows, columns)."""
    volume = np.full((len(z), len(y), len(x)), -1000, dtype=np.float32)
    liver = [Organ("liver", lobe, abdomen.liver_hu) for lobe in abdomen.liver]
    for organ in (*abdomen.organs, *liver, *abdomen.lesions):
        paint(volume, organ, x, y, z, pixel_mm=pixel_mm)
    return volume


def abdomen_ct(
    *,
    patient: Patient,
    scanner: Scanner,
    when: datetime,
    rng: np.random.Generator,
    accession: str,
    uid: UidSource | None = None,
    slices: int = 30,
    spacing_mm: float = 5.0,
    matrix: int = 256,
    dose: float = 1.0,
) -> Scan:
    """What does this scanner's abdominal CT of this patient show, and where is the liver really?"""
    if slices < 1 or matrix < 32:
        raise BadInput(
            f"CT: {slices} slices of {matrix} pixels were asked for. Ask for 1 slice and 32 pixels or more."
        )
    unit, abdomen = scanner.ct, abdomen_of(patient)
    pixel_mm = unit.field_mm / matrix
    x = ((np.arange(matrix) - (matrix - 1) / 2) * pixel_mm).astype(np.float32)
    z = (TOP_Z_MM - spacing_mm * np.arange(slices)).astype(np.float32)
    volume = voxelise(abdomen, x, x, z, pixel_mm=pixel_mm)
    reconstruct(volume, unit, rng, pixel_mm=pixel_mm, thickness_mm=spacing_mm, dose=dose)
    source = uid or seeded_uids(f"ct|{patient.issuer}|{patient.patient_id}|{accession}")
    visit = Visit(patient, scanner, when, accession, source)
    images = tuple(_ct_image(visit, volume[k], k, x, float(z[k]), spacing_mm, dose) for k in range(slices))
    truth = AbdomenTruth(
        liver_volume_ml=union_volume_mm3(abdomen.liver) / 1000,
        structure_set=structure_set(visit, images, true_outlines(abdomen)),
    )
    return Scan(images, truth)


def true_outlines(abdomen: Abdomen) -> dict[str, Outlines]:
    """How are the organs of known outline named (AAPM TG-263), and what bounds each in a plane?"""
    lungs = tuple(organ.solid for organ in abdomen.lungs)
    return {
        "Liver": partial(outlines, abdomen.liver),
        "Lungs": partial(visible_outlines, lungs, abdomen.over_lungs),
    }


def reconstruct(
    volume: Array,
    unit: CtUnit,
    rng: np.random.Generator,
    *,
    pixel_mm: float,
    thickness_mm: float,
    dose: float,
) -> None:
    """Blur every slice with the scanner's point spread and add its noise, in place."""
    noise_hu = ct_noise_hu(unit, thickness_mm=thickness_mm, dose=dose)
    for image in volume:
        ndimage.gaussian_filter(image, unit.blur_mm / pixel_mm, output=image, mode="nearest")
        image += np.float32(noise_hu) * kernel_noise(
            (image.shape[0], image.shape[1]), pixel_mm=pixel_mm, peak_per_mm=unit.kernel_peak_per_mm, rng=rng
        )


def _ct_image(
    visit: Visit, image: Array, index: int, x: Array, z_mm: float, thickness_mm: float, dose: float
) -> Dataset:
    """A conformant CT Image (PS3.3 A.3), axial, head first supine."""
    unit, pixel_mm = visit.scanner.ct, float(x[1] - x[0])
    dataset = new_object(visit, sop_class=CT_IMAGE_STORAGE, modality="CT", purpose=f"slice {index}")
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.StudyDescription, dataset.SeriesDescription = "CT abdomen", "Abdomen (simulated)"
    dataset.SeriesInstanceUID = visit.uid("CT series")
    dataset.FrameOfReferenceUID = visit.uid("frame of reference")
    dataset.PositionReferenceIndicator = ""
    dataset.SeriesNumber, dataset.AcquisitionNumber, dataset.InstanceNumber = 2, 1, index + 1
    dataset.BodyPartExamined, dataset.PatientPosition = "ABDOMEN", "HFS"
    dataset.ProtocolName = "ABDOMEN PORTAL VENOUS"
    dataset.KVP = unit.kvp
    dataset.Exposure = max(1, round(unit.mas * dose))
    dataset.ConvolutionKernel = unit.kernel
    dataset.ReconstructionDiameter = unit.field_mm
    dataset.SliceThickness, dataset.SpacingBetweenSlices = thickness_mm, thickness_mm
    dataset.PixelSpacing = [_decimal(pixel_mm)] * 2
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.ImagePositionPatient = [_decimal(float(x[0])), _decimal(float(x[0])), _decimal(z_mm)]
    dataset.SliceLocation = _decimal(z_mm)
    dataset.BurnedInAnnotation = "NO"
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = -1024, 1, "HU"
    dataset.WindowCenter, dataset.WindowWidth = 60, 400
    stored = np.clip(np.round(image + 1024), 0, 4095)
    pixels: NDArray[np.uint16] = stored.astype(np.uint16)
    set_pixels(dataset, pixels, bits=12)
    return dataset


def _decimal(value: float) -> str:
    """A decimal string of at most 16 characters (PS3.5, DS)."""
    return f"{value:.6f}".rstrip("0").rstrip(".") if math.isfinite(value) else "0"
