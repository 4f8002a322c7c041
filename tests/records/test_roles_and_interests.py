"""Roles are given and ended by an administrator, never by oneself; a declared interest bars, whoever wrote it down."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import valley

from alarp.kernel import BadInput, NotNow, NotPermitted
from alarp.records import clock, permissions
from alarp.records.audit.models import AuditEvent
from alarp.records.people import commands
from alarp.records.people.queries import interest_in


def given(username: str = "stranger", role: str = "reader", place: str = "hill", **more: Any) -> Any:
    by = valley.person(more.pop("by", "admin"))
    return commands.give_role(valley.person(username), role, valley.organisation(place), by=by, **more)


def test_a_given_role_counts_from_its_day_and_is_audited(trust: None) -> None:
    today = clock.now().date()
    given("writer", "reader", "river")
    assert "reader" in permissions.roles_at(valley.person("writer"), valley.organisation("river"), today)
    event = AuditEvent.objects.filter(action="role given", subject="person writer").latest("pk")
    assert (event.actor_label, event.details["organisation"]) == ("The administrator", "river")
    with pytest.raises(NotNow, match="holds the role reader at River Hospital already"):
        given("writer", "reader", "river")


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"username": "admin", "place": "valley"}, NotPermitted, "Nobody gives a role to themselves"),
        ({"by": "executive", "place": "valley"}, NotPermitted, "may not manage people"),
        ({}, NotPermitted, "may not manage people"),  # another Trust's
        ({"role": "wizard", "place": "valley"}, BadInput, "no 'wizard'"),
        ({"role": "region-lead", "place": "valley"}, BadInput, "is not held at a trust"),
        ({"username": "vendor", "place": "valley"}, BadInput, "supplier's people"),
    ],
)
def test_a_role_that_may_not_be_given_is_refused(
    trust: None, change: dict[str, Any], error: Any, sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        given(**change)


def test_a_role_given_for_the_past_is_refused(trust: None) -> None:
    with pytest.raises(BadInput, match="nobody held it then"):
        given("writer", "reader", "river", since=clock.now().date() - timedelta(days=1))


def test_a_role_ends_at_once_or_on_a_day_and_no_further_back_than_yesterday(trust: None) -> None:
    today = clock.now().date()
    holding = valley.person("reader").holdings.get()
    admin = valley.person("admin")
    with pytest.raises(BadInput, match="further back than yesterday"):
        commands.end_role(holding, last_day=today - timedelta(days=2), by=admin)
    commands.end_role(holding, last_day=today + timedelta(days=30), by=admin)
    assert permissions.roles_at(valley.person("reader"), None, today) == {"reader"}
    commands.end_role(holding, last_day=today - timedelta(days=1), by=admin)
    assert permissions.roles_at(valley.person("reader"), None, today) == frozenset()
    with pytest.raises(NotNow, match="This role ended on"):
        commands.end_role(holding, by=admin)


def test_an_administrator_writes_down_another_persons_interest_of_their_own_trust_only(trust: None) -> None:
    supplier, reader, admin = valley.organisation("lungco"), valley.person("reader"), valley.person("admin")
    row = commands.declare_interest(supplier, "Holds shares", person=reader, by=admin)
    assert interest_in(reader, supplier, clock.now()) == row
    with pytest.raises(NotPermitted):
        commands.declare_interest(supplier, "Holds shares", person=valley.person("stranger"), by=admin)
    with pytest.raises(NotPermitted):
        commands.declare_interest(supplier, "Holds shares", person=reader, by=valley.person("executive"))
    commands.end_interest(row, by=admin)
    assert interest_in(reader, supplier, clock.now()) is None
