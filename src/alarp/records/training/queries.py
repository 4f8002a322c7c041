"""Who is entitled to which tool, how many of its users are, what ends soon, and what is kept back from whom?"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q
from django.utils.timezone import localdate

from alarp.kernel import Measure, Stage, sha256_hex
from alarp.pathway import Entitlement, May
from alarp.pathway.proof import FILE_FORMAT, payload_of
from alarp.records import clock
from alarp.records.deployments.issuing import in_force
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.models import SigningKey
from alarp.records.people.models import Organisation, Person
from alarp.records.people.queries import line_of
from alarp.records.permissions import is_supplier, roles_at
from alarp.records.training.models import DeploymentUser, LocalCompetences, Module, TrainingRecord
from alarp.records.training.roll import ACTS_ON_RESULTS, Roll
from alarp.standards.competences import Framework, load_framework, read_addition
from alarp.standards.roles import load_roles

__all__ = [
    "CRITERION",
    "GATE",
    "Coverage",
    "UserRow",
    "badge",
    "coverage",
    "entitlement",
    "expiring",
    "framework_of",
    "levels_reached",
    "may_take",
    "module_named",
    "modules_open_to",
    "share",
    "target_of",
    "tools_used_by",
    "withheld",
]

GATE, CRITERION = "live", "training"
IN_USE = (Stage.LIVE.value, Stage.REVIEW.value, Stage.CHANGE.value)


def share(name: str, events: int, n: int, *, subgroup: str = "all", empty: str = "nobody") -> Measure:
    """Which share is it, how sure are we? Wilson 1927 (doi:10.2307/2276774); 0 of 0 is not measurable."""
    if not n:
        return Measure.not_measurable(name, because=empty, subgroup=subgroup)
    from alarp.evaluation.intervals import wilson  # brings scipy: only where there is something to measure

    low, high = wilson(events / n, n)
    return Measure(name, events / n, low, high, 0.95, "Wilson", n, events, subgroup)


def entitlement(person: Person, deployment: Deployment, at: datetime | None = None) -> Entitlement:
    """May this person act on what this tool says here? Computed afresh; nothing is remembered."""
    return Roll([deployment], at or clock.now(), people=[person.pk]).entitlement(person.pk, deployment)


@dataclass(frozen=True)
class UserRow:
    """One named user of a tool, and whether they may act on what it says."""

    user: DeploymentUser
    entitlement: Entitlement


@dataclass(frozen=True)
class Coverage:
    """How many of the named users are entitled to exactly the deployed version, against the share aimed for?"""

    deployment: Deployment
    day: date
    rows: tuple[UserRow, ...]
    measure: Measure
    target: float
    by_role: tuple[tuple[str, Measure], ...]

    @property
    def reached(self) -> bool:
        return self.measure.estimate is not None and self.measure.estimate >= self.target

    @property
    def missing(self) -> tuple[tuple[str, int], ...]:
        """Role → how many of its users are not entitled."""
        return tuple((role, m.n - (m.events or 0)) for role, m in self.by_role if m.n > (m.events or 0))

    def count(self, may: May) -> int:
        return sum(row.entitlement.may is may for row in self.rows)

    @property
    def sentence(self) -> str:
        """'7 of 9 users (78 %) are entitled to NoduleFlag 2.1.0; the aim is 80 %; missing: 1 lead radiographer.'"""
        tool = self.deployment.version
        if self.measure.estimate is None:
            return f"Nobody is named as a user of {tool} here; name the users on its training page."
        text = (
            f"{self.measure.events} of {self.measure.n} users ({self.measure.estimate:.0%}) are entitled to {tool}; "
            f"the aim is {self.target:.0%}"
        )
        lacking = ", ".join(f"{n} {_title(role)}" for role, n in self.missing)
        return f"{text}; missing: {lacking}." if lacking else f"{text}."


def _title(slug: str) -> str:
    """A role inside a sentence: 'lead radiographer', 'PACS manager'."""
    title = next((role.title for role in load_roles() if role.slug == slug), slug)
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


def coverage(deployment: Deployment, at: datetime | None = None) -> Coverage:
    """How many of the users named here are entitled, overall and by role?"""
    return coverage_on(Roll([deployment], at or clock.now()), deployment)


def coverage_on(roll: Roll, deployment: Deployment) -> Coverage:
    """The coverage from facts that are loaded already."""
    rows = tuple(UserRow(u, roll.entitlement(u.person_id, deployment)) for u in roll.users[deployment.pk])
    roles = tuple(dict.fromkeys(row.user.role for row in rows))
    return Coverage(
        deployment=deployment,
        day=roll.day,
        rows=rows,
        measure=_entitled(rows),
        target=target_of(deployment),
        by_role=tuple(
            (role, _entitled([r for r in rows if r.user.role == role], subgroup=role)) for role in roles
        ),
    )


def _entitled(rows: Iterable[UserRow], *, subgroup: str = "all") -> Measure:
    rows = list(rows)
    entitled = sum(row.entitlement.entitled for row in rows)
    return share("entitled_share", entitled, len(rows), subgroup=subgroup, empty="nobody is named as a user")


def target_of(deployment: Deployment) -> float:
    """Which share of users must be entitled? What the evidence in force states, else the national default."""
    evidence = in_force(deployment, GATE, CRITERION)
    stated = evidence.body.get("target") if evidence and isinstance(evidence.body, dict) else None
    if isinstance(stated, int | float) and 0 < stated <= 1:
        return float(stated)
    return load_framework().coverage_target


def tools_used_by(person: Person, at: datetime | None = None) -> tuple[Deployment, ...]:
    """Which deployments is this person to use: named as a user, or in the team in a role that acts on results?"""
    at = at or clock.now()
    then = Q(until__isnull=True) | Q(until__gt=at)
    named = DeploymentUser.objects.filter(then, person=person, since__lte=at).values("deployment")
    team = person.teams.filter(then, since__lte=at, role__in=ACTS_ON_RESULTS).values("deployment")
    rows = Deployment.objects.filter(Q(pk__in=named) | Q(pk__in=team)).exclude(stage=Stage.RETIRED.value)
    return tuple(rows.select_related("version__product__supplier", "site__parent__parent").order_by("pk"))


def withheld(
    person: Person, deployments: Iterable[Deployment], at: datetime | None = None
) -> dict[int, Entitlement]:
    """From which of these deployments are the findings kept back from this person, and why?

    Of tools in use whose product has a training module, for people whose roles there are only those that act on
    results (reader, radiographer, clinical lead): until they are entitled they see the images alone. Who looks for
    technical reasons, such as the PACS manager or the physicist, sees them.
    """
    at = at or clock.now()
    day = localdate(at)
    roles: dict[int, frozenset[str]] = {}
    limited = []
    for deployment in deployments:
        if deployment.stage not in IN_USE:
            continue
        if deployment.site_id not in roles:
            roles[deployment.site_id] = roles_at(person, deployment.site, day)
        if roles[deployment.site_id] and roles[deployment.site_id] <= ACTS_ON_RESULTS:
            limited.append(deployment)
    if not limited:
        return {}
    roll = Roll(limited, at, people=[person.pk])
    answers = {d.pk: roll.entitlement(person.pk, d) for d in limited if roll.trains_for(d)}
    return {pk: answer for pk, answer in answers.items() if not answer.entitled}


def expiring(
    day: date,
    within_days: int,
    *,
    person: Person | None = None,
    deployments: Iterable[Deployment] | None = None,
) -> tuple[TrainingRecord, ...]:
    """Whose training ends within so many days, soonest first? The last record of each person and module counts.

    Of this person; or of the users named for these deployments, about their products or general.
    """
    rows = TrainingRecord.objects.filter(withdrawal__isnull=True)
    if person is not None:
        rows = rows.filter(person=person)
    if deployments is not None:
        known = list(deployments)
        users = DeploymentUser.objects.filter(deployment__in=known, until__isnull=True).values("person")
        products = {d.version.product_id for d in known}
        rows = rows.filter(
            Q(module__version__isnull=True) | Q(module__version__product__in=products), person__in=users
        )
    rows = rows.filter(expires_on__gte=day - timedelta(days=within_days))
    last: dict[tuple[int, int, str], TrainingRecord] = {}
    for row in (
        rows.select_related("module__version__product", "person")
        .defer("envelope")
        .order_by("expires_on", "pk")
    ):
        last[row.person_id, row.module.organisation_id, row.module.slug] = row
    until = day + timedelta(days=within_days)
    return tuple(row for row in last.values() if row.expires_on <= until)


def newest_modules(organisations: Iterable[Organisation]) -> tuple[Module, ...]:
    """The newest edition of every module of these organisations."""
    rows = Module.objects.filter(organisation__in=list(organisations)).select_related(
        "version__product", "organisation"
    )
    newest = {(row.organisation_id, row.slug): row for row in rows.order_by("edition")}
    return tuple(sorted(newest.values(), key=lambda m: (m.tool, m.title)))


def modules_open_to(person: Person) -> tuple[Module, ...]:
    """Which modules may this person take? Those of their own Trust and what stands above it."""
    if is_supplier(person) or person.organisation is None:
        return ()
    return newest_modules(line_of(person.organisation))


def may_take(person: Person, module: Module) -> bool:
    """Is this module of this person's own Trust, or of what stands above it?"""
    if is_supplier(person) or person.organisation is None:
        return False
    return module.organisation_id in {o.pk for o in line_of(person.organisation)}


def module_named(slug: str, person: Person) -> Module | None:
    """The newest edition of the module of this slug that this person's Trust has."""
    return next((m for m in modules_open_to(person) if m.slug == slug), None)


def framework_of(organisation: Organisation | None) -> Framework:
    """The competence framework, with the newest statements that this Trust and those above it added."""
    framework = load_framework()
    if organisation is None:
        return framework
    rows = LocalCompetences.objects.filter(
        organisation__in=line_of(organisation), adds_to=framework.version
    ).select_related("organisation")
    newest = {row.organisation_id: row for row in rows.order_by("added_at", "pk")}
    roles = [role.slug for role in load_roles()]
    for row in newest.values():
        _, added = read_addition(row.content, framework, roles, by=row.organisation.name, where=row.version)
        framework = framework.extended(added)
    return framework


def levels_reached(person: Person, day: date) -> dict[str, int]:
    """Which level of which competence do the modules show that this person has passed and that still count?"""
    rows = TrainingRecord.objects.filter(
        person=person, withdrawal__isnull=True, dated__lte=day, expires_on__gte=day
    )
    reached: dict[str, int] = {}
    for teaches in rows.values_list("module__teaches", flat=True):
        for name, level in teaches.items():
            reached[name] = max(level, reached.get(name, 0))
    return reached


def badge(record: TrainingRecord) -> bytes:
    """The record as a file that proves itself anywhere: `alarp evidence verify` reads it without a network."""
    key = SigningKey.objects.select_related("organisation").get(
        keyid=record.envelope["signatures"][0]["keyid"]
    )
    table = {
        "format": FILE_FORMAT,
        "sha256": sha256_hex(payload_of(record.envelope)),
        "envelope": record.envelope,
        "public_key": key.public_pem,
        "organisation": key.organisation.name,
    }
    return json.dumps(table, indent=2, sort_keys=True, ensure_ascii=False).encode("utf-8")
