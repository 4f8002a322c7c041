"""A tool posts what it found as JSON: `POST /findings` of the DICOMweb service, with the token of its deployment.

200 says that the result is durable and will be matched; 202 that it is durable and kept apart, because it contradicts
what was sent. Neither says that it was filed: that stands on the study's page. What cannot be read is refused with one
sentence and 400, and nothing is kept.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from alarp.gateway.adapters import keeping
from alarp.gateway.adapters.findings import MOST_BYTES
from alarp.gateway.dicomweb.asking import Refused, Request
from alarp.kernel import BadInput, Unavailable
from alarp.records.audit import commands as audit
from alarp.records.ledger.models import Peer

PATH = "/findings"


def answer(tool: Peer, asked: Request) -> tuple[int, dict[str, Any]]:
    """Keep one finding; answers the status and what became of it. Raises Refused."""
    if asked.method != "POST":
        raise Refused(405, "A finding is posted.", {"Allow": "POST"})
    if tool.kind != Peer.TOOL:
        raise Refused(403, "Only an AI tool posts findings here.")
    if asked.content_type.kind != "application/json":
        raise Refused(415, "A finding is application/json.")
    text = asked.body.read(MOST_BYTES + 1)
    try:
        kept = keeping.keep(tool, text)
    except BadInput as error:
        assert tool.deployment is not None
        with transaction.atomic():
            action, subject = "finding refused", f"peer {tool.aet}"
            audit.record("gateway", action, subject, stream=tool.deployment.slug, reason=str(error))
        raise Refused(413 if len(text) > MOST_BYTES else 400, str(error)) from None
    except Unavailable:
        raise Refused(503, "There is no room now; send it again later.", {"Retry-After": "60"}) from None
    return 202 if kept.outcome == "quarantined" else 200, {
        "sop_instance_uid": kept.sop_uid,
        "outcome": kept.outcome,
    }
