"""Which protocol, test set or run of this deployment's file does the address mean?"""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from alarp.records.protocols.models import EvaluationProtocol, EvaluationRun, TestSet

_OF = ("deployment__version__product__supplier", "deployment__site")


def protocol(slug: str, protocol: int) -> EvaluationProtocol:
    rows = EvaluationProtocol.objects.select_related(*_OF, "version__product", "earlier", "by")
    return get_object_or_404(rows, deployment__slug=slug, number=protocol)


def test_set(slug: str, test_set: int) -> TestSet:
    rows = TestSet.objects.select_related(*_OF, "by")
    return get_object_or_404(rows, deployment__slug=slug, number=test_set)


def run(slug: str, run: int) -> EvaluationRun:
    rows = EvaluationRun.objects.select_related(
        *_OF, "revision__protocol__version__product", "test_set", "by", "stopped_by"
    )
    return get_object_or_404(rows, deployment__slug=slug, number=run)
