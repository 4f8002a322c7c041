"""What do other rooms say before a signature, and do when a stage changes? In the same transaction, never later.

The spine knows none of those rooms: each states its rule or its follow-up when it is ready, as with the checks.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from alarp.kernel import Outcome, Stage
from alarp.records.deployments.models import Deployment

# deployment, gate, outcome, meaning, reason → the sentence against this signature, or None
Rule = Callable[[Deployment, str, Outcome, str | None, str], str | None]
# deployment, the stage it has just reached, when
Follower = Callable[[Deployment, Stage, datetime], None]

_RULES: list[Rule] = []
_FOLLOWERS: list[Follower] = []


def before_signing(rule: Rule) -> None:
    """State a rule that a signature must pass."""
    if rule not in _RULES:
        _RULES.append(rule)


def after_moving(follower: Follower) -> None:
    """State what must be written when a deployment reaches a stage."""
    if follower not in _FOLLOWERS:
        _FOLLOWERS.append(follower)


def against_signing(
    deployment: Deployment, gate: str, outcome: Outcome, meaning: str | None, reason: str
) -> str | None:
    """The first sentence against this signature, or None."""
    return next((s for rule in _RULES if (s := rule(deployment, gate, outcome, meaning, reason))), None)


def moved(deployment: Deployment, stage: Stage, at: datetime) -> None:
    """Tell everybody who follows that the deployment has reached this stage."""
    for follower in _FOLLOWERS:
        follower(deployment, stage, at)
