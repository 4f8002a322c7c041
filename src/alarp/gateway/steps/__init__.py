"""Which steps are there on a study's way, and who does each?"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from alarp.gateway.steps.committing import commit
from alarp.gateway.steps.deciding import complete, decide
from alarp.gateway.steps.evaluating import begin_run
from alarp.gateway.steps.filing import file
from alarp.gateway.steps.matching import match
from alarp.gateway.steps.probing import probe
from alarp.gateway.steps.processing import process
from alarp.gateway.steps.recalling import prove, recall, seal
from alarp.gateway.steps.recounting import recount
from alarp.gateway.steps.sending import send
from alarp.gateway.steps.sweeping import SWEEPS
from alarp.gateway.steps.telling import tell_ris
from alarp.gateway.steps.testing import look_at_connections
from alarp.records.ledger.work import Claim

STEPS: Mapping[str, Callable[[Claim], None]] = {
    "complete": complete,
    "decide": decide,
    "send": send,
    "run": process,
    "match": match,
    "file": file,
    "commit": commit,
    "tell-ris": tell_ris,
    "self-test": look_at_connections,
    "evaluate": begin_run,
    "recall": recall,
    "prove": prove,
    "seal": seal,
    "probe": probe,
    "recount": recount,
}

__all__ = ["STEPS", "SWEEPS"]
