"""How do the register's facts become evidence at a gate? As they stand now, sealed, or not at all while they fall short."""

from __future__ import annotations

from datetime import date

from django.utils.timezone import localdate

from alarp.kernel import NotNow
from alarp.records import clock, permissions
from alarp.records.deployments.checks import Check
from alarp.records.deployments.issuing import issue
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.models import Evidence
from alarp.records.people.models import Person
from alarp.records.people.queries import trust_of
from alarp.records.products import checks
from alarp.records.products.claims import claims_of
from alarp.records.products.diligence import asked_of
from alarp.records.products.models import IntendedUse
from alarp.records.products.queries import device_of, owed


def _begun(deployment: Deployment, by: Person, check: Check) -> date:
    """Now, once the person may and the register holds what the gate will look at."""
    permissions.check(by, "upload_evidence", deployment)
    at = clock.now()
    against = check(deployment, at)
    if against:
        more = f" ({len(against) - 1} more like this.)" if len(against) > 1 else ""
        raise NotNow(against[0] + more)
    return localdate(at)


def issue_device(deployment: Deployment, *, by: Person) -> Evidence:
    """Issue class, route and certificates as they hold today; the evidence ends with the first that does."""
    from alarp.records.products import papers  # brings the chart library

    day = _begun(deployment, by, checks.certificates_current)
    device = device_of(deployment.version)
    if device is None:
        raise NotNow(
            f"The class and route of {deployment.version} are not on the register; state them first."
        )
    found = owed(deployment.version, day)
    blocking = [one.holding for one in found if one.asked_at == "always" and one.on_lapse == "close"]
    ends = [row.valid_to for row in blocking if row is not None and row.valid_to is not None]
    paper = papers.printed(papers.device_document(deployment, device, found, day), "device")
    return issue(
        deployment,
        "appraise",
        "device-registration",
        title=f"Device status and certificates of {deployment.version}",
        body=papers.device_body(deployment, device, found),
        **paper,
        expires_on=min(ends, default=None),
        by=by,
    )


def issue_intended_use(deployment: Deployment, *, by: Person) -> Evidence:
    """Issue the six statements and our use within them."""
    from alarp.records.products import papers  # brings the chart library

    day = _begun(deployment, by, checks.intended_use_complete)
    use = IntendedUse.objects.get(version=deployment.version)
    paper = papers.printed(papers.intended_use_document(deployment, use, day), "intended-use")
    return issue(
        deployment,
        "appraise",
        "intended-use",
        title=f"Intended use of {deployment.version}, and ours within it",
        body=papers.intended_use_body(deployment, use),
        **paper,
        by=by,
    )


def issue_claims(deployment: Deployment, *, by: Person) -> Evidence:
    """Issue the claims table: what was claimed, how well it is supported, what was found here."""
    from alarp.records.products import papers  # brings the chart library

    day = _begun(deployment, by, checks.claims_graded)
    graded = claims_of(deployment.version, trust_of(deployment.site))
    paper = papers.printed(papers.claims_document(deployment, graded, day), "claims")
    return issue(
        deployment,
        "evaluate",
        "claims",
        title=f"Claims made for {deployment.version}, and what was found",
        body=papers.claims_body(deployment, graded),
        **paper,
        by=by,
    )


def issue_due_diligence(deployment: Deployment, *, by: Person) -> Evidence:
    """Issue every answer, every declined question with who accepted it, and the supplier's papers."""
    from alarp.records.products import papers  # brings the chart library

    day = _begun(deployment, by, checks.due_diligence_answered)
    asked = asked_of(deployment.version, trust_of(deployment.site))
    found = owed(deployment.version, day)
    paper = papers.printed(papers.diligence_document(deployment, asked, found, day), "due-diligence")
    return issue(
        deployment,
        "procure",
        "due-diligence",
        title=f"Due diligence of {deployment.version.product.supplier.name} for {deployment.version}",
        body=papers.diligence_body(deployment, asked, found),
        **paper,
        by=by,
    )
