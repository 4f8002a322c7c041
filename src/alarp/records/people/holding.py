"""Who gives and ends a role, and how is an interest declared? Each is audited; nothing that was held is removed."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import localdate

from alarp.kernel import BadInput, NotNow, NotPermitted, Tier
from alarp.records import clock, permissions
from alarp.records.audit.commands import SITE, record
from alarp.records.people.models import Interest, Organisation, Person, RoleHolding
from alarp.standards.roles import load_roles


def give_role(
    person: Person, role: str, organisation: Organisation, *, by: Person, since: date | None = None
) -> RoleHolding:
    """Give somebody a role at an organisation, from this day on. Nobody gives a role to themselves."""
    permissions.check(by, "manage_people", organisation)
    today = localdate(clock.now())
    if person.pk == by.pk:
        raise NotPermitted("Nobody gives a role to themselves; another administrator has to.")
    if role not in {r.slug for r in load_roles()}:
        raise BadInput(f"The role catalogue has no {role!r}.")
    if not permissions.fits(role, organisation.tier):
        raise BadInput(f"The role {role} is not held at a {organisation.tier} such as {organisation}.")
    if role == permissions.SUPPLIER or permissions.is_supplier(person):
        raise BadInput("A supplier's people and a Trust's people hold no roles at each other.")
    if since is not None and since < today:
        raise BadInput(f"The role would begin on {since}, which is past; nobody held it then.")
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=person.pk)
        held = RoleHolding.objects.filter(person=person, role=role, organisation=organisation)
        if held.filter(Q(until__isnull=True) | Q(until__gte=today)).exists():
            raise NotNow(f"{person} holds the role {role} at {organisation} already.")
        row = RoleHolding.objects.create(
            person=person, role=role, organisation=organisation, since=since or today
        )
        record(
            by,
            "role given",
            f"person {person.username}",
            stream=SITE,
            role=role,
            organisation=organisation.slug,
            since=row.since.isoformat(),
        )
    return row


def end_role(holding: RoleHolding, *, by: Person, last_day: date | None = None) -> RoleHolding:
    """Say on which day somebody holds a role for the last time: yesterday (it ends at once), today or later."""
    permissions.check(by, "manage_people", holding.organisation)
    today = localdate(clock.now())
    last = today if last_day is None else last_day
    if last < today - timedelta(days=1):
        raise BadInput(
            f"The last day is {last}, further back than yesterday; what was done in the role since then stands."
        )
    with transaction.atomic():
        holding = RoleHolding.objects.select_for_update().get(pk=holding.pk)
        if holding.until is not None and holding.until < today:
            raise NotNow(f"This role ended on {holding.until}.")
        holding.until = last
        holding.save(update_fields=["until"])
        record(
            by,
            "role ended",
            f"person {holding.person.username}",
            stream=SITE,
            role=holding.role,
            organisation=holding.organisation.slug,
            last_day=last.isoformat(),
        )
    return holding


def declare_interest(
    supplier: Organisation, nature: str, *, by: Person, person: Person | None = None
) -> Interest:
    """Declare an interest in a supplier: from now on it bars from signing on its tools.

    Your own; an administrator may write down what another `person` declared.
    """
    person = person or by
    if person.pk != by.pk:
        permissions.check(by, "manage_people", person.organisation)
    if supplier.tier != Tier.SUPPLIER:
        raise BadInput(f"{supplier.name} is not a supplier; an interest is declared in a supplier.")
    if not nature.strip() or len(nature) > 300:
        raise BadInput("Say in 1 to 300 characters what the interest is.")
    with transaction.atomic():
        row = Interest.objects.create(
            person=person, supplier=supplier, nature=nature.strip(), declared_at=clock.now()
        )
        record(by, "interest declared", f"person {person.username}", stream=SITE, supplier=supplier.slug)
    return row


def end_interest(interest: Interest, *, by: Person) -> Interest:
    """Say that an interest has ended; that it stood once stays on record."""
    if by.pk != interest.person_id:
        permissions.check(by, "manage_people", interest.person.organisation)
    with transaction.atomic():
        interest = Interest.objects.select_for_update().get(pk=interest.pk)
        if interest.ended_at is not None:
            raise NotNow("This interest has ended already.")
        interest.ended_at = clock.now()
        interest.save(update_fields=["ended_at"])
        record(
            by,
            "interest ended",
            f"person {interest.person.username}",
            stream=SITE,
            supplier=interest.supplier.slug,
        )
    return interest
