"""What does the evaluation room say: what is planned, on which cases, how far a run has come, what it found?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.cache import cache

from alarp.kernel import digest
from alarp.records.protocols import queries, reading
from alarp.records.protocols.models import EvaluationRun

if TYPE_CHECKING:
    from alarp.evaluation.pairing import Answered
    from alarp.report import Document

LOCKED, DRAFT, UNREADABLE = "locked", "draft", "not readable yet"
STATE_WORDS = {
    EvaluationRun.QUEUED: "waiting to begin",
    EvaluationRun.RUNNING: "running",
    EvaluationRun.STOPPED: "stopped",
    EvaluationRun.DONE: "done",
    EvaluationRun.FAILED: "failed",
}
WAITING_LONG = timedelta(minutes=2)


@dataclass(frozen=True)
class ProtocolLine:
    """One protocol in the list."""

    number: int
    title: str
    version: str
    stated_version: str
    kind: str
    state: str
    since: datetime
    by: str
    runs: int


def protocol_lines(protocols: Iterable[Any]) -> tuple[ProtocolLine, ...]:
    """These protocols with how far each has come."""
    lines = []
    for protocol in protocols:
        newest = max(protocol.revisions.all(), key=lambda r: r.number)
        lock = getattr(protocol, "lock", None)
        state = LOCKED if lock else UNREADABLE if newest.trouble else DRAFT
        lines.append(
            ProtocolLine(
                number=protocol.number,
                title=newest.title,
                version=str(protocol.version),
                stated_version=newest.stated_version,
                kind=newest.kind,
                state=state,
                since=lock.at if lock else newest.at,
                by=str(lock.by) if lock else str(protocol.by),
                runs=protocol.run_count,
            )
        )
    return tuple(lines)


@dataclass(frozen=True)
class Check:
    """A text in plain English: what it plans, what it leaves open; or why it cannot be read."""

    sentences: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    must: tuple[str, ...] = ()
    should: tuple[str, ...] = ()
    trouble: str = ""


def check(text: str) -> Check:
    """What does this text plan, and what does it leave open?"""
    found = reading.read(text)
    if found.trouble:
        return Check(trouble=found.trouble)
    from alarp.evaluation.explaining import MUST, explain

    told = explain(found.parsed)
    return Check(
        sentences=told.sentences,
        warnings=told.warnings,
        must=tuple(gap.sentence for gap in told.gaps if gap.level == MUST),
        should=tuple(gap.sentence for gap in told.gaps if gap.level != MUST),
    )


@dataclass(frozen=True)
class RunLine:
    """One run: on which cases, how far it has come, what it found."""

    number: int
    protocol: int
    title: str
    product: str
    test_set: int
    state: str
    open: bool
    exploratory: bool
    at: datetime
    by: str
    trouble: str
    evidence: str
    took: str


def run_line(run: Any) -> RunLine:
    """What a list says of this run."""
    signature = getattr(run, "signature", None)
    return RunLine(
        number=run.number,
        protocol=run.revision.protocol.number,
        title=run.revision.title,
        product=str(run.revision.protocol.version),
        test_set=run.test_set.number,
        state=STATE_WORDS[run.state],
        open=run.is_open,
        exploratory=run.exploratory,
        at=run.at,
        by=str(run.by),
        trouble=run.trouble,
        evidence=signature.evidence.sha256 if signature else "",
        took=_took(run),
    )


def _took(run: Any) -> str:
    """'It took 4 min, by 2 processes.' Empty until it has ended."""
    if run.state != EvaluationRun.DONE or run.started_at is None:
        return ""
    spent_s = (run.ended_at - run.started_at).total_seconds()
    span = f"{spent_s:.0f} s" if spent_s < 90 else f"{spent_s / 60:.0f} min"
    stopped = f", {run.stops} {'stop' if run.stops == 1 else 'stops'} included" if run.stops else ""
    return f"It took {span}, by {run.jobs} {'process' if run.jobs == 1 else 'processes'}{stopped}."


@dataclass(frozen=True)
class Progress:
    """How far a run has come, in one sentence and as a share."""

    sentence: str
    done: int
    total: int


def progress(run: EvaluationRun, now: datetime) -> Progress:
    """'Comparing outlines, by 2 processes: 12 of 120, about 4 min left.'"""
    if run.state == EvaluationRun.QUEUED:
        late = now - (run.stopped_at or run.at) > WAITING_LONG
        more = " Nothing has begun it for two minutes: look whether a worker is running." if late else ""
        again = (
            f" {run.done_steps} of {run.all_steps} were finished before."
            if run.stopped_at and run.done_steps
            else ""
        )
        return Progress(f"Waiting to {'go on' if run.stopped_at else 'begin'}.{again}{more}", 0, 0)
    if not run.doing:
        return Progress("It has begun.", 0, 0)
    if run.state == EvaluationRun.STOPPED:
        said = f"Stopped while {run.doing}{_so_far(run)}."
        return Progress(said, run.done_steps, run.all_steps)
    doing = run.doing[:1].upper() + run.doing[1:]
    by = f", by {run.jobs} processes" if run.jobs > 1 and run.all_steps > 1 else ""
    return Progress(f"{doing}{by}{_so_far(run)}{_left(run, now)}.", run.done_steps, run.all_steps)


def _so_far(run: EvaluationRun) -> str:
    return f": {run.done_steps} of {run.all_steps}" if run.all_steps > 1 else ""


def _left(run: EvaluationRun, now: datetime) -> str:
    """Reckoned from what this process has done since this part of the work began, not from what it found finished."""
    done = run.done_steps - run.paced_steps
    if run.paced_at is None or done < 1 or run.done_steps >= run.all_steps:
        return ""
    left_s = (now - run.paced_at).total_seconds() * (run.all_steps - run.done_steps) / done
    return ", less than a minute left" if left_s < 60 else f", about {left_s / 60:.0f} min left"


@dataclass(frozen=True)
class TestSetLine:
    """One test set and how often its truth was opened."""

    __test__ = False

    number: int
    title: str
    where: str
    files: int
    at: datetime
    by: str
    use: str
    warning: str


def test_set_line(test_set: Any) -> TestSetLine:
    """What a list says of these cases."""
    use = queries.use_of(test_set)
    return TestSetLine(
        number=test_set.number,
        title=test_set.title,
        where=f"folder {test_set.folder}" if test_set.folder else "uploaded",
        files=test_set.files.count(),
        at=test_set.at,
        by=str(test_set.by),
        use=use.sentences[0] if use.openings else "Its truth has never been opened.",
        warning=use.sentences[1] if use.worn else "",
    )


def side_by_side(runs: Sequence[Any], truths: Mapping[int, str]) -> Document:
    """The report that lays these runs side by side, drawn once for these runs."""
    labels = {run.pk: _label(run, runs) for run in runs}
    key = "beside-3-" + digest([[labels[run.pk], run.result_sha256, truths.get(run.pk, "")] for run in runs])
    made: Document = cache.get_or_set(key, lambda: _laid_beside(runs, labels, truths), timeout=None)
    return made


def _laid_beside(runs: Sequence[Any], labels: Mapping[int, str], truths: Mapping[int, str]) -> Document:
    """Every run beside the first, case by case where both answered the same cases."""
    from alarp.evaluation.beside import Entry, beside
    from alarp.evaluation.pairing import paired
    from alarp.report import document

    entries = [Entry(labels[run.pk], queries.result_of(run), truths.get(run.pk, "")) for run in runs]
    first, *others = [_answered(run, entry) for run, entry in zip(runs, entries, strict=True)]
    pairings = {other.label: paired(first, other) for other in others}
    return document(beside(entries, pairings))


def _answered(run: Any, entry: Any) -> Answered:
    from alarp.evaluation import read_csv
    from alarp.evaluation.pairing import Answered

    tables = {
        field: read_csv(content.decode("utf-8-sig"), name=name)
        for field, (name, content) in queries.tables_of(run).items()
    }
    return Answered(entry.label, reading.read(run.revision.text).parsed, tables, entry.result)


def _label(run: Any, runs: Sequence[Any]) -> str:
    """The product's version; with the run's number where two runs are of one."""
    product = str(run.revision.protocol.version)
    alone = sum(str(other.revision.protocol.version) == product for other in runs) == 1
    return product if alone else f"{product}, run {run.number} at {run.deployment.site}"
