"""Which AI tools exist, in which versions, intended for what?"""

from __future__ import annotations

from django.db import models

from alarp.records.people.models import Organisation


class Product(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    supplier = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="products")
    kind = models.CharField(max_length=40, help_text="detection or contouring: which evaluation it needs")
    summary = models.TextField(blank=True, help_text="What it does, in plain English")

    def __str__(self) -> str:
        return self.name


class Version(models.Model):
    """Evidence speaks of exactly one version; a new version is a new row."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="versions")
    number = models.CharField(max_length=40)
    released_on = models.DateField(null=True, blank=True)
    fingerprint = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the software or its manifest"
    )
    added_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "number"], name="one_row_per_version")]

    def __str__(self) -> str:
        return f"{self.product.name} {self.number}"


class IntendedUse(models.Model):
    """The supplier's six statements (DTAC C1.1; assurance §4 G1) and the rules the gateway reads from them."""

    version = models.OneToOneField(Version, on_delete=models.PROTECT, related_name="intended_use")
    indication = models.TextField(blank=True)
    body_part = models.TextField(blank=True)
    population = models.TextField(blank=True)
    user = models.TextField(blank=True)
    environment = models.TextField(blank=True)
    principle = models.TextField(blank=True)
    # {"modalities": ["CR"], "body_parts": ["CHEST"], "views": ["PA"], "age_min_years": 18, ...}
    rules = models.JSONField(default=dict)

    STATEMENTS = ("indication", "body_part", "population", "user", "environment", "principle")

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(name for name in self.STATEMENTS if not getattr(self, name).strip())
