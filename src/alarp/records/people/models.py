"""Who works here, for which organisation, in which role, with which interests?"""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models

from alarp.kernel import Tier


class Organisation(models.Model):
    """A node of the tree national → region → Trust → site, or a supplier beside it."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    tier = models.CharField(max_length=20, choices=[(t.value, t.value) for t in Tier])
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    ods_code = models.CharField(max_length=10, blank=True)

    def __str__(self) -> str:
        return self.name


class Person(AbstractUser):
    """Somebody who signs in. Signatures are personal: there are no shared accounts."""

    full_name = models.CharField(max_length=200)
    profession = models.CharField(max_length=100, blank=True)
    registration = models.CharField(
        max_length=60, blank=True, help_text="Register and number, such as HCPC PH12345"
    )
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="people"
    )

    def __str__(self) -> str:
        return self.full_name or self.username


class RoleHolding(models.Model):
    """A person held this role at this organisation in this period (role slugs: standards/roles)."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="holdings")
    role = models.SlugField()
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="holdings")
    since = models.DateField()
    until = models.DateField(null=True, blank=True)


class Interest(models.Model):
    """A declared interest of a person in a supplier: it bars from every signature on that supplier's tools."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="interests")
    supplier = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="interests_in")
    nature = models.CharField(max_length=300)
    declared_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
