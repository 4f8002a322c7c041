"""From a finding to a durable result that waits to be matched: its report is received as if the tool had sent it.

A finding on images that this tool was never sent cannot become a report, since nobody knows of which class they are. It
is kept as it came, in quarantine, with an alert: nothing that a tool says of a patient is thrown away.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass

from pydicom.uid import ComprehensiveSRStorage, ExplicitVRLittleEndian

from alarp.gateway import receiving
from alarp.gateway.adapters import reports
from alarp.gateway.adapters.findings import Finding, read
from alarp.records import objects
from alarp.records.ledger.arrivals import Arrival, Receipt, receive
from alarp.records.ledger.models import DispatchInstance, Peer

NEVER_SENT = "The finding rests on images that this tool was never sent; it is kept as it came."
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a finding: `new`, `repeat` or `quarantined`, and under which UID."""

    sop_uid: str
    outcome: str


def keep(tool: Peer, text: bytes) -> Kept:
    """Keep what this tool says; durable on return. Raises BadInput for a text that is no finding (nothing is kept)."""
    finding = read(text)
    uid = reports.report_uid(finding, tool=tool.aet)
    known = images_sent(tool, finding)
    if set(finding.images) - set(known):
        return Kept(uid, _apart(tool, text, uid).outcome)
    part10 = reports.report(finding, known, tool=tool.aet)
    receiving.check_space()
    file = objects.incoming_folder() / f"finding-{os.getpid()}-{secrets.token_hex(8)}"
    try:
        file.write_bytes(part10)
        receipt = receiving.keep(
            tool,
            file,
            sop_uid=uid,
            sop_class=str(ComprehensiveSRStorage),
            transfer_syntax=str(ExplicitVRLittleEndian),
        )
    finally:
        file.unlink(missing_ok=True)
    return Kept(uid, receipt.outcome)


def images_sent(tool: Peer, finding: Finding) -> dict[str, reports.Image]:
    """Which of the finding's images was this tool ever sent, in any study, and under which class and series?"""
    found: dict[str, reports.Image] = {}
    for start in range(0, len(finding.images), AT_ONCE):
        some = finding.images[start : start + AT_ONCE]
        rows = DispatchInstance.objects.filter(
            dispatch__deployment=tool.deployment, sop_uid_sent__in=some
        )  # named is enough: a quick tool answers before its acknowledgement is written down
        for uid, series, sop_class in rows.values_list(
            "sop_uid_sent", "series_uid_sent", "instance__sop_class"
        ):
            found[uid] = reports.Image(sop_class, series)
    return found


def _apart(tool: Peer, text: bytes, uid: str) -> Receipt:
    arrival = Arrival(
        sha256=objects.put(text),
        size_bytes=len(text),
        sop_uid=uid,
        sop_class=str(ComprehensiveSRStorage),
        transfer_syntax="",
        trouble=NEVER_SENT,
    )
    return receive(tool, arrival)
