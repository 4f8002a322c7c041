"""What does a chest film of this patient look like? By projection through analytic organs."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from alarp.kernel import BadInput
from alarp.phantom.anatomy import Chest, chest_of
from alarp.phantom.dicom import Visit, new_object, set_pixels
from alarp.phantom.patients import QA_OBJECT, Patient
from alarp.phantom.physics import (
    MU_BONE_PER_MM,
    MU_LUNG_PER_MM,
    MU_SOFT_PER_MM,
    add_scatter,
    attenuate,
    detect,
    grey_levels,
)
from alarp.phantom.scan import ChestTruth, Nodule, NoduleOnFilm, Scan, UidSource, seeded_uids
from alarp.phantom.scanners import FilmUnit, Scanner
from alarp.phantom.shapes import Array, Ellipsoid, RibPair, Tube, common, length_mm, uncovered_mm

CR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.1"
FILM_CENTRE_Z_MM = 95.0
LEAST_LUNG_MM = 75.0
HILUM_MM = 52.0


def film_axes(unit: FilmUnit, pixels: int) -> tuple[Array, Array]:
    """At which x (a row) and z (a column) do the film's pixels lie? Seen from the front: right on the left."""
    middle = (pixels - 1) / 2
    steps = (np.arange(pixels, dtype=np.float32) - np.float32(middle)) * np.float32(unit.pixel_spacing_mm)
    return steps[None, :], (np.float32(FILM_CENTRE_Z_MM) - steps)[:, None]


def line_integral(chest: Chest, nodules: tuple[Nodule, ...], x: Array, z: Array) -> Array:
    """How much attenuation does each ray meet on its way through the chest? Dimensionless.

    Soft tissue fills the body's outline; lungs replace it where neither heart, great vessels nor the
    abdomen below the diaphragm bulge into them; bone and vessels add what they have more than
    the tissue in their place, and so do nodules.
    """
    total = MU_SOFT_PER_MM * blended([length_mm(part.chord(x, z)) for part in chest.soft])
    in_lung = MU_SOFT_PER_MM - MU_LUNG_PER_MM
    for lung in chest.lungs:
        at = _window(x, z, lung)
        xs, zs = x[:, at[1]], z[at[0]]
        inside = [solid.chord(xs, zs) for solid in chest.within_lungs]
        total[at] -= in_lung * uncovered_mm(lung.chord(xs, zs), inside)
    for tube in chest.vessels:
        _add(total, x, z, tube, in_lung)
    bones: tuple[RibPair | Tube, ...] = (*chest.ribs, *chest.bones)
    for bone in bones:
        _add(total, x, z, bone, MU_BONE_PER_MM - MU_SOFT_PER_MM)
    for vertebra in chest.spine:
        _add(total, x, z, vertebra, MU_BONE_PER_MM - MU_SOFT_PER_MM)
    for nodule in nodules:
        _add(total, x, z, _ball(nodule), in_lung)
    return np.asarray(np.maximum(total, 0), dtype=np.float32)


def blended(thicknesses: list[Array]) -> Array:
    """How thick is a body of several parts? The greatest part, without a crease where two are alike.

    The fourth root of the sum of fourth powers: one part alone keeps its exact thickness.
    """
    return np.asarray(np.sqrt(np.sqrt(np.sum([t**4 for t in thicknesses], axis=0))), dtype=np.float32)


def _ball(nodule: Nodule) -> Ellipsoid:
    radius = nodule.diameter_mm / 2
    return Ellipsoid(nodule.centre_mm, (radius, radius, radius))


def _window(x: Array, z: Array, solid: Tube | RibPair | Ellipsoid) -> tuple[slice, slice]:
    """Which rows and columns of the film can the solid's shadow reach?"""
    if isinstance(solid, Tube):
        (x0, x1), (z0, z1) = solid.shadow_mm()
    else:
        (x0, x1), _, (z0, z1) = solid.box_mm()
    return slice(*np.searchsorted(-z[:, 0], [-z1, -z0])), slice(*np.searchsorted(x[0], [x0, x1]))


def _add(total: Array, x: Array, z: Array, solid: Tube | RibPair | Ellipsoid, mu_per_mm: float) -> None:
    """Add a solid's shadow, looking only where it can fall."""
    at = _window(x, z, solid)
    xs, zs = x[:, at[1]], z[at[0]]
    if xs.size and zs.size:
        chord = length_mm(solid.chord(xs, zs)) if isinstance(solid, Ellipsoid) else solid.chord_mm(xs, zs)
        total[at] += np.float32(mu_per_mm) * chord


def random_nodules(
    patient: Patient,
    rng: np.random.Generator,
    *,
    count: int = 1,
    diameter_mm: tuple[float, float] = (8.0, 25.0),
) -> tuple[Nodule, ...]:
    """Where could nodules lie in this patient's lungs? At random, wholly inside aerated lung.

    They may be hidden behind a rib, as in life; not behind heart or diaphragm, nor at the very edge,
    where the ray crosses less than `LEAST_LUNG_MM` of lung, nor within `HILUM_MM` of the midline.
    """
    chest = chest_of(patient)
    nodules: list[Nodule] = []
    for _ in range(1000):
        if len(nodules) == count:
            return tuple(nodules)
        lung = chest.lungs[int(rng.integers(len(chest.lungs)))]
        diameter = float(rng.uniform(*diameter_mm))
        offset = rng.uniform(-1, 1, 3) * np.array(lung.semi)
        centre = tuple(float(v) for v in np.array(lung.centre) + offset)
        candidate = Nodule((centre[0], centre[1], centre[2]), diameter)
        if _in_clear_lung(chest, lung, candidate):
            nodules.append(candidate)
    raise BadInput(
        f"Nodules: only {len(nodules)} of {count} fit into the lungs. Ask for fewer or smaller ones."
    )


def _in_clear_lung(chest: Chest, lung: Ellipsoid, nodule: Nodule) -> bool:
    margin = nodule.diameter_mm / 2 + 2
    x, y, z = (np.array([value], dtype=np.float32) for value in nodule.centre_mm)
    if float(lung.distance_mm(x, y, z)[0]) > -margin:
        return False
    ray = lung.chord(x, z)
    if float(length_mm(ray)[0]) < LEAST_LUNG_MM or abs(nodule.centre_mm[0]) < HILUM_MM:
        return False
    return all(float(length_mm(common(ray, s.chord(x, z)))[0]) == 0 for s in chest.within_lungs)


def chest_film(
    *,
    patient: Patient,
    scanner: Scanner,
    nodules: tuple[Nodule, ...],
    when: datetime,
    rng: np.random.Generator,
    accession: str,
    uid: UidSource | None = None,
    pixels: int = 1024,
    dose: float = 1.0,
) -> Scan:
    """What does this scanner's PA chest film of this patient show, and what is really there?"""
    unit = scanner.film
    x, z = film_axes(unit, pixels)
    levels = _expose(line_integral(chest_of(patient), nodules, x, z), unit, rng, dose)
    source = uid or seeded_uids(f"film|{patient.issuer}|{patient.patient_id}|{accession}")
    dataset = _cr_image(Visit(patient, scanner, when, accession, source), levels, unit, dose)
    dataset.StudyDescription, dataset.SeriesDescription = "Chest PA", "Chest PA (simulated)"
    return Scan((dataset,), ChestTruth(tuple(_on_film(nodule, x, z) for nodule in nodules)))


def _expose(integral: Array, unit: FilmUnit, rng: np.random.Generator, dose: float) -> NDArray[np.uint16]:
    arriving = add_scatter(attenuate(integral, unit), unit, pixel_mm=unit.pixel_spacing_mm)
    return grey_levels(detect(arriving, unit, rng, dose=dose), unit)


def _on_film(nodule: Nodule, x: Array, z: Array) -> NoduleOnFilm:
    step = float(x[0, 1] - x[0, 0])
    return NoduleOnFilm(
        column=(nodule.centre_mm[0] - float(x[0, 0])) / step,
        row=(float(z[0, 0]) - nodule.centre_mm[2]) / step,
        diameter_mm=nodule.diameter_mm,
        contrast=(MU_SOFT_PER_MM - MU_LUNG_PER_MM) * nodule.diameter_mm,
    )


def _cr_image(visit: Visit, levels: NDArray[np.uint16], unit: FilmUnit, dose: float) -> Dataset:
    """A conformant Computed Radiography Image (PS3.3 A.2)."""
    dataset = new_object(visit, sop_class=CR_IMAGE_STORAGE, modality="CR", purpose="film")
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.SeriesInstanceUID = visit.uid("film series")
    dataset.SeriesNumber, dataset.InstanceNumber = 1, 1
    dataset.BodyPartExamined, dataset.ViewPosition = "CHEST", "PA"
    dataset.PatientOrientation = ["L", "F"]
    dataset.Laterality = ""
    dataset.BurnedInAnnotation = "NO"
    dataset.KVP = unit.kvp
    dataset.Exposure = max(1, round(2 * dose))
    dataset.ImagerPixelSpacing = dataset.PixelSpacing = [unit.pixel_spacing_mm] * 2
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = -1 if unit.photometric == "MONOCHROME2" else 1
    dataset.PhotometricInterpretation = unit.photometric
    low, high = (float(v) for v in np.percentile(levels, [1, 99]))
    dataset.WindowCenter, dataset.WindowWidth = round((low + high) / 2), max(2, round(high - low))
    set_pixels(dataset, levels, bits=12)
    return dataset


def qa_film(
    *,
    scanner: Scanner,
    when: datetime,
    rng: np.random.Generator,
    accession: str,
    uid: UidSource | None = None,
    pixels: int = 1024,
) -> Scan:
    """What does the daily quality-assurance film show? A step wedge and contrast discs in a block.

    It is entered as a chest film with the patient id of the test object, as departments do: a gateway
    that looks at body part alone would send it to the AI tool.
    """
    unit = scanner.film
    x, z = film_axes(unit, pixels)
    block = (np.abs(x) < 150) & (np.abs(z - FILM_CENTRE_Z_MM) < 150)
    integral = np.where(block, MU_SOFT_PER_MM * (60 + 20 * np.floor((x + 150) / 50)), 0).astype(np.float32)
    for k in range(-2, 3):
        disc = Ellipsoid((50.0 * k, 0.0, FILM_CENTRE_Z_MM), (15.0, 4.0, 15.0))
        _add(integral, x, z, disc, MU_SOFT_PER_MM)
    source = uid or seeded_uids(f"qa|{scanner.serial}|{accession}")
    levels = _expose(integral, unit, rng, 1.0)
    dataset = _cr_image(Visit(QA_OBJECT, scanner, when, accession, source), levels, unit, 1.0)
    dataset.StudyDescription, dataset.SeriesDescription = "QA", "QA constancy test"
    dataset.QualityControlImage = "YES"
    return Scan((dataset,), None)
