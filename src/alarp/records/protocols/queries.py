"""Which protocols, test sets and runs has a tool, how often was a truth opened, and which runs may be compared?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Max, Model, QuerySet

from alarp.records import objects
from alarp.records.deployments.models import Deployment
from alarp.records.people.queries import below, trust_of
from alarp.records.protocols import reading
from alarp.records.protocols.models import (
    EvaluationProtocol,
    EvaluationRun,
    Opening,
    ProtocolLock,
    ProtocolRevision,
    TestSet,
)

if TYPE_CHECKING:
    from alarp.evaluation import Use

MOST_COMPARED = 30


def next_number(model: type[Model], deployment: Deployment) -> int:
    """The next number of this kind in the deployment's file."""
    found: Any = model
    highest = found.objects.filter(deployment=deployment).aggregate(Max("number"))["number__max"]
    return int(highest or 0) + 1


def latest_revision(protocol: EvaluationProtocol) -> ProtocolRevision | None:
    """The text that counts: the newest."""
    return protocol.revisions.select_related("by").order_by("-number").first()


def is_locked(protocol: EvaluationProtocol) -> bool:
    return ProtocolLock.objects.filter(protocol=protocol).exists()


def lock_of(protocol: EvaluationProtocol) -> ProtocolLock | None:
    return ProtocolLock.objects.select_related("revision", "by").filter(protocol=protocol).first()


def locked_before(protocol: EvaluationProtocol) -> list[ProtocolLock]:
    """The locks of the protocols that this one is a new version of, newest first."""
    found, row = [], protocol.earlier
    while row is not None:
        held = lock_of(row)
        if held is not None:
            found.append(held)
        row = row.earlier
    return found


def use_of(test_set: TestSet) -> Use:
    """How often was this truth opened? The same cases with another tool's answers, or uploaded again, are one truth."""
    from alarp.evaluation import Use

    rows = _openings(test_set)
    return Use(
        openings=rows.count(),
        product_versions=rows.values("version").distinct().count(),
        protocol_versions=rows.values("run__revision__digest").distinct().count(),
    )


def _openings(test_set: TestSet) -> QuerySet[Opening]:
    """Every opening of this truth, under whichever number and in whichever tool's file."""
    same = Opening.objects.filter(test_set__digest=test_set.digest).values("truth")
    return Opening.objects.filter(truth__in=same)


def openings_of(test_set: TestSet) -> QuerySet[Opening]:
    """Every opening of this truth, newest first."""
    return _openings(test_set).select_related("run__test_set", "version__product", "by").order_by("-pk")


def protocols_of(deployment: Deployment) -> QuerySet[EvaluationProtocol]:
    """Every protocol of the file, newest first, with its lock, its texts and the number of its runs at hand."""
    rows = deployment.evaluation_protocols.select_related("version__product", "lock__by", "by")
    counted = rows.annotate(run_count=Count("revisions__runs"))
    return counted.prefetch_related("revisions").order_by("-number")


def counts_of(deployment: Deployment) -> dict[str, int]:
    """How many protocols and test sets does the file hold, how many are locked, and how many runs are done and signed?"""
    runs = deployment.evaluation_runs
    return {
        "protocols": deployment.evaluation_protocols.count(),
        "locked": deployment.evaluation_protocols.filter(lock__isnull=False).count(),
        "done": runs.filter(state=EvaluationRun.DONE).count(),
        "signed": runs.filter(signature__isnull=False).count(),
    }


def runs_of(deployment: Deployment) -> QuerySet[EvaluationRun]:
    """Every run of the file, newest first."""
    return (
        deployment.evaluation_runs.select_related(
            "revision__protocol__version__product", "test_set", "by", "signature__evidence"
        )
        .defer("revision__text")
        .order_by("-number")
    )


def comparable(run: EvaluationRun) -> list[EvaluationRun]:
    """Done runs of the same plan in the same Trust, oldest first: this one and the newest others.

    No more than `MOST_COMPARED` others: a plan that is run every month for years is compared with its newest runs.
    """
    sites = below(trust_of(run.deployment.site))
    rows = EvaluationRun.objects.filter(
        state=EvaluationRun.DONE,
        revision__plan=run.revision.plan,
        deployment__site__in=[o.pk for o in sites],
    )
    near = ("revision__protocol__version__product", "test_set", "deployment__site")
    others = list(rows.exclude(pk=run.pk).select_related(*near).order_by("-at")[:MOST_COMPARED])
    own = list(rows.filter(pk=run.pk).select_related(*near))
    return sorted([*own, *others], key=lambda one: one.at)


def result_of(run: EvaluationRun) -> dict[str, Any]:
    """The run's result.json."""
    found: dict[str, Any] = json.loads(objects.get(run.result_sha256))
    return found


def tables_of(run: EvaluationRun) -> dict[str, tuple[str, bytes]]:
    """The tables that the run read, as they were: the protocol's field → the file's name and its bytes."""
    held = dict(run.test_set.files.exclude(sha256="").values_list("name", "sha256"))
    wanted = reading.files_of(reading.read(run.revision.text).parsed)
    return {field: (name, objects.get(held[name])) for field, name in wanted.items()}
