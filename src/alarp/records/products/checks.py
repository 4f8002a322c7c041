"""What must the register show before a gate opens, and while a tool is in use?"""

from __future__ import annotations

from datetime import datetime

from django.utils.timezone import localdate

from alarp.records.deployments.models import Deployment
from alarp.records.people.queries import trust_of
from alarp.records.products.queries import against_intended_use, lapsed


def certificates_current(deployment: Deployment, at: datetime) -> tuple[str, ...]:
    """Does every document that the law asks of this version hold today? Two indexed queries (P11)."""
    return lapsed(deployment.version, localdate(at), asked_at="always")


def intended_use_complete(deployment: Deployment, at: datetime) -> tuple[str, ...]:
    """Does the supplier state all six items, a screening use its recommendation, and do we stay within them? (E13)"""
    return against_intended_use(deployment.version, deployment.eligibility)


def claims_graded(deployment: Deployment, at: datetime) -> tuple[str, ...]:
    """Is every claim of this version linked to evidence, or marked unsupported with a person's word? (P01)"""
    from alarp.records.products.claims import claims_of, unsettled

    graded = claims_of(deployment.version, trust_of(deployment.site))
    if not graded:
        supplier = deployment.version.product.supplier.name
        return (f"The claims register holds no claim of {deployment.version}; ask what {supplier} claims.",)
    return unsettled(graded)


def due_diligence_answered(deployment: Deployment, at: datetime) -> tuple[str, ...]:
    """Is every required question answered, or declined and accepted; do the papers asked for then hold? (P13)"""
    from alarp.records.products.diligence import asked_of, unanswered

    asked = asked_of(deployment.version, trust_of(deployment.site))
    return (
        *unanswered(asked),
        *lapsed(deployment.version, localdate(at), asked_at="procure"),
    )
