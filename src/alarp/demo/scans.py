"""Which patients come to the demonstration hospital, and what do the scanners see?

Simulated ones of known truth, and beside them four real images of the `pydicom-data` package (MIT).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.errors import InvalidDicomError

from alarp.kernel import BadInput
from alarp.phantom import (
    SCANNERS,
    AbdomenTruth,
    ChestTruth,
    Scan,
    Scanner,
    abdomen_ct,
    chest_film,
    fictional_patient,
    qa_film,
    random_nodules,
    upgraded,
)

# What the real images are, by the name pydicom-data gives them.
REAL = {
    "chest": "RG1_UNCR.dcm",  # Philips chest film with many real nodules
    "ankle": "RG3_UNCR.dcm",  # Fuji film of an ankle
    "head": "693_UNCR.dcm",  # one slice of a head CT
    "shoulder": "MR2_UNCR.dcm",  # one image of a shoulder MR
}


RIVERSIDE = (0, 1)  # the scanners of the site where the tools are deployed
MOORGATE = (2,)
EVERYWHERE = (*RIVERSIDE, *MOORGATE)


@dataclass(frozen=True, slots=True)
class Order:
    """One examination to be made: which fictional patient, on which scanner, with how many nodules."""

    patient: int
    scanner: int
    nodules: int
    accession: str
    when: datetime
    upgraded: bool = False  # was the scanner upgraded before?

    def machine(self) -> Scanner:
        """Which scanner makes it, in the state it is in by then?"""
        scanner = SCANNERS[self.scanner]
        return upgraded(scanner) if self.upgraded else scanner


def film(order: Order) -> Scan:
    """One simulated chest film."""
    rng = np.random.default_rng([order.patient, order.scanner, 1])
    patient = fictional_patient(order.patient)
    nodules = random_nodules(patient, rng, count=order.nodules) if order.nodules else ()
    return chest_film(
        patient=patient,
        scanner=order.machine(),
        nodules=nodules,
        when=order.when,
        rng=rng,
        accession=order.accession,
    )


def abdomen(order: Order) -> Scan:
    """One simulated CT of the abdomen, with the analytic outlines of liver and lungs as its truth."""
    return abdomen_ct(
        patient=fictional_patient(order.patient),
        scanner=order.machine(),
        when=order.when,
        rng=np.random.default_rng([order.patient, order.scanner, 2]),
        accession=order.accession,
    )


def test_object(scanner: int, when: datetime) -> Scan:
    """The morning's quality-assurance film: a test object entered as if it were a chest."""
    rng = np.random.default_rng([scanner, 3])
    return qa_film(scanner=SCANNERS[scanner], when=when, rng=rng, accession=f"QA{scanner:04d}")


def examine(how: Callable[[Order], Scan], orders: Iterable[Order]) -> list[Scan]:
    """Make many examinations, two at a time."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        return list(pool.map(how, orders))


def orders(
    count: int,
    *,
    first_patient: int,
    when: datetime,
    prefix: str,
    scanners: Sequence[int],
    nodules_in_round: int = 2,
    after_upgrade: Collection[int] = (),
) -> list[Order]:
    """A list of examinations in turn on these scanners; in every so-many-th round the chests have nodules.

    The scanners in `after_upgrade` have had theirs by then.
    """
    made = []
    for n in range(count):
        scanner, turn = scanners[n % len(scanners)], n // len(scanners)
        made.append(
            Order(
                patient=first_patient + n,
                scanner=scanner,
                nodules=(1 + n % 3) if turn % nodules_in_round == nodules_in_round - 1 else 0,
                accession=f"{prefix}{n:04d}",
                when=when + timedelta(minutes=7 * n),
                upgraded=scanner in after_upgrade,
            )
        )
    return made


def station_of(scan: Scan) -> str:
    """Which scanner of the hospital sends this examination? Real images come in through room A."""
    station = str(scan.datasets[0].get("StationName", ""))
    return station if station in {scanner.station for scanner in SCANNERS} else SCANNERS[0].station


def report_label(scan: Scan) -> str:
    """What would a perfect report of this film say?"""
    assert isinstance(scan.truth, ChestTruth)
    return "positive" if scan.truth.positive else "negative"


def true_outlines(scan: Scan) -> Dataset:
    """The true liver and lungs of this CT, as a structure set."""
    assert isinstance(scan.truth, AbdomenTruth)
    return scan.truth.structure_set


def real_image(name: str) -> Dataset:
    """One of the four real images, by the part of the body it shows."""
    file = get_testdata_file(REAL[name], download=False)
    if not isinstance(file, str):
        raise BadInput(f"The real image {REAL[name]} is missing: the package pydicom-data is not installed.")
    return dcmread(file)


@dataclass(frozen=True, slots=True)
class RealCt:
    """A real CT of the abdomen with a reference structure set, from a folder the user gave."""

    images: tuple[Dataset, ...]
    reference: Dataset
    folder: Path


def real_abdomen(data: Path) -> RealCt:
    """Which CT series and structure set lie in this folder? Raises BadInput when there is no such pair."""
    if not data.is_dir():
        raise BadInput(f"{data} is not a folder. Give --data a folder with a CT series and its RTSTRUCT.")
    for place in sorted({file.parent for file in data.rglob("*.dcm")}):
        for file in sorted(place.glob("*.dcm")):
            found = _pair(file)
            if found is not None:
                return found
    raise BadInput(
        f"{data} holds no RTSTRUCT with a liver together with the CT series it refers to. "
        "Give a folder that does, or leave --data out."
    )


def as_scan(real: RealCt) -> Scan:
    """The real CT as an examination to be sent; what is really there, nobody knows."""
    return Scan(real.images, None)


def _pair(file: Path) -> RealCt | None:
    try:
        reference = dcmread(file, stop_before_pixels=True)
    except (InvalidDicomError, OSError):
        return None
    if reference.get("Modality") != "RTSTRUCT":
        return None
    names = [str(roi.ROIName).lower() for roi in reference.get("StructureSetROISequence", [])]
    if "liver" not in names:
        return None
    images = []
    for other in sorted(file.parent.rglob("*.dcm")):
        image = dcmread(other, stop_before_pixels=False)
        if image.get("Modality") == "CT" and image.FrameOfReferenceUID == _frame(reference):
            images.append(image)
    return RealCt(tuple(images), reference, file.parent) if len(images) > 1 else None


def _frame(reference: Dataset) -> str:
    frames = reference.get("ReferencedFrameOfReferenceSequence", [])
    return str(frames[0].FrameOfReferenceUID) if frames else str(reference.get("FrameOfReferenceUID", ""))


simulate_films = partial(examine, film)
simulate_abdomens = partial(examine, abdomen)
