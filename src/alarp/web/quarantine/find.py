"""Which quarantine entry does this address mean?"""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from alarp.records.ledger.models import Quarantine


def item(item: int) -> Quarantine:
    return get_object_or_404(
        Quarantine.objects.select_related(
            "instance__peer__site", "deployment__version__product", "deployment__site", "resolved_by"
        ),
        pk=item,
    )
