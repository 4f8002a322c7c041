"""Which objects of a study may a deployment's tool have, by the supplier's rules and by ours? Asked of the ledger."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from alarp.identity import Gaps, Plane, gaps, planes
from alarp.kernel import Phase, Unavailable
from alarp.records import objects
from alarp.records.deployments.models import Deployment
from alarp.records.ledger import eligibility
from alarp.records.ledger.eligibility import Choice, Item
from alarp.records.ledger.models import Instance, Study
from alarp.records.products.models import IntendedUse

NEITHER = "No object of the study is of a kind that the supplier's rules and ours both take."
_COLUMNS = ("pk", "modality", "series_uid", "sop_class", "transfer_syntax")


@dataclass(frozen=True, slots=True)
class Spacings:
    """How far apart the slices of each series lie, and of which objects that was read."""

    of_series: Mapping[str, Gaps | None] = field(default_factory=dict)
    read: frozenset[int] = frozenset()


def sources(study: Study) -> Any:
    """The objects of this study that came from a source and are not kept apart."""
    return Instance.objects.filter(study=study, direction=Instance.SOURCE, quarantine__isnull=True)


def rules_of(deployment: Deployment) -> tuple[dict[str, Any], dict[str, Any]]:
    """The supplier's rules and the Trust's own narrowing; a study has to pass both."""
    try:
        stated = deployment.version.intended_use.rules
    except IntendedUse.DoesNotExist:
        stated = {}
    return stated, deployment.eligibility


def spacings(study: Study, deployments: Iterable[Deployment]) -> Spacings:
    """How far apart its slices lie, where one of these deployments asks; every image is looked at for that.

    Call it outside of a transaction: a thousand images take a second.
    """
    if study.synthetic or not any(
        eligibility.asks_for_spacing(one) for deployment in deployments for one in rules_of(deployment)
    ):
        return Spacings()
    found: dict[str, list[Plane]] = {}
    read = set()
    for pk, series, sha256 in sources(study).values_list("pk", "series_uid", "sha256").order_by("pk"):
        found.setdefault(series, []).extend(_planes(sha256))
        read.add(pk)
    return Spacings({series: gaps(every) for series, every in found.items()}, frozenset(read))


def _planes(sha256: str) -> tuple[Plane, ...]:
    with (
        objects.path_of(sha256).open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        return planes(cast(bytes, data))


def choose(study: Study, deployment: Deployment, fresh: Iterable[Instance], known: Spacings) -> Choice:
    """Which of these objects go to this deployment's tool, and why do the others, or all, stay?

    Raises Unavailable when more has come since the spacing was read: then it is read again.
    """
    rules = rules_of(deployment)
    if study.synthetic:  # one picture of our own: it has no neighbour
        rules = tuple({k: v for k, v in one.items() if k not in eligibility.SPACING} for one in rules)
    every = [Item(*row) for row in sources(study).values_list(*_COLUMNS).order_by("pk")]
    if any(map(eligibility.asks_for_spacing, rules)) and {item.pk for item in every} - known.read:
        raise Unavailable(
            "More of the study came while it was read; it is looked at again.", phase=Phase.ELIGIBLE
        )
    new = {instance.pk for instance in fresh}
    chosen = eligibility.choose(rules, [item for item in every if item.pk in new], known.of_series)
    candidate = eligibility.Candidate(
        modalities=frozenset(item.modality for item in every if item.pk in new),
        body_part=study.body_part,
        view=study.view,
        age_years=study.age_years,
        sex=study.sex,
        manufacturer=study.manufacturer,
        model=study.model,
        instances=sum(all(eligibility.taken(one, i.modality, i.sop_class) for one in rules) for i in every),
        held_because=study.held_because,
    )
    against = [sentence for one in rules for sentence in eligibility.refusals(one, candidate)]
    refusals = tuple(dict.fromkeys([*against, *chosen.refusals]))
    return Choice(chosen.taken, refusals or (() if chosen.taken else (NEITHER,)), chosen.stays)
