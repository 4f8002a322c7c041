"""The gateway's pages on one day of the ledger: what they show, to whom, and that no address names a patient."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from alarp.phantom import fictional_patient
from alarp.records.audit.models import AuditEvent
from alarp.records.deployments import commands as deployments
from alarp.records.ledger.models import OptOut, Quarantine
from alarp.records.people.commands import set_up
from alarp.records.people.models import Organisation, Person
from alarp.records.products.models import Version
from pages.ledger_day import PATIENT_WHO_SAID_NO, Day, build
from pages.served import without_explanations
from pages.small_hospital import table

pytestmark = pytest.mark.django_db


PRODUCTS = [
    {
        "slug": slug,
        "name": name,
        "supplier": supplier,
        "kind": kind,
        "versions": [{"number": number, "intended_use": {"rules": {}}}],
    }
    for slug, name, supplier, kind, number in (
        ("noduleflag", "NoduleFlag", "brightlung", "detection", "2.1.0"),
        ("livercontour", "LiverContour", "contourworks", "contouring", "1.4.2"),
    )
]


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
        yield write()
        transaction.set_rollback(True)


@pytest.fixture
def day(written: Day, db: None) -> Day:
    for study in written.studies.values():
        study.refresh_from_db()
    return written


def write() -> Day:
    people = [{k: v for k, v in one.items() if k != "password"} for one in table()["people"]]
    set_up(table() | {"products": PRODUCTS, "people": people})
    site = Organisation.objects.get(slug="riverside")

    def tool(slug: str, product: str) -> Any:
        return deployments.propose(
            version=Version.objects.get(product__slug=product),
            site=site,
            slug=slug,
            use="Read suspicious films first",
            problem="Films wait for six days.",
            by=person("clinical-lead"),
        )

    detection, contouring = tool("flag", "noduleflag"), tool("liver", "livercontour")
    return build(detection=detection, contouring=contouring, site=site, radiographer=person("radiographer"))


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(person(role), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def text_of(response: Any) -> str:
    assert response.status_code == 200, response.content[:600]
    return without_explanations(response.content.decode())


def listed(page: str) -> set[int]:
    return {int(n) for n in re.findall(r'id="study-(\d+)"', page)}


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


# Studies


def test_every_study_of_any_day_is_listed_newest_first(day: Day) -> None:
    page = text_of(signed_in("pacs-manager").get(reverse("studies"), {"day": ""}))
    assert [int(n) for n in re.findall(r'id="study-(\d+)"', page)] == sorted(
        (s.pk for s in day.studies.values()), reverse=True
    )


@pytest.mark.parametrize(
    ("state", "names"),
    [("held", {"held"}), ("failed", {"failed"}), ("opted-out", {"opted-out"}), ("refused", {"flagged"})],
)
def test_a_filter_by_state_lists_only_what_stands_there(day: Day, state: str, names: set[str]) -> None:
    page = text_of(signed_in("pacs-manager").get(reverse("studies"), {"day": "", "state": state}))
    assert listed(page) == {day[name].pk for name in names}


@pytest.mark.parametrize("attribute", ["nhs_number", "patient_id", "accession", "pk"])
def test_a_study_is_found_by_any_of_its_numbers_and_the_address_names_none(day: Day, attribute: str) -> None:
    study = day["held"]
    response = signed_in("radiographer").post(reverse("studies"), {"number": str(getattr(study, attribute))})
    assert study.pk in listed(text_of(response))
    assert response.request["QUERY_STRING"] == ""


def test_who_may_not_see_identifiers_cannot_search_by_them_either(day: Day) -> None:
    page = text_of(signed_in("data-analyst").post(reverse("studies"), {"number": day["held"].patient_id}))
    assert listed(page) == set()


def test_an_empty_search_says_what_is_missing(day: Day) -> None:
    page = text_of(signed_in("radiographer").post(reverse("studies"), {"number": " "}))
    assert "<title>Error: Studies" in page
    assert "Enter the number to look for." in page


def test_no_page_names_a_patient_to_a_role_without_the_right(day: Day) -> None:
    client = signed_in(
        "lead-physicist"
    )  # may see studies, images, quarantine and audit, but not whose they are
    addresses = [
        reverse("studies") + "?day=",
        reverse("reconciliation"),
        reverse("quarantine"),
        reverse("quarantine-item", args=[day.quarantine.pk]),
        reverse("audit"),
        *(reverse("study", args=[s.pk]) for s in day.studies.values()),
        *(reverse("viewer", args=[s.pk]) for s in day.studies.values()),
    ]
    named = day.identifiers
    assert len(named) > 20
    for address in addresses:
        page = client.get(address, follow=True).content.decode()
        assert [name for name in named if name in page] == [], address


def test_a_study_shows_its_journey_its_result_and_its_quarantined_stray(day: Day) -> None:
    page = plain(text_of(signed_in("pacs-manager").get(reverse("study", args=[day["flagged"].pk]))))
    assert "Score 0.93" in page
    assert "Filed to PACS under the original study." in page
    assert "CR is not a modality this tool takes." in page
    assert f"Entry {day.quarantine.pk}" in page
    assert "sent to NoduleFlag without identifiers" in page


def test_a_silent_result_is_marked_as_not_filed(day: Day) -> None:
    page = plain(text_of(signed_in("reader").get(reverse("study", args=[day["contoured"].pk]))))
    assert "Silent run: kept for evaluation, not filed to PACS." in page


def test_a_study_of_a_patient_who_opted_out_says_that_nothing_leaves(day: Day) -> None:
    page = plain(text_of(signed_in("reader").get(reverse("study", args=[day["opted-out"].pk]))))
    assert "Nothing of this study is sent to any tool." in page


# Reconciliation


@pytest.mark.need("G01")
def test_each_number_of_the_balance_lists_the_studies_behind_it(day: Day) -> None:
    client = signed_in("pacs-manager")
    page = text_of(client.get(reverse("reconciliation")))
    links = re.findall(r'href="(/studies/[^"]+)"><b>([\d,]+)</b>', page)
    assert len(links) > 6
    for address, count in links:
        address = address.replace("&amp;", "&")
        page = text_of(client.get(address))
        studies = [s for s in day.studies.values() if s.pk in listed(page)]
        assert studies, address
        strays = re.search(r"(\d+) object[s]? more came", page)
        images = sum(s.instances.filter(direction="source").count() for s in studies)
        images += int(strays.group(1)) if strays else 0
        assert (len(studies) if "owed=" in address else images) == int(count), address


@pytest.mark.need("G01")
def test_the_page_says_who_was_asked_beside_the_ledger_and_leads_to_each_study_that_differs(day: Day) -> None:
    client = signed_in("pacs-manager")
    page = text_of(client.get(reverse("reconciliation")))
    study = day["flagged"].pk
    sentence = f"Study {study}, results filed: 1 by the ledger, 0 by TESTPACS."
    assert f'<a href="{reverse("study", args=[study])}">{sentence}</a>' in page
    assert "Differs 1 difference from the ledger." in plain(page)
    assert "TESTTOOL1 does not answer." in page
    before = plain(text_of(client.get(reverse("reconciliation"), {"day": "2026-01-02"})))
    assert "Counted anew, beside the ledger Not yet." in before


def test_a_day_that_is_no_day_is_refused_in_one_sentence(day: Day) -> None:
    response = signed_in("pacs-manager").get(reverse("reconciliation"), {"day": "yesterday"})
    assert response.status_code == 400
    assert "The address names no day." in response.content.decode()


# Quarantine


def test_the_pacs_manager_closes_an_entry_in_writing_and_the_audit_knows(day: Day) -> None:
    client = signed_in("pacs-manager")
    address = reverse("quarantine-item", args=[day.quarantine.pk])
    assert "Say what was found and done" in text_of(client.post(address, {"resolution": " "}))
    done = client.post(
        address, {"resolution": "The tool's cache mixed up two studies; restarted."}, follow=True
    )
    assert "Entry" in text_of(done)
    item = Quarantine.objects.get(pk=day.quarantine.pk)
    assert item.resolved_by == person("pacs-manager")
    assert AuditEvent.objects.filter(action="quarantine resolved").count() == 1


def test_expected_and_found_stand_side_by_side(day: Day) -> None:
    page = plain(text_of(signed_in("pacs-manager").get(reverse("quarantine-item", args=[day.quarantine.pk]))))
    assert re.search(r"Patient pseudonym We expected P\d+ The object says P99999999", page)


def test_a_physicist_may_look_at_the_quarantine_but_not_close_an_entry(day: Day) -> None:
    client = signed_in("lead-physicist")
    address = reverse("quarantine-item", args=[day.quarantine.pk])
    assert "It waits for the PACS manager." in text_of(client.get(address))
    assert client.post(address, {"resolution": "closed"}).status_code == 403
    assert Quarantine.objects.get(pk=day.quarantine.pk).resolved_at is None


# Opt-outs


def test_a_patient_is_opted_out_with_one_form_and_one_confirmation(day: Day) -> None:
    client = signed_in("radiographer")
    study = day["held"]
    given = {"number": study.nhs_number, "reach": "every"}
    asked = client.post(reverse("opt-out-record"), given)
    page = plain(text_of(asked))
    assert "1 study not sent yet: will not be sent." in page
    assert OptOut.objects.count() == 1  # nothing is recorded before it is confirmed
    done = client.post(reverse("opt-out-record"), given | {"confirmed": "yes"}, follow=True)
    assert "is in force now" in text_of(done)
    opt_out = OptOut.objects.latest("pk")
    assert (opt_out.nhs_number, opt_out.patient_id) == (study.nhs_number, study.patient_id)
    assert opt_out.deployment is None


def test_an_opt_out_from_one_tool_reaches_that_tool_alone(day: Day) -> None:
    given = {"number": "V4711", "reach": "liver", "confirmed": "yes"}
    signed_in("radiographer").post(reverse("opt-out-record"), given)
    assert OptOut.objects.latest("pk").deployment.slug == "liver"


def test_a_wrong_check_digit_is_explained_and_nothing_is_recorded(day: Day) -> None:
    given = {"number": "943 476 5918", "reach": "every", "confirmed": "yes"}
    page = text_of(signed_in("radiographer").post(reverse("opt-out-record"), given))
    assert "the last one does not fit the others" in page
    assert OptOut.objects.count() == 1


def test_an_opt_out_in_force_is_said_before_a_second_is_recorded(day: Day) -> None:
    given = {"number": fictional_patient(PATIENT_WHO_SAID_NO).patient_id, "reach": "every"}
    page = plain(text_of(signed_in("radiographer").post(reverse("opt-out-record"), given)))
    assert f"in force already (opt-out {day.opt_out.pk}" in page


def test_withdrawing_says_that_it_counts_for_future_studies(day: Day) -> None:
    client = signed_in("radiographer")
    address = reverse("opt-out-withdraw", args=[day.opt_out.pk])
    assert "Studies that come from now on may go to AI again." in plain(text_of(client.get(address)))
    client.post(address)
    assert OptOut.objects.get(pk=day.opt_out.pk).withdrawn_by == person("radiographer")


def test_information_governance_sees_the_register_without_the_patients(day: Day) -> None:
    page = text_of(signed_in("information-governance").get(reverse("opt-outs")))
    assert "1 opt-out in force." in page
    assert day.opt_out.patient_id not in page


def test_the_link_from_a_study_names_the_study_and_the_form_holds_the_number(day: Day) -> None:
    study = day["held"]
    page = text_of(signed_in("radiographer").get(reverse("opt-out-record"), {"study": study.pk}))
    assert f'value="{study.nhs_number}"' in page


# Viewer


def picture_page(role: str, day: Day, name: str) -> str:
    return text_of(signed_in(role).get(reverse("viewer", args=[day[name].pk]), follow=True))


def test_the_viewer_opens_on_a_slice_with_the_contour_and_says_whose_it_is(day: Day) -> None:
    page = picture_page("reader", day, "contoured")
    assert "Not for diagnosis" in page
    assert re.search(r'<path id="shape-1-1"[^>]* d="M[\d.]+ [\d.]+ L', page)
    assert "Contours by LiverContour 1.4.2" in page
    assert "Silent run: kept for evaluation, not filed to PACS." in page


def test_a_finding_is_circled_where_the_report_says(day: Day) -> None:
    page = picture_page("reader", day, "flagged")
    assert 'd="M52.00 96.00 A10.00 10.00' in page
    assert "Nodule; Score 0.93; Diameter 24 mm" in page


def test_what_the_tools_drew_can_be_hidden(day: Day) -> None:
    client = signed_in("reader")
    instance = day["flagged"].instances.filter(direction="source").get()
    address = reverse("viewer-picture", args=[day["flagged"].pk, instance.pk])
    hidden = text_of(client.get(address, {"overlay": "off"}))
    assert "shape-1-1" not in hidden
    assert "Show what the tools drew" in hidden


def test_pixels_that_cannot_be_decoded_are_a_sentence_on_the_page(day: Day) -> None:
    page = picture_page("reader", day, "spoiled")
    assert "cannot be decoded" in page
    assert "<image" not in page


def test_a_picture_is_kept_by_this_browser_alone(day: Day) -> None:
    client = signed_in("reader")
    page = picture_page("reader", day, "flagged")
    address = re.search(r'<image href="([^"]+)"', page).group(1).replace("&amp;", "&")
    response = client.get(address)
    assert response["Content-Type"] == "image/png"
    assert response.content.startswith(b"\x89PNG")
    assert response["Cache-Control"].startswith("private, max-age=")
    assert "immutable" in response["Cache-Control"]
    assert "Cookie" in response["Vary"]
    assert client.get(address, headers={"If-None-Match": response["ETag"]}).status_code == 304


def test_a_picture_is_refused_to_who_may_not_see_images_even_when_it_is_unchanged(day: Day) -> None:
    instance = day["flagged"].instances.filter(direction="source").get()
    address = reverse("viewer-image", args=[instance.pk])
    tag = signed_in("reader").get(address)["ETag"]
    assert signed_in("data-analyst").get(address, headers={"If-None-Match": tag}).status_code == 403


def test_neither_a_result_nor_a_quarantined_object_is_shown_as_a_picture(day: Day) -> None:
    client = signed_in("reader")
    result = day["flagged"].instances.filter(direction="result").get()
    for instance in (result.pk, day.source_quarantine.instance_id):
        assert client.get(reverse("viewer-image", args=[instance])).status_code == 404


def test_the_address_of_an_undecodable_picture_answers_with_the_sentence(day: Day) -> None:
    instance = day["spoiled"].instances.get()
    response = signed_in("reader").get(reverse("viewer-image", args=[instance.pk]))
    assert response.status_code == 422
    assert "cannot be decoded" in response.content.decode()


def test_a_study_without_pictures_says_so(day: Day) -> None:
    study = day["held"]
    study.instances.update(study=None)
    page = text_of(signed_in("reader").get(reverse("viewer", args=[study.pk])))
    assert "This study holds no picture" in page


# Audit


def test_the_audit_trail_is_verified_on_request(day: Day) -> None:
    client = signed_in("information-governance")
    assert "Opt-out recorded" in text_of(client.get(reverse("audit")))
    assert "Every chain holds: 3 chains" in text_of(client.post(reverse("audit-verify")))


def test_a_chain_that_does_not_exist_is_not_found(day: Day) -> None:
    assert signed_in("executive").get(reverse("audit-stream", args=["nowhere"])).status_code == 404
