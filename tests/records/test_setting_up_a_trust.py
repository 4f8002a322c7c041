"""A Trust's description comes into the records once, whole or not at all."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import valley
import yaml

from alarp.kernel import BadInput
from alarp.records.audit.models import AuditEvent
from alarp.records.evidence.models import SigningKey
from alarp.records.ledger.models import Peer
from alarp.records.people.commands import set_up
from alarp.records.people.models import Interest, Organisation, Person, RoleHolding
from alarp.records.products.models import IntendedUse, Product, Version

ROOT = Path(__file__).resolve().parents[2]
MODELS = (Organisation, Person, RoleHolding, Interest, Product, Version, IntendedUse, Peer, SigningKey)


def counted() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in (*MODELS, AuditEvent)}


def example() -> dict[str, Any]:
    text = (ROOT / "docs" / "how-to" / "set-up-a-trust.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    found: dict[str, Any] = yaml.safe_load(block)
    return found


def test_the_example_of_the_how_to_page_can_be_set_up(db: None) -> None:
    set_up(example())
    asha = Person.objects.get(username="asha")
    assert asha.holdings.get().role == "clinical-lead"
    assert not asha.has_usable_password()
    assert asha.interests.get().supplier.slug == "lungco"
    assert Version.objects.get(number="1.0").intended_use.rules["modalities"] == ["CR", "DX"]
    assert Peer.objects.get(aet="PACS").port == 11113
    assert {key.organisation.slug for key in SigningKey.objects.all()} == {"dale", "lungco"}


def test_setting_up_twice_changes_nothing(db: None) -> None:
    set_up(example())
    before = counted()
    set_up(example())
    assert counted() == before


def test_what_is_new_is_added_and_what_is_there_stays(db: None) -> None:
    set_up(example())
    table = example()
    table["people"][1]["roles"].append("executive")
    table["people"][1]["full_name"] = "Somebody Else"
    set_up({"people": table["people"]})
    ben = Person.objects.get(username="ben")
    assert {h.role for h in ben.holdings.all()} == {"pacs-manager", "digital-lead", "executive"}
    assert ben.full_name == "Ben Cole"


def test_a_password_in_the_description_is_kept_only_as_its_hash(db: None) -> None:
    table = example()
    table["people"][1]["password"] = "no-evidence-no-traffic"
    set_up(table)
    ben = Person.objects.get(username="ben")
    assert ben.check_password("no-evidence-no-traffic")
    assert "no-evidence" not in ben.password
    assert not any("no-evidence" in str(e.details) for e in AuditEvent.objects.all())


@pytest.mark.need("U14")
def test_organisations_form_a_tree_of_nation_region_trust_and_site(db: None) -> None:
    set_up(example())
    line = [o.tier for o in valley_line("dale-general")]
    assert line == ["site", "trust", "region", "national"]


def valley_line(slug: str) -> tuple[Organisation, ...]:
    from alarp.records.people.queries import line_of

    return line_of(valley.organisation(slug))


FAULTS: list[tuple[str, Any, str]] = [
    ("unknown part", lambda t: t.update(trusts=[]), "has the field 'trusts', which is not known"),
    ("unknown field", lambda t: t["people"][0].update(colour="red"), "people, entry 1 has the field 'colour'"),
    ("no name", lambda t: t["organisations"][2].pop("name"), "organisations, entry 3 has no 'name'"),
    ("unknown tier", lambda t: t["organisations"][2].update(tier="ward"), "tier is 'ward'"),
    ("site without Trust", lambda t: t["organisations"][3].pop("parent"), "a site has a Trust above it"),
    ("site under a region", lambda t: t["organisations"][3].update(parent="north"), "above it belongs trust"),
    ("parent unknown", lambda t: t["organisations"][3].update(parent="absent"), "no organisation 'absent'"),
    ("role unknown", lambda t: t["people"][0].update(roles=["juggler"]), "has no 'juggler'"),
    ("role at the wrong tier", lambda t: t["people"][0].update(roles=["supplier"]), "is not held at a trust"),
    ("organisation unknown", lambda t: t["people"][0].update(organisation="absent"), "no organisation 'absent'"),
    ("e-mail", lambda t: t["people"][0].update(email="nobody"), "e-mail address is not one"),
    ("username", lambda t: t["people"][0].update(username="a b"), "Person a b: username"),
    ("number as a number", lambda t: t["products"][0]["versions"][0].update(number=1.1), "in quotes"),
    ("fingerprint", lambda t: t["products"][0]["versions"][0].update(fingerprint="12"), "not a SHA-256 digest"),
    ("rules", lambda t: t["products"][0]["versions"][0]["intended_use"].update(rules=[1]), "are not a table"),
    ("supplier is a Trust", lambda t: t["products"][0].update(supplier="dale"), "not a supplier"),
    ("peer's deployment unknown", lambda t: t["peers"][0].update(deployment="absent"), "no deployment 'absent'"),
    ("peer's port", lambda t: t["peers"][1].update(port="many"), "port is 'many'"),
    ("people are no list", lambda t: t.update(people="all"), "people is not a list"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "sentence"), [(f[1], f[2]) for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_one_fault_is_named_in_one_sentence_and_nothing_is_written(
    db: None, change: Any, sentence: str
) -> None:
    table = copy.deepcopy(example())
    change(table)
    with pytest.raises(BadInput, match=sentence) as refused:
        set_up(table)
    assert "\n" not in str(refused.value)
    assert set(counted().values()) == {0}


@pytest.mark.parametrize("table", [None, [], "text", 3])
def test_what_is_no_description_is_refused(db: None, table: Any) -> None:
    with pytest.raises(BadInput, match="not a table of fields"):
        set_up(table)
