"""Who answers, where do the data go, what was said and told, and did the connections work? Rows written once."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from alarp.records.deployments.models import Deployment
from alarp.records.evidence.models import Evidence
from alarp.records.immutable import Immutable
from alarp.records.people.models import Person
from alarp.records.products.models import Version
from alarp.standards.deidentification import BASIC


class Numbered(Immutable):
    """One version of a working record of a deployment; a change is the next number."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        abstract = True
        constraints = [models.UniqueConstraint(fields=["deployment", "number"], name="%(class)s_numbered")]


class Responsibilities(Numbered):
    """Who answers for each step: one party each, who that is here, and who is consulted."""

    template = models.CharField(max_length=40, help_text="Version of the standard's steps and parties")
    # [{"step", "accountable", "here", "consulted": [party, …]}, …] in the order of the steps
    rows = models.JSONField()
    digest = models.CharField(max_length=64)


class Acknowledgement(Immutable):
    """This person has read exactly this version and knows their part."""

    responsibilities = models.ForeignKey(
        Responsibilities, on_delete=models.PROTECT, related_name="acknowledgements"
    )
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="acknowledgements")
    digest = models.CharField(max_length=64, help_text="Of the version that was read")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["responsibilities", "person"], name="acknowledged_once_per_version"
            )
        ]


class DataFlow(Numbered):
    """Which data go out and come back, on which basis, where, encrypted how, kept how long, by whom."""

    template = models.CharField(max_length=40)
    # {"outbound": {field: text}, "inbound": {field: text}}; a field that is not known yet is empty
    legs = models.JSONField()
    profile = models.CharField(
        max_length=40,
        default=BASIC,
        help_text="Named set of de-identification options by which images go out",
    )
    digest = models.CharField(max_length=64)


class ImpactAssessment(Numbered):
    """The parts of the data protection impact assessment that a person has written."""

    template = models.CharField(max_length=40)
    written = models.JSONField(help_text="Part → text")


class Involvement(Immutable):
    """Who of the patients and the public was asked, when, what they said, and what changed because of it."""

    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="involvements")
    held_on = models.DateField()
    who = models.CharField(max_length=200, help_text="Group or role and how many, never a patient's name")
    asked = models.TextField()
    said = models.TextField()
    changed = models.TextField(help_text="What changed because of it, or why nothing did")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(who="") & ~Q(asked="") & ~Q(said="") & ~Q(changed=""),
                name="an_involvement_says_what_changed",
            )
        ]


class Readiness(Numbered):
    """How each point of the PACS and IT checklist stands."""

    READY, PLANNED, NOT_NEEDED = "ready", "planned", "not-needed"
    STATES = (READY, PLANNED, NOT_NEEDED)

    template = models.CharField(max_length=40)
    # {item: {"state", "note", "due"}}; an item without an entry was not answered
    answers = models.JSONField()
    digest = models.CharField(max_length=64)


class ReadinessSeal(Immutable):
    """The PACS manager's word that this checklist is whole and true, sealed with the Trust's key."""

    readiness = models.OneToOneField(Readiness, on_delete=models.PROTECT, related_name="seal")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    envelope = models.JSONField()
    at = models.DateTimeField()


class SelfTest(Numbered):
    """Somebody asked that the connections be tested."""


class SelfTestReport(Immutable):
    """What a worker of the gateway found when it tested the connections."""

    test = models.OneToOneField(SelfTest, on_delete=models.PROTECT, related_name="report")
    # [{"phase", "about", "passed": true|false|null, "figure", "unit", "n", "sentence"}, …]
    findings = models.JSONField()
    passed = models.BooleanField()
    measured_at = models.DateTimeField()
    worker = models.CharField(max_length=100)
    evidence = models.ForeignKey(Evidence, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # Why it did not become evidence at the gate, where it did not.
    note = models.CharField(max_length=500, blank=True)


class PatientInformation(Numbered):
    """One version of what patients are told, made from the record of that moment."""

    template = models.CharField(max_length=40)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    data_flow = models.ForeignKey(DataFlow, on_delete=models.PROTECT, related_name="+")
    evaluation = models.ForeignKey(
        Evidence, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    given = models.JSONField(help_text="What a person filled in: question → words")
    # {"full": [[heading, [sentence, …]], …], "easy": […]}
    text = models.JSONField()
    digest = models.CharField(max_length=64)


class Publication(Immutable):
    """This version of the patients' text is what the public reads from now on."""

    information = models.OneToOneField(
        PatientInformation, on_delete=models.PROTECT, related_name="publication"
    )
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    # Digests of the leaflets in the object store, made once; empty where a PDF cannot be made.
    leaflet_sha256 = models.CharField(max_length=64, blank=True)
    easy_leaflet_sha256 = models.CharField(max_length=64, blank=True)
