"""What did the tool draw, as shapes on this picture? RTSTRUCT contours and the findings of an SR, as SVG paths."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import numpy as np

from alarp.web.viewer.planes import Plane, Points

STYLES = 6  # colours and dashes that _viewer.scss draws; labels tell apart what comes after


@dataclass(frozen=True, slots=True)
class Contour:
    """One outline in the patient (mm) and the image it says it was drawn on."""

    points_mm: tuple[tuple[float, float, float], ...]
    sop_uid: str = ""
    closed: bool = True


@dataclass(frozen=True, slots=True)
class Structure:
    """One region of interest of an RT structure set (PS3.3 C.8.8.5, C.8.8.6)."""

    number: int
    name: str
    contours: tuple[Contour, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One region on one image of a structured report (SCOORD, PS3.3 C.18.6), with what was said of it."""

    label: str
    kind: str  # POINT, MULTIPOINT, POLYLINE, CIRCLE, ELLIPSE
    points: tuple[tuple[float, float], ...]
    sop_uid: str
    measurements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """One path in picture coordinates (pixels), ready for an SVG of the picture's own size."""

    label: str
    path: str
    style: int
    closed: bool = True
    title: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything one result says about regions: what the viewer can lay over the pictures."""

    structures: tuple[Structure, ...] = ()
    findings: tuple[Finding, ...] = ()
    # Measurements and statements that belong to no region, such as a score for the whole picture.
    statements: tuple[str, ...] = field(default=())

    @property
    def named_images(self) -> frozenset[str]:
        """Which images (SOP Instance UIDs as the result names them) carry a shape?"""
        drawn = {c.sop_uid for s in self.structures for c in s.contours}
        return frozenset((drawn | {f.sop_uid for f in self.findings}) - {""})


def shapes_on(
    drawing: Drawing,
    *,
    names: Collection[str],
    plane: Plane | None,
    half_gap_mm: float = 0.5,
) -> tuple[Shape, ...]:
    """Which shapes lie on the picture known under these names (its own UID and those it was sent under)?

    A contour that names its image is drawn there and nowhere else; one that names none is drawn where it
    lies within `half_gap_mm` of the plane. A contour needs a plane; a finding is in pixels already.
    """
    return (
        *_contours_on(drawing.structures, names, plane, half_gap_mm),
        *_findings_on(drawing.findings, names),
    )


def _contours_on(
    structures: Iterable[Structure], names: Collection[str], plane: Plane | None, half_gap_mm: float
) -> Iterable[Shape]:
    if plane is None:
        return
    for index, structure in enumerate(structures):
        here = [c for c in structure.contours if _lies_on(c, names, plane, half_gap_mm)]
        if here:
            yield Shape(
                label=structure.name,
                path=" ".join(outline(plane.to_picture(_array(c)), closed=c.closed) for c in here),
                style=index % STYLES,
                closed=all(c.closed for c in here),
                title=structure.name,
            )


def _findings_on(findings: Iterable[Finding], names: Collection[str]) -> Iterable[Shape]:
    for index, finding in enumerate(f for f in findings if f.sop_uid in names):
        yield Shape(
            label=finding.label,
            path=finding_path(finding.kind, finding.points),
            style=index % STYLES,
            closed=finding.kind in {"CIRCLE", "ELLIPSE"} or _returns(finding.points),
            title="; ".join([finding.label, *finding.measurements]),
        )


def _lies_on(contour: Contour, names: Collection[str], plane: Plane, half_gap_mm: float) -> bool:
    if contour.sop_uid:
        return contour.sop_uid in names
    return plane.distance_mm(_array(contour)) <= half_gap_mm


def _array(contour: Contour) -> Points:
    return np.asarray(contour.points_mm, dtype=float).reshape(-1, 3)


def outline(points: Points, *, closed: bool = True) -> str:
    """Which SVG path runs through these picture points (n x 2)? Empty for no point, a cross for one."""
    if len(points) == 0:
        return ""
    if len(points) == 1:
        return _cross(float(points[0][0]), float(points[0][1]))
    text = "M" + " L".join(f"{x:.2f} {y:.2f}" for x, y in points)
    return text + (" Z" if closed else "")


def finding_path(kind: str, points: tuple[tuple[float, float], ...]) -> str:
    """Which SVG path draws this graphic type (PS3.3 C.18.6.1.2)? Empty for one we do not know or cannot draw."""
    if kind in {"POINT", "MULTIPOINT"}:
        return " ".join(_cross(x, y) for x, y in points)
    if kind == "POLYLINE":
        closed = _returns(points)
        return outline(np.asarray(points[:-1] if closed else points, float), closed=closed)
    if kind == "CIRCLE" and len(points) == 2:
        (x, y), edge = points
        radius = float(np.hypot(edge[0] - x, edge[1] - y))
        return _ellipse(x, y, radius, radius, 0.0)
    if kind == "ELLIPSE" and len(points) == 4:
        major, minor = np.asarray(points[:2], float), np.asarray(points[2:], float)
        along = major[1] - major[0]
        centre = major.mean(axis=0)
        return _ellipse(
            float(centre[0]),
            float(centre[1]),
            float(np.hypot(*along)) / 2,
            float(np.hypot(*(minor[1] - minor[0]))) / 2,
            float(np.degrees(np.arctan2(along[1], along[0]))),
        )
    return ""


def _returns(points: tuple[tuple[float, float], ...]) -> bool:
    """A polyline is closed when it ends where it began (PS3.3 C.18.6.1.2)."""
    return len(points) > 3 and points[0] == points[-1]


def _cross(x: float, y: float, arm: float = 6.0) -> str:
    return f"M{x - arm:.2f} {y:.2f} H{x + arm:.2f} M{x:.2f} {y - arm:.2f} V{y + arm:.2f}"


def _ellipse(x: float, y: float, half_major: float, half_minor: float, turn_deg: float) -> str:
    """Two half ellipses: an SVG arc cannot close on itself."""
    dx, dy = half_major * np.cos(np.radians(turn_deg)), half_major * np.sin(np.radians(turn_deg))
    arc = f"A{half_major:.2f} {half_minor:.2f} {turn_deg:.2f} 0 1"
    return f"M{x - dx:.2f} {y - dy:.2f} {arc} {x + dx:.2f} {y + dy:.2f} {arc} {x - dx:.2f} {y - dy:.2f} Z"
