"""What was said of a hazard log, on which version, and does it still speak of the log as it stands?"""

from __future__ import annotations

from datetime import date

from alarp.records.deployments.models import Deployment
from alarp.records.evidence.sealing import public_keys, seal_holds
from alarp.records.hazards.doors.signing import statement_words
from alarp.records.hazards.facts import Log, log_of
from alarp.records.hazards.models import SafetyStatement
from alarp.safety import Condition, Statement

__all__ = ["Log", "last_statement", "log_of", "statement_now", "statement_of"]


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
