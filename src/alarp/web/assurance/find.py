"""Which site, proof or recall does this address mean? What is not there is not found."""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from alarp.kernel import Tier
from alarp.records.assurance import recalls
from alarp.records.assurance.models import HumanReading, OptOutProof, Recall
from alarp.records.people.models import Organisation


def site(slug: str) -> Organisation:
    return get_object_or_404(Organisation, slug=slug, tier__in=(Tier.TRUST.value, Tier.SITE.value))


def reading(slug: str) -> HumanReading:
    """The site's time of human reading that goes on."""
    standing = HumanReading.objects.select_related("site", "begun_by")
    return get_object_or_404(standing, site__slug=slug, ended_at__isnull=True)


def proof(proof: int) -> OptOutProof:
    return get_object_or_404(OptOutProof.objects.select_related("by"), pk=proof)


def recall(recall: int) -> Recall:
    return get_object_or_404(recalls.recalls(), pk=recall)
