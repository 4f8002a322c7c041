"""What was said of a hazard log, on which version, and does it still speak of the log as it stands?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef

from alarp.records.deployments.models import Deployment
from alarp.records.evidence.sealing import public_keys, seal_holds
from alarp.records.hazards.doors.signing import statement_words
from alarp.records.hazards.facts import Log, log_of, newest_revisions
from alarp.records.hazards.models import HazardMove, SafetyStatement
from alarp.safety import Condition, Statement

__all__ = [
    "Log",
    "RiskSummary",
    "last_statement",
    "log_of",
    "risk_summaries",
    "statement_now",
    "statement_of",
]


def last_statement(deployment: Deployment) -> SafetyStatement | None:
    """The newest statement of the safety officer whose seal holds, whatever has changed since."""
    rows = SafetyStatement.objects.filter(log_version__deployment=deployment)
    row = rows.select_related("log_version", "by").defer("log_version__snapshot").order_by("-pk").first()
    return row if row is not None and _holds(row, deployment) else None


def statement_now(deployment: Deployment, log: Log) -> SafetyStatement | None:
    """The newest statement, when it speaks of the log as it stands."""
    row = last_statement(deployment)
    return row if row is not None and row.log_version.digest == log.digest else None


def _holds(row: SafetyStatement, deployment: Deployment) -> bool:
    expected = statement_words(row, row.log_version) | {"username": row.by.username}
    return seal_holds(row.envelope, expected, subject=deployment, keys=public_keys(deployment))


def statement_of(row: SafetyStatement) -> Statement:
    """The statement as the safety core knows it."""
    return Statement(
        answer=row.answer,
        words=row.words,
        by=str(row.by),
        registration=row.by.registration,
        on=row.at.date(),
        conditions=tuple(
            Condition(
                c["condition"], tuple(c["hazards"]), c["test"], c["owner"], date.fromisoformat(c["due"])
            )
            for c in row.conditions
        ),
    )


@dataclass(frozen=True, slots=True)
class RiskSummary:
    """One deployment's residual risks in a few words, for the board."""

    highest: int | None
    counts: dict[int, int]
    unscored: int

    @property
    def sentence(self) -> str:
        """'24 hazards, the highest at level 3; 2 not scored'"""
        total = sum(self.counts.values()) + self.unscored
        if not total:
            return "No hazard log yet"
        text = f"{total} {'hazard' if total == 1 else 'hazards'}"
        if self.highest is not None:
            text += f", the highest at level {self.highest}"
        return text + (f"; {self.unscored} not scored" if self.unscored else "")


def risk_summaries(deployments: Sequence[Deployment]) -> dict[int, RiskSummary]:
    """How high are the residual risks of each of these deployments? One query for all of them.

    A hazard that was re-opened counts at its initial risk; one that was set aside unscored does not count.
    """
    moved = HazardMove.objects.filter(revision=OuterRef("pk"))
    rows = (
        newest_revisions()
        .filter(hazard__deployment__in=deployments)
        .annotate(
            fallen=Exists(moved.filter(status=HazardMove.REOPENED)),
            closed=Exists(moved.filter(status=HazardMove.CLOSED)),
        )
        .values_list("hazard__deployment_id", "initial_level", "residual_level", "fallen", "closed")
    )
    levels: dict[int, Counter[int]] = {d.pk: Counter() for d in deployments}
    unscored: Counter[int] = Counter()
    for deployment, initial, residual, fallen, closed in rows:
        if residual is not None:
            levels[deployment][initial if fallen else residual] += 1
        elif not closed:
            unscored[deployment] += 1
    return {
        pk: RiskSummary(max(found, default=None), dict(sorted(found.items())), unscored[pk])
        for pk, found in levels.items()
    }
