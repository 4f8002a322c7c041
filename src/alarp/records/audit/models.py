"""What happened, in which order, and has anybody changed the story since?"""

from __future__ import annotations

from django.db import models

from alarp.records.immutable import Immutable
from alarp.records.people.models import Person


class AuditStream(models.Model):
    """One hash chain: a deployment's slug, or `site` for what belongs to none. Locked while it grows."""

    slug = models.SlugField(unique=True)
    count = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=64, default="0" * 64)


class AuditEvent(Immutable):
    """One thing that happened. `hash` covers every other column and the previous row's hash."""

    stream = models.ForeignKey(AuditStream, on_delete=models.PROTECT, related_name="events")
    seq = models.PositiveBigIntegerField()
    at = models.DateTimeField(db_index=True)
    actor = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    actor_label = models.CharField(
        max_length=200, help_text="Person's name and role, or the process that acted"
    )
    action = models.CharField(max_length=100)
    subject = models.CharField(max_length=200, help_text="What it happened to; never a patient identifier")
    details = models.JSONField(default=dict)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "seq"], name="audit_events_are_numbered")]
