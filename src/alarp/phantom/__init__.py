"""Scans of known truth: fictional patients, analytic organs, three simulated scanners."""

from alarp.phantom.ct import abdomen_ct
from alarp.phantom.film import chest_film, qa_film, random_nodules
from alarp.phantom.patients import QA_OBJECT, Patient, fictional_nhs_number, fictional_patient
from alarp.phantom.scan import (
    AbdomenTruth,
    ChestTruth,
    Nodule,
    NoduleOnFilm,
    Scan,
    UidSource,
    seeded_uids,
)
from alarp.phantom.scanners import SCANNERS, CtUnit, FilmUnit, Scanner, upgraded

__all__ = [
    "QA_OBJECT",
    "SCANNERS",
    "AbdomenTruth",
    "ChestTruth",
    "CtUnit",
    "FilmUnit",
    "Nodule",
    "NoduleOnFilm",
    "Patient",
    "Scan",
    "Scanner",
    "UidSource",
    "abdomen_ct",
    "chest_film",
    "fictional_nhs_number",
    "fictional_patient",
    "qa_film",
    "random_nodules",
    "seeded_uids",
    "upgraded",
]
