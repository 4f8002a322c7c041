"""Who has acknowledged the responsibilities of a deployment? Asked of the governance app, which keeps it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from alarp.records.deployments.models import Deployment


def acknowledged(deployment: Deployment, people: Collection[int], at: datetime) -> frozenset[int]:
    """Which of these people acknowledged the responsibilities as they stood at this moment?"""
    # Late: the governance app reads who the users are, so each knows the other only when asked.
    from alarp.records.governance import queries

    return frozenset(
        row.person_id
        for row in queries.acknowledgements(deployment)
        if row.person_id in people and row.at <= at
    )
