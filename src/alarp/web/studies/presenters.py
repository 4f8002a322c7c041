"""What do the study pages say: what arrived, where it stands with each tool, and why?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from alarp.kernel import RouteState
from alarp.records.ledger.answers import answer_without_a_tool
from alarp.records.ledger.models import Dispatch, Result
from alarp.web.studies.listing import PAGE, Wanted
from alarp.web.studies.patients import Identifiers, identifiers
from alarp.web.studies.states import PHASES, Line, line

MODALITIES = {"RTSTRUCT": "Contours", "SR": "Structured report", "SEG": "Segmentation"}


@dataclass(frozen=True)
class StudyRow:
    """One study in a list."""

    number: int
    kind: str
    scanner: str
    source: str
    received: str
    images: int
    lines: tuple[Line, ...]
    note: str
    who: Identifiers | None


def kind_of(study: Any) -> str:
    """'CR CHEST PA', or 'unknown kind' when the header says nothing."""
    return " ".join(p for p in (study.modality, study.body_part, study.view) if p) or "unknown kind"


def scanner_of(study: Any) -> str:
    """'Fujifilm FCR Capsula, station CR2': which machine made the images, as it says itself."""
    machine = " ".join(p for p in (study.manufacturer, study.model) if p)
    station = f"station {study.station}" if study.station else ""
    return ", ".join(p for p in (machine, station) if p) or "not stated"


def lines_of(study: Any, *, now: datetime) -> tuple[Line, ...]:
    rows = sorted(study.dispatches.all(), key=lambda d: (str(d.deployment.version), d.number))
    return tuple(line(d, now=now) for d in rows)


def note_on(study: Any) -> str:
    """Why a study has no line at all."""
    return answer_without_a_tool(study).sentence


def received_words(at: datetime, *, day_known: bool) -> str:
    """'14:05' under a heading that names the day, else '3 Jun 2026, 14:05'."""
    local = timezone.localtime(at)
    return f"{local:%H:%M}" if day_known else f"{local.day} {local:%b %Y}, {local:%H:%M}"


def row(study: Any, *, now: datetime, named: bool, day_known: bool = False) -> StudyRow:
    """One study as a row; identifiers only for who may see them."""
    lines = lines_of(study, now=now)
    return StudyRow(
        number=study.pk,
        kind=kind_of(study),
        scanner=scanner_of(study),
        source=study.peer.name,
        received=received_words(study.first_received_at, day_known=day_known),
        images=study.images,
        lines=lines,
        note="" if lines else note_on(study),
        who=identifiers(study) if named else None,
    )


@dataclass(frozen=True)
class StudyList:
    """The list with the sentence above it and the ways on."""

    rows: tuple[StudyRow, ...]
    sentence: str
    named: bool
    earlier_day: str = ""
    later_day: str = ""
    older: str = ""
    everything: str = ""
    strays: int = 0
    strays_href: str = ""


def listed(
    studies: Sequence[Any], want: Wanted, *, strays: int, today: date, now: datetime, named: bool
) -> StudyList:
    """The studies of an address: one page of them, and where the next begins."""
    rows = tuple(
        row(study, now=now, named=named, day_known=want.day is not None and not want.owed)
        for study in studies[:PAGE]
    )
    more = len(studies) > PAGE
    day = want.day
    return StudyList(
        rows=rows,
        sentence=_sentence(len(rows), more, want, today),
        named=named,
        earlier_day=_other_day(day, -1, today),
        later_day=_other_day(day, +1, today),
        older=want.page_before(rows[-1].number).href if more else "",
        everything=Wanted(day=day).href if want.narrowed else "",
        strays=strays,
        strays_href=f"{reverse('quarantine')}?day={day.isoformat()}" if day else "",
    )


def _other_day(day: date | None, step: int, today: date) -> str:
    if day is None or (step > 0 and day >= today):
        return ""
    return Wanted(day=day + timedelta(days=step)).href


def _sentence(rows: int, more: bool, want: Wanted, today: date) -> str:
    """'14 studies received today.' '3 studies received on 2 June 2026 with images that were held.'"""
    count = f"The newest {rows}" if more and not want.before else str(rows) if rows else "No"
    word = "study" if rows == 1 and not more else "studies"
    if want.day is None:
        when = "on any day"
    elif want.day == today:
        when = "today"
    else:
        when = f"on {want.day.day} {want.day:%B %Y}"
    verb = "sent" if want.owed else "received"
    narrowed = f" {want.narrowed}" if want.narrowed else ""
    return f"{count} {word} {verb} {when}{narrowed}."


def search_result(studies: Sequence[Any], *, now: datetime, named: bool) -> StudyList:
    """What a search found. It does not repeat what was searched for: that may name a patient."""
    rows = tuple(row(study, now=now, named=named) for study in studies[:PAGE])
    count = {0: "No study was found", 1: "1 study was found"}.get(
        len(rows), f"{len(rows)} studies were found"
    )
    hint = "" if rows or named else " Your role searches by study number only."
    most = f" Only the newest {PAGE} are shown." if len(studies) > PAGE else ""
    return StudyList(rows=rows, sentence=f"{count}.{most}{hint}", named=named)


@dataclass(frozen=True)
class ResultCard:
    """One result of a tool: what it says, and what became of it."""

    number: int
    tool: str
    kind: str
    facts: tuple[tuple[str, str], ...]
    says: tuple[str, ...]
    fate: str
    at: datetime
    filed_at: datetime | None
    sha256: str
    kept_back: str = ""  # why what it says is not shown to who looks
    opted_out: str = ""  # why what it says is shown to nobody in routine
    falls_short: tuple[tuple[str, str], ...] = ()  # in what, and by which clause (standards/air)


def fate_of(result: Any) -> str:
    """What became of a result, never to be mistaken."""
    if result.state == Result.FILED:
        return "Filed to PACS under the original study."
    if result.state == Result.FILING:
        return "On its way to PACS."
    if result.dispatch.route_when_sent != RouteState.LIVE.value:
        return "Silent run: kept for evaluation, not filed to PACS."
    return "Kept here, not filed to PACS."


GROUPS = {"structure": "Structures", "segment": "Segments"}


def facts_in(summary: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What a result says first: its score and decision, the structures or segments it drew."""
    facts: list[tuple[str, str]] = []
    if summary.get("not_analysed"):
        facts.append(("Not analysed", str(summary["not_analysed"])))
    if summary.get("score") is not None:
        facts.append(("Score", f"{float(summary['score']):.3g}"))
    if summary.get("decision"):
        facts.append(("Decision", str(summary["decision"])))
    lines = summary.get("lines") or ()
    for name, title in GROUPS.items():
        drawn = [str(one.get("value", "")) for one in lines if one.get("name") == name]
        if drawn:
            facts.append((title, ", ".join(drawn)))
    if "images_sent" in summary:  # it does not name them all: one may have been dropped
        facts.append(("Images named", f"{summary['images_named']} of {summary['images_sent']} sent"))
    return tuple(facts)


def says_in(summary: Mapping[str, Any]) -> tuple[str, ...]:
    """Every line of a report: 'Diameter 12 mm'."""
    lines = [one for one in summary.get("lines") or () if one.get("name") not in GROUPS]
    return tuple(" ".join(str(p) for p in _parts(one) if p) for one in lines)


def _parts(one: Mapping[str, Any]) -> tuple[str, str, str]:
    unit = str(one.get("unit", ""))
    counted = unit in {"1", ""} or unit.startswith("{")  # UCUM: no unit, or a word for what is counted
    return f"{one.get('name', '')}:", str(one.get("value", "")), "" if counted else unit


def falls_short_in(summary: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """In what a result falls short of how results should be made: 'no SeriesNumber', by which clause."""
    found = summary.get("checks", {}).get("short_of", ())
    return tuple((f"{one['found'][:1].upper()}{one['found'][1:]}", one["source"]) for one in found)


def result_card(result: Any, kept_back: str = "", *, opted_out: str = "") -> ResultCard:
    """One result; with `kept_back` or `opted_out` only that it is there, and why what it says is not shown."""
    said = {} if kept_back or opted_out else result.summary or {}
    return ResultCard(
        number=result.pk,
        tool=str(result.dispatch.deployment.version),
        kind=MODALITIES.get(result.modality, result.modality or "Result"),
        facts=facts_in(said),
        says=says_in(said),
        kept_back=kept_back,
        opted_out=opted_out,
        falls_short=falls_short_in(result.summary or {}),
        fate=fate_of(result),
        at=result.matched_at,
        filed_at=result.filed_at,
        sha256=result.restored_sha256 or result.instance.sha256,
    )


@dataclass(frozen=True)
class Happening:
    """One step of the journey."""

    at: datetime
    phase: str
    sentence: str


@dataclass(frozen=True)
class SeriesLine:
    """How many objects of one series arrived, and how much."""

    number: int
    objects: int
    kind: str
    megabytes: str
    repeats: int


@dataclass(frozen=True)
class StudyPage:
    """One study and everything that happened to it."""

    number: int
    kind: str
    who: Identifiers | None
    facts: tuple[tuple[str, str], ...]
    received: datetime
    completed: datetime | None
    opt_out: str
    opted_out: bool
    lines: tuple[Line, ...]
    note: str
    journey: tuple[Happening, ...]
    results: tuple[ResultCard, ...]
    series: tuple[SeriesLine, ...]
    quarantined: tuple[tuple[int, str], ...]
    shows_images: bool


def happenings(steps: Iterable[Any]) -> tuple[Happening, ...]:
    """The records' steps with their phase in words."""
    return tuple(
        Happening(s.at, PHASES.get(str(s.phase), str(s.phase)).removeprefix("the ").capitalize(), s.sentence)
        for s in steps
    )


def series_lines(instances: Iterable[Any]) -> tuple[SeriesLine, ...]:
    """The received objects by series, in order of arrival."""
    grouped: dict[str, list[Any]] = {}
    for instance in instances:
        grouped.setdefault(instance.series_uid, []).append(instance)
    return tuple(
        SeriesLine(
            number=n,
            objects=len(members),
            kind=members[0].modality or "unknown kind",
            megabytes=f"{sum(m.size_bytes for m in members) / 1e6:.1f} MB",
            repeats=sum(m.times_received - 1 for m in members),
        )
        for n, members in enumerate(grouped.values(), start=1)
    )


def names_it(item: Any, dispatches: Iterable[Dispatch]) -> bool:
    """Does what disagreed in this quarantine entry name one of these dispatches' pseudonyms?"""
    known = {
        name
        for d in dispatches
        for name in (d.patient_pseudonym, d.accession_pseudonym, d.study_uid_sent)
        if name
    }
    said = {str(v) for one in item.disagreements for v in (one.get("expected"), one.get("found"))}
    return bool(known & said)
