"""Which hazard, or which control, does this address mean?"""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from alarp.records.hazards.models import Control, Hazard

_WHOLE = ("deployment__version__product__supplier", "deployment__version__intended_use", "deployment__site")


def hazard(slug: str, number: str) -> Hazard:
    return get_object_or_404(
        Hazard.objects.select_related(*_WHOLE), deployment__slug=slug, number=number.upper()
    )


def control(slug: str, number: str, control: str) -> Control:
    """A control by its own number; its deployment is the hazard's."""
    found = get_object_or_404(
        Control.objects.select_related(*(f"hazard__{name}" for name in _WHOLE)),
        hazard__deployment__slug=slug,
        hazard__number=number.upper(),
        number=control.upper(),
    )
    found.deployment = found.hazard.deployment
    return found
