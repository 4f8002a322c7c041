"""Products, versions and intended use: who registers what, and what is never reworded."""

from __future__ import annotations

import copy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import valley
import yaml
from django.db import IntegrityError, transaction

from alarp.kernel import BadInput, NotNow, NotPermitted, Tier
from alarp.records import clock
from alarp.records.deployments import commands as deployments
from alarp.records.evidence.models import SigningKey
from alarp.records.people.commands import set_up
from alarp.records.people.models import Organisation
from alarp.records.products import checks, commands, queries
from alarp.records.products.models import Device, IntendedUse, Product, Version


def version(**statements: Any) -> Version:
    return commands.register_version(
        Product.objects.get(slug="flag"), "3.0", statements=statements, by=valley.person("vendor")
    )


def test_a_new_supplier_comes_with_its_signing_key(trust: None) -> None:
    made = commands.register_product(
        "Bold Claims AI Ltd", "lung", "Lung", "contouring", by=valley.person("procurement")
    )
    supplier = Organisation.objects.get(slug="bold-claims-ai-ltd")
    assert (made.supplier, supplier.tier) == (supplier, Tier.SUPPLIER)
    assert SigningKey.objects.filter(organisation=supplier).count() == 1


def test_a_supplier_registers_its_own_products_only(trust: None) -> None:
    commands.register_product(
        valley.organisation("lungco"), "lung", "Lung", "detection", by=valley.person("vendor")
    )
    with pytest.raises(NotPermitted, match="its own products only"):
        commands.register_product(
            valley.organisation("otherco"), "x", "X", "detection", by=valley.person("vendor")
        )
    with pytest.raises(NotPermitted):
        commands.register_product(
            valley.organisation("lungco"), "y", "Y", "detection", by=valley.person("reader")
        )


@pytest.mark.parametrize(
    ("supplier", "slug", "says"),
    [
        ("lungco", "flag", "short name 'flag' already"),
        ("lungco", "Not A Slug", "take lower-case letters"),
        ("valley", "lung", "is a trust, not a supplier"),
    ],
)
def test_a_product_that_cannot_be_registered_leaves_nothing(
    trust: None, supplier: str, slug: str, says: str
) -> None:
    before = Product.objects.count()
    with pytest.raises(BadInput, match=says):
        commands.register_product(
            valley.organisation(supplier), slug, "Lung", "detection", by=valley.person("procurement")
        )
    assert Product.objects.count() == before


def test_a_version_is_registered_once(trust: None) -> None:
    version()
    with pytest.raises(BadInput, match="on the register already"):
        version()


@pytest.mark.need("E13")
def test_each_missing_statement_is_a_question_to_the_supplier_until_it_is_made(trust: None) -> None:
    made = version(indication="Nodules", body_part="Chest", user="Radiologists", principle="Blobs")
    found = queries.against_intended_use(made)
    assert len(found) == 2
    assert found[0].startswith("Lungco Ltd must state for Flag 3.0: For which patients is it meant")
    commands.state_intended_use(
        made, {"population": "Adults", "environment": "Hospitals"}, by=valley.person("vendor")
    )
    assert queries.against_intended_use(made) == ()


def test_what_was_stated_is_never_reworded(trust: None) -> None:
    made = version(indication="Nodules")
    with pytest.raises(NotNow, match="register a new version"):
        commands.state_intended_use(made, {"indication": "Everything"}, by=valley.person("vendor"))
    with pytest.raises(IntegrityError, match="never reworded"), transaction.atomic():
        IntendedUse.objects.filter(version=made).update(indication="Everything")


@pytest.mark.need("P11")
def test_a_screening_use_waits_for_the_screening_committee(trust: None) -> None:
    made = version(**valley.STATEMENTS, screening=True)
    assert queries.against_intended_use(made) == (
        "Flag 3.0 is meant for screening; name the National Screening Committee's recommendation for it.",
    )
    commands.state_intended_use(
        made, {}, screening_committee="UK NSC, lung cancer, 2022", by=valley.person("procurement")
    )
    assert queries.against_intended_use(made) == ()


STATED = {"modalities": ["CR", "DX"], "body_parts": ["CHEST"], "age_min_years": 18}


@pytest.mark.need("E13")
@pytest.mark.parametrize(
    ("ours", "count"),
    [
        ({}, 0),
        ({"modalities": ["cr"], "age_min_years": 40}, 0),
        ({"modalities": ["CR", "CT"]}, 1),
        ({"body_parts": ["ABDOMEN"], "age_min_years": 16}, 2),
        ({"views": ["PA"]}, 0),
    ],
)
def test_our_use_may_be_narrower_than_the_suppliers_and_never_wider(ours: dict[str, Any], count: int) -> None:
    assert len(queries.outside(STATED, ours)) == count


def test_the_newest_statement_of_device_status_counts_and_the_older_stays(trust: None) -> None:
    physicist = valley.person("lead-physicist")
    commands.state_device(valley.version(), "I", "ukca", by=physicist)
    commands.state_device(valley.version(), "IIa", "ce-mdr", registration="12345", by=physicist)
    newest = queries.device_of(valley.version())
    assert newest is not None and newest.device_class == "IIa"
    assert Device.objects.count() == 2
    with pytest.raises(BadInput, match="class is 'IV'"):
        commands.state_device(valley.version(), "IV", "ukca", by=physicist)


@pytest.mark.need("P19")
def test_a_tool_for_the_same_images_that_is_live_here_is_named(trust: None) -> None:
    live = valley.bring_to(valley.proposed(), "live")
    twin = commands.register_product(
        valley.organisation("otherco"), "twin", "Twin", "detection", by=valley.person("procurement")
    )
    rules = {"modalities": ["DX", "CR"], "body_parts": ["CHEST"]}
    same = commands.register_version(twin, "1", statements={"rules": rules}, by=valley.person("procurement"))
    use = live.version.intended_use
    IntendedUse.objects.filter(pk=use.pk).update(rules={"modalities": ["CR"], "body_parts": ["chest"]})
    assert queries.alike(same, valley.organisation("valley")) == (live,)
    assert queries.alike(same, valley.organisation("north")) == (live,)
    assert queries.alike(same, valley.organisation("hill")) == ()
    other = commands.register_version(
        twin, "2", statements={"rules": rules | {"body_parts": ["FOOT"]}}, by=valley.person("procurement")
    )
    assert queries.alike(other, valley.organisation("valley")) == ()


@pytest.mark.need("E13")
def test_a_wider_use_than_stated_keeps_the_appraise_gate_shut(trust: None) -> None:
    tool = deployments.propose(
        valley.version(), valley.organisation("river"), "wide", "Read", "Wait",
        eligibility={"modalities": ["CT"]}, by=valley.person("radiographer"),
    )  # fmt: skip
    assert checks.intended_use_complete(tool, clock.now()) == (
        "Our use takes modality CT, which the intended use does not name.",
    )


def described() -> dict[str, Any]:
    """Valley, whose first product comes with its device, papers and claims."""
    table = copy.deepcopy(valley.TABLE)
    table["products"][0]["versions"][0] |= {
        "device": {"class": "IIa", "route": "ukca", "registration": "4711"},
        "documents": [
            {"kind": "ukca-certificate", "reference": "U1", "valid_days": 400},
            {"kind": "dspt", "reference": "D1", "valid_from": date(2026, 7, 1)},
        ],
        "claims": [
            {"text": "Finds 9 of 10", "source": "Brochure", "measure": "sensitivity", "at_least": 0.9}
        ],
    }
    return table


def test_a_trusts_description_brings_device_papers_and_claims_once(db: None) -> None:
    set_up(described())
    set_up(described())
    made = valley.version()
    assert queries.device_of(made) == made.devices.get()
    assert made.documents.get().valid_to == clock.now().date() + timedelta(days=400)
    assert valley.organisation("lungco").documents.get(kind="dspt").valid_to == date(2027, 7, 1)
    claim = made.claims.get()
    assert (claim.number, claim.figure, claim.at_least) == (1, 0.9, True)


FAULTS = [
    ("device", {"class": "IIa", "route": "by air"}, "route is 'by air'"),
    (
        "documents",
        [{"kind": "dspt", "reference": "D", "valid_to": date(2027, 1, 1), "valid_days": 3}],
        "either",
    ),
    ("documents", [{"kind": "passport", "reference": "D"}], "no kind of supplier document 'passport'"),
    ("claims", [{"text": "x", "source": "y", "at_least": 1, "at_most": 2}], "a claim has one limit"),
    ("claims", [{"text": "x", "source": "y", "at_least": "much"}], "give a number"),
]


@pytest.mark.parametrize(("name", "value", "says"), FAULTS)
def test_a_fault_in_a_described_paper_or_claim_leaves_nothing_behind(
    db: None, name: str, value: Any, says: str
) -> None:
    table = described()
    table["products"][0]["versions"][0][name] = value
    with pytest.raises(BadInput, match=says):
        set_up(table)
    assert not Version.objects.exists()


def test_every_paper_of_the_demonstrations_products_holds_on_its_first_day(db: None) -> None:
    text = (Path(__file__).resolve().parents[2] / "src/alarp/demo/hospital.yaml").read_text(encoding="utf-8")
    set_up(yaml.safe_load(text))
    today = clock.now().date()
    for product in Product.objects.all():
        for made in product.versions.all():
            assert queries.lapsed(made, today, asked_at="always") == ()
            assert queries.lapsed(made, today, asked_at="procure") == ()
            assert queries.against_intended_use(made) == ()
            assert made.claims.count() >= 2
    assert {str(v) for v in Version.objects.all()} == {
        "NoduleFlag 2.1.0", "NoduleFlag 2.2.0", "LiverContour 1.4.2", "LungContour 0.9.0",
    }  # fmt: skip
