"""Who may do what: the matrix, the three tiers, and the supplier's narrow view."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import valley

from alarp.kernel import NotPermitted
from alarp.records import clock, permissions
from alarp.records.deployments import queries
from alarp.records.permissions import ACTIONS, PROFESSIONS, TEAM, allowed
from alarp.standards import load_roles

ABOUT_PATIENTS = (
    "view_studies",
    "view_identifiers",
    "view_images",
    "view_reconciliation",
    "view_quarantine",
    "resolve_quarantine",
    "view_opt_outs",
    "record_opt_out",
)


def test_every_role_in_the_matrix_is_in_the_catalogue() -> None:
    catalogue = {role.slug for role in load_roles()}
    for action, rule in ACTIONS.items():
        assert rule.roles <= catalogue, action
        assert rule.words


def test_each_profession_may_do_exactly_what_the_matrix_says(deployment: Any) -> None:
    for role in sorted(PROFESSIONS):
        person = valley.person(role)
        for action, rule in ACTIONS.items():
            assert allowed(person, action, deployment) is (role in rule.roles), (role, action)


def test_team_actions_need_a_place_in_this_deployments_team(deployment: Any) -> None:
    analyst = valley.person("writer")
    for action, rule in ACTIONS.items():
        if rule.held_in == TEAM:
            assert not allowed(analyst, action, deployment), action
    assert allowed(valley.person("data-analyst"), "raise_hold", deployment)


@pytest.mark.need("U14")
def test_the_regional_lead_sees_where_tools_stand_and_nothing_about_patients(deployment: Any) -> None:
    lead = valley.person("region")
    assert allowed(lead, "view_board")
    assert allowed(lead, "view_deployment", deployment)
    assert allowed(lead, "view_evaluations", deployment)
    assert [row.deployment for row in queries.board(lead)] == [deployment]
    for action in (*ABOUT_PATIENTS, "sign_gate", "upload_evidence", "manage_team", "propose_deployment"):
        assert not allowed(lead, action, deployment), action
        assert not allowed(lead, action), action


@pytest.mark.need("U14")
def test_a_professional_role_held_above_a_trust_reaches_nothing_below(deployment: Any) -> None:
    lead = valley.person("region")
    lead.holdings.create(
        role="pacs-manager", organisation=valley.organisation("north"), since=clock.now().date()
    )
    assert not allowed(lead, "view_studies", deployment)


def test_another_trusts_people_see_nothing_here(deployment: Any) -> None:
    stranger = valley.person("stranger")
    for action in ACTIONS:
        assert not allowed(stranger, action, deployment), action
    assert queries.board(stranger) == ()


def test_a_suppliers_person_sees_the_deployments_of_their_own_products_and_never_a_study(
    deployment: Any,
) -> None:
    vendor, rival = valley.person("vendor"), valley.person("rival")
    may = {action for action in ACTIONS if allowed(vendor, action, deployment)}
    assert may == {
        "view_board",
        "view_deployment",
        "upload_evidence",
        "view_products",
        "register_product",
        "view_claims",  # of their own products: what is for everybody, and their own answers
        "edit_claims",
    }
    assert not any(allowed(rival, action, deployment) for action in ACTIONS)
    assert [row.deployment for row in queries.board(vendor)] == [deployment]
    assert queries.board(rival) == ()
    assert not any(allowed(vendor, action) for action in ABOUT_PATIENTS)


def test_the_administrator_signs_nothing_and_sees_no_patient(deployment: Any) -> None:
    admin = valley.person("admin")
    assert allowed(admin, "manage_people")
    for action in (*ABOUT_PATIENTS, "sign_gate", "answer_hold", "upload_evidence"):
        assert not allowed(admin, action, deployment), action


@pytest.mark.need("H03")
def test_a_role_counts_in_its_period_only(deployment: Any) -> None:
    person, today = valley.person("pacs-manager"), clock.now().date()
    held = person.holdings.get()
    assert allowed(person, "view_studies", deployment)
    held.until = today - timedelta(days=1)
    held.save()
    assert not allowed(person, "view_studies", deployment)
    person.holdings.create(
        role="pacs-manager", organisation=held.organisation, since=today + timedelta(days=1)
    )
    assert not allowed(person, "view_studies", deployment)
    assert person.holdings.count() == 2


def test_who_is_not_active_or_not_signed_in_may_nothing(deployment: Any) -> None:
    from django.contrib.auth.models import AnonymousUser

    person = valley.person("clinical-lead")
    person.is_active = False
    for action in ACTIONS:
        assert not allowed(person, action, deployment)
        assert not allowed(AnonymousUser(), action, deployment)


def test_a_refusal_says_what_it_needs(deployment: Any) -> None:
    with pytest.raises(
        NotPermitted, match="You may not manage people: it needs one of these roles here: administrator"
    ):
        permissions.check(valley.person("reader"), "manage_people")


def test_an_action_that_the_matrix_does_not_know_is_a_programming_error(trust: None) -> None:
    with pytest.raises(KeyError):
        allowed(valley.person("reader"), "fly")


def test_a_page_reads_the_roles_once_and_an_act_reads_them_anew(
    deployment: Any, django_assert_num_queries: Any
) -> None:
    person = valley.person("reader")
    with permissions.read_once():
        first = {action: allowed(person, action, deployment) for action in ACTIONS}
        with django_assert_num_queries(0):
            again = {action: allowed(person, action, deployment) for action in ACTIONS}
        person.holdings.update(until=clock.now().date() - timedelta(days=1))
        assert allowed(person, "view_studies", deployment)
        with pytest.raises(NotPermitted):
            permissions.check(person, "view_studies", deployment)
    assert first == again == {action: "reader" in rule.roles for action, rule in ACTIONS.items()}
    assert not allowed(person, "view_studies", deployment)
