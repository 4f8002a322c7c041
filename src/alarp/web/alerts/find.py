"""Which alert does this address mean, and which tools may this person see?"""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404

from alarp.records import permissions
from alarp.records.deployments.models import Deployment
from alarp.records.watch.models import Alert

WHOLE = ("deployment__version__product__supplier", "deployment__site")


def alert(slug: str, number: int) -> Alert:
    rows = Alert.objects.select_related(*WHOLE, "acknowledgement__by", "closure", "end", "incident")
    return get_object_or_404(rows, deployment__slug=slug, number=number)


def visible(person: Any, action: str) -> list[Deployment]:
    """Every tool about which this person may do this."""
    every = Deployment.objects.select_related("version__product__supplier", "site__parent__parent")
    return [one for one in every.order_by("pk") if permissions.allowed(person, action, one)]
