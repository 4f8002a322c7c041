"""Where does one person's work come from? Each room is asked through its own queries; nothing is kept here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.timezone import localdate

from alarp.kernel import Stage
from alarp.records.deployments import queries as deployments
from alarp.records.deployments.models import Answer, Deployment, Hold, TeamMember
from alarp.records.people.models import Person
from alarp.records.products import queries as products
from alarp.records.training import queries as training
from alarp.records.training.roll import Roll
from alarp.records.watch import queries as watch
from alarp.web import words
from alarp.web.my_work.presenters import ALERT, CRITERION, EVALUATION, HOLD, SIGNATURE, TRAINING, Ends, Waits
from alarp.web.protocols.tasks import tasks

Roles = dict[int, frozenset[str]]  # deployment → this person's roles in its team
# Who in a team looks after the training of its users.
KEEPS_TRAINING = frozenset({"radiographer", "lead-physicist", "service-manager"})


def teams_of(person: Person) -> tuple[list[Deployment], Roles]:
    """The tools in whose team this person is, retired ones left out, and in which roles."""
    roles: dict[int, set[str]] = {}
    members = TeamMember.objects.filter(person=person, until__isnull=True)
    for deployment, role in members.values_list("deployment_id", "role"):
        roles.setdefault(deployment, set()).add(role)
    rows = Deployment.objects.filter(pk__in=roles).exclude(stage=Stage.RETIRED.value)
    whole = rows.select_related("version__product__supplier", "site__parent__parent").order_by("pk")
    return list(whole), {pk: frozenset(held) for pk, held in roles.items()}


def waits(person: Person, mine: list[Deployment], roles: Roles, now: datetime) -> Iterator[Waits]:
    """Everything that this person has to do."""
    yield from _alerts(person, mine, now)
    yield from _holds(person, now)
    for deployment in mine:
        yield from _gate(deployment, roles[deployment.pk], now)
    yield from _evaluations(mine, roles, now)
    yield from _to_learn(person, now)


def _evaluations(mine: list[Deployment], roles: Roles, now: datetime) -> Iterator[Waits]:
    """Locks, signatures, failed runs and claims that were not met, for whoever can act on them."""
    places = {deployment.pk: deployment for deployment in mine}
    for task in tasks(mine):
        if task.roles & roles[task.deployment]:
            about, days = str(places[task.deployment]), _days(task.since, now)
            yield Waits(EVALUATION, task.text, about, task.href, task.since, days)


def _days(since: datetime, now: datetime) -> int:
    return max(0, (now - since).days)


def _alerts(person: Person, mine: list[Deployment], now: datetime) -> Iterator[Waits]:
    """Open, not yet acknowledged, and told to this person."""
    for alert in watch.alerts(mine, open_only=True):
        told = {r.person_id for notice in alert.notices.all() for r in notice.recipients.all()}
        if person.pk in told and getattr(alert, "acknowledgement", None) is None:
            href = _address("alert", slug=alert.deployment.slug, number=alert.number) or _page(
                alert.deployment
            )
            days = _days(alert.raised_at, now)
            yield Waits(ALERT, alert.sentence, str(alert.deployment), href, alert.raised_at, days)


def _holds(person: Person, now: datetime) -> Iterator[Waits]:
    rows = Hold.objects.filter(officer=person, answered_at__isnull=True)
    for hold in rows.select_related("deployment__version__product", "deployment__site"):
        href = reverse("hold", kwargs={"slug": hold.deployment.slug, "number": hold.number})
        text = f"Answer safety hold {hold.number}: {hold.concern}"
        yield Waits(HOLD, text, str(hold.deployment), href, hold.raised_at, _days(hold.raised_at, now))


def _gate(deployment: Deployment, roles: frozenset[str], now: datetime) -> Iterator[Waits]:
    """At the next gate: the criteria that this person's roles owe, and the signatures that they can give now."""
    gate = deployments.next_gate(deployment)
    if gate is None:
        return
    view = deployments.gate_view(deployment, gate)
    href = reverse("gate", kwargs={"slug": deployment.slug, "gate": gate})
    days = _days(view.since, now)
    owed = [c for c in view.criteria if c.criterion.role in roles and c.criterion.mandatory and not c.met]
    for row in owed:
        to = f"{href}#{row.criterion.slug}"
        yield Waits(CRITERION, _asked(row), _about(deployment, view.gate.title), to, view.since, days)
    blocked = {row.criterion.role for row in owed}
    for role in view.signatures_needed:
        if role in roles and role not in blocked and view.signable:
            text = f"Sign as {words.lowered(words.role(role))}"
            yield Waits(SIGNATURE, text, _about(deployment, view.gate.title), href, view.since, days)


def _asked(row: Any) -> str:
    return f"{row.criterion.asks} {words.in_words(row.missing)}".strip()


def _about(deployment: Deployment, gate: str) -> str:
    return f"{deployment}, {words.lowered(gate)} gate"


def _to_learn(person: Person, now: datetime) -> Iterator[Waits]:
    """Tools that this person is named for and not entitled to."""
    tools = training.tools_used_by(person, now)
    roll = Roll(tools, now, people=[person.pk])
    named = {row.deployment_id: row.since for rows in roll.users.values() for row in rows}
    for deployment in tools:
        if deployment.pk not in named:
            continue
        answer = roll.entitlement(person.pk, deployment)
        following = roll.modules.get(answer.next_module)
        if not answer.entitled and following is not None:
            href, since = reverse("module", kwargs={"module": following.pk}), named[deployment.pk]
            yield Waits(
                TRAINING, f"Pass “{following.title}”", str(deployment), href, since, _days(since, now)
            )


def ends(person: Person, mine: list[Deployment], roles: Roles, now: datetime, within: int) -> Iterator[Ends]:
    """What ends soon and is this person's to renew: their training and their users', evidence, certificates."""
    today = localdate(now)
    for record in training.expiring(today, within, person=person):
        href = reverse("module", kwargs={"module": record.module_id})
        yield Ends(
            TRAINING,
            f"Your “{record.module.title}”",
            href,
            record.expires_on,
            (record.expires_on - today).days,
        )
    kept = [d for d in mine if roles[d.pk] & KEEPS_TRAINING]
    for record in training.expiring(today, within, deployments=kept) if kept else ():
        if record.person_id != person.pk:
            text = f"“{record.module.title}” of {record.person}"
            href = _training_page(kept, record)
            yield Ends(TRAINING, text, href, record.expires_on, (record.expires_on - today).days)
    yield from _evidence(mine, roles, now, within)
    own = {d.pk for d in mine}
    for one in products.expiring(today, within):
        about = [d for d in one.deployments if d.pk in own]
        if about:
            on = today + timedelta(days=one.days_left)
            href = reverse("product", kwargs={"slug": about[0].version.product.slug})
            yield Ends("Certificate", one.sentence, href, on, one.days_left)


def _training_page(kept: list[Deployment], record: Any) -> str:
    version = record.module.version
    place = next((d for d in kept if version and d.version.product_id == version.product_id), kept[0])
    return reverse("training", kwargs={"slug": place.slug})


def _evidence(mine: list[Deployment], roles: Roles, now: datetime, within: int) -> Iterator[Ends]:
    """Evidence that stands under a criterion of this person's role and runs out."""
    today = localdate(now)
    rows = Answer.objects.filter(
        deployment__in=mine,
        evidence__expires_on__lte=today + timedelta(days=within),
        evidence__withdrawal__isnull=True,
        evidence__superseded_by__isnull=True,
    ).select_related("evidence")
    by_place = {d.pk: d for d in mine}
    accountable: dict[tuple[str, str, str], str] = {}
    for answer in rows:
        deployment = by_place[answer.deployment_id]
        if answer.evidence.version_id != deployment.version_id:
            continue
        if not any(pathway == deployment.pathway for pathway, _, _ in accountable):
            accountable |= {
                (deployment.pathway, gate.slug, c.slug): c.role
                for gate in deployments.pathway_of(deployment).all_gates
                for c in gate.criteria
            }
        if accountable.get((deployment.pathway, answer.gate, answer.criterion)) in roles[deployment.pk]:
            href = reverse("gate", kwargs={"slug": deployment.slug, "gate": answer.gate})
            on = answer.evidence.expires_on
            text = f"“{answer.evidence.title}” for {deployment}"
            yield Ends("Evidence", text, f"{href}#{answer.criterion}", on, (on - today).days)


def _page(deployment: Deployment) -> str:
    return reverse("deployment", kwargs={"slug": deployment.slug})


def _address(name: str, **kwargs: Any) -> str:
    try:
        return reverse(name, kwargs=kwargs)
    except NoReverseMatch:
        return ""
