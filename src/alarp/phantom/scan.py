"""What leaves the simulator? DICOM objects, and the truth that they were made from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from pydicom import Dataset

UidSource = Callable[[str], str]
"""Gives the UID for a purpose ("study", "image 3"): the same answer for the same question."""


def seeded_uids(seed: str) -> UidSource:
    """Which UIDs follow from this seed? UUID-derived ones under 2.25 (DICOM PS3.5 B.2)."""

    def uid(purpose: str) -> str:
        number = int.from_bytes(hashlib.sha256(f"{seed}|{purpose}".encode()).digest()[:16], "big")
        return f"2.25.{number}"

    return uid


@dataclass(frozen=True, slots=True)
class Nodule:
    """A round soft-tissue nodule in the lung: centre (patient coordinates, mm) and diameter."""

    centre_mm: tuple[float, float, float]
    diameter_mm: float


@dataclass(frozen=True, slots=True)
class NoduleOnFilm:
    """Where a nodule falls on the film: zero-based column and row of its centre, diameter."""

    column: float
    row: float
    diameter_mm: float
    contrast: float
    """Greatest change of the line integral that the nodule makes; dimensionless."""


@dataclass(frozen=True, slots=True)
class ChestTruth:
    """What is really on the film?"""

    nodules: tuple[NoduleOnFilm, ...]

    @property
    def positive(self) -> bool:
        return bool(self.nodules)


@dataclass(frozen=True, slots=True)
class AbdomenTruth:
    """Where are liver and lung bases really? The structure set holds their analytic outlines on every slice."""

    liver_volume_ml: float
    structure_set: Dataset


@dataclass(frozen=True, slots=True)
class Scan:
    """One simulated examination: its DICOM objects in order of acquisition, and the truth."""

    datasets: tuple[Dataset, ...]
    truth: ChestTruth | AbdomenTruth | None
    """None for the quality-assurance object: it has no patient and no disease to be right about."""
