"""The national pathway reads, and a faulty one is refused in one sentence that names the place."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from alarp.kernel import BadInput
from alarp.pathway import read_pathway, read_roles
from alarp.pathway.model import IN_ORDER, Criterion
from alarp.standards import load_pathway, load_roles

ROLES = ("lead", "officer")


def table() -> dict[str, Any]:
    def gate(slug: str) -> dict[str, Any]:
        criterion = {
            "slug": f"{slug}-shown",
            "asks": "Show it.",
            "evidence_kind": "paper",
            "role": "lead",
            "source": "A04",
        }
        return {"slug": slug, "title": slug.title(), "question": "Is it shown?", "criteria": [criterion]}

    return {
        "version": "test-1",
        "title": "Test",
        "published": date(2026, 11, 22),
        "gates": [gate(slug) for slug in IN_ORDER],
        "change": gate("change"),
    }  # fmt: skip


def test_the_shipped_pathway_has_the_eight_gates_in_order_and_the_change_gate() -> None:
    pathway = load_pathway()
    assert tuple(g.slug for g in pathway.gates) == IN_ORDER
    assert pathway.gate("change") is pathway.change


@pytest.mark.need("A04")
def test_every_shipped_criterion_has_exactly_one_accountable_role_of_the_catalogue_and_a_source() -> None:
    catalogue = {role.slug for role in load_roles()}
    for gate in load_pathway().all_gates:
        for criterion in gate.criteria:
            assert criterion.role in catalogue, (gate.slug, criterion.slug)
            assert criterion.source and criterion.evidence_kind


def test_the_safety_case_is_approved_by_the_safety_officer_and_its_residual_risk_accepted_by_the_executive() -> (
    None
):
    live = load_pathway().gate("live")
    assert live.meaning("clinical-safety-officer") == "approve"
    assert live.meaning("executive") == "accept residual risk"


@pytest.mark.need("H03")
def test_the_role_catalogue_says_what_each_role_does() -> None:
    roles = {role.slug: role for role in load_roles()}
    assert "lead-physicist" in roles
    assert all(role.duties and role.title for role in roles.values())


def test_an_unknown_version_of_the_pathway_is_refused_with_the_ones_that_are_shipped() -> None:
    with pytest.raises(BadInput, match=r"no pathway 'national-1999'.*national-2026\.1"):
        load_pathway("national-1999")


def set_role(value: Any) -> Callable[[dict[str, Any]], None]:
    def change(broken: dict[str, Any]) -> None:
        broken["gates"][0]["criteria"][0]["role"] = value

    return change


FAULTS: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("two roles", set_role(["lead", "officer"]), "exactly one accountable role"),
    ("no role", set_role(None), "exactly one accountable role"),
    ("unknown role", set_role("juggler"), "the role catalogue has no 'juggler'"),
    ("unknown field", lambda t: t["gates"][2].update(colour="red"), "the field 'colour', which is not known"),
    ("gate missing", lambda t: t["gates"].pop(), "in this order"),
    ("gates swapped", lambda t: t["gates"].reverse(), "in this order"),
    ("criterion twice", lambda t: t["gates"][1]["criteria"].append(t["gates"][1]["criteria"][0]), "twice"),
    ("no criteria", lambda t: t["gates"][1].update(criteria=[]), "no list under 'criteria'"),
    ("nothing mandatory", lambda t: t["gates"][1]["criteria"][0].update(mandatory=False), "no mandatory criterion"),
    ("days of nothing", lambda t: t["gates"][1]["criteria"][0].update(valid_days=0), "valid_days is 0"),
    ("bad slug", lambda t: t["gates"][1]["criteria"][0].update(slug="Not A Slug"), "lower-case letters"),
    ("no day", lambda t: t.update(published="soon"), "give a day"),
    ("change gate misnamed", lambda t: t["change"].update(slug="changes"), "call it 'change'"),
    ("not a table", lambda t: t.update(change="change"), "not a table of fields"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "sentence"), [(f[1], f[2]) for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_faulty_pathway_is_refused_in_one_sentence(
    change: Callable[[dict[str, Any]], Any], sentence: str
) -> None:
    broken = copy.deepcopy(table())
    change(broken)
    with pytest.raises(BadInput, match=sentence):
        read_pathway(broken, ROLES)


def test_a_whole_pathway_is_read_as_it_was_written() -> None:
    pathway = read_pathway(table(), ROLES)
    assert pathway.gate("need").criterion("need-shown").asks == "Show it."
    with pytest.raises(BadInput, match="no criterion 'absent'"):
        pathway.gate("need").criterion("absent")
    with pytest.raises(BadInput, match="no gate 'absent'"):
        pathway.gate("absent")


def test_a_role_described_twice_is_refused() -> None:
    role = {"slug": "lead", "title": "Lead", "duties": "Leads."}
    with pytest.raises(BadInput, match="'lead' is there twice"):
        read_roles({"roles": [role, role]})


def test_the_earlier_of_expiry_and_validity_ends_what_evidence_answers() -> None:
    criterion = Criterion("c", "Show it.", "paper", "lead", 30, "A04")
    dated = date(2026, 1, 1)
    assert criterion.valid_until(dated, None) == date(2026, 1, 31)
    assert criterion.valid_until(dated, date(2026, 1, 10)) == date(2026, 1, 10)
    assert criterion.valid_until(dated, date(2026, 3, 1)) == date(2026, 1, 31)


@pytest.mark.need("A13")
def test_a_trusts_own_criteria_stand_behind_the_national_ones_and_replace_none() -> None:
    pathway = load_pathway()
    own = Criterion(
        "local",
        "Show it here.",
        "paper",
        "lead-physicist",
        None,
        "Trust policy",
        added_because="We asked for it.",
    )
    wider = pathway.extended({"evaluate": (own,)})
    assert wider.gate("evaluate").criteria == (*pathway.gate("evaluate").criteria, own)
    assert wider.gate("live") == pathway.gate("live")
