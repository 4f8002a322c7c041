"""The pages of governance filled in over HTTP, and what the public may and may not read."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from alarp.records.deployments import commands as deployments
from alarp.records.deployments import queries as standing
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.models import Evidence
from alarp.records.governance import checks, commands, queries
from alarp.records.governance.models import Readiness, Responsibilities, SelfTest
from alarp.records.ledger.models import Work
from alarp.records.people.commands import set_up
from alarp.records.people.models import Organisation, Person
from alarp.records.products.models import Version
from alarp.standards.deidentification import BASIC
from alarp.standards.governance import (
    load_data_flow,
    load_dpia,
    load_readiness,
    load_responsibilities,
)
from pages.governed import PATIENTS_READ, govern
from pages.served import without_explanations
from pages.small_hospital import PASSWORD, Hospital, table
from records.written_again import written

pytestmark = pytest.mark.django_db


def person(role: str) -> Person:
    return Person.objects.get(username=role)


@pytest.fixture(autouse=True)
def plain_files_and_an_empty_cache(settings: Any) -> None:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    cache.clear()


@pytest.fixture
def tool(db: None) -> Any:
    """A tool at need with a whole team, on the newest pathway."""
    people = [
        {k: v for k, v in one.items() if k != "password" or one["username"] == "pacs-manager"}
        for one in table()["people"]
    ]
    set_up(table() | {"people": people})
    made = deployments.propose(
        version=Version.objects.get(product__slug="noduleflag"),
        site=Organisation.objects.get(slug="riverside"),
        slug="flag",
        use="Read suspicious films first",
        problem="Films wait for six days.",
        by=person("clinical-lead"),
    )
    for role in (
        "digital-lead",
        "pacs-manager",
        "information-governance",
        "patient-representative",
        "reader",
    ):
        deployments.join_team(made, role, person(role), 4, by=person("service-manager"))
    return made


def data_flow() -> dict[str, str]:
    """The form of the data flow, filled in with the examples it gives itself."""
    form = load_data_flow()
    return {"profile": BASIC} | {f"{leg.slug}-{f.slug}": f.example for leg in form.legs for f in form.fields}


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(person(role), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def text(response: Any) -> str:
    return re.sub(r"\s+", " ", without_explanations(response.content.decode()))


def at(name: str) -> str:
    return reverse(name, kwargs={"slug": "flag"})


@pytest.mark.need("A03", "A04")
def test_who_is_answerable_is_written_read_and_acknowledged_on_the_page(tool: Any) -> None:
    given: dict[str, Any] = {}
    for step in load_responsibilities().steps:
        given[f"{step.slug}-accountable"] = step.accountable
        given[f"{step.slug}-here"] = f"Here: {step.accountable}"
        given[f"{step.slug}-consulted"] = list(step.consulted)
    client = signed_in("digital-lead")
    orphan = client.post(at("responsibilities-change"), given | {"incident-accountable": ""})
    assert "Nobody answers for &#39;Incident&#39;" in text(orphan)
    assert client.post(at("responsibilities-change"), given).status_code == 302
    page = text(signed_in("reader").get(at("responsibilities")))
    assert "5 people of the team still to read it" in page
    assert 'Incident: <span class="alarp-answers__who">Safety officer</span>' in page
    current = queries.latest(Responsibilities, tool)
    assert current is not None
    done = signed_in("reader").post(at("responsibilities"), {"read": current.digest}, follow=True)
    assert "You have acknowledged it" in text(done)
    assert queries.acknowledged(person("reader"), tool)


def test_a_supplier_and_a_stranger_see_nothing_of_it(tool: Any) -> None:
    for role in ("supplier", "stranger", "nobody"):
        assert signed_in(role).get(at("governance")).status_code == 403


@pytest.mark.need("G05")
def test_the_page_of_the_data_flow_names_what_is_not_recorded(tool: Any) -> None:
    client = signed_in("information-governance")
    given = data_flow()
    client.post(at("data-flow-change"), given | {"inbound-retention": ""})
    page = text(client.get(at("data-flow")))
    assert "Inbound: from the tool back to the hospital: Retention not recorded." in page
    assert page.count("▲ not recorded") == 1
    client.post(at("data-flow-change"), given)
    assert "Both legs of the round trip are recorded." in text(client.get(at("data-flow")))
    client.post(at("impact-assessment"), {s.slug: "Written." for s in load_dpia() if not s.from_record})
    assert "All eleven parts are there" in text(client.get(at("data-flow")))
    done = signed_in("digital-lead").post(at("governance"), {"issue": "dpia"}, follow=True)
    assert "answers its criterion" in text(done)
    assert Evidence.objects.get(kind="dpia").author == person("digital-lead")


@pytest.mark.need("G12")
def test_the_pacs_manager_signs_the_checklist_with_the_password_and_another_issues_it(tool: Any) -> None:
    client = signed_in("pacs-manager")
    given = {f"{i.slug}-state": "ready" for i in load_readiness()}
    client.post(at("readiness-change"), given)
    current = queries.latest(Readiness, tool)
    assert current is not None
    refused = client.post(at("readiness"), {"read": current.digest, "password": "not this one"})
    assert "This is not your password" in text(refused)
    done = client.post(at("readiness"), {"read": current.digest, "password": PASSWORD}, follow=True)
    assert "signed by Gareth Hughes" in text(done)
    from alarp.records import clock

    assert checks.readiness_signed(tool, clock.now()) == ()
    assert signed_in("digital-lead").post(at("readiness"), {"read": current.digest}).status_code == 403
    signed_in("digital-lead").post(at("governance"), {"issue": "it-readiness"})
    assert tool.answers.get(criterion="it-readiness").evidence.author == person("digital-lead")


@pytest.mark.need("G13")
def test_the_button_asks_a_worker_for_a_self_test_once(tool: Any) -> None:
    client = signed_in("digital-lead")
    page = text(client.post(at("connections"), follow=True))
    assert "Under way" in page
    assert Work.objects.filter(kind="self-test").count() == 1
    assert "is still under way" in text(client.post(at("connections")))
    assert SelfTest.objects.count() == 1


@pytest.mark.need("A08")
def test_a_conversation_with_patients_is_logged_and_issued(tool: Any) -> None:
    entry = {"held_on": "2026-06-03", "who": "Chest clinic, 8 people", "asked": "May AI sort?", "said": "Yes, if we are told", "changed": "A poster at the desk"}  # fmt: skip
    client = signed_in("patient-representative")
    assert "What changed because of it?" in text(client.post(at("involvement"), entry | {"changed": ""}))
    assert "A poster at the desk" in text(client.post(at("involvement"), entry, follow=True))
    signed_in("digital-lead").post(at("governance"), {"issue": "patient-view"})
    assert tool.answers.get(criterion="patient-view").evidence.body["entries"][0]["who"] == entry["who"]


@pytest.mark.need("A06")
def test_what_patients_are_told_is_written_read_and_published(tool: Any) -> None:
    client = signed_in("information-governance")
    given = data_flow()
    client.post(at("data-flow-change"), given)
    page = text(client.post(at("patient-information-write"), PATIENTS_READ, follow=True))
    assert "A draft. The public reads nothing yet." in page
    assert "Flesch reading ease" in page
    page = text(client.post(at("patient-information"), follow=True))
    assert "This is what the public reads since" in page
    assert queries.published(tool) is not None


def test_issuing_under_a_name_that_does_not_exist_is_a_sentence(tool: Any) -> None:
    answer = signed_in("digital-lead").post(at("governance"), {"issue": "everything"})
    assert answer.status_code == 400
    assert "There is nothing to issue under that name" in text(answer)


# The public


class InUse(Hospital):
    """One tool in use with its governance, one proposal beside it."""

    def build(self) -> dict[str, Any]:
        set_up(table())
        live = self.deployment("in-use", "noduleflag", "riverside", "Read suspicious films first")
        for gate in ("need", "appraise", "evaluate", "procure", "integrate", "live"):
            self.pass_gate(live, gate)
        govern(live, self.person)
        self.deployment("a-proposal", "livercontour", "riverside", "Draw the liver")
        return {"live": live}


@pytest.fixture
def live(db: None) -> Any:
    written("in use", InUse().build)
    return Deployment.objects.get(slug="in-use")


@pytest.mark.need("A17")
def test_the_register_lists_tools_in_use_and_no_proposal(live: Any) -> None:
    page = text(Client().get(reverse("register")))
    assert "NoduleFlag" in page and "In use" in page
    assert "LiverContour" not in page and "a-proposal" not in page
    never = Client().get("/register/never-was/")
    hidden = Client().get("/register/a-proposal/")
    assert (hidden.status_code, never.status_code) == (404, 404)
    assert text(hidden).replace("a-proposal", "") == text(never).replace("never-was", "")


@pytest.mark.need("A17", "A06")
def test_a_public_page_says_what_data_how_well_and_how_to_say_no_and_names_no_staff(live: Any) -> None:
    names = [str(p) for p in Person.objects.all()]
    for address in ("/register/", "/register/in-use/", "/register/in-use/easy-read/"):
        page = text(Client().get(address))
        assert [name for name in names if name in page] == []
        assert "Riverside" in page
    page = text(Client().get("/register/in-use/"))
    assert "Of 100 people who have a lung nodule, the tool points out about 95 and misses about 5." in page
    assert "may lie between" in page
    assert "Tell the staff at the desk, or ring 01234 567890." in page
    assert "Your care stays the same if you say no." in page
    assert "The hospital&#39;s safety officer" in page
    leaflet = Client().get("/register/in-use/leaflet.pdf")
    assert leaflet["Content-Type"] == "application/pdf" and leaflet.content.startswith(b"%PDF")


@pytest.mark.need("A17")
def test_a_closed_route_reads_as_paused_without_its_reason(live: Any) -> None:
    deployments.close_route(live, reason="The network burns.", by=person("pacs-manager"))
    cache.clear()
    assert standing.route(live).state == "closed"
    page = text(Client().get("/register/in-use/"))
    assert "Paused" in page and "No pictures are sent to this tool at the moment." in page
    assert "burns" not in page


def test_the_publics_pages_are_kept_by_caches_and_a_persons_are_not(live: Any) -> None:
    anonymous = Client().get("/register/")
    assert anonymous["Cache-Control"] == "public, max-age=300"
    assert signed_in("executive").get("/register/")["Cache-Control"] == "private, no-cache"
    assert Client().post("/register/").status_code == 405


def test_an_address_that_asks_too_often_is_told_to_wait(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from alarp.web.register import views

    monkeypatch.setattr(views, "MOST_A_MINUTE", 3)
    found = [Client().get("/register/").status_code for _ in range(8)]
    assert found[:3] == [200, 200, 200] and found[-1] == 429


def test_the_register_costs_no_reading_of_the_records_within_a_minute(
    live: Any, django_assert_max_num_queries: Any
) -> None:
    Client().get("/register/")
    with django_assert_max_num_queries(2):
        assert Client().get("/register/").status_code == 200


def test_commands_and_pages_agree_on_what_can_be_issued() -> None:
    from alarp.web.governance.overview import LINES

    assert {line[0] for line in LINES} - {"connectivity"} == set(commands.ISSUES)
