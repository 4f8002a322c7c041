"""What do the monitors say in numbers, for the alarm rules that were signed before go-live?"""

from __future__ import annotations

from datetime import datetime

from alarp.kernel import Measure
from alarp.monitoring import Watched, expected, rate, silence
from alarp.monitoring.cube import SENT, TURNAROUND_EDGES_S, DayCube
from alarp.monitoring.drift import shift
from alarp.monitoring.readings import is_flag, scanners_of
from alarp.monitoring.turnaround import percentile_of_counts
from alarp.pathway.alarms import ALL, Figure
from alarp.records.deployments.models import Deployment
from alarp.records.ledger.models import Quarantine

Figures = tuple[Figure, ...]


def figures_of(deployment: Deployment, watched: Watched, at: datetime) -> Figures:
    """One figure for each monitor: for all studies, then for each scanner; not measurable says why."""
    found = [_silence(watched, at), _quarantined(deployment, at)]
    for scanner in (None, *scanners_of(watched)):
        found += _of_group(watched, scanner, at)
    return tuple(found)


def _of_group(watched: Watched, scanner: str | None, at: datetime) -> list[Figure]:
    def part(cube: DayCube) -> DayCube:
        return cube if scanner is None else cube.where(lambda cell: cell.scanner == scanner)

    group, window = scanner or ALL, part(watched.window)
    sent, back = window.count("outcomes", *SENT), window.count("outcomes", "returned")
    agree, disagree, wrong = (window.count("agreement", name) for name in ("agree", "disagree", "wrong"))
    decided = window.named("decisions")
    versions = window.named("versions")
    others = sum(n for version, n in versions.items() if version != watched.approved_version)
    refused = window.named("reasons").get("no connection", 0)
    drift = shift(part(watched.reference).total("scores"), part(watched.since).total("scores"))
    slow = percentile_of_counts("turnaround", window.total("turnaround"), TURNAROUND_EDGES_S / 60, 0.95)
    missing = rate("missing", window.count("outcomes", "overdue", "failed"), sent, empty="no study was sent")
    flagged = sum(n for decision, n in decided.items() if is_flag(decision))
    seen = ", ".join(f"{n:,} of {version}" for version, n in sorted(versions.items()))
    chance = "" if drift.chance is None else f"; chance stays below {drift.chance:.2f} in 99 of 100"
    rows = (
        (
            "version",
            Measure("version", float(others), n=sum(versions.values())),
            f"Results by version: {seen or 'none'}.",
        ),
        ("missing", missing, missing.sentence(per_cent=True)),
        ("turnaround", slow, f"95 % within {slow.sentence()} (min)."),
        ("flag-rate", *_rate("flag-rate", flagged, sum(decided.values()), "no result holds a decision")),
        ("scores", drift.psi, f"PSI against {watched.reference_words}: {drift.psi.sentence()}{chance}."),
        ("agreement", *_rate("agreement", agree, agree + disagree, "no result was judged")),
        ("wrong", *_rate("wrong", wrong, back, "no result came back")),
        ("uptime", *_rate("uptime", sent - refused, sent, "no study was offered")),
    )
    return [_figure(monitor, group, measure, at, sentence) for monitor, measure, sentence in rows]


def _rate(name: str, events: int, n: int, empty: str) -> tuple[Measure, str]:
    found = rate(name, events, n, empty=empty)
    return found, found.sentence(per_cent=True)


def _figure(monitor: str, group: str, measure: Measure, at: datetime, sentence: str) -> Figure:
    return Figure(
        monitor=monitor,
        subgroup=group,
        value=measure.estimate,
        low=measure.low,
        high=measure.high,
        n=measure.n,
        at=at,
        sentence=sentence,
        because=measure.because,
    )


def _silence(watched: Watched, at: datetime) -> Figure:
    mean = expected(watched.rhythm, list(watched.hours_24)) if watched.route_open else 0.0
    found = silence(watched.seen_24_h, mean)
    words = f"{watched.seen_24_h:,} studies in 24 hours, {mean:,.1f} are usual."
    return _figure("silence", ALL, found, at, words)


def _quarantined(deployment: Deployment, at: datetime) -> Figure:
    count = Quarantine.objects.filter(deployment=deployment, resolved_at__isnull=True).count()
    return Figure(
        "quarantine-open", ALL, float(count), None, None, max(1, count), at, f"{count} wait for a person."
    )
