"""Which study's journey to which tool, and which report of a user, does this address mean?"""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from alarp.records.ledger.models import Dispatch
from alarp.records.watch.models import Feedback


def dispatch(study: int, dispatch: int) -> Dispatch:
    rows = Dispatch.objects.select_related("study", "deployment__version__product", "deployment__site")
    return get_object_or_404(rows, study_id=study, pk=dispatch, sent_at__isnull=False)


def feedback(feedback: int) -> Feedback:
    rows = Feedback.objects.select_related(
        "deployment__version__product", "deployment__site", "by", "study", "triage__by", "triage__incident"
    )
    return get_object_or_404(rows, pk=feedback)
