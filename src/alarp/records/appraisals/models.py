"""What does each tool cost over its life, by which figures, and which other ways were weighed beside it?"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from alarp.economics import OptionKind
from alarp.records.deployments.models import Deployment
from alarp.records.immutable import Immutable
from alarp.records.people.models import Person
from alarp.records.products.models import Version


class CostCase(Immutable):
    """One version of a deployment's cost case, with what was computed from it. The newest counts."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="cost_cases")
    number = models.PositiveIntegerField()
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    rules = models.CharField(max_length=40, help_text="Version of the economic rules that it was read under")
    table = models.JSONField(help_text="The case as it was given")
    result = models.JSONField(help_text="What the core computed from it")
    digest = models.CharField(max_length=64, help_text="SHA-256 of case and result")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "number"], name="cost_cases_are_numbered")
        ]

    def __str__(self) -> str:
        return f"cost case {self.number} of {self.deployment.slug}"


class OptionAppraisal(Immutable):
    """One version of the options that were weighed, all together. The newest counts."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="option_appraisals")
    number = models.PositiveIntegerField()
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    rules = models.CharField(max_length=40)
    digest = models.CharField(max_length=64, help_text="SHA-256 of its options")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deployment", "number"], name="option_appraisals_are_numbered")
        ]

    def __str__(self) -> str:
        return f"option appraisal {self.number} of {self.deployment.slug}"


class Option(Immutable):
    """One way to answer the need, as it was weighed in one appraisal."""

    appraisal = models.ForeignKey(OptionAppraisal, on_delete=models.PROTECT, related_name="options")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=[(k.value, k.value) for k in OptionKind])
    cost_pounds = models.DecimalField(max_digits=14, decimal_places=2, help_text="Over the whole life")
    cost_source = models.CharField(max_length=500)
    scores = models.JSONField(help_text="Criterion → 0 to 5, the same criteria for every option")
    note = models.TextField(help_text="Why these scores")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["appraisal", "position"], name="options_stand_in_order"),
            models.CheckConstraint(condition=Q(cost_pounds__gte=0), name="an_option_costs_nothing_or_more"),
            models.CheckConstraint(condition=~Q(cost_source=""), name="a_cost_names_its_source"),
        ]

    def __str__(self) -> str:
        return self.name
