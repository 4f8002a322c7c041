"""The slice viewer: greys from our server, shapes laid over as SVG, not for diagnosis."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import condition

from alarp.kernel import AlarpError, BadInput
from alarp.records.ledger.models import Instance, Study
from alarp.records.training.queries import withheld
from alarp.web.access import page
from alarp.web.studies.barred import barred
from alarp.web.viewer import presenters, reading, sources
from alarp.web.viewer.overlays import Drawing
from alarp.web.viewer.slices import Series, Slice, series_of
from alarp.web.viewer.windows import Window


def what(study: Study) -> str:
    """'Study 17, CT ABDOMEN': enough to know where one is, and nobody's name."""
    kind = " ".join(part for part in (study.modality, study.body_part) if part)
    return f"Study {study.pk}" + (f", {kind}" if kind else "")


def _drawn(source: sources.ResultSource) -> tuple[Drawing, str]:
    try:
        return reading.drawing(source.sha256), ""
    except AlarpError as trouble:
        return Drawing(), str(trouble)


@page("view_images", of=sources.study)
def study(request: HttpRequest, study: Study) -> HttpResponse:
    """Open a study at the slice that shows most of what a tool found."""
    hidden = withheld(request.user, sources.tools_of(study))
    shown_to_none = barred(study, sources.tools_of(study))
    seen = [
        source
        for source in sources.results_of(study)
        if source.deployment not in hidden and source.deployment not in shown_to_none
    ]
    results = [(source, _drawn(source)[0]) for source in seen]
    here = presenters.start(series_of(sources.slices_of(study)), results)
    if here is None:
        return render(request, "viewer/nothing.jinja", {"study": study, "what": what(study)})
    return redirect(presenters.href(study.pk, here.instance_id, presenters.view_from(request.GET)))


@page("view_images", of=sources.picture)
def picture(request: HttpRequest, picture: Instance) -> HttpResponse:
    """One slice with what the tools drew on it."""
    study = picture.study
    series = series_of(sources.slices_of(study))
    here = next((s for one in series for s in one.slices if s.instance_id == picture.pk), None)
    if here is None:
        here = _no_picture(picture)  # a report among the pictures: shown as what it is
        series = (*series, Series(here.series_uid, (here,), 0.5))
    view = presenters.view_from(request.GET)
    shown, trouble = _shown(here, view)
    own = next(one for one in series if here in one.slices)
    hidden = withheld(request.user, sources.tools_of(study))
    shown_to_none = barred(study, sources.tools_of(study))
    layers = [
        presenters.kept_back(source, hidden[source.deployment].because)
        if source.deployment in hidden
        else _layer(source, here, own, study.pk, view)
        for source in sources.results_of(study)
        if source.deployment not in shown_to_none
    ]
    context = {
        "page": presenters.page(
            study=study.pk,
            what=what(study),
            here=here,
            series=series,
            layers=layers,
            view=view,
            shown=shown,
            trouble=trouble,
        )
    }
    return render(request, "viewer/viewer.jinja", context)


def _no_picture(row: Instance) -> Slice:
    kind = sources.slice_of(row)
    held = kind.facts.kind if kind.facts else ""
    return Slice(
        row.pk,
        row.sha256,
        row.sop_uid,
        row.series_uid,
        trouble=f"There is no picture in this object ({held}).",
    )


def _shown(here: Slice, view: presenters.View) -> tuple[Window | None, str]:
    """Which window does the picture really get, or why is there no picture?"""
    if here.facts is None:
        return None, here.trouble
    try:
        return reading.picture(here.sha256, view.chosen(here.facts.windows)).window, ""
    except AlarpError as trouble:
        return None, str(trouble)


def _layer(
    source: sources.ResultSource, here: Slice, own: Series, study: int, view: presenters.View
) -> presenters.Layer:
    drawing, trouble = _drawn(source)
    made = presenters.layer(source, drawing, here, own, study=study, view=view)
    return made if not trouble else presenters.with_trouble(made, trouble)


def _window(request: HttpRequest) -> Window | None:
    asked = presenters.view_from(request.GET)
    if asked.centre is None or asked.width is None:
        return None
    return Window(asked.centre, max(asked.width, 1.0))


def _etag(request: HttpRequest, picture: Instance) -> str:
    window = _window(request)
    return (
        f'"{picture.sha256[:32]}-{window.centre:g}-{window.width:g}"'
        if window
        else f'"{picture.sha256[:32]}"'
    )


@page("view_images", of=sources.image)
@condition(etag_func=_etag)
def image(request: HttpRequest, picture: Instance) -> HttpResponse:
    """The grey picture itself. Its bytes never change, so this browser may keep it; nobody else may."""
    try:
        made = reading.picture(picture.sha256, _window(request))
    except AlarpError as trouble:
        status = 422 if isinstance(trouble, BadInput) else 409
        return HttpResponse(str(trouble), content_type="text/plain; charset=utf-8", status=status)
    response = HttpResponse(made.png, content_type="image/png")
    kept_s = settings.SESSION_COOKIE_AGE if request.GET.get("of") == picture.sha256[:16] else 0
    response["Cache-Control"] = f"private, max-age={kept_s}, immutable" if kept_s else "private, no-cache"
    response["Vary"] = "Cookie"  # after signing out, another person's browser entry no longer matches
    return response
