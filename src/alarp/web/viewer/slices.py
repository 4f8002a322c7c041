"""In which order are the pictures of a study looked at, and which comes before and after this one?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from alarp.web.viewer.pictures import Facts


@dataclass(frozen=True, slots=True)
class Slice:
    """One object of a study that holds a picture, or that should and cannot be read (`trouble` says why)."""

    instance_id: int
    sha256: str
    sop_uid: str
    series_uid: str
    facts: Facts | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """The pictures of one series, in the order of the patient, not of arrival."""

    uid: str
    slices: tuple[Slice, ...]
    half_gap_mm: float  # half of the distance between neighbours: what lies nearer belongs to a slice

    @property
    def number(self) -> int:
        return next((s.facts.series_number for s in self.slices if s.facts), 0)


def series_of(slices: Iterable[Slice]) -> tuple[Series, ...]:
    """The study's pictures by series, by series number; objects that are not pictures are left out."""
    by_uid: dict[str, list[Slice]] = {}
    for one in slices:
        if one.facts is None or one.facts.is_picture:
            by_uid.setdefault(one.series_uid, []).append(one)
    made = [Series(uid, ordered(members), half_gap_mm(members)) for uid, members in by_uid.items()]
    return tuple(sorted(made, key=lambda s: (s.number, s.slices[0].instance_id)))


def ordered(slices: Sequence[Slice]) -> tuple[Slice, ...]:
    """By position along the common normal where the planes are parallel, else by instance number.

    Pictures that cannot be read come last.
    """
    heights = _heights_mm(slices)

    def place(one: Slice) -> tuple[bool, float, int, int]:
        number = one.facts.instance_number if one.facts else 0
        return one.facts is None, heights.get(one.instance_id, 0.0), number, one.instance_id

    return tuple(sorted(slices, key=place))


def half_gap_mm(slices: Sequence[Slice], *, otherwise: float = 0.5) -> float:
    """Half of the median distance between neighbouring slices; from the thickness when there is one slice."""
    heights = sorted(set(_heights_mm(slices).values()))
    gaps = [b - a for a, b in pairwise(heights) if b - a > 1e-3]
    if gaps:
        return float(np.median(gaps)) / 2
    thick = next((s.facts.thickness_mm for s in slices if s.facts and s.facts.thickness_mm), None)
    return thick / 2 if thick else otherwise


def _heights_mm(slices: Sequence[Slice]) -> dict[int, float]:
    """Each slice's place along the normal; empty when planes are missing or not parallel (within 1 degree)."""
    planes = [(s.instance_id, s.facts.plane) for s in slices if s.facts]
    known = [(i, p) for i, p in planes if p is not None]
    if not known or len(known) != len(planes):
        return {}
    first = known[0][1].normal
    if any(float(np.dot(first, p.normal)) < np.cos(np.radians(1.0)) for _, p in known):
        return {}
    return {i: float(np.dot(first, np.asarray(p.origin_mm))) for i, p in known}
