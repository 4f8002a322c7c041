"""Which results of this study does nobody see in routine, because the patient has said no?"""

from __future__ import annotations

from collections.abc import Iterable

from alarp.kernel import Unavailable
from alarp.records.deployments.models import Deployment
from alarp.records.ledger import queries
from alarp.records.ledger.models import Study

OPTED_OUT = "The patient has opted out of AI: what it says is kept out of routine view."


def barred(study: Study, tools: Iterable[Deployment]) -> dict[int, str]:
    """By deployment: why its results of this study are not shown. Nobody to ask is a reason too."""
    found = {}
    for tool in tools:
        try:
            refused = study.opted_out_on_receipt or queries.opted_out(study, tool) is not None
            found[tool.pk] = OPTED_OUT if refused else ""
        except Unavailable as trouble:
            found[tool.pk] = str(trouble)
    return {pk: why for pk, why in found.items() if why}
