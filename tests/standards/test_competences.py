"""The competence framework as data: domains, levels, archetypes, roles, and a Trust's own statements."""

from __future__ import annotations

from typing import Any

import pytest

from alarp.kernel import BadInput
from alarp.standards.competences import load_framework, read_addition, versions
from alarp.standards.roles import load_roles

ROLES = [role.slug for role in load_roles()]
OWN: dict[str, Any] = {
    "version": "valley-1",
    "adds_to": "capabilities-2023.1",
    "statements": [
        {"slug": "night", "says": "Knows who reads when the tool is down at night.", "domain": "implementation",
         "levels": {"U": 2}, "roles": {"executive": 1}},
    ],
}  # fmt: skip


@pytest.mark.need("H04")
def test_the_framework_has_the_six_domains_four_levels_and_five_archetypes() -> None:
    framework = load_framework()
    assert len(framework.domains) == 6
    assert [number for number, _ in framework.levels] == [1, 2, 3, 4]
    assert [letter for letter, _, _ in framework.archetypes] == ["S", "D", "C", "E", "U"]
    assert versions() == (framework.version,)


@pytest.mark.need("H04")
def test_every_role_of_a_trust_has_a_level_in_every_statement() -> None:
    framework = load_framework()
    trusts = [role for role in ROLES if role != "supplier"]
    assert {role for role, _ in framework.roles} == set(trusts)
    levels = {framework.level_needed(s, role) for s in framework.statements for role in trusts}
    assert levels == {1, 2, 3, 4}


def test_the_level_of_a_role_is_the_highest_of_its_archetypes() -> None:
    framework = load_framework()
    evaluating = next(s for s in framework.statements if s.name == "ai.evaluating")
    assert framework.level_needed(evaluating, "lead-physicist") == 4  # creator and embedder
    assert framework.level_needed(evaluating, "reader") == 1
    assert framework.level_for(evaluating, ["reader", "data-analyst"]) == 4


def test_no_statement_has_a_name_twice_and_every_step_asks_in_known_domains() -> None:
    framework = load_framework()
    names = [s.name for s in framework.statements]
    assert len(names) == len(set(names))
    assert {d for step in framework.steps for d, _ in step.needs} <= {d.slug for d in framework.domains}


@pytest.mark.need("H04")
def test_a_trusts_own_statement_stands_in_its_domain_with_its_own_levels() -> None:
    framework = load_framework()
    version, added = read_addition(OWN, framework, ROLES, by="Valley NHS Trust")
    wider = framework.extended(added)
    night = next(s for s in wider.statements if s.name == "implementation.night")
    assert (version, night.added_by, len(wider.statements)) == (
        "valley-1",
        "Valley NHS Trust",
        len(framework.statements) + 1,
    )
    assert (wider.level_needed(night, "reader"), wider.level_needed(night, "executive")) == (2, 1)
    assert wider.level_needed(night, "statistician") == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"adds_to": "another"}, "adds to 'another'"),
        ({"statements": []}, "no list under 'statements'"),
        ({"extra": 1}, "has the field 'extra'"),
        ({"statements": [{**OWN["statements"][0], "domain": "magic"}]}, "no domain 'magic'"),
        ({"statements": [{**OWN["statements"][0], "levels": {"U": 5}}]}, "level for U is 5"),
        ({"statements": [{**OWN["statements"][0], "roles": {"wizard": 1}}]}, "'wizard' is none of"),
        ({"statements": [OWN["statements"][0]] * 2}, "implementation.night is there already"),
        ({"statements": [{"slug": "n", "says": "x", "domain": "ai"}]}, "says of nobody which level"),
    ],
)
def test_an_addition_that_does_not_fit_is_refused_in_one_sentence(
    change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        read_addition({**OWN, **change}, load_framework(), ROLES, by="Valley NHS Trust")


@pytest.mark.need("H15")
def test_the_steps_into_ai_work_are_taken_in_order_and_the_next_one_says_what_is_missing() -> None:
    framework = load_framework()
    nobody, first = framework.step_reached({})
    assert nobody is None and first is not None and first.slug == "user"
    levels = {s.name: 2 for s in framework.statements}
    reached, following = framework.step_reached(levels)
    assert reached is not None and following is not None
    assert (reached.slug, following.slug) == ("champion", "lead")
    missing = framework.missing_for(following, levels)
    assert "ai.evaluating" in {s.name for s in missing}
    assert framework.step_reached({s.name: 4 for s in framework.statements})[1] is None
