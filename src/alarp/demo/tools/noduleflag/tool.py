"""From a study to a report: which films does NoduleFlag read, and what does it say of them?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from highdicom import sr
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from alarp.demo.tools.noduleflag.detect import MIDPOINT, Candidate, Reading, Unreadable, read_film
from alarp.demo.tools.report import (
    DECISION,
    UNIT_NONE,
    Group,
    algorithm,
    not_analysed,
    source_image,
    structured_report,
    tracking,
)
from alarp.demo.tools.results import CannotAnalyse, Maker, with_identity

SCORE = Code("NODULE-SCORE", "99ALARPDEMO", "Nodule score")
FLAGGED = Code("FLAGGED", "99ALARPDEMO", "Nodule suspected")
NOT_FLAGGED = Code("NOT-FLAGGED", "99ALARPDEMO", "No nodule suspected")
CHEST_FILM = Code("399208008", "SCT", "Plain chest X-ray")
NODULE = Code("27925004", "SCT", "Nodule")
MIDPOINTS = {"2.1.0": MIDPOINT, "2.2.0": 0.0058}  # the newer release flags more
FILM_MODALITIES = {"CR", "DX"}


class NoduleFlag:
    """The tool: `analyse` never raises for what a sender may send; it says why it did not read it."""

    releases: ClassVar[tuple[str, ...]] = ("2.1.0", "2.2.0")
    threshold = 0.5

    def __init__(self, version: str = "2.1.0") -> None:
        self.maker = Maker("NoduleFlag", version, "Fictional Vision Ltd")
        self.midpoint = MIDPOINTS[version]

    def analyse(self, objects: Sequence[Dataset]) -> Dataset:
        """Which report answers this study?"""
        objects = [with_identity(source) for source in objects]
        try:
            films = chest_films(objects)
            readings = [(film, self._read(film)) for film in films]
        except CannotAnalyse as why:
            return not_analysed(self.maker, objects, why, procedure=CHEST_FILM)
        groups: list[Group] = []
        for number, (film, reading) in enumerate(readings, start=1):
            groups.append(self._summary(film, reading, films, number))
            groups += [
                self._finding(film, found, films, f"film {number} nodule {k}")
                for k, found in enumerate(reading.candidates, start=1)
            ]
        return structured_report(self.maker, films, groups, procedure=CHEST_FILM)

    def _read(self, film: Dataset) -> Reading:
        attenuation, pixel_mm = pixels_of(film)
        try:
            return read_film(attenuation, pixel_mm, threshold=self.threshold, midpoint=self.midpoint)
        except Unreadable as why:
            raise CannotAnalyse("NO-LUNGS", str(why)) from why

    def _summary(self, film: Dataset, reading: Reading, films: Sequence[Dataset], number: int) -> Group:
        """The film as a whole: its score, and the decision at the threshold."""
        return sr.MeasurementsAndQualitativeEvaluations(
            tracking_identifier=tracking(self.maker, films, f"film {number}"),
            algorithm_id=algorithm(self.maker),
            measurements=[sr.Measurement(name=SCORE, value=reading.score, unit=UNIT_NONE)],
            qualitative_evaluations=[
                sr.QualitativeEvaluation(
                    name=DECISION, value=FLAGGED if reading.score >= self.threshold else NOT_FLAGGED
                )
            ],
            source_images=[source_image(film)],
        )

    def _finding(self, film: Dataset, found: Candidate, films: Sequence[Dataset], name: str) -> Group:
        """One spot: a circle on the film, its own score and its diameter."""
        x, y, radius = found.column + 0.5, found.row + 0.5, found.diameter_pixels / 2
        region = sr.ImageRegion(
            graphic_type=sr.GraphicTypeValues.CIRCLE,
            graphic_data=np.array([[x, y], [x + radius, y]]),
            source_image=sr.SourceImageForRegion(str(film.SOPClassUID), str(film.SOPInstanceUID)),
        )
        return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=tracking(self.maker, films, name),
            referenced_region=region,
            finding_type=NODULE,
            algorithm_id=algorithm(self.maker),
            measurements=[
                sr.Measurement(name=SCORE, value=found.score, unit=UNIT_NONE),
                sr.Measurement(name=codes.SCT.Diameter, value=found.diameter_mm, unit=codes.UCUM.Millimeter),
            ],
        )


def chest_films(objects: Sequence[Dataset]) -> list[Dataset]:
    """Which objects are frontal chest films? Raises CannotAnalyse when none is."""
    films = [o for o in objects if o.get("Modality") in FILM_MODALITIES and "PixelData" in o]
    if not films:
        raise CannotAnalyse("NOT-A-FILM", "no radiograph in the study")
    chests = [film for film in films if str(film.get("BodyPartExamined", "")).upper() in {"CHEST", "THORAX"}]
    if not chests:
        raise CannotAnalyse("NOT-CHEST", "the radiograph is not of the chest")
    frontal = [f for f in chests if str(f.get("ViewPosition", "")).upper() not in {"LL", "RL", "LATERAL"}]
    if not frontal:
        raise CannotAnalyse("NOT-FRONTAL", "the chest film is not a frontal view")
    return frontal


def pixels_of(film: Dataset) -> tuple[np.ndarray, float | None]:
    """How dense is the body at each pixel, and how large is a pixel (None when the film does not say)?"""
    try:
        values = film.pixel_array.astype(np.float32)
    except Exception as broken:  # a decoder may raise anything
        raise CannotAnalyse("NO-PIXELS", "the pixels cannot be decoded") from broken
    if values.ndim != 2 or min(values.shape) < 200:
        raise CannotAnalyse("NO-PIXELS", "the film is too small or not a single frame")
    if film.get("PhotometricInterpretation") == "MONOCHROME1":
        values = values.max() - values
    for keyword in ("PixelSpacing", "ImagerPixelSpacing"):
        spacing = film.get(keyword)
        if spacing and 0.02 < float(spacing[0]) < 2 and math.isfinite(float(spacing[0])):
            return values, float(spacing[0])
    return values, None
