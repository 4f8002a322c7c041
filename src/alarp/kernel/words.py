"""Which words does the house use? One word for one thing, spelled here and nowhere else."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """Where on the pathway does a deployment stand?"""

    NEED = "need"
    APPRAISE = "appraise"
    EVALUATE = "evaluate"
    PROCURE = "procure"
    INTEGRATE = "integrate"
    GO_LIVE = "go-live"
    LIVE = "live"
    CHANGE = "change"
    REVIEW = "review"
    RETIRE = "retire"
    RETIRED = "retired"


class RouteState(StrEnum):
    """What may the gateway do for a deployment?"""

    CLOSED = "closed"  # nothing leaves
    SILENT = "silent"  # sent to the AI, results kept for evaluation, never filed to PACS
    LIVE = "live"  # sent to the AI, results filed to PACS under the original study


class Design(StrEnum):
    """How was a piece of evidence made?"""

    RETROSPECTIVE = "retrospective"
    SILENT_PROSPECTIVE = "silent-prospective"
    PROSPECTIVE = "prospective"
    TRIAL = "trial"
    DOCUMENT = "document"


class Tier(StrEnum):
    """At which level of the service does an organisation stand?"""

    NATIONAL = "national"
    REGION = "region"
    TRUST = "trust"
    SITE = "site"
    SUPPLIER = "supplier"


class Disposition(StrEnum):
    """What became of a received instance? Every instance has exactly one."""

    SENT = "sent"
    HELD = "held"
    OPTED_OUT = "opted-out"
    FAILED = "failed"


class Phase(StrEnum):
    """Where on its journey is a study, or where did it break?"""

    RECEIVE = "receive"
    COMPLETE = "complete"
    ELIGIBLE = "eligible"
    OPT_OUT = "opt-out"
    DEIDENTIFY = "de-identify"
    CONNECT = "connect"
    SEND = "send"
    PROCESS = "process"
    MATCH = "match"
    FILE = "file"


class Outcome(StrEnum):
    """What did a person decide at a gate?"""

    APPROVE = "approve"
    REFUSE = "refuse"
    ASK = "ask"
