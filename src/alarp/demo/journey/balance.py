"""Last act: is everything accounted for? The summary, and whether the demonstration came out right."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alarp.demo.hospital import Hospital
from alarp.demo.journey.evaluations import Evaluation

COUNTS = (
    "received",
    "sent",
    "held",
    "opted_out",
    "failed",
    "quarantined",
    "returned",
    "filed",
    "expected",
    "overdue",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a journey, lived until here, must have come to."""

    routes: dict[str, str]
    decided: tuple[tuple[str, str], ...]  # kind and outcome
    troubles: bool  # was somebody opted out, and something put in quarantine?


STOPPED = ("stopped before go-live", "stop")
WHEN_LIVE = Outcome(
    {"NoduleFlag": "live", "LiverContour": "live", "LungContour": "closed"}, (STOPPED,), troubles=False
)
IN_THE_END = Outcome(
    {"NoduleFlag": "closed", "LiverContour": "live", "LungContour": "closed"},
    (STOPPED, ("incident", "reopen"), ("review", "scale"), ("review", "stop")),
    troubles=True,
)


def summarise(
    hospital: Hospital, evaluations: dict[str, Evaluation], caused_at: dict[str, datetime]
) -> dict[str, Any]:
    """`summary.json`: every figure computed from what happened."""
    balance, status, watched = hospital.balance(), hospital.status(), hospital.watched()
    trail = json.loads(hospital.alarp("audit", "verify", "--json", allow=(0, 1)))
    arrivals = Counter(hospital.in_pacs())
    return {
        **{name: balance[name] for name in COUNTS},
        "balanced": balance["balanced"],
        "sentence": balance["sentence"],
        "pacs": {"objects": len(arrivals), "arrived_twice": sum(1 for n in arrivals.values() if n > 1)},
        "deployments": [
            {key: row[key] for key in ("deployment", "product", "version", "stage", "route", "reason")}
            for row in status
        ],
        "gates": [
            {"deployment": row["deployment"], **gate}
            for row in status
            for gate in row["gates"]
            if gate["decisions"]
        ],
        "evaluations": [
            {
                "product": evaluation.result["product"],
                "protocol": evaluation.result["protocol"],
                "reference_standard": evaluation.result["reference_standard"],
                "measures": evaluation.result["measures"],
                "claims": evaluation.result["claims"],
            }
            for evaluation in evaluations.values()
        ],
        "alerts": [_alert(alert, caused_at.get(alert["monitor"])) for alert in watched["alerts"]],
        "decisions": watched["decisions"],
        "audit": [f"{chain['stream']}: {chain['sentence']}" for chain in trail],
        "audit_holds": bool(trail) and all(chain["ok"] for chain in trail),
    }


def _alert(alert: dict[str, Any], caused_at: datetime | None) -> dict[str, Any]:
    """One alert; where the demonstration itself caused it, the times count from that moment."""
    if caused_at is None:
        return alert
    raised, closed = datetime.fromisoformat(alert["alert_at"]), alert["closed_at"]
    until_closed = datetime.fromisoformat(closed) - caused_at if closed else None
    return {
        **alert,
        "cause_at": caused_at.isoformat(),
        "cause_to_alert_s": round((raised - caused_at).total_seconds(), 3),
        "cause_to_closure_s": round(until_closed.total_seconds(), 3) if until_closed else None,
    }


def faults(summary: dict[str, Any], wanted: Outcome) -> list[str]:
    """What did not come out right? Empty when all of it did."""
    routes = {row["product"]: row["route"] for row in summary["deployments"]}
    found = []
    if not summary["balanced"]:
        found.append(f"the day does not balance: {summary['sentence']}")
    if routes != wanted.routes:
        found.append(f"the routes are {routes}, not {wanted.routes}")
    decided = {(row["kind"], row["outcome"]) for row in summary["decisions"]}
    found += [
        f"nobody decided {what} ({kind})" for kind, what in wanted.decided if (kind, what) not in decided
    ]
    if wanted.troubles and summary["opted_out"] < 1:
        found.append("no opted-out instance was counted")
    if wanted.troubles and summary["quarantined"] < 1:
        found.append("nothing lies in quarantine")
    if summary["filed"] != summary["pacs"]["objects"]:
        found.append(
            f"{summary['filed']} results are called filed, {summary['pacs']['objects']} lie in the PACS"
        )
    if summary["pacs"]["arrived_twice"]:
        found.append(f"{summary['pacs']['arrived_twice']} results arrived twice at the PACS")
    if any(not measures for measures in (e["measures"] for e in summary["evaluations"])):
        found.append("an evaluation has no measures")
    if not summary["audit_holds"]:
        found.append(f"the audit trail does not verify: {summary['audit']}")
    return found
