"""How does a run come to its answer, whatever dies on the way? Asked for, taken under a lease, told, ended once.

A person may stop it and let it go on: what its process has finished by then is kept, and is not done again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from alarp.kernel import BadInput, NotNow
from alarp.records import clock, objects, permissions
from alarp.records.configuration import configuration
from alarp.records.deployments.doors.moving import locked, moment
from alarp.records.ledger import work
from alarp.records.people.models import Person
from alarp.records.protocols import reading
from alarp.records.protocols.doors.witnessing import told
from alarp.records.protocols.models import EvaluationProtocol, EvaluationRun, Opening, TestSet
from alarp.records.protocols.queries import is_locked, latest_revision, next_number

KIND = "evaluate"
MOST_TAKES = 5  # a run whose process died this often is given up
MOST_JOBS = 64
GIVEN_UP = (
    "The run was begun {n} times and its process ended each time without an answer; look at the memory and the log of "
    "the server, then run it again."
)


class Taken(Exception):
    """Somebody else does this run now, or it has ended: write nothing, walk away."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The right of one process to do one run, under one fence."""

    run: int
    owner: str
    fence: int


def ask_run(protocol: EvaluationProtocol, test_set: TestSet, *, by: Person, jobs: int = 1) -> EvaluationRun:
    """Have this protocol run on this test set; on an unlocked protocol the run is exploratory for ever.

    `jobs` processes compare the scans of a contouring study; the other kinds are done by one.
    """
    permissions.check(by, "prepare_evaluation", protocol.deployment)
    if not 1 <= jobs <= MOST_JOBS:
        raise BadInput(f"{jobs} processes were asked for; give a whole number from 1 to {MOST_JOBS}.")
    revision = latest_revision(protocol)
    if revision is None or revision.trouble:
        raise BadInput(revision.trouble if revision else "The protocol has no text.")
    if test_set.deployment_id != protocol.deployment_id:
        raise BadInput(f"Test set {test_set.number} belongs to another tool's file.")
    _check_files(revision.text, test_set)
    with transaction.atomic():
        deployment = locked(protocol.deployment)
        at = moment(deployment)
        row = EvaluationRun(
            deployment=deployment,
            number=next_number(EvaluationRun, deployment),
            revision=revision,
            test_set=test_set,
            exploratory=not is_locked(protocol),
            jobs=jobs,
            by=by,
            at=at,
        )
        row.save()
        work.ask(KIND, str(row.pk), {"run": row.pk})
        told(
            by,
            "evaluation run asked for",
            row,
            at=at,
            run=row.number,
            protocol=protocol.number,
            digest=revision.digest,
            test_set=test_set.number,
            exploratory=row.exploratory,
            jobs=jobs,
        )
    return row


def stop_run(run: EvaluationRun, *, by: Person) -> EvaluationRun:
    """Stop this run now. Its process may write nothing more; what it has finished is kept for `resume_run`."""
    permissions.check(by, "prepare_evaluation", run.deployment)
    with transaction.atomic():
        row = _held_still(run.pk)
        if not row.is_open:
            raise NotNow(f"Run {row.number} is not under way: it is {row.state}.")
        had = row.state == EvaluationRun.RUNNING
        row.state, row.lease_until, row.owner = EvaluationRun.STOPPED, None, ""
        row.stopped_by, row.stopped_at, row.stops = by, clock.now(), row.stops + had
        row.save()
        told(by, "evaluation run stopped", row, run=row.number, done=row.done_steps, of=row.all_steps)
    return row


def resume_run(run: EvaluationRun, *, by: Person) -> EvaluationRun:
    """Let a stopped run go on where it was. Its truth was opened once, and is not counted again."""
    permissions.check(by, "prepare_evaluation", run.deployment)
    with transaction.atomic():
        row = _held_still(run.pk)
        if row.state != EvaluationRun.STOPPED:
            raise NotNow(f"Run {row.number} is not stopped: it is {row.state}.")
        row.state = EvaluationRun.QUEUED
        row.save()
        work.rearm(KIND, str(row.pk), {"run": row.pk}, due_at=clock.now())
        told(by, "evaluation run resumed", row, run=row.number, done=row.done_steps, of=row.all_steps)
    return row


def _held_still(run: int) -> EvaluationRun:
    """The run's row, held until the transaction ends."""
    rows = EvaluationRun.objects.select_for_update(of=("self",)).select_related("deployment")
    return rows.get(pk=run)


def _check_files(text: str, test_set: TestSet) -> None:
    """Does the test set hold every table that the protocol names? Joined by name, nothing guessed."""
    held = set(test_set.files.values_list("name", flat=True))
    for field, name in reading.files_of(reading.read(text).parsed).items():
        if name not in held:
            tables = sorted(n for n in held if n.lower().endswith(".csv"))
            raise BadInput(
                f"The protocol's field '{field}' names the file '{name}', which test set {test_set.number} does not "
                f"hold: it has {', '.join(tables[:5])}. Rename the file, or correct the protocol."
            )


def forsaken() -> list[int]:
    """Which runs wait for a process: asked for, or left by one that fell silent?"""
    now = clock.now()
    left = Q(state=EvaluationRun.RUNNING, lease_until__lt=now)
    waiting = Q(state=EvaluationRun.QUEUED, lease_until__isnull=True) | Q(
        state=EvaluationRun.QUEUED, lease_until__lt=now
    )
    return list(EvaluationRun.objects.filter(left | waiting).order_by("at").values_list("pk", flat=True)[:20])


def take(run: int, owner: str) -> Hold | None:
    """Begin this run, or go on with one whose process fell silent; None when somebody has it or it has ended."""
    with transaction.atomic():
        row = _held_still(run)
        now = clock.now()
        busy = row.state == EvaluationRun.RUNNING and row.lease_until is not None and row.lease_until >= now
        if not row.is_open or busy:
            return None
        if row.fence - row.stops >= MOST_TAKES:
            _end(row, state=EvaluationRun.FAILED, trouble=GIVEN_UP.format(n=MOST_TAKES))
            return None
        EvaluationRun.objects.filter(pk=run).update(
            state=EvaluationRun.RUNNING,
            owner=owner,
            fence=F("fence") + 1,
            started_at=row.started_at or now,
            lease_until=now + timedelta(seconds=configuration().lease_s),
        )
        return Hold(run, owner, row.fence + 1)


def open_truth(hold: Hold, truth: str) -> Opening:
    """The truth with this digest is about to be read for this run: counted before, and once however often it is begun."""
    with transaction.atomic():
        run = (
            EvaluationRun.objects.select_for_update(of=("self",))
            .select_related(
                "revision__protocol__version__product", "test_set__deployment", "deployment", "by"
            )
            .get(pk=hold.run)
        )
        _check_held(run, hold)
        known = Opening.objects.filter(run=run).first()
        if known is not None:
            return known
        last = Opening.objects.filter(test_set=run.test_set).order_by("-number").first()
        row = Opening(
            test_set=run.test_set,
            number=last.number + 1 if last else 1,
            run=run,
            truth=truth,
            version=run.revision.protocol.version,
            by=run.by,
            at=clock.now(),
        )
        row.save()
        told(
            run.by,
            "test set opened",
            run.test_set,
            test_set=run.test_set.number,
            opening=row.number,
            run=run.number,
            truth=truth,
            version=str(row.version),
        )
    return row


def _check_held(run: EvaluationRun, hold: Hold) -> None:
    if (run.owner, run.fence, run.state) != (hold.owner, hold.fence, EvaluationRun.RUNNING):
        raise Taken(f"run {hold.run}")


def _write(hold: Hold, **values: Any) -> None:
    held = EvaluationRun.objects.filter(
        pk=hold.run, owner=hold.owner, fence=hold.fence, state=EvaluationRun.RUNNING
    )
    if held.update(**values) != 1:
        raise Taken(f"run {hold.run}")


def renew(hold: Hold) -> None:
    """Still at it: hold the lease for another full term."""
    _write(hold, lease_until=clock.now() + timedelta(seconds=configuration().lease_s))


def tell(hold: Hold, doing: str, done: int, total: int, *, paced_from: int | None = None) -> None:
    """Say how far the run has come; this holds the lease as well.

    With `paced_from` a part of the work begins: the time left is reckoned from now, when so many steps were done.
    """
    now = clock.now()
    pace = {} if paced_from is None else {"paced_at": now, "paced_steps": paced_from}
    _write(
        hold,
        doing=doing[:120],
        done_steps=done,
        all_steps=total,
        lease_until=now + timedelta(seconds=configuration().lease_s),
        **pace,
    )


def finish(hold: Hold, *, result: bytes, report: bytes, pdf: bytes = b"") -> None:
    """The run has its answer: result and report are kept under their digests, and the row never changes again."""
    kept = {"result_sha256": objects.put(result), "report_sha256": objects.put(report)}
    if pdf:
        kept["pdf_sha256"] = objects.put(pdf)
    _closing(hold, state=EvaluationRun.DONE, **kept)


def fail(hold: Hold, sentence: str) -> None:
    """The run has no answer, and this is why."""
    _closing(hold, state=EvaluationRun.FAILED, trouble=sentence)


def _closing(hold: Hold, **values: Any) -> None:
    with transaction.atomic():
        row = _held_still(hold.run)
        _check_held(row, hold)
        _end(row, **values)


def _end(row: EvaluationRun, **values: Any) -> None:
    EvaluationRun.objects.filter(pk=row.pk).update(ended_at=clock.now(), lease_until=None, doing="", **values)
    said = {"result": values.get("result_sha256", ""), "trouble": values.get("trouble", "")}
    told("evaluation", f"evaluation run {values['state']}", row, run=row.number, **said)
