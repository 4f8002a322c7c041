"""What waits for somebody in the evaluations of these tools: a lock, a signature, a correction, a decision?

Asked in a fixed number of queries, whatever is in the files. What must be read for it (does a draft still hold an open
question, which claims did a result not meet) never changes, and is read once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db.models import Max
from django.urls import reverse

from alarp.records import permissions
from alarp.records.deployments.models import Decision, Deployment
from alarp.records.protocols import queries, reading
from alarp.records.protocols.models import EvaluationProtocol, EvaluationRun, ProtocolRevision

# A promise that was not kept is for those who answer for the patients, and for whoever can explain the number.
DECIDES = frozenset({"clinical-lead", "clinical-safety-officer", "lead-physicist", "statistician"})


@dataclass(frozen=True)
class Task:
    """One thing to do in the evaluations of one tool: what, since when, where, and who can do it."""

    deployment: int
    text: str
    short: str
    href: str
    since: datetime
    roles: frozenset[str]


def tasks(deployments: Iterable[Deployment]) -> tuple[Task, ...]:
    """Everything that waits in the evaluations of these tools, the longest wait first."""
    places = {deployment.pk: deployment for deployment in deployments}
    if not places:
        return ()
    found = [*_locks(places), *_runs(places)]
    return tuple(sorted(found, key=lambda task: (task.since, task.text)))


def _locks(places: Mapping[int, Deployment]) -> Iterator[Task]:
    """Drafts that can be read, name their product and leave no question open: they wait for their lock."""
    rows = EvaluationProtocol.objects.filter(deployment__in=places, lock__isnull=True)
    newest = rows.annotate(newest=Max("revisions__number")).values_list("pk", "newest")
    wanted = dict(newest)
    drafts = ProtocolRevision.objects.filter(protocol__in=wanted, trouble="").select_related("protocol")
    for draft in drafts.defer("text"):
        if draft.number == wanted[draft.protocol_id] and _ready(draft):
            slug, number = places[draft.protocol.deployment_id].slug, draft.protocol.number
            yield Task(
                draft.protocol.deployment_id,
                f"Lock protocol {number}: {draft.title}",
                f"protocol {number} waits for its lock",
                reverse("lock-protocol", kwargs={"slug": slug, "protocol": number}),
                draft.at,
                permissions.ACTIONS["lock_protocol"].roles,
            )


def _ready(draft: ProtocolRevision) -> bool:
    """Has somebody answered everything that the template asked?"""

    def no_question_left() -> bool:
        from alarp.evaluation.explaining import explain

        return not explain(reading.read(draft.text).parsed).placeholders

    return bool(cache.get_or_set(f"no-question-left-1-{draft.digest}", no_question_left, timeout=None))


def _runs(places: Mapping[int, Deployment]) -> Iterator[Task]:
    """The newest run of each protocol: failed, stopped, not yet signed, or with a claim that it did not meet."""
    every = EvaluationRun.objects.filter(deployment__in=places)
    newest = every.values("revision__protocol").annotate(newest=Max("pk")).values("newest")
    decided = dict(
        Decision.objects.filter(deployment__in=places)
        .values_list("deployment")
        .annotate(last=Max("signed_at"))
    )
    rows = every.filter(pk__in=newest).select_related("revision__protocol__version__product", "signature")
    for run in rows.defer("revision__text"):
        place = places[run.deployment_id]
        yield from _of_run(run, place, decided.get(place.pk))


def _of_run(run: EvaluationRun, place: Deployment, decided: datetime | None) -> Iterator[Task]:
    number, at = run.number, run.ended_at or run.stopped_at or run.at
    version = run.revision.protocol.version
    of = "" if version.pk == place.version_id else f" of {version}"  # another product, on the same plan
    where = {"slug": place.slug, "run": number}
    page = reverse("run", kwargs=where)
    may = permissions.ACTIONS
    if run.state == EvaluationRun.FAILED:
        text, roles = f"Evaluation run {number}{of} failed: {run.trouble}", may["prepare_evaluation"].roles
        yield Task(place.pk, text, f"run {number}{of} failed", page, at, roles)
    elif run.state == EvaluationRun.STOPPED:
        text, roles = (
            f"Evaluation run {number}{of} was stopped and can go on",
            may["prepare_evaluation"].roles,
        )
        yield Task(place.pk, text, f"run {number}{of} is stopped", page, at, roles)
    elif run.state == EvaluationRun.DONE and not run.exploratory:
        if not hasattr(run, "signature"):
            text, roles = (
                f"Sign evaluation run {number}{of}: {run.revision.title}",
                may["sign_evaluation"].roles,
            )
            href = reverse("sign-run", kwargs=where)
            yield Task(place.pk, text, f"run {number}{of} waits for its signature", href, at, roles)
        unmet = _unmet(run) if decided is None or decided < at else ()
        if unmet:
            text = f"Decide what follows: evaluation run {number}{of} did not meet “{'”, “'.join(unmet)}”"
            yield Task(place.pk, text, f"run {number}{of}: a claim was not met", page, at, DECIDES)


def _unmet(run: EvaluationRun) -> tuple[str, ...]:
    """The claims that this result did not meet, in words; a decision at a gate after it has looked at them."""

    def read() -> tuple[str, ...]:
        return tuple(str(c["claim"]) for c in queries.result_of(run)["claims"] if c["status"] == "not met")

    found: tuple[str, ...] = cache.get_or_set(f"unmet-1-{run.result_sha256}", read, timeout=None)
    return found


def in_short(person: Any, deployments: Iterable[Deployment]) -> dict[int, str]:
    """One line a tool for the board: 'run 3: a claim was not met; protocol 2 waits for its lock'."""
    said: dict[int, list[str]] = {}
    for task in tasks(d for d in deployments if permissions.allowed(person, "view_protocols", d)):
        said.setdefault(task.deployment, []).append(task.short)
    return {pk: "; ".join(lines) for pk, lines in said.items()}
