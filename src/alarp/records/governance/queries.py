"""Who answers and who has read it, what is missing of the data flow, what do patients read? Questions only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import Count, Max, Q, Sum

from alarp.records import clock
from alarp.records.deployments.models import Answer, Deployment, TeamMember
from alarp.records.evidence.models import Evidence
from alarp.records.governance.models import (
    Acknowledgement,
    DataFlow,
    ImpactAssessment,
    Involvement,
    Numbered,
    PatientInformation,
    Publication,
    Readiness,
    Responsibilities,
    SelfTest,
)
from alarp.records.ledger.models import DispatchInstance, Instance
from alarp.records.people.models import Person
from alarp.standards.deidentification import BASIC
from alarp.standards.governance import DpiaSection, load_data_flow, load_dpia, load_readiness

N = TypeVar("N", bound=Numbered)
VOLUME_DAYS = 30


def latest(model: type[N], deployment: Deployment) -> N | None:
    """The version in force of this working record; None when nothing is written yet."""
    return model.objects.filter(deployment=deployment).select_related("by").order_by("-number").first()


def next_number(model: type[N], deployment: Deployment) -> int:
    """The number of the next version; asked under the deployment's lock."""
    found = model.objects.filter(deployment=deployment).aggregate(last=Max("number"))
    return int(found["last"] or 0) + 1


# Who answers


def acknowledged(person: Person, deployment: Deployment) -> bool:
    """Has this person acknowledged the version in force of who answers for what? Without any version: no."""
    current = latest(Responsibilities, deployment)
    return current is not None and current.acknowledgements.filter(person=person).exists()


def acknowledgements(deployment: Deployment) -> tuple[Acknowledgement, ...]:
    """Who has acknowledged the version in force, in the order in which they did?"""
    current = latest(Responsibilities, deployment)
    if current is None:
        return ()
    return tuple(current.acknowledgements.select_related("person").order_by("at"))


def outstanding(deployment: Deployment) -> tuple[Person, ...]:
    """Who is in the team or a named user, and has not acknowledged the version in force, by name?"""
    current = latest(Responsibilities, deployment)
    members = TeamMember.objects.filter(deployment=deployment, until__isnull=True).values("person")
    users = deployment.users.filter(until__isnull=True).values("person")
    waiting = Person.objects.filter(Q(pk__in=members) | Q(pk__in=users))
    if current is not None:
        waiting = waiting.exclude(pk__in=current.acknowledgements.values("person"))
    return tuple(waiting.order_by("full_name", "username"))


# Where data go


def profile_of(deployment: Deployment | int) -> str:
    """By which named set of de-identification options do images go out to this tool? Without a data flow, the basic one."""
    flows = DataFlow.objects.filter(deployment=deployment).order_by("-number")
    return flows.values_list("profile", flat=True).first() or BASIC


def gaps(flow: DataFlow | None) -> tuple[str, ...]:
    """What is not recorded of either leg, in sentences; empty when both are whole."""
    form = load_data_flow()
    if flow is None:
        return ("No data flow is recorded; record what goes out and what comes back.",)
    found = []
    for leg in form.legs:
        fields = flow.legs.get(leg.slug, {})
        missing = [field.title for field in form.fields if not fields.get(field.slug)]
        if len(missing) == len(form.fields):
            found.append(f"{leg.title}: nothing is recorded of this leg.")
        elif missing:
            found.append(f"{leg.title}: {', '.join(missing)} not recorded.")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Volume:
    """How much really went over one leg: objects and their bytes."""

    objects: int
    size_bytes: int


def volumes(deployment: Deployment, at: datetime | None = None) -> dict[str, Volume]:
    """How much went out and came back in the last thirty days, by the ledger?

    Outbound counts each image that left, with the size of its original (the de-identified copy differs by a few
    kilobytes and is not kept); inbound counts each object that the tool sent, as received.
    """
    since = (at or clock.now()) - timedelta(days=VOLUME_DAYS)
    sent = DispatchInstance.objects.filter(
        dispatch__deployment=deployment, dispatch__sent_at__gte=since, sent_at__isnull=False
    ).aggregate(n=Count("pk"), size=Sum("instance__size_bytes"))
    back = Instance.objects.filter(
        direction=Instance.RESULT, peer__deployment=deployment, received_at__gte=since
    ).aggregate(n=Count("pk"), size=Sum("size_bytes"))
    return {
        "outbound": Volume(sent["n"], int(sent["size"] or 0)),
        "inbound": Volume(back["n"], int(back["size"] or 0)),
    }


def to_write(assessment: ImpactAssessment | None) -> tuple[DpiaSection, ...]:
    """Which parts of the impact assessment must still be written by a person?"""
    written = assessment.written if assessment else {}
    return tuple(s for s in load_dpia() if not s.from_record and not written.get(s.slug))


# The PACS and IT side, and what was said


def unanswered(readiness: Readiness | None) -> tuple[str, ...]:
    """The titles of the points that nobody has answered."""
    answers = readiness.answers if readiness else {}
    return tuple(item.title for item in load_readiness() if item.slug not in answers)


def involvements(deployment: Deployment) -> tuple[Involvement, ...]:
    """What patients and the public said, newest first."""
    rows = Involvement.objects.filter(deployment=deployment).select_related("by")
    return tuple(rows.order_by("-held_on", "-pk"))


def self_tests(deployment: Deployment, most: int = 10) -> tuple[SelfTest, ...]:
    """The newest tests of the connections, each with its report where there is one."""
    rows = SelfTest.objects.filter(deployment=deployment).select_related("by", "report__evidence")
    return tuple(rows.order_by("-number")[:most])


# What patients are told


def local_evaluation(deployment: Deployment) -> Evidence | None:
    """The newest evaluation of this version here that answers a criterion and was not taken back."""
    found = (
        Answer.objects.filter(
            deployment=deployment,
            evidence__kind="evaluation",
            evidence__version=deployment.version_id,
            evidence__withdrawal__isnull=True,
            evidence__superseded_by__isnull=True,
        )
        .select_related("evidence")
        .order_by("-given_at", "-pk")
        .first()
    )
    return found.evidence if found else None


def published(deployment: Deployment) -> Publication | None:
    """Which version of the patients' text does the public read?"""
    rows = Publication.objects.filter(information__deployment=deployment)
    return rows.select_related("information", "by").order_by("-information__number").first()


def outdated(information: PatientInformation, deployment: Deployment) -> tuple[str, ...]:
    """In what is this version of the patients' text no longer what the record says?"""
    found = []
    if information.version_id != deployment.version_id:
        found.append(
            f"It speaks of version {information.version.number}, not of {deployment.version.number}."
        )
    flow = latest(DataFlow, deployment)
    if flow is None or flow.pk != information.data_flow_id:
        found.append("The data flow was changed after it was written.")
    evaluation = local_evaluation(deployment)
    if evaluation is not None and evaluation.pk != information.evaluation_id:
        found.append("There is a newer local evaluation than the one it tells of.")
    return tuple(found)
