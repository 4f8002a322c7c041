"""Has everything of the study arrived, and who may have it?"""

from __future__ import annotations

from alarp.records.ledger import dispatches
from alarp.records.ledger.work import Claim


def complete(step: Claim) -> None:
    """The quiet timer has run out: is the study complete?"""
    dispatches.complete(step, int(step.payload["study"]))


def decide(step: Claim) -> None:
    """For which tools is it, and has the patient said no?"""
    dispatches.decide(step, int(step.payload["study"]))
