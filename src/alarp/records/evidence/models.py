"""What do we know, who says so, about exactly which version, and until when?"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from alarp.kernel import Design
from alarp.records.immutable import Immutable
from alarp.records.people.models import Organisation, Person
from alarp.records.products.models import Version


class SigningKey(models.Model):
    """An organisation's Ed25519 key: the public half here, the private half in the data folder's `keys`."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="signing_keys")
    keyid = models.CharField(max_length=64, unique=True)
    public_pem = models.TextField()
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)


class Evidence(Immutable):
    """One signed statement. Nothing is edited: a newer one names the one it supersedes."""

    sha256 = models.CharField(
        max_length=64, unique=True, help_text="Digest of the signed payload: its address"
    )
    kind = models.SlugField(help_text="What sort of evidence, as the criteria name it")
    title = models.CharField(max_length=200)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="evidence")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="evidence")
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="evidence_written")
    design = models.CharField(max_length=20, choices=[(d.value, d.value) for d in Design])
    dated = models.DateField(help_text="The day the evidence speaks of")
    received_at = models.DateTimeField()
    expires_on = models.DateField(null=True, blank=True)
    supersedes = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="superseded_by"
    )
    body = models.JSONField(default=dict, help_text="What it says, such as an evaluation's result.json")
    document_sha256 = models.CharField(max_length=64, blank=True)
    document_name = models.CharField(max_length=200, blank=True)
    document_type = models.CharField(max_length=100, blank=True)
    envelope = models.JSONField(help_text="DSSE envelope over an in-toto Statement")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_on__isnull=True) | Q(expires_on__gte=models.F("dated")),
                name="evidence_expires_after_its_date",
            )
        ]

    def __str__(self) -> str:
        return self.title


class Withdrawal(Immutable):
    """This evidence no longer stands."""

    evidence = models.OneToOneField(Evidence, on_delete=models.PROTECT, related_name="withdrawal")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.TextField()
