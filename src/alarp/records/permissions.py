"""Who may do what? One matrix; the documentation and the tests of every page are generated from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from django.utils.timezone import localdate

from alarp.kernel import NotPermitted, Tier
from alarp.records import clock
from alarp.records.deployments.models import Deployment, TeamMember
from alarp.records.people.models import Organisation, Person, RoleHolding
from alarp.records.people.queries import below, line_of, trust_of
from alarp.records.products.models import Product, Version

T = TypeVar("T")
Read = dict[tuple[Any, ...], Any]  # what was read for one page: (what, of whom, where) to the answer
_READ: ContextVar[Read | None] = ContextVar("read once", default=None)

SUPPLIER = "supplier"
REGION_LEAD = "region-lead"
ADMINISTRATOR = "administrator"

PROFESSIONS = frozenset(
    {
        "clinical-lead",
        "service-manager",
        "lead-physicist",
        "radiographer",
        "reader",
        "data-analyst",
        "pacs-manager",
        "clinical-safety-officer",
        "information-governance",
        "digital-lead",
        "executive",
        "procurement",
        "statistician",
        "patient-representative",
    }
)
_CLINICAL = frozenset(
    {
        "clinical-lead",
        "lead-physicist",
        "radiographer",
        "reader",
        "pacs-manager",
        "clinical-safety-officer",
    }
)
_STAFF = PROFESSIONS | {ADMINISTRATOR}

TEAM = "team"  # the role must be held in this deployment's team
TRUST = "trust"  # the role must be held somewhere in the subject's Trust or (the regional lead's) above it


@dataclass(frozen=True, slots=True)
class Rule:
    """Which roles may, where must the role be held, and what is the action called in a sentence?"""

    roles: frozenset[str]
    held_in: str
    words: str


def _rule(words: str, roles: frozenset[str] | set[str], held_in: str = TRUST) -> Rule:
    return Rule(frozenset(roles), held_in, words)


ACTIONS: dict[str, Rule] = {
    "view_board": _rule("see the board", _STAFF | {REGION_LEAD, SUPPLIER}),
    "view_deployment": _rule("see this deployment", _STAFF | {REGION_LEAD, SUPPLIER}),
    "propose_deployment": _rule("propose a tool", PROFESSIONS - {"patient-representative"}),
    "upload_evidence": _rule("give evidence", PROFESSIONS | {SUPPLIER}),
    "sign_gate": _rule("sign at this deployment's gates", PROFESSIONS, TEAM),
    "raise_hold": _rule("raise a safety hold here", PROFESSIONS, TEAM),
    "answer_hold": _rule("answer a safety hold here", PROFESSIONS - {"patient-representative"}, TEAM),
    "close_route": _rule("close this route", (_CLINICAL - {"reader"}) | {"digital-lead"}, TEAM),
    "lift_closure": _rule(
        "open this route again", {"clinical-lead", "lead-physicist", "clinical-safety-officer"}, TEAM
    ),
    "manage_team": _rule(
        "change this team", {"clinical-lead", "service-manager", "lead-physicist", ADMINISTRATOR}
    ),
    "change_version": _rule(
        "move this deployment to another version", {"clinical-lead", "lead-physicist"}, TEAM
    ),
    "add_criterion": _rule(
        "add a criterion to the Trust's pathway",
        {"clinical-safety-officer", "lead-physicist", "information-governance"},
    ),
    "manage_peers": _rule(
        "change who may speak DICOM to the gateway", {"pacs-manager", "digital-lead", ADMINISTRATOR}
    ),
    "rotate_key": _rule(
        "have a tool know our patients under new names",
        {"pacs-manager", "digital-lead", "information-governance", ADMINISTRATOR},
    ),
    "view_products": _rule("see products", _STAFF | {REGION_LEAD, SUPPLIER}),
    "register_product": _rule(
        "register a product",
        {"procurement", "lead-physicist", "digital-lead", ADMINISTRATOR, SUPPLIER},
    ),
    "view_studies": _rule("see studies", _CLINICAL | {"data-analyst"}),
    "view_identifiers": _rule("see whose study it is", _CLINICAL - {"lead-physicist"}),
    "view_images": _rule("see images", _CLINICAL),
    "view_reconciliation": _rule(
        "see the reconciliation",
        (_CLINICAL - {"reader"})
        | {"data-analyst", "digital-lead", "service-manager", "information-governance"},
    ),
    "view_quarantine": _rule(
        "see the quarantine", {"pacs-manager", "lead-physicist", "clinical-safety-officer"}
    ),
    "resolve_quarantine": _rule("resolve the quarantine", {"pacs-manager"}),
    "clear_pictures": _rule("say that a study's pictures name nobody", {"pacs-manager", "radiographer"}),
    "view_opt_outs": _rule(
        "see opt-outs",
        {"clinical-lead", "radiographer", "reader", "pacs-manager", "information-governance"},
    ),
    "record_opt_out": _rule(
        "record an opt-out",
        {"clinical-lead", "radiographer", "reader", "pacs-manager", "information-governance"},
    ),
    "view_human_reading": _rule(
        "see what is read without AI",
        _CLINICAL
        | {"service-manager", "digital-lead", "information-governance", "data-analyst", "executive"},
    ),
    "switch_to_human_reading": _rule(
        "switch a site to reading without AI", _CLINICAL | {"service-manager", "digital-lead"}
    ),
    "end_human_reading": _rule(
        "let a site read with AI again", {"clinical-lead", "lead-physicist", "clinical-safety-officer"}
    ),
    "view_opt_out_proofs": _rule(
        "see what became of opted-out patients' studies",
        {
            "clinical-lead",
            "lead-physicist",
            "clinical-safety-officer",
            "pacs-manager",
            "information-governance",
            "executive",
        },
    ),
    "prove_opt_outs": _rule(
        "have it proved that nothing of opted-out patients left",
        {"lead-physicist", "clinical-safety-officer", "pacs-manager", "information-governance"},
    ),
    "keep_recalls": _rule(
        "keep the deletion requests to suppliers", {"pacs-manager", "information-governance"}
    ),
    "view_health": _rule("see whether the routes are healthy", PROFESSIONS),
    "ask_probe": _rule(
        "send a synthetic study through a route",
        {"pacs-manager", "lead-physicist", "digital-lead", "radiographer"},
    ),
    "view_audit": _rule(
        "see the audit trail",
        {
            "clinical-lead",
            "lead-physicist",
            "clinical-safety-officer",
            "information-governance",
            "executive",
            "pacs-manager",
            "digital-lead",
            ADMINISTRATOR,
        },
    ),
    "manage_people": _rule("manage people", {ADMINISTRATOR}),
    "view_evaluations": _rule("see evaluations", PROFESSIONS | {REGION_LEAD}),
    "view_protocols": _rule("see protocols and runs of evaluations", PROFESSIONS),
    "prepare_evaluation": _rule(
        "prepare and run an evaluation", {"lead-physicist", "statistician", "data-analyst", "clinical-lead"}
    ),
    "lock_protocol": _rule("lock an evaluation's protocol", {"lead-physicist", "statistician"}, TEAM),
    "sign_evaluation": _rule(
        "sign an evaluation's result as evidence", {"lead-physicist", "statistician"}, TEAM
    ),
    # Appraise and procure
    "view_costs": _rule("see costs and options", PROFESSIONS),
    "prepare_costs": _rule(
        "work on costs and options",
        {"service-manager", "procurement", "lead-physicist", "data-analyst", "digital-lead", "clinical-lead"},
    ),
    "view_claims": _rule("see claims and due diligence", PROFESSIONS | {REGION_LEAD, SUPPLIER}),
    "edit_claims": _rule(
        "record claims and due diligence",
        {"procurement", "lead-physicist", "data-analyst", "clinical-lead", "statistician", SUPPLIER},
    ),
    "judge_claims": _rule(
        "judge what a supplier claims or declines",
        {"procurement", "lead-physicist", "data-analyst", "clinical-lead", "statistician"},
    ),
    # Safety and governance
    "view_hazards": _rule("see the hazard log", PROFESSIONS),
    "edit_hazards": _rule("work on the hazard log", PROFESSIONS - {"executive", "procurement"}, TEAM),
    "state_safety": _rule("give the safety officer's statement", {"clinical-safety-officer"}, TEAM),
    "accept_risk": _rule("accept a residual risk", {"clinical-safety-officer", "executive"}, TEAM),
    "view_governance": _rule("see responsibilities and data flows", PROFESSIONS),
    "edit_governance": _rule(
        "work on responsibilities, data flows and patient information",
        {
            "information-governance",
            "digital-lead",
            "pacs-manager",
            "clinical-safety-officer",
            "lead-physicist",
            "service-manager",
            "data-analyst",
            "patient-representative",
        },
        TEAM,
    ),
    "acknowledge": _rule("acknowledge the responsibilities", PROFESSIONS),
    "sign_readiness": _rule("sign the PACS and IT checklist", {"pacs-manager"}, TEAM),
    # People
    "view_training": _rule("see training and entitlements", PROFESSIONS | {ADMINISTRATOR}),
    "keep_training": _rule(
        "keep training records",
        {"radiographer", "lead-physicist", "service-manager", "clinical-lead", "data-analyst", ADMINISTRATOR},
    ),
    # Watch and stop
    "view_monitoring": _rule("see the monitors", PROFESSIONS),
    "view_alerts": _rule("see alerts", PROFESSIONS),
    "acknowledge_alert": _rule("acknowledge an alert", PROFESSIONS - {"patient-representative"}, TEAM),
    "draft_alarms": _rule(
        "draft alarm rules",
        {"lead-physicist", "data-analyst", "clinical-safety-officer", "clinical-lead"},
        TEAM,
    ),
    "give_feedback": _rule("say that the AI was wrong", _CLINICAL),
    "view_incidents": _rule("see incidents", PROFESSIONS),
    "report_incident": _rule("report an incident", PROFESSIONS),
    "handle_incident": _rule(
        "handle an incident",
        {"clinical-safety-officer", "lead-physicist", "clinical-lead", "pacs-manager", "digital-lead"},
        TEAM,
    ),
    "decide_incident": _rule(
        "decide an incident", {"clinical-safety-officer", "clinical-lead", "lead-physicist"}, TEAM
    ),
    "prepare_review": _rule(
        "prepare a review",
        {"lead-physicist", "data-analyst", "service-manager", "clinical-safety-officer"},
        TEAM,
    ),
    "keep_retirement": _rule(
        "keep the retirement checklist",
        {"pacs-manager", "digital-lead", "information-governance", "lead-physicist", "service-manager"},
        TEAM,
    ),
}


@contextmanager
def read_once() -> Iterator[None]:
    """While one page is shown, `allowed` reads each person's roles once: a page asks dozens of times.

    `check` is not meant: what is decided is decided on what the database says at that moment.
    """
    outer = _READ.set({})
    try:
        yield
    finally:
        _READ.reset(outer)


def allowed(person: Any, action: str, subject: Any = None) -> bool:
    """May this person do this (to this deployment, product or organisation)? See `ACTIONS`."""
    return not _why_not(person, action, subject, _READ.get())


def check(person: Any, action: str, subject: Any = None) -> None:
    """Raise NotPermitted, with the sentence to show, unless this person may."""
    reason = _why_not(person, action, subject)
    if reason:
        raise NotPermitted(reason)


def roles_at(
    person: Person, organisation: Organisation | None, on: date, read: Read | None = None
) -> frozenset[str]:
    """Which roles does this person hold there on this day? None: anywhere.

    A role at a Trust or one of its sites counts throughout that Trust. The regional lead's counts at everything
    below the region; no other role held above a Trust reaches down (U14: nothing about patients flows up).
    """
    holdings = RoleHolding.objects.filter(person=person, since__lte=on).select_related("organisation")
    held = _once(read, ("held", person.pk, on), lambda: tuple(holdings))
    line = None
    if organisation is not None:
        line = _once(read, ("reach", organisation.pk), lambda: _reach(organisation))
    return frozenset(
        h.role
        for h in held
        if (h.until is None or h.until >= on)
        and (line is None or h.organisation_id in line)
        and fits(h.role, h.organisation.tier)
    )


def _once(read: Read | None, name: tuple[Any, ...], find: Callable[[], T]) -> T:
    """What `find` finds; what is in `read` already, is not looked for again."""
    if read is None:
        return find()
    if name not in read:
        read[name] = find()
    found: T = read[name]
    return found


def _reach(organisation: Organisation) -> set[int]:
    """Where may a role be held so that it counts here?"""
    return {o.pk for o in (*line_of(organisation), *below(trust_of(organisation)))}


def fits(role: str, tier: str) -> bool:
    """May this role be held at an organisation of this tier?"""
    if role == SUPPLIER:
        return tier == Tier.SUPPLIER
    if role == REGION_LEAD:
        return tier in (Tier.REGION, Tier.NATIONAL)
    return tier in (Tier.TRUST, Tier.SITE)


def team_roles(person: Person, deployment: Deployment) -> frozenset[str]:
    """Which roles does this person hold in this deployment's team, now?"""
    found = TeamMember.objects.filter(deployment=deployment, person=person, until__isnull=True)
    return frozenset(found.values_list("role", flat=True))


def is_supplier(person: Person) -> bool:
    """Does this person work for a supplier?"""
    return person.organisation is not None and person.organisation.tier == Tier.SUPPLIER


def _why_not(person: Any, action: str, subject: Any, read: Read | None = None) -> str:
    rule = ACTIONS.get(action)
    if rule is None:
        raise KeyError(f"There is no action {action!r} in the permission matrix.")
    if not isinstance(person, Person) or not person.is_active:
        return "Sign in first."
    if is_supplier(person):
        return _why_not_supplier(person, rule, subject, read)
    roles = _roles(person, rule, subject, read)
    if roles & rule.roles:
        return ""
    needed = ", ".join(sorted(rule.roles - {SUPPLIER}))
    place = "in this deployment's team" if rule.held_in == TEAM else "here"
    return f"You may not {rule.words}: it needs one of these roles {place}: {needed}."


def _roles(person: Person, rule: Rule, subject: Any, read: Read | None) -> frozenset[str]:
    today = localdate(clock.now())
    if isinstance(subject, Deployment):
        here = roles_at(person, subject.site, today, read)
        if rule.held_in == TEAM:
            return here & _once(read, ("team", person.pk, subject.pk), lambda: team_roles(person, subject))
        return here
    if isinstance(subject, Organisation) and subject.tier != Tier.SUPPLIER:
        return roles_at(person, subject, today, read)
    return roles_at(person, None, today, read)


def _why_not_supplier(person: Person, rule: Rule, subject: Any, read: Read | None) -> str:
    """A supplier's people see their own products and the deployments of those, nothing else."""
    if SUPPLIER not in rule.roles:
        return f"A supplier's person may not {rule.words}."
    if SUPPLIER not in roles_at(person, None, localdate(clock.now()), read):
        return f"You may not {rule.words}: you do not hold the role supplier."
    owner = _supplier_of(subject)
    if owner is not None and owner != person.organisation_id:
        return f"You may not {rule.words}: it is another supplier's product."
    return ""


def _supplier_of(subject: Any) -> int | None:
    if isinstance(subject, Deployment):
        return int(subject.version.product.supplier_id)
    if isinstance(subject, Version):
        return int(subject.product.supplier_id)
    if isinstance(subject, Product):
        return int(subject.supplier_id)
    return int(subject.pk) if isinstance(subject, Organisation) else None
