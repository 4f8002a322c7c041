"""Which study does this address mean?"""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from alarp.records.ledger.models import Study


def study(study: int) -> Study:
    return get_object_or_404(
        Study.objects.select_related("peer__site").prefetch_related(
            "dispatches__deployment__version__product", "dispatches__results"
        ),
        pk=study,
    )
