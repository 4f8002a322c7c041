"""Which AI tools exist, in which versions, intended for what, on which papers, and what was claimed of them?"""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F, Q

from alarp.records.immutable import Immutable
from alarp.records.people.models import Organisation, Person


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
    """The supplier's six statements (DTAC C1.1; assurance §4 G1) and the rules the gateway reads from them.

    A statement that was missing may be made later; one that was made is never reworded (constraints.py).
    """

    version = models.OneToOneField(Version, on_delete=models.PROTECT, related_name="intended_use")
    indication = models.TextField(blank=True)
    body_part = models.TextField(blank=True)
    population = models.TextField(blank=True)
    user = models.TextField(blank=True)
    environment = models.TextField(blank=True)
    principle = models.TextField(blank=True)
    # {"modalities": ["CR"], "body_parts": ["CHEST"], "views": ["PA"], "age_min_years": 18, ...}
    rules = models.JSONField(default=dict)
    screening = models.BooleanField(default=False, help_text="Meant for people without symptoms (P11)")
    screening_committee = models.CharField(
        max_length=200, blank=True, help_text="The National Screening Committee's recommendation for this use"
    )

    STATEMENTS = ("indication", "body_part", "population", "user", "environment", "principle")

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(name for name in self.STATEMENTS if not getattr(self, name).strip())


class Device(Immutable):
    """What this version is under device law. The newest statement counts; the earlier ones stay."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="devices")
    device_class = models.CharField(max_length=10, help_text="I, IIa, IIb or III")
    market_route = models.CharField(max_length=20, help_text="ukca, ce-mdr, ce-mdd or in-house")
    gmdn = models.CharField(max_length=20, blank=True, help_text="Global Medical Device Nomenclature code")
    udi = models.CharField(max_length=80, blank=True, help_text="Device identifier (UDI-DI)")
    registration = models.CharField(max_length=60, blank=True, help_text="MHRA registration number")
    responsible = models.CharField(max_length=200, blank=True, help_text="UK responsible person")
    stated_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    stated_at = models.DateTimeField()


class SupplierDocument(Immutable):
    """A certificate or other paper that the supplier must bring, with the day until which it holds.

    About one version, or (version empty) about the supplier as a whole. Nothing is edited: a newer row stands beside
    it, or names the one it replaces.
    """

    supplier = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="documents")
    version = models.ForeignKey(
        Version, null=True, blank=True, on_delete=models.PROTECT, related_name="documents"
    )
    kind = models.SlugField(help_text="As the standards name it (standards/products)")
    reference = models.CharField(max_length=120)
    issuing_body = models.CharField(max_length=200, blank=True)
    checked_against = models.CharField(max_length=200, blank=True, help_text="Where somebody looked it up")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    document_sha256 = models.CharField(max_length=64, blank=True)
    document_name = models.CharField(max_length=200, blank=True)
    document_type = models.CharField(max_length=100, blank=True)
    recorded_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    supersedes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="superseded_by"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="a_document_ends_after_it_begins",
            )
        ]
        indexes = [models.Index(fields=["supplier", "kind"], name="documents_of_a_supplier")]

    def holds(self, day: date) -> bool:
        """Is it valid on this day?"""
        return self.valid_from <= day and (self.valid_to is None or self.valid_to >= day)


class Claim(Immutable):
    """One promise of the supplier about this version: what, how much, for whom, and where it was said."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="claims")
    number = models.PositiveIntegerField()
    text = models.CharField(max_length=300)
    about = models.CharField(max_length=20, default="performance", help_text="performance or effect")
    measure = models.CharField(max_length=60, blank=True, help_text="As an evaluation names it")
    subgroup = models.CharField(max_length=80, default="all")
    figure = models.FloatField(null=True, blank=True)
    at_least = models.BooleanField(default=True)
    population = models.CharField(max_length=300, blank=True)
    threshold = models.CharField(max_length=120, blank=True, help_text="Operating point, tolerance")
    source = models.CharField(max_length=300, help_text="Where it was claimed")
    recorded_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    supersedes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="superseded_by"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "number"], name="claims_are_numbered"),
        ]

    def __str__(self) -> str:
        return f"Claim {self.number}: {self.text}"


class ClaimLink(Immutable):
    """This evidence speaks for or against this claim, in these five respects. Of one Trust, or a supplier's for all."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="links")
    evidence = models.ForeignKey("evidence.Evidence", on_delete=models.PROTECT, related_name="claim_links")
    trust = models.ForeignKey(Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    population = models.CharField(max_length=20)
    independence = models.CharField(max_length=20)
    size = models.PositiveIntegerField(null=True, blank=True)
    least_cases = models.PositiveIntegerField(default=20)
    comparator = models.CharField(max_length=20)
    finding = models.CharField(max_length=20)
    found = models.CharField(max_length=200, blank=True, help_text="The figure found, as it was given")
    measured = models.JSONField(default=dict, help_text="The measure of an evaluation, with its interval")
    linked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    linked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["claim", "evidence", "trust"], name="evidence_speaks_once_to_a_claim"
            )
        ]


class UnsupportedMark(Immutable):
    """Somebody of this Trust looked for evidence of this claim, found none that is worth linking, and says so."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="marks")
    trust = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    word = models.CharField(max_length=500)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()


class DueDiligenceAnswer(Immutable):
    """What was answered to one question of the buyer's. The newest counts; every earlier one stays to be read."""

    ANSWERED, DECLINED, NOT_ASKED = "answered", "declined", "not-asked"

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="answers")
    trust = models.ForeignKey(Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    question_set = models.CharField(max_length=40)
    question = models.SlugField()
    outcome = models.CharField(max_length=12)
    text = models.TextField()
    said_by = models.CharField(max_length=120, blank=True, help_text="Who at the supplier said it")
    given_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=["answered", "declined", "not-asked"]), name="known_answer_outcome"
            )
        ]
        indexes = [models.Index(fields=["version", "question"], name="answers_of_a_version")]


class DeclineAcceptance(Immutable):
    """Somebody of this Trust accepts, by name and with a reason, that the supplier declined to answer."""

    answer = models.ForeignKey(DueDiligenceAnswer, on_delete=models.PROTECT, related_name="acceptances")
    trust = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=500)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["answer", "trust"], name="a_declined_answer_is_accepted_once")
        ]
