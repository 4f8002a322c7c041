"""The procedures follow from the pathway: nothing is left out, and a Trust's additions stand in them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alarp.pathway import procedures_as_markdown
from alarp.standards import load_pathway, load_roles

ROLES = {role.slug: role for role in load_roles()}


@pytest.mark.need("X02")
def test_every_gate_has_its_procedure_with_each_criterion_its_role_and_its_source() -> None:
    pathway = load_pathway()
    text = procedures_as_markdown(pathway, ROLES)
    assert pathway.version in text.splitlines()[0]
    sections = text.split("\n## ")[1:]
    assert [section.splitlines()[0] for section in sections] == [gate.title for gate in pathway.all_gates]
    for gate, section in zip(pathway.all_gates, sections, strict=True):
        for criterion in gate.criteria:
            assert criterion.asks in section
            assert ROLES[criterion.role].title in section
            assert criterion.source in section


@pytest.mark.need("X02", "A13")
def test_a_trusts_own_criterion_stands_in_its_procedure_with_the_reason() -> None:
    pathway = load_pathway()
    first = pathway.gates[0]
    own = replace(
        first.criteria[0],
        slug="own",
        asks="How nights are covered.",
        added_because="We have one reader at night.",
    )
    text = procedures_as_markdown(pathway.extended({first.slug: (own,)}), ROLES)
    assert "How nights are covered." in text
    assert "We have one reader at night." in text
    assert "We have one reader at night." not in procedures_as_markdown(pathway, ROLES)


def test_the_procedure_says_which_gates_a_new_version_opens_again() -> None:
    pathway = load_pathway()
    sections = procedures_as_markdown(pathway, ROLES).split("\n## ")[1:]
    for gate, section in zip(pathway.all_gates, sections, strict=True):
        assert ("A new version of the product re-opens this gate" in section) is gate.version_bound
