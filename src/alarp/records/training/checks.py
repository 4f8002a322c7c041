"""What does training say against a gate?"""

from __future__ import annotations

from datetime import datetime

from alarp.records.deployments.models import Deployment


def training_coverage(deployment: Deployment, at: datetime) -> tuple[str, ...]:
    """Is the share of entitled users reached that the gate's evidence states? Counts, never names."""
    from alarp.records.training.queries import coverage

    found = coverage(deployment, at)
    return () if found.reached else (found.sentence,)
