"""Which module does this address mean?"""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from alarp.records.training.models import Module


def module(module: int) -> Module:
    return get_object_or_404(Module.objects.select_related("version__product", "organisation"), pk=module)
