"""How does a deployment begin, and who joins its team?"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils.text import slugify
from django.utils.timezone import localdate

from alarp.kernel import BadInput, NotNow, Stage, Tier
from alarp.records import clock, permissions
from alarp.records.audit.commands import SITE, record
from alarp.records.deployments.doors.moving import locked, moment
from alarp.records.deployments.models import Deployment, GateStatus, TeamMember, TrustCriterion
from alarp.records.ledger.eligibility import check as check_rules
from alarp.records.people.models import Organisation, Person
from alarp.records.people.queries import trust_of
from alarp.records.products.models import Version
from alarp.standards import load_pathway, load_roles
from alarp.standards.pathway import CURRENT


def propose(
    version: Version,
    site: Organisation,
    slug: str,
    use: str,
    problem: str,
    baseline: str = "",
    raised_by_role: str = "",
    supply_led: bool = False,
    eligibility: dict[str, Any] | None = None,
    *,
    by: Person,
    pathway: str = CURRENT,
) -> Deployment:
    """Begin at need: one product version, for one use, at one site, with the problem that it should help with."""
    permissions.check(by, "propose_deployment", site)
    if site.tier not in (Tier.TRUST, Tier.SITE):
        raise BadInput(f"{site.name} is a {site.tier}; a tool is deployed at a Trust or one of its sites.")
    if not slug or slugify(slug) != slug or slug == SITE:
        raise BadInput(
            f"The short name {slug!r} cannot be used; take lower-case letters, digits and hyphens, such as nodule-flag-north."
        )
    for name, text in (("use", use), ("problem", problem)):
        if not text.strip():
            raise BadInput(f"A proposal needs its {name} in words; it was empty.")
    check_rules(eligibility or {})
    _fits(Deployment, slug=slug, use=use.strip(), baseline=baseline.strip(), raised_by_role=raised_by_role)
    at, begun_under = clock.now(), load_pathway(pathway)
    try:
        with transaction.atomic():
            deployment = Deployment.objects.create(
                slug=slug,
                version=version,
                site=site,
                use=use.strip(),
                problem=problem.strip(),
                baseline=baseline.strip(),
                raised_by_role=raised_by_role,
                supply_led=supply_led,
                pathway=begun_under.version,
                stage=Stage.NEED.value,
                stage_since=at,
                eligibility=eligibility or {},
                proposed_by=by,
                proposed_at=at,
            )
            GateStatus.objects.bulk_create(
                GateStatus(deployment=deployment, gate=gate.slug, since=at) for gate in begun_under.all_gates
            )
            record(
                by,
                "deployment proposed",
                f"deployment {slug}",
                stream=slug,
                at=at,
                version=str(version),
                site=site.slug,
                pathway=begun_under.version,
                use=deployment.use,
            )
    except IntegrityError:
        raise BadInput(f"There is a deployment called {slug!r} already; choose another short name.") from None
    return deployment


def _fits(model: type[Model], **texts: str) -> None:
    """PostgreSQL refuses a text that is too long, SQLite does not: say so before either is asked."""
    for name, text in texts.items():
        most = model._meta.get_field(name).max_length
        if most is not None and len(text) > most:
            raise BadInput(f"The {name.replace('_', ' ')} has {len(text)} characters; at most {most} fit.")


def _hours(value: Any) -> Decimal:
    try:
        hours = Decimal(str(value))
    except InvalidOperation:
        hours = Decimal(-1)
    if not 0 <= hours <= 168:
        raise BadInput(f"Protected hours a week are {value!r}; give a number from 0 to 168.")
    return hours


def join_team(
    deployment: Deployment,
    role: str,
    person: Person,
    protected_hours_week: Any = 0,
    funded_by: str = "",
    *,
    by: Person,
) -> TeamMember:
    """Give a person, who holds this role at the Trust, a place in the deployment's team."""
    permissions.check(by, "manage_team", deployment)
    hours, today = _hours(protected_hours_week), localdate(clock.now())
    if role not in permissions.PROFESSIONS:
        raise BadInput(
            f"{role!r} is not a role of a deployment team; choose one of {', '.join(sorted(permissions.PROFESSIONS))}."
        )
    if permissions.is_supplier(person):
        raise BadInput(f"{person} works for a supplier and cannot join a Trust's team.")
    if role not in permissions.roles_at(person, deployment.site, today):
        raise BadInput(
            f"{person} does not hold the role {role} at {trust_of(deployment.site).name}; record the role first."
        )
    _fits(TeamMember, funded_by=funded_by.strip())
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        if TeamMember.objects.filter(
            deployment=deployment, role=role, person=person, until__isnull=True
        ).exists():
            raise NotNow(f"{person} is in the team as {role} already.")
        member = TeamMember.objects.create(
            deployment=deployment,
            role=role,
            person=person,
            protected_hours_week=hours,
            funded_by=funded_by.strip(),
            since=at,
        )
        record(
            by,
            "joined the team",
            f"{role} of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            person=str(person),
            role=role,
            protected_hours_week=str(hours),
        )
    return member


def leave_team(member: TeamMember, *, by: Person) -> TeamMember:
    """End a person's place in the team; what they signed stays signed, and the vacancy shows."""
    permissions.check(by, "manage_team", member.deployment)
    with transaction.atomic():
        deployment = locked(member.deployment)
        at = moment(deployment)
        member = TeamMember.objects.select_related("person").get(pk=member.pk)
        if member.until is not None:
            raise NotNow(f"{member.person} has left the team already.")
        waiting = deployment.holds.filter(officer=member.person, answered_at__isnull=True).first()
        if waiting is not None:
            raise NotNow(
                f"{member.person} still has to answer hold {waiting.number} before leaving the team."
            )
        member.until = at
        member.save(update_fields=["until"])
        record(
            by,
            "left the team",
            f"{member.role} of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            person=str(member.person),
            role=member.role,
        )
    return member


def add_criterion(
    *,
    organisation: Organisation,
    gate: str,
    slug: str,
    asks: str,
    evidence_kind: str,
    role: str,
    source: str,
    reason: str,
    by: Person,
    valid_days: int | None = None,
    pathway: str = CURRENT,
) -> TrustCriterion:
    """Add a criterion of the Trust's own to a gate of the national pathway: a listed deviation, with its reason."""
    permissions.check(by, "add_criterion", organisation)
    known = load_pathway(pathway).gate(gate)
    if organisation.tier != Tier.TRUST:
        raise BadInput(
            f"{organisation.name} is a {organisation.tier}; a Trust adds criteria, for all its sites."
        )
    if any(c.slug == slug for c in known.criteria):
        raise BadInput(f"Gate {gate} has a national criterion {slug!r}; give yours another name.")
    if role not in {r.slug for r in load_roles()} & permissions.PROFESSIONS:
        raise BadInput(
            f"The role catalogue has no {role!r} that could sign; each criterion has one such role."
        )
    for name, text in (("asks", asks), ("source", source), ("reason", reason), ("slug", slug)):
        if not text.strip():
            raise BadInput(f"An added criterion needs its {name} in words; it was empty.")
    for name, text in (("slug", slug), ("evidence_kind", evidence_kind)):
        if slugify(text) != text:
            raise BadInput(f"{name} is {text!r}; take lower-case letters, digits and hyphens.")
    _fits(TrustCriterion, slug=slug, evidence_kind=evidence_kind, source=source.strip())
    if valid_days is not None and valid_days < 1:
        raise BadInput(f"valid_days is {valid_days}; give a whole number of days, or leave it out.")
    try:
        with transaction.atomic():
            row = TrustCriterion.objects.create(
                organisation=organisation,
                pathway=pathway,
                gate=gate,
                slug=slug,
                asks=asks.strip(),
                evidence_kind=evidence_kind,
                role=role,
                valid_days=valid_days,
                source=source.strip(),
                reason=reason.strip(),
                added_by=by,
                added_at=clock.now(),
            )
            record(
                by,
                "criterion added",
                f"criterion {slug} of gate {gate}",
                stream=SITE,
                organisation=organisation.slug,
                pathway=pathway,
                role=role,
                reason=row.reason,
            )
    except IntegrityError:
        raise BadInput(
            f"{organisation.name} has a criterion {slug!r} already; give it another name."
        ) from None
    return row
