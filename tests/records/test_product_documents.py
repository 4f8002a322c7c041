"""A supplier's papers: who may bring them, when they hold, and what their end shuts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import product_facts as facts
import pytest
import valley
from django.db import IntegrityError, connection, transaction

from alarp.kernel import BadInput, NotNow, NotPermitted, RouteState
from alarp.records import clock, objects
from alarp.records.audit.models import AuditEvent
from alarp.records.deployments import checks as registry
from alarp.records.deployments import queries as deployments
from alarp.records.products import checks, commands, queries
from alarp.records.products.models import SupplierDocument

CONFORMITY = "UKCA or CE certificate"


def against(deployment: Any, days: int = 0) -> tuple[str, ...]:
    return checks.certificates_current(deployment, clock.now() + timedelta(days=days))


@pytest.mark.need("P11")
def test_without_a_certificate_the_check_says_what_is_missing_and_who_must_bring_it(deployment: Any) -> None:
    facts.bring("mhra-registration")
    assert against(deployment) == (
        f"No {CONFORMITY} of Flag 1.0 is on the register; Lungco Ltd must bring it.",
    )


@pytest.mark.need("P11")
def test_a_certificate_holds_through_its_last_day_and_not_the_day_after(deployment: Any) -> None:
    facts.bring("mhra-registration")
    certificate = facts.bring(days_left=10)
    assert against(deployment, 10) == ()
    (sentence,) = against(deployment, 11)
    assert certificate.valid_to is not None
    assert sentence == (
        f"The UKCA certificate ukca-certificate 1234 of Flag 1.0 expired on "
        f"{certificate.valid_to.day} {certificate.valid_to:%B %Y}; Lungco Ltd must bring the new one."
    )


def test_a_ce_certificate_does_as_well_as_a_ukca_certificate(deployment: Any) -> None:
    facts.bring("mhra-registration")
    facts.bring("ce-certificate")
    assert against(deployment) == ()


def test_a_declaration_of_its_maker_does_for_a_class_i_device_only(deployment: Any) -> None:
    facts.bring("mhra-registration")
    facts.bring("declaration-of-conformity")
    assert len(against(deployment)) == 1
    physicist = valley.person("lead-physicist")
    commands.state_device(valley.version(), "I", "ukca", by=physicist)
    assert against(deployment) == ()
    commands.state_device(valley.version(), "IIa", "ukca", by=physicist)
    assert len(against(deployment)) == 1


def test_a_certificate_of_another_version_does_not_count(deployment: Any) -> None:
    facts.bring("mhra-registration")
    facts.bring(number="2.0")
    assert len(against(deployment)) == 1


def test_a_renewal_that_begins_later_does_not_end_the_one_that_holds(deployment: Any) -> None:
    facts.bring("mhra-registration")
    facts.bring(days_left=20)
    facts.bring(reference="renewed", valid_from=facts.today() + timedelta(days=15), days_left=700)
    assert [against(deployment, day) for day in (0, 20, 300)] == [(), (), ()]


def test_a_document_that_was_replaced_counts_no_more_but_stays(deployment: Any) -> None:
    facts.bring("mhra-registration")
    wrong = facts.bring(days_left=400)
    facts.bring(supersedes=wrong, reference="withdrawn by the body", days_left=-1)
    (sentence,) = against(deployment)
    assert "withdrawn by the body" in sentence
    assert SupplierDocument.objects.filter(pk=wrong.pk).exists()
    with pytest.raises(NotNow, match="replaced already"):
        facts.bring(supersedes=wrong)


@pytest.mark.need("P11")
def test_a_certificate_that_runs_out_closes_the_live_route_that_day(
    trust: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts.bring("mhra-registration")
    facts.bring(days_left=30)
    only_ours(monkeypatch)
    tool = valley.bring_to(valley.proposed(pathway="national-2026.2"), "live")
    assert deployments.route(tool).state is RouteState.LIVE
    later = clock.now() + timedelta(days=31)
    monkeypatch.setattr(clock, "now", lambda: later)
    closed = deployments.route(tool)
    assert closed.state is RouteState.CLOSED
    assert "ukca-certificate 1234 of Flag 1.0 expired" in closed.reason
    assert "Lungco Ltd must bring the new one" in closed.reason


@dataclass(frozen=True)
class Silent:
    """A check of another room that has nothing against it."""

    while_live: bool = False

    def answer(self, deployment: Any, at: datetime) -> tuple[str, ...]:
        return ()


def only_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other rooms' checks stand aside: this is about certificates."""
    ours = registry._REGISTERED["certificates-current"]
    others = {name: Silent() for name in registry.CHECKS}
    monkeypatch.setattr(registry, "_REGISTERED", {**others, "certificates-current": ours})


def test_what_runs_out_soon_is_listed_soonest_first_with_what_it_would_close(deployment: Any) -> None:
    facts.bring(days_left=50)
    facts.bring("dspt", days_left=12)
    facts.bring("insurance", days_left=-3)
    facts.bring("ico-fee", days_left=61)
    found = queries.expiring(facts.today(), 60)
    assert [(one.document.kind, one.days_left) for one in found] == [
        ("insurance", -3),
        ("dspt", 12),
        ("ukca-certificate", 50),
    ]
    assert (
        found[1].sentence
        == "Data Security and Protection Toolkit dspt 1234 of Lungco Ltd runs out in 12 days."
    )
    assert found[2].deployments == (deployment,)


def test_what_has_a_successor_does_not_run_out(deployment: Any) -> None:
    facts.bring(days_left=10)
    facts.bring("ce-certificate", days_left=500)
    assert queries.expiring(facts.today(), 60) == ()


def test_the_list_of_what_runs_out_takes_the_same_queries_for_many_documents(
    deployment: Any, django_assert_num_queries: Any
) -> None:
    facts.bring_everything()
    facts.bring_everything("2.0")
    with django_assert_num_queries(2):
        queries.expiring(facts.today(), 60)


def test_the_check_reads_two_rows_of_the_register(deployment: Any, django_assert_num_queries: Any) -> None:
    facts.bring_everything()
    tool = type(deployment).objects.select_related("version__product__supplier", "site").get(pk=deployment.pk)
    with django_assert_num_queries(2):
        assert against(tool) == ()


def test_the_supplier_brings_papers_for_its_own_product_and_no_other(trust: None) -> None:
    assert facts.bring(by="vendor").recorded_by == valley.person("vendor")
    with pytest.raises(NotPermitted, match="another supplier's product"):
        facts.bring(by="rival")
    with pytest.raises(NotPermitted):
        facts.bring(by="reader")


def test_the_paper_itself_is_kept_under_its_digest(trust: None) -> None:
    row = facts.bring(document=b"%PDF certificate", document_name="ukca.pdf", document_type="application/pdf")
    assert objects.get(row.document_sha256) == b"%PDF certificate"
    event = AuditEvent.objects.get(action="supplier document recorded")
    assert event.details["reference"] == "ukca-certificate 1234"


BAD = [
    ({"kind": "certificate"}, "There is no kind of supplier document 'certificate'"),
    ({"reference": " "}, "give its number or reference"),
    ({"days_left": None}, "give the day until which it is valid"),
    ({"days_left": -200}, "before it begins on"),
    ({"reference": "x" * 121}, "more than 120 characters"),
    ({"document": b"", "document_name": "x.pdf"}, "is empty"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "says"), BAD)
def test_a_paper_that_cannot_be_used_is_refused_whole(trust: None, fault: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        facts.bring(**fault)
    assert not SupplierDocument.objects.exists()


@pytest.mark.parametrize(
    "sql",
    ["UPDATE products_supplierdocument SET valid_to = '2099-01-01'", "DELETE FROM products_supplierdocument"],
)
def test_the_database_itself_refuses_a_longer_certificate(trust: None, sql: str) -> None:
    facts.bring()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
