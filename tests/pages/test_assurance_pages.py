"""What people see when a site reads without AI, when a patient has said no, and when nobody took up an alert."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from alarp.records import clock
from alarp.records.assurance.models import HumanReading, OptOutProof, Probe
from alarp.records.deployments import commands as deployments
from alarp.records.deployments.models import Deployment, RouteClosure
from alarp.records.ledger import commands as ledger
from alarp.records.ledger.models import Peer, Study, Work
from alarp.records.people.commands import set_up
from alarp.records.people.models import Organisation, Person
from alarp.records.products.models import Version
from alarp.records.watch import alerts
from pages.ledger_day import Day, build
from pages.served import without_explanations
from pages.small_hospital import PASSWORD, table

pytestmark = pytest.mark.django_db
PRODUCT = {
    "slug": "noduleflag",
    "name": "NoduleFlag",
    "supplier": "brightlung",
    "kind": "detection",
    "versions": [{"number": "2.1.0", "intended_use": {"rules": {}}}],
}


def person(role: str) -> Person:
    return Person.objects.get(username=role)


@pytest.fixture(autouse=True)
def static_files_as_they_lie(settings: Any) -> None:
    """Nothing is served here, so no address needs its hash."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


@pytest.fixture(scope="module")
def written(django_db_setup: None, django_db_blocker: Any) -> Iterator[Day]:
    """The day is written once, in a transaction that is taken back at the end; each test has its own inside."""
    with django_db_blocker.unblock(), transaction.atomic():
        set_up(table() | {"products": [PRODUCT]})
        site = Organisation.objects.get(slug="riverside")
        tools = [tool(slug, site) for slug in ("flag", "flag-2")]
        yield build(detection=tools[0], contouring=tools[1], site=site, radiographer=person("radiographer"))
        transaction.set_rollback(True)


def tool(slug: str, site: Organisation) -> Deployment:
    made = deployments.propose(
        version=Version.objects.get(product__slug="noduleflag"),
        site=site,
        slug=slug,
        use="Read suspicious films first",
        problem="Films wait for six days.",
        by=person("clinical-lead"),
    )
    for role in ("pacs-manager", "lead-physicist", "clinical-safety-officer", "service-manager"):
        deployments.join_team(made, role, person(role), 4, by=person("service-manager"))
    return made


@pytest.fixture
def day(written: Day, db: None) -> Day:
    return written


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(person(role), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def words(response: Any) -> str:
    assert response.status_code == 200, response.content[:600]
    page = without_explanations(response.content.decode())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.mark.need("G17")
def test_the_switch_closes_every_route_and_every_page_says_so_until_a_signature_ends_it(day: Day) -> None:
    radiographer = signed_in("radiographer")
    begin = reverse("begin-human-reading", kwargs={"slug": "riverside"})
    assert "Closes 2 routes at once" in words(radiographer.get(begin))
    assert "Error: " in radiographer.post(begin, {"reason": " "}).content.decode()
    radiographer.post(begin, {"reason": "The tool marks the wrong side."})
    assert RouteClosure.objects.filter(cause="human-only", lifted_at=None).count() == 2
    said = "Riverside Hospital reads without AI since"
    for role in ("reader", "executive"):
        assert said in words(signed_in(role).get(reverse("board")))
    assert said not in words(signed_in("stranger").get(reverse("board")))  # another Trust's
    end = reverse("end-human-reading", kwargs={"slug": "riverside"})
    officer = signed_in("clinical-safety-officer")
    assert radiographer.post(end, {"reason": "Fixed.", "password": PASSWORD}).status_code == 403
    officer.post(end, {"reason": "Fixed.", "password": "wrong"})
    assert HumanReading.objects.get().ended_at is None
    officer.post(end, {"reason": "Fixed and tested.", "password": PASSWORD})
    assert not RouteClosure.objects.filter(lifted_at=None).exists()
    assert said not in words(signed_in("reader").get(reverse("board")))


@pytest.mark.need("G09")
def test_an_opted_out_study_is_on_the_list_of_what_people_read_and_names_nobody(day: Day) -> None:
    page = words(signed_in("service-manager").get(reverse("human-reading")))
    assert f"Study {day['opted-out'].pk}" in page and "The patient has opted out of AI." in page
    assert f"Study {day['phantom'].pk}" not in page
    assert "not measurable" in page  # no report has come
    assert [name for name in day.identifiers if name in page] == []


@pytest.mark.need("G08")
def test_what_a_tool_said_of_a_patient_who_then_opted_out_is_kept_from_routine_view(day: Day) -> None:
    study = day["flagged"]
    client = signed_in("pacs-manager")
    address = reverse("study", args=[study.pk])
    assert "Score 0.93" in words(client.get(address))
    ledger.record_opt_out(
        patient_id=study.patient_id, organisation=study.peer.site, by=person("radiographer")
    )
    page = words(client.get(address))
    assert "Score 0.93" not in page and "kept out of routine view" in page
    shown = client.get(reverse("viewer", args=[study.pk]), follow=True)
    assert "0.93" not in words(shown)


@pytest.mark.need("G06")
def test_a_proof_is_asked_for_by_its_days_and_a_wrong_order_is_refused(day: Day) -> None:
    client, address = signed_in("information-governance"), reverse("opt-out-proofs")
    wrong = client.post(address, {"first": "2026-11-20", "last": "2026-11-10"})
    assert "The last day lies before the first" in words(wrong)
    assert client.post(address, {"first": "2026-11-10", "last": "2026-11-20"}).status_code == 302
    asked = Work.objects.get(kind="prove").payload
    assert (asked["begin"][:10], asked["end"][:10]) == ("2026-11-10", "2026-11-21")
    assert "1 proof being computed" in words(client.get(address))
    assert signed_in("executive").post(address, {}).status_code == 403
    assert not OptOutProof.objects.exists()


@pytest.mark.need("G06", "G08")
def test_the_page_of_a_proof_never_says_that_nothing_left_when_something_left_under_another_number(
    day: Day,
) -> None:
    now = clock.now()
    left = {
        "study": 77, "deployment": "flag", "images": 2, "first_at": now.isoformat(), "last_at": now.isoformat(),
        "said_no": "opt-out 5", "since": now.isoformat(),
    }  # fmt: skip
    body = {
        "method": "m", "lines": 2, "patients": 1, "studies": 1, "instances": 2, "stood": [], "before": [],
        "unexplained": [], "troubles": [], "rows": [], "heads": [],
    }  # fmt: skip
    merged = left | {"because": "Message 12, ADT^A40 said so."}
    pages = []
    for more in ({}, {"merged": [merged]}):  # a proof of before has no such list
        row = OptOutProof(
            begin=now - timedelta(days=1), end=now, proven=True, body=body | more, sha256="0" * 64, at=now
        )
        row.save()
        pages.append(words(signed_in("information-governance").get(reverse("opt-out-proof", args=[row.pk]))))
    plain, told = pages
    assert "Nothing of an opted-out patient left" in plain
    assert "Nothing of an opted-out patient left" not in told
    assert "under another number of the same patient" in told and "Message 12, ADT^A40 said so." in told


@pytest.mark.need("G17")
def test_the_button_is_refused_while_the_route_is_closed_and_says_why(day: Day) -> None:
    address = reverse("probe", kwargs={"slug": "flag"})
    page = words(signed_in("pacs-manager").post(address))
    assert "The route is closed, so nothing can go through it" in page
    assert not Probe.objects.exists()
    assert signed_in("reader").post(address).status_code == 403


def test_a_probe_is_no_study_in_any_list(day: Day) -> None:
    scanner = Peer.objects.get(aet="TESTCR")
    now = clock.now()
    probe = Study.objects.create(
        study_uid="2.25.9", patient_id="ALARP-PROBE-1", peer=scanner, synthetic=True, first_received_at=now,
        last_received_at=now, opted_out_on_receipt=True,
    )  # fmt: skip
    client = signed_in("pacs-manager")
    for address in (reverse("studies") + "?day=", reverse("human-reading")):
        assert f"Study {probe.pk}" not in words(client.get(address))


@pytest.mark.need("G16")
def test_an_alert_that_nobody_took_up_counts_as_an_incident_and_shows_who_saw_it(day: Day) -> None:
    from alarp.pathway import Breach, Figure
    from alarp.standards.watch import gateway_rules

    flag = Deployment.objects.get(slug="flag")
    figure = Figure("tool-down", "all", 9.0, None, None, 1, clock.now(), "")
    alerts.raise_alert(flag, Breach(gateway_rules()["tool-down"], figure, "Down."), cause_at=clock.now())
    physicist, manager = signed_in("lead-physicist"), signed_in("pacs-manager")
    told = "Gareth Hughes: not seen yet"
    assert told in words(physicist.get(reverse("notifications")))
    manager.get(reverse("my-work"))
    assert told not in words(physicist.get(reverse("notifications")))
    assert "counts as an incident" not in words(physicist.get(reverse("incidents")))
    later = clock.now() + timedelta(hours=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("alarp.records.clock.now", lambda: later)
        alerts.escalate(later)
        physicist = signed_in("lead-physicist")  # the hour signed them out
        page = words(physicist.get(reverse("notifications")))
        assert "1 not taken up in time" in page and "Counts as an incident" in page
        assert "1 notification that nobody in the role took up in time" in words(
            physicist.get(reverse("incidents"))
        )
