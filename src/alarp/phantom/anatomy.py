"""Which organs does this patient have, and where? One torso per patient, drawn once from the patient id.

The height z = 0 is the top of the right half of the diaphragm. Sizes are those of an adult (ICRP
Publication 110, doi:10.1016/j.icrp.2009.09.001, gives the reference torso that these ellipsoids
stand for) and vary from patient to patient with height, weight and chance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from alarp.phantom.patients import Patient, rng_of
from alarp.phantom.shapes import Column, Ellipsoid, RibPair, Solid, Tube


@dataclass(frozen=True, slots=True)
class Organ:
    """One organ of the abdomen: its solid and its CT number."""

    name: str
    solid: Solid
    hu: float


@dataclass(frozen=True, slots=True)
class Chest:
    """What a chest film sees."""

    soft: tuple[Ellipsoid | Column, ...]
    lungs: tuple[Ellipsoid, ...]
    within_lungs: tuple[Ellipsoid, ...]
    ribs: tuple[RibPair, ...]
    spine: tuple[Ellipsoid, ...]
    bones: tuple[Tube, ...]
    vessels: tuple[Tube, ...]


@dataclass(frozen=True, slots=True)
class Abdomen:
    """What an abdominal CT sees, in painting order; the liver is painted after all of them."""

    organs: tuple[Organ, ...]
    liver: tuple[Ellipsoid, ...]
    liver_hu: float
    lesions: tuple[Organ, ...]

    @property
    def lungs(self) -> tuple[Organ, ...]:
        """The bases of both lungs, as far down as the diaphragm lets them."""
        return tuple(organ for organ in self.organs if organ.name.startswith("lung"))

    @property
    def over_lungs(self) -> tuple[Solid, ...]:
        """What is painted over the lungs, and so is not lung: heart, liver, spleen, stomach, ribs, spine."""
        last = max(k for k, organ in enumerate(self.organs) if organ.name.startswith("lung"))
        return (*(organ.solid for organ in self.organs[last + 1 :]), *self.liver)


def chest_of(patient: Patient) -> Chest:
    """How is this patient's chest built?"""
    rng = rng_of(f"chest {patient.patient_id}")
    wide, deep, tall = _proportions(patient)

    def solid(centre: tuple[float, float, float], semi: tuple[float, float, float]) -> Ellipsoid:
        return _scaled(rng, centre, semi, (wide, deep, tall), jitter=0.05)

    lungs = (solid((-74, 0, 92), (61, 84, 140)), solid((75, 0, 97), (58, 82, 136)))
    return Chest(
        soft=(
            Ellipsoid((0, 0, -30 * tall), (172 * wide, 112 * deep, 340 * tall)),
            Column((0, 0), (58, 60)),
            *(Ellipsoid((s * 125 * wide, 0, 165 * tall), (108 * wide, 76 * deep, 92)) for s in (-1, 1)),
        ),
        lungs=lungs,
        within_lungs=(
            solid((-74, 5, -62), (84, 96, 64)),
            solid((75, 5, -76), (84, 96, 64)),
            solid((24, -30, 34), (62, 46, 62)),
            solid((28, 5, 150), (20, 25, 24)),
            solid((0, -20, 110), (26, 40, 90)),
        ),
        ribs=_ribs(rng, wide, deep, tall),
        spine=tuple(Ellipsoid((0, 72 * deep, 25.0 * k), (17, 17, 11.5)) for k in range(-5, 13)),
        bones=_collar_bones(wide, deep, tall),
        vessels=tuple(_vessels(rng, lungs)),
    )


def _proportions(patient: Patient) -> tuple[float, float, float]:
    bulk = math.sqrt(patient.weight_kg / patient.size_m / (75 / 1.70))
    return 0.5 + 0.5 * bulk, bulk, patient.size_m / 1.70


def _scaled(
    rng: np.random.Generator,
    centre: tuple[float, float, float],
    semi: tuple[float, float, float],
    scale: tuple[float, float, float],
    *,
    jitter: float,
) -> Ellipsoid:
    shift = rng.normal(0, 2.0, 3)
    grow = np.clip(rng.normal(1, jitter, 3), 0.85, 1.15)
    moved = [float(c * s + d) for c, s, d in zip(centre, scale, shift, strict=True)]
    sized = [float(c * s * g) for c, s, g in zip(semi, scale, grow, strict=True)]
    return Ellipsoid((moved[0], moved[1], moved[2]), (sized[0], sized[1], sized[2]))


def _ribs(rng: np.random.Generator, wide: float, deep: float, tall: float) -> tuple[RibPair, ...]:
    pairs = []
    for k in range(10):
        girth = (0.74, 0.88, 0.96)[k] if k < 3 else 1.0
        pairs.append(
            RibPair(
                level_mm=(212 - 25 * k) * tall + float(rng.normal(0, 1.5)),
                semi=(147 * wide * girth, 94 * deep * min(1.0, 0.75 + 0.08 * k)),
                half_height_mm=float(rng.uniform(4.5, 6.5)),
                fall=float(rng.uniform(0.30, 0.40)),
            )
        )
    return tuple(pairs)


def _collar_bones(wide: float, deep: float, tall: float) -> tuple[Tube, ...]:
    return tuple(
        Tube((s * 14, -70 * deep, 200 * tall), (s * 140 * wide, -25 * deep, 226 * tall), 6.0) for s in (-1, 1)
    )


def _vessels(rng: np.random.Generator, lungs: tuple[Ellipsoid, ...]) -> list[Tube]:
    """Blood vessels from each hilum outward: they taper and branch, and end inside the lung."""
    tubes: list[Tube] = []
    for side, lung in zip((-1, 1), lungs, strict=True):
        hilum = np.array([side * 34.0, 5.0, 85.0])
        for _ in range(16):
            root = hilum + rng.normal(0, (4.0, 6.0, 14.0))
            tubes.extend(_branch(rng, root, lung, float(rng.uniform(1.4, 3.0))))
    return tubes


def _branch(rng: np.random.Generator, start: np.ndarray, lung: Ellipsoid, radius_mm: float) -> list[Tube]:
    aim = np.array(lung.centre) + 0.85 * np.array(lung.semi) * _direction(rng)
    tubes: list[Tube] = []
    point = start
    for step in range(6):
        ahead = point + (aim - point) / (6 - step) + rng.normal(0, 4.0, 3)
        tubes.append(Tube(_point(point), _point(ahead), radius_mm))
        point, radius_mm = ahead, radius_mm * 0.78
    return tubes


def _point(vector: np.ndarray) -> tuple[float, float, float]:
    return float(vector[0]), float(vector[1]), float(vector[2])


def _direction(rng: np.random.Generator) -> np.ndarray:
    vector = rng.normal(size=3)
    return np.asarray(vector / np.linalg.norm(vector))


def abdomen_of(patient: Patient) -> Abdomen:
    """How is this patient's abdomen built?"""
    rng = rng_of(f"abdomen {patient.patient_id}")
    wide, deep, tall = _proportions(patient)

    def organ(
        name: str, centre: tuple[float, float, float], semi: tuple[float, float, float], hu: float
    ) -> Organ:
        return Organ(name, _scaled(rng, centre, semi, (wide, deep, tall), jitter=0.06), hu)

    liver = (
        _scaled(rng, (-62, 2, -74), (62, 66, 76), (wide, deep, tall), jitter=0.06),
        _scaled(rng, (-12, -38, -56), (66, 40, 46), (wide, deep, tall), jitter=0.08),
    )
    organs = (
        *_body_wall(wide, deep),
        organ("lung right", (-70, 0, 40), (64, 84, 92), -840),
        organ("lung left", (72, 0, 36), (60, 82, 92), -840),
        *(Organ("rib", rib, 380) for rib in _ribs(rng, wide * 0.98, deep * 1.08, tall)[5:]),
        organ("heart", (22, -34, 36), (58, 46, 50), 120),
        *_back(rng, deep),
        organ("stomach", (62, -22, -52), (42, 38, 48), 30),
        organ("stomach gas", (60, -46, -50), (24, 12, 26), -900),
        organ("spleen", (98, 34, -62), (26, 42, 48), float(rng.normal(115, 8))),
        organ("kidney right", (-56, 52, -138), (25, 24, 50), float(rng.normal(165, 12))),
        organ("kidney left", (60, 52, -122), (25, 24, 52), float(rng.normal(165, 12))),
        *_bowel(rng, wide, deep),
        organ("gall bladder", (-40, -46, -118), (16, 18, 26), 8),
    )
    liver_hu = float(np.clip(rng.normal(102, 9), 82, 122))
    return Abdomen(organs, liver, liver_hu, _liver_lesions(rng, liver[0], liver_hu))


def _body_wall(wide: float, deep: float) -> tuple[Organ, ...]:
    girth, depth = 168 * wide, 122 * deep
    return (
        Organ("fat", Column((0, 0), (girth, depth)), -100),
        Organ("muscle", Column((0, 0), (girth - 18, depth - 16)), 55),
        Organ("cavity fat", Column((0, -6), (girth - 32, depth - 30)), -95),
    )


def _back(rng: np.random.Generator, deep: float) -> tuple[Organ, ...]:
    z = (-1e4, 1e4)
    return (
        *(Organ("back muscle", Column((s * 34, 82 * deep), (30, 20), z), 55) for s in (-1, 1)),
        Organ("vertebra", Column((0, 62 * deep), (22, 18), z), float(rng.normal(190, 20))),
        Organ("marrow", Column((0, 86 * deep), (9, 8), z), 35),
        Organ("aorta", Column((12, 34 * deep), (11, 11), z), float(rng.normal(150, 12))),
        Organ("vena cava", Column((-17, 36 * deep), (12, 10), z), 115),
    )


def _bowel(rng: np.random.Generator, wide: float, deep: float) -> list[Organ]:
    loops = []
    for _ in range(14):
        x, y, z = rng.uniform(-45, 105) * wide, rng.uniform(-72, 15) * deep, rng.uniform(-190, -100)
        semi = (float(rng.uniform(12, 20)), float(rng.uniform(12, 20)), float(rng.uniform(15, 26)))
        hu = -850.0 if rng.random() < 0.25 else float(rng.uniform(15, 45))
        loops.append(Organ("bowel", Ellipsoid((float(x), float(y), float(z)), semi), hu))
    return loops


def _liver_lesions(rng: np.random.Generator, lobe: Ellipsoid, liver_hu: float) -> tuple[Organ, ...]:
    lesions = []
    for _ in range(int(rng.integers(0, 4))):
        at = np.array(lobe.centre) + 0.6 * np.array(lobe.semi) * _direction(rng) * rng.random()
        radius = float(rng.uniform(4, 11))
        ball = Ellipsoid(_point(at), (radius, radius, radius))
        lesions.append(Organ("liver lesion", ball, liver_hu - float(rng.uniform(25, 50))))
    return tuple(lesions)
