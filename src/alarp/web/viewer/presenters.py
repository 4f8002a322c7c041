"""What does the viewer show: which slice, in which window, with what laid over it, by which tool?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.http import QueryDict
from django.urls import reverse

from alarp.web.viewer.overlays import Drawing, Shape, shapes_on
from alarp.web.viewer.slices import Series, Slice
from alarp.web.viewer.sources import ResultSource
from alarp.web.viewer.windows import Window

KINDS = {"RTSTRUCT": "Contours", "SR": "Findings", "SEG": "Segmentation"}


@dataclass(frozen=True)
class Link:
    text: str
    href: str
    current: bool = False


@dataclass(frozen=True)
class View:
    """What the address says beside the picture: its window, and whether shapes are laid over it."""

    window: str = ""
    centre: float | None = None
    width: float | None = None
    overlay: bool = True

    @property
    def query(self) -> str:
        said: dict[str, str] = {}
        if self.centre is not None and self.width is not None:
            said |= {"centre": f"{self.centre:g}", "width": f"{self.width:g}"}
        elif self.window:
            said["window"] = self.window
        if not self.overlay:
            said["overlay"] = "off"
        query = QueryDict(mutable=True)
        query.update(said)
        return f"?{query.urlencode()}" if said else ""

    def chosen(self, windows: Sequence[Window]) -> Window | None:
        """The window to show: the one asked for, else the first that this picture knows."""
        if self.centre is not None and self.width is not None:
            return Window(self.centre, max(self.width, 1.0))
        asked = next((w for w in windows if w.slug == self.window), None)
        return asked or (windows[0] if windows else None)


def view_from(asked: Mapping[str, str]) -> View:
    """What does the query string ask for? What cannot be read is not asked for."""

    def figure(name: str) -> float | None:
        try:
            value = float(asked.get(name, ""))
        except ValueError:
            return None
        return value if abs(value) < 1e6 else None

    return View(
        window=asked.get("window", ""),
        centre=figure("centre"),
        width=figure("width"),
        overlay=asked.get("overlay", "") != "off",
    )


def href(study: int, instance: int, view: View) -> str:
    return reverse("viewer-picture", kwargs={"study": study, "instance": instance}) + view.query


@dataclass(frozen=True)
class Layer:
    """One result as it is laid over this picture, and what it says beside."""

    tool: str
    kind: str
    fate: str
    at: datetime
    kept: bool
    shapes: tuple[Shape, ...]
    statements: tuple[str, ...]
    places: str
    jumps: tuple[Link, ...]
    trouble: str = ""
    kept_back: str = ""  # why its finding is not shown to who looks; its way on is their competences


def fate(result: ResultSource) -> str:
    """What became of this result, in words a reader cannot mistake."""
    if result.state == "filed":
        return "Filed to PACS."
    if result.state == "filing":
        return "On its way to PACS."
    if result.silent:
        return "Silent run: kept for evaluation, not filed to PACS."
    return "Kept here, not filed to PACS."


def layer(
    result: ResultSource, drawing: Drawing, here: Slice, series: Series, *, study: int, view: View
) -> Layer:
    """What this result lays over this slice, and on which slices of the series it has shapes at all."""
    drawn = drawn_on(result, drawing, series)
    shapes: tuple[Shape, ...] = ()
    if here.facts is not None:
        shapes = shapes_on(
            drawing,
            names=result.names.get(here.instance_id, frozenset({here.sop_uid})),
            plane=here.facts.plane,
            half_gap_mm=series.half_gap_mm,
        )
    return Layer(
        tool=result.tool,
        kind=KINDS.get(result.modality, result.modality),
        fate=fate(result),
        at=result.matched_at,
        kept=result.state == "kept",
        shapes=shapes,
        statements=drawing.statements,
        places=places(drawn, len(series.slices)),
        jumps=_jumps(drawn, here, series, study, view),
    )


def with_trouble(made: Layer, trouble: str) -> Layer:
    """A result that cannot be read is named, with the reason, and draws nothing."""
    return replace(made, trouble=trouble, places="", jumps=())


def kept_back(result: ResultSource, because: str) -> Layer:
    """A result whose finding who looks is not entitled to see yet: that it is there, and why it is not shown."""
    return Layer(
        tool=result.tool,
        kind=KINDS.get(result.modality, result.modality),
        fate=fate(result),
        at=result.matched_at,
        kept=result.state == "kept",
        shapes=(),
        statements=(),
        places="",
        jumps=(),
        kept_back=because,
    )


def drawn_on(result: ResultSource, drawing: Drawing, series: Series) -> tuple[int, ...]:
    """On which places of the series (0, 1, …) does this result have shapes that name their picture?"""
    named = drawing.named_images
    return tuple(
        place
        for place, one in enumerate(series.slices)
        if named & result.names.get(one.instance_id, frozenset({one.sop_uid}))
    )


def places(drawn: Sequence[int], slices: int) -> str:
    """'On slices 3 to 18 of 20', 'On slice 4 of 20', 'On 3 of 20 slices, from 2 to 9'."""
    if not drawn or slices == 1:
        return "" if drawn else "Nothing drawn on this series."
    first, last = drawn[0] + 1, drawn[-1] + 1
    if len(drawn) == 1:
        return f"On slice {first} of {slices}."
    if len(drawn) == last - first + 1:
        return f"On slices {first} to {last} of {slices}."
    return f"On {len(drawn)} of {slices} slices, from {first} to {last}."


def _jumps(drawn: Sequence[int], here: Slice, series: Series, study: int, view: View) -> tuple[Link, ...]:
    if not drawn:
        return ()
    ends = {drawn[0]: "First", drawn[len(drawn) // 2]: "Middle", drawn[-1]: "Last"}
    return tuple(
        Link(text, href(study, series.slices[place].instance_id, view))
        for place, text in ends.items()
        if series.slices[place].instance_id != here.instance_id
    )


def start(series: Sequence[Series], results: Sequence[tuple[ResultSource, Drawing]]) -> Slice | None:
    """With which slice does a study open? The middle one with a shape on it, else the middle of the first series."""
    for one in series:
        drawn = sorted({place for r, d in results for place in drawn_on(r, d, one)})
        if drawn:
            return one.slices[drawn[len(drawn) // 2]]
    return series[0].slices[len(series[0].slices) // 2] if series else None


@dataclass(frozen=True)
class Frame:
    """The picture itself: where its PNG lies and how large it is drawn (square pixels of the patient)."""

    href: str
    columns: int
    rows: int
    stretch: float  # how much taller than wide a pixel is
    window: str
    alt: str

    @property
    def height(self) -> float:
        return round(self.rows * self.stretch, 2)


@dataclass(frozen=True)
class ViewerPage:
    """Everything the page draws."""

    study: int
    title: str
    place: int
    slices: int
    frame: Frame | None
    trouble: str
    frames_note: str
    previous: str
    next: str
    windows: tuple[Link, ...]
    series: tuple[Link, ...]
    layers: tuple[Layer, ...]
    view: View
    window: Window | None
    toggle: str
    here: str

    @property
    def position(self) -> str:
        return f"Slice {self.place} of {self.slices}" if self.slices > 1 else "1 picture"

    @property
    def has_shapes(self) -> bool:
        return any(layer.shapes for layer in self.layers)


def image_href(one: Slice, window: Window | None) -> str:
    """Where the PNG lies. The digest's beginning makes the address as immutable as the bytes; it names nobody."""
    query = QueryDict(mutable=True)
    if window is not None and window.width >= 1:
        query["centre"], query["width"] = f"{window.centre:g}", f"{window.width:g}"
    query["of"] = one.sha256[:16]
    return reverse("viewer-image", kwargs={"instance": one.instance_id}) + "?" + query.urlencode()


def frame(one: Slice, asked: Window | None, shown: Window | None, title: str) -> Frame | None:
    """The picture's frame; `shown` is the window that was really used (the picture's own range, when none was asked)."""
    if one.facts is None:
        return None
    plane = one.facts.plane
    words = shown.sentence if shown else "in colour"
    return Frame(
        href=image_href(one, asked),
        columns=one.facts.columns,
        rows=one.facts.rows,
        stretch=round(plane.row_spacing_mm / plane.column_spacing_mm, 4) if plane else 1.0,
        window=words,
        alt=f"{title}. {words}.",
    )


def page(
    *,
    study: int,
    what: str,
    here: Slice,
    series: Sequence[Series],
    layers: Sequence[Layer],
    view: View,
    shown: Window | None,
    trouble: str,
) -> ViewerPage:
    """Put the page together round one slice."""
    own = next(s for s in series if here in s.slices)
    place = own.slices.index(here)
    windows = here.facts.windows if here.facts else ()
    asked = view.chosen(windows)
    count = len(own.slices)
    title = f"{what}, slice {place + 1} of {count}" if count > 1 else what
    frames = here.facts.frames if here.facts else 1

    def to(where: int) -> str:
        return href(study, own.slices[where].instance_id, view) if 0 <= where < count else ""

    return ViewerPage(
        study=study,
        title=title,
        place=place + 1,
        slices=count,
        frame=None if trouble else frame(here, asked, shown, title),
        trouble=trouble,
        frames_note=f"This object holds {frames} frames; the first is shown." if frames > 1 else "",
        previous=to(place - 1),
        next=to(place + 1),
        windows=_window_links(study, here, windows, asked, view) if not trouble and shown else (),
        series=_series_links(study, own, series, view),
        layers=tuple(layers),
        view=view,
        window=shown,
        toggle=href(study, here.instance_id, View(view.window, view.centre, view.width, not view.overlay)),
        here=reverse("viewer-picture", kwargs={"study": study, "instance": here.instance_id}),
    )


def _window_links(
    study: int, here: Slice, windows: Sequence[Window], asked: Window | None, view: View
) -> tuple[Link, ...]:
    return tuple(
        Link(
            w.name,
            href(study, here.instance_id, View(window=w.slug, overlay=view.overlay)),
            current=view.centre is None and w == asked,
        )
        for w in windows
    )


def _series_links(study: int, own: Series, series: Sequence[Series], view: View) -> tuple[Link, ...]:
    if len(series) < 2:
        return ()
    kept = View(overlay=view.overlay)  # a window of one series may make no sense in another
    return tuple(
        Link(
            f"Series {s.number or n}: {len(s.slices)} {'picture' if len(s.slices) == 1 else 'pictures'}",
            href(study, s.slices[len(s.slices) // 2].instance_id, kept),
            current=s is own,
        )
        for n, s in enumerate(series, start=1)
    )
