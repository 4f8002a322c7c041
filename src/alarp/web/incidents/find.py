"""Which incident does this address mean?"""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from alarp.records.watch.models import Incident


def incident(slug: str, number: int) -> Incident:
    rows = Incident.objects.select_related(
        "deployment__version__product__supplier", "deployment__site", "opened_by", "alert", "closure", "study"
    )
    return get_object_or_404(rows, deployment__slug=slug, number=number)
