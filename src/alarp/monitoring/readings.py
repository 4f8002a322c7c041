"""What does each monitor say: steady, worth a look, or moved; by how much, out of how many, at which scanner?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

from alarp.kernel import Measure
from alarp.monitoring.catalogue import Catalogue, Monitor
from alarp.monitoring.cube import SENT, TURNAROUND_EDGES_S, DayCube
from alarp.monitoring.cusum import Cusum, average_run_length, design
from alarp.monitoring.drift import Shift, shift
from alarp.monitoring.rates import rate, wilson
from alarp.monitoring.silence import Rhythm, expected, silence
from alarp.monitoring.turnaround import percentile_of_counts

STEADY, LOOK, MOVED, TOO_FEW = "steady", "look", "moved", "too few"
ORDER = (MOVED, LOOK, TOO_FEW, STEADY)
LEAST = 20  # fewer results on either side tell nothing about a distribution
DISAGREEMENT_USUAL, DISAGREEMENT_FEARED, FALSE_ALARM_EVERY = 0.1, 0.2, 1000.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What one monitor says of everything, or of one scanner."""

    monitor: str
    group: str  # "all", or a scanner
    status: str
    sentence: str
    measures: tuple[Measure, ...] = ()


@dataclass(frozen=True, slots=True)
class Watched:
    """Everything that a reading needs: counts of the window and of the reference, and what today has brought."""

    window: DayCube
    reference: DayCube
    since: DayCube  # what is compared with the reference: never the reference's own results
    reference_words: str
    approved_version: str
    rhythm: Rhythm
    seen_24_h: int
    hours_24: tuple[tuple[int, float], ...]
    route_open: bool
    judged: tuple[bool, ...] = ()  # each judged result in order, True for a disagreement


def readings(watched: Watched, catalogue: Catalogue) -> dict[str, tuple[Reading, ...]]:
    """What does every monitor say? The first reading of each is about everything, the others about one scanner."""
    found = {}
    for monitor in catalogue.monitors:
        of = READERS[monitor.slug]
        every = [of(monitor, watched, None)]
        if monitor.slug in BY_SCANNER:
            every += [of(monitor, watched, scanner) for scanner in scanners_of(watched)]
        found[monitor.slug] = tuple(every)
    return found


def scanners_of(watched: Watched) -> tuple[str, ...]:
    """Which scanners sent something to the tool in this time? One that only sent what the tool refuses is none."""
    sent = watched.window.families["outcomes"]
    columns = [sent.names.index(name) for name in SENT]
    asked = sent.counts[:, columns].sum(axis=1) > 0
    return tuple(
        sorted({cell.scanner for cell, is_one in zip(watched.window.cells, asked, strict=True) if is_one})
    )


def headline(found: dict[str, tuple[Reading, ...]], catalogue: Catalogue, days: int) -> str:
    """Has anything moved? One line for somebody who has ten seconds."""
    titles = {m.slug: m.title.lower() for m in catalogue.monitors}
    moved = [r for rows in found.values() for r in rows if r.status == MOVED]
    look = [r for rows in found.values() for r in rows if r.status == LOOK]
    told = moved or look
    if told:
        at = {(r.monitor, r.group) for r in told}
        narrow = [r for r in told if r.group != "all"] or told  # a scanner's name says more than "all"
        first = narrow[0]
        place = f" at {first.group}" if first.group != "all" else ""
        alone = (
            len({g for m, g in at if m == first.monitor and g != "all"}) == 1 and len(scanners_in(found)) > 1
        )
        rest = len({m for m, _ in at}) - 1
        more = f", and {rest} more" if rest else ""
        word = "moved" if moved else "worth a look"
        return f"{'Yes' if moved else 'Perhaps'}: {titles[first.monitor]}{place}{' alone' if alone else ''} {word}{more}."
    told_apart = sum(rows[0].status == STEADY for rows in found.values())
    if not told_apart:
        return f"Nobody can tell yet: too few results in {days} days."
    return f"No: nothing lies beyond its limits in {days} days ({told_apart} of {len(found)} monitors have enough to tell)."


def scanners_in(found: dict[str, tuple[Reading, ...]]) -> set[str]:
    return {r.group for rows in found.values() for r in rows if r.group != "all"}


def worst(statuses: Sequence[str]) -> str:
    """The status that a heading shows."""
    return min(statuses, key=ORDER.index, default=TOO_FEW)


def _of(cube: DayCube, scanner: str | None) -> DayCube:
    return cube if scanner is None else cube.where(lambda cell: cell.scanner == scanner)


def _name(scanner: str | None) -> str:
    return scanner or "all"


def _silence(monitor: Monitor, watched: Watched, _: str | None) -> Reading:
    if not watched.route_open:
        return Reading(monitor.slug, "all", TOO_FEW, "The route is closed: no study is expected.")
    mean = expected(watched.rhythm, list(watched.hours_24))
    found = silence(watched.seen_24_h, mean)
    if found.estimate is None:
        return Reading(monitor.slug, "all", TOO_FEW, "No study was expected in the last 24 hours.", (found,))
    chance = found.estimate
    words = (
        f"{watched.seen_24_h:,} studies in the last 24 hours, {mean:,.1f} are usual "
        f"({watched.rhythm.method}); chance alone brings so few in {_share(chance)} of such days."
    )
    return Reading(monitor.slug, "all", _below(chance, monitor), words, (found,))


def _share(chance: float) -> str:
    return f"{100 * chance:.0f} %" if chance >= 0.01 else (f"{100 * chance:.1g} %" if chance > 0 else "0 %")


def _below(value: float, monitor: Monitor) -> str:
    if monitor.moved is not None and value < monitor.moved:
        return MOVED
    return LOOK if monitor.look is not None and value < monitor.look else STEADY


def _above(value: float, monitor: Monitor) -> str:
    if monitor.moved is not None and value > monitor.moved:
        return MOVED
    return LOOK if monitor.look is not None and value > monitor.look else STEADY


def _volume(monitor: Monitor, watched: Watched, scanner: str | None) -> Reading:
    cube = _of(watched.window, scanner)
    sent, days = cube.count("outcomes", *SENT), len(cube.days)
    found = Measure("studies", float(sent), n=days, method="count") if days else None
    if not sent or found is None:
        return Reading(monitor.slug, _name(scanner), TOO_FEW, "No study has gone to the tool in this time.")
    words = f"{_studies(sent)} on {days} day{'s' if days != 1 else ''}, {sent / days:,.1f} a day."
    return Reading(monitor.slug, _name(scanner), STEADY, words, (found,))


def _studies(count: int) -> str:
    return f"{count:,} stud{'y' if count == 1 else 'ies'}"


def _missing(monitor: Monitor, watched: Watched, scanner: str | None) -> Reading:
    cube = _of(watched.window, scanner)
    sent, lost = cube.count("outcomes", *SENT), cube.count("outcomes", "overdue", "failed")
    found = rate("missing", lost, sent, empty="no study was sent", subgroup=_name(scanner))
    if found.estimate is None or found.low is None:
        return Reading(monitor.slug, _name(scanner), TOO_FEW, "No study was sent in this time.", (found,))
    status = _above(found.low, monitor)
    overdue, failed = cube.count("outcomes", "overdue"), cube.count("outcomes", "failed")
    words = f"{lost:,} of {sent:,} studies have no result ({overdue:,} overdue, {failed:,} failed)."
    return Reading(monitor.slug, _name(scanner), status, words, (found,))


def _turnaround(monitor: Monitor, watched: Watched, scanner: str | None) -> Reading:
    counts = _of(watched.window, scanner).total("turnaround")
    edges = TURNAROUND_EDGES_S / 60
    half = percentile_of_counts("turnaround_p50_min", counts, edges, 0.5, subgroup=_name(scanner))
    slow = percentile_of_counts("turnaround_p95_min", counts, edges, 0.95, subgroup=_name(scanner))
    if half.estimate is None or slow.estimate is None:
        return Reading(
            monitor.slug, _name(scanner), TOO_FEW, "No result came back in this time.", (half, slow)
        )
    status = _above(slow.low if slow.low is not None else slow.estimate, monitor)
    words = f"Half of {half.n:,} results came within {minutes(half.estimate)}, 95 % within {minutes(slow.estimate)}."
    return Reading(monitor.slug, _name(scanner), status, words, (half, slow))


def minutes(value: float) -> str:
    """A duration as a person says it."""
    if value < 1:
        return f"{60 * value:.0f} s"
    return f"{value:.1f} min" if value < 10 else f"{value:.0f} min"


def scores_of(watched: Watched, scanner: str | None) -> Shift:
    """How far have the scores moved from the reference of the same scanner?"""
    reference = _of(watched.reference, scanner).total("scores")
    current = _of(watched.since, scanner).total("scores")
    return shift(reference, current, subgroup=_name(scanner))


def _scores(monitor: Monitor, watched: Watched, scanner: str | None) -> Reading:
    found = scores_of(watched, scanner)
    before, now = sum(found.reference), sum(found.current)
    if found.psi.estimate is None:
        words = f"Not measurable: {found.psi.because}."
        return Reading(monitor.slug, _name(scanner), TOO_FEW, words, (found.psi, found.largest))
    status = _above(found.psi.estimate, monitor) if found.beyond_chance else STEADY
    if min(before, now) < LEAST:
        status = TOO_FEW
    words = (
        f"PSI {found.psi.estimate:.2f} between {before:,} scores of {watched.reference_words} and {now:,} of late; "
        f"chance alone stays below {found.chance:.2f} in 99 of 100."
    )
    if status == TOO_FEW:
        words += f" Fewer than {LEAST} on one side: too few to tell."
    return Reading(monitor.slug, _name(scanner), status, words, (found.psi, found.largest))


_NEGATIONS = ("no", "not", "none", "negative", "normal", "without", "nothing", "unremarkable")


def is_flag(decision: str) -> bool:
    """Does this decision flag something? Every one does that does not begin with a negation ('Not flagged')."""
    return decision.casefold().split(" ")[0].strip(":,.-") not in _NEGATIONS


@dataclass(frozen=True, slots=True)
class ShareNow:
    """One decision's share in the reference and since, and by how much it differs."""

    decision: str
    before: Measure
    now: Measure
    difference: float | None
    low: float | None
    high: float | None


def decisions_of(watched: Watched, scanner: str | None) -> tuple[ShareNow, ...]:
    """Is each decision as frequent as in the reference? Newcombe's interval of the difference at 99 %.

    Newcombe 1998, method 10 (doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I).
    """
    before = _of(watched.reference, scanner).named("decisions")
    now = _of(watched.since, scanner).named("decisions")
    n, m = sum(before.values()), sum(now.values())
    found = []
    for decision in sorted(set(before) | set(now), key=lambda d: (-now.get(d, 0), d)):
        was = rate(decision, before.get(decision, 0), n, empty="no decision in the reference")
        has = rate(decision, now.get(decision, 0), m, empty="no decision since")
        if was.estimate is None or has.estimate is None:
            found.append(ShareNow(decision, was, has, None, None, None))
            continue
        low, high = difference(now.get(decision, 0), m, before.get(decision, 0), n)
        found.append(ShareNow(decision, was, has, has.estimate - was.estimate, low, high))
    return tuple(found)


def difference(first: int, n: int, second: int, m: int, *, level: float = 0.99) -> tuple[float, float]:
    """Between which bounds does the difference of two independent shares lie? Newcombe 1998, method 10."""
    p, q = first / n, second / m
    (p_low, p_high), (q_low, q_high) = wilson(first, n, level=level), wilson(second, m, level=level)
    low = p - q - sqrt((p - p_low) ** 2 + (q_high - q) ** 2)
    return low, p - q + sqrt((p_high - p) ** 2 + (q - q_low) ** 2)


def _flag_rate(monitor: Monitor, watched: Watched, scanner: str | None) -> Reading:
    shares = decisions_of(watched, scanner)
    known = [s for s in shares if s.difference is not None and s.low is not None and s.high is not None]
    if not known:
        words = "The tool's results hold no decision to compare."
        return Reading(monitor.slug, _name(scanner), TOO_FEW, words, tuple(s.now for s in shares))
    apart = [s for s in known if (s.low or 0) > 0 or (s.high or 0) < 0]
    told = max(apart or known, key=lambda s: abs(s.difference or 0))
    few = min(told.before.n, told.now.n) < LEAST
    status = TOO_FEW if few else STEADY
    if apart and not few:
        status = MOVED if abs(told.difference or 0) >= (monitor.moved or 0) else LOOK
    words = (
        f"“{told.decision}” in {100 * (told.now.estimate or 0):.0f} % of {told.now.n:,}, "
        f"{100 * (told.before.estimate or 0):.0f} % of {told.before.n:,} in {watched.reference_words}"
        f"{'; beyond chance' if apart else '; within chance'}."
    )
    if few:
        words += f" Fewer than {LEAST} on one side: too few to tell."
    return Reading(monitor.slug, _name(scanner), status, words, tuple(s.now for s in shares))


def disagreement_cusum() -> tuple[Cusum, float, float]:
    """The CUSUM over judged results: it, and after how many judged results it signals, at 10 % and at 20 %."""
    made = design(DISAGREEMENT_USUAL, DISAGREEMENT_FEARED, false_alarm_every=FALSE_ALARM_EVERY)
    usual = average_run_length(made.usual, made.steps, made.signal)
    return made, usual, average_run_length(made.feared, made.steps, made.signal)


def _agreement(monitor: Monitor, watched: Watched, scanner: str | None) -> Reading:
    cube = _of(watched.window, scanner)
    agree, disagree, wrong, unsure = (
        cube.count("agreement", name) for name in ("agree", "disagree", "wrong", "unsure")
    )
    back = cube.count("outcomes", "returned")
    found = rate("agreement", agree, agree + disagree, empty="no result was judged", subgroup=_name(scanner))
    objections = rate(
        "objections", wrong + unsure, back, empty="no result came back", subgroup=_name(scanner)
    )
    said = f"Users called {wrong:,} wrong and {unsure:,} unsure, of {back:,} that came back."
    if found.estimate is None or found.high is None:
        words = f"{said} No result was compared with its report, so agreement is not measured."
        return Reading(monitor.slug, _name(scanner), TOO_FEW, words, (found, objections))
    words = f"{agree:,} of {agree + disagree:,} judged results agree. {said}"
    status = STEADY
    if monitor.look is not None and found.high < monitor.look:
        status = MOVED if monitor.moved is not None and found.high < monitor.moved else LOOK
    if scanner is None and watched.judged:
        chart, usual, _ = disagreement_cusum()
        at = chart.first_signal(watched.judged)
        if at is not None:
            status = MOVED
            words += f" The CUSUM signalled at judged result {at:,} (falsely once in {usual:,.0f})."
    if status == STEADY and agree + disagree < LEAST:
        status = TOO_FEW
    return Reading(monitor.slug, _name(scanner), status, words, (found, objections))


def _version(monitor: Monitor, watched: Watched, scanner: str | None) -> Reading:
    seen = _of(watched.window, scanner).named("versions")
    total = sum(seen.values())
    approved = seen.get(watched.approved_version, 0)
    found = rate("approved version", approved, total, empty="no result states its version")
    if not total:
        words = "No result states which version made it."
        return Reading(monitor.slug, _name(scanner), TOO_FEW, words, (found,))
    if others := sorted(set(seen) - {watched.approved_version}):
        words = (
            f"Approved is {watched.approved_version}; {total - approved:,} of {total:,} results say "
            f"{', '.join(others)}."
        )
        return Reading(monitor.slug, _name(scanner), MOVED, words, (found,))
    words = f"All {total:,} results say {watched.approved_version}, the approved version."
    return Reading(monitor.slug, _name(scanner), STEADY, words, (found,))


READERS: dict[str, Callable[[Monitor, Watched, str | None], Reading]] = {
    "silence": _silence,
    "volume": _volume,
    "missing": _missing,
    "turnaround": _turnaround,
    "scores": _scores,
    "flag-rate": _flag_rate,
    "agreement": _agreement,
    "version": _version,
}
BY_SCANNER = frozenset(READERS) - {"silence"}
