"""The doors through which a deployment changes. Each takes its actor and writes its audit event in one transaction.

Proposing and the team, evidence and signatures, holds and closings, and what follows from a material change
lie in the modules of `doors`; this is their one front.
"""

from alarp.pathway import StepUp
from alarp.records.deployments.doors.changing import change_version, reopen_lapsed
from alarp.records.deployments.doors.ending import abandon
from alarp.records.deployments.doors.holding import (
    answer_hold,
    close_by_rule,
    close_route,
    lift_closure,
    raise_hold,
)
from alarp.records.deployments.doors.proposing import add_criterion, join_team, leave_team, propose
from alarp.records.deployments.doors.signing import answer, decide

__all__ = [
    "StepUp",
    "abandon",
    "add_criterion",
    "answer",
    "answer_hold",
    "change_version",
    "close_by_rule",
    "close_route",
    "decide",
    "join_team",
    "leave_team",
    "lift_closure",
    "propose",
    "raise_hold",
    "reopen_lapsed",
]
