"""Do the connections work? One step: look at each, and write down what was found."""

from __future__ import annotations

from django.db import transaction

from alarp.gateway import connectivity
from alarp.records import clock
from alarp.records.governance import commands as governance
from alarp.records.governance.models import SelfTest
from alarp.records.ledger import work
from alarp.records.ledger.work import Claim


def look_at_connections(step: Claim) -> None:
    """Look at every connection of the deployment, as a person asked, and report it: passed or not."""
    related = ("deployment__version__product", "deployment__version__intended_use", "deployment__site", "by")
    test = SelfTest.objects.select_related(*related).get(pk=int(step.payload["self_test"]))
    if hasattr(test, "report"):
        with transaction.atomic():
            work.finish(step)
        return

    def still_here() -> None:
        with transaction.atomic():
            work.renew(step)

    findings = connectivity.look(test.deployment, still_here=still_here)
    governance.report_self_test(step, test, findings, measured_at=clock.now())
