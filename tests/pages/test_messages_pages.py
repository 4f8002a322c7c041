"""Opt-outs from several tools, from a day, from a list; messages that wait; what other systems said of a study."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from alarp.records import clock
from alarp.records.ledger.models import OptOut
from alarp.records.messages.commands import receive_hl7
from alarp.records.messages.models import Message, Report
from alarp.records.messages.reading.segments import header_of
from hl7_words import NHS, merge, order, report
from pages.ledger_day import Day
from pages.test_gateway_pages import (  # noqa: F401
    day,
    person,
    plain,
    signed_in,
    static_files_as_they_lie,
    text_of,
    written,
)

pytestmark = pytest.mark.django_db


def receive(data: bytes) -> Message:
    header = header_of(data)
    assert header is not None
    return receive_hl7(data, header)


def uploaded(text: str, name: str) -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, text.encode())}


@pytest.mark.need("G06")
def test_an_opt_out_from_several_tools_is_one_form_and_one_opt_out_for_each(day: Day) -> None:  # noqa: F811
    client, before = signed_in("radiographer"), OptOut.objects.count()
    given = {"number": "H99", "reach": ["liver", "flag"]}
    asked = plain(text_of(client.post(reverse("opt-out-record"), given)))
    assert "out of LiverContour" in asked and "and NoduleFlag" in asked and OptOut.objects.count() == before
    done = client.post(reverse("opt-out-record"), given | {"confirmed": "yes"}, follow=True)
    assert "are in force now" in text_of(done)
    found = OptOut.objects.filter(patient_id="H99").values_list("deployment__slug", flat=True)
    assert sorted(found) == ["flag", "liver"]


def test_every_tool_and_one_tool_together_are_asked_about(day: Day) -> None:  # noqa: F811
    given = {"number": "H99", "reach": ["every", "liver"], "confirmed": "yes"}
    page = text_of(signed_in("radiographer").post(reverse("opt-out-record"), given))
    assert "Untick every AI tool" in page and not OptOut.objects.filter(patient_id="H99").exists()


def test_an_opt_out_from_a_later_day_says_so_and_begins_then(day: Day) -> None:  # noqa: F811
    begins = (clock.now() + timedelta(days=9)).date()
    given = {"number": "H99", "reach": "every", "begins": begins.isoformat()}
    client = signed_in("radiographer")
    asked = plain(text_of(client.post(reverse("opt-out-record"), given)))
    assert (
        f"From {begins.day} {begins:%B %Y}" in asked
        and "Until then their studies go to AI as before." in asked
    )
    client.post(reverse("opt-out-record"), given | {"confirmed": "yes"})
    row = OptOut.objects.get(patient_id="H99")
    assert row.effective_from is not None and row.effective_from.astimezone().date() == begins


@pytest.mark.need("G06")
def test_a_list_comes_in_on_a_page_and_a_faulty_one_names_its_lines(day: Day) -> None:  # noqa: F811
    client, address = signed_in("radiographer"), reverse("opt-outs-import")
    refused = text_of(client.post(address, uploaded("nhs_number\n1\n,2\n", "list.csv")))
    assert "line 2: the NHS number is not one" in plain(refused) and "line 3" in refused
    done = client.post(address, uploaded("patient_id,tools\nH99,liver\n", "list.csv"), follow=True)
    page = plain(text_of(done))
    assert "1 opt-out recorded" in page and "from a list" in page


def test_a_message_that_waits_is_seen_by_whoever_may_and_its_text_by_whoever_may_see_names(day: Day) -> None:  # noqa: F811
    row = receive(merge("M1", "H1", "H1"))
    address = reverse("message", args=[row.pk])
    manager, safety = signed_in("pacs-manager"), signed_in("lead-physicist")
    assert "1 message could not be used" in plain(text_of(manager.get(reverse("messages"))))
    assert "EXAMPLE" in text_of(manager.get(address)) and "EXAMPLE" not in text_of(safety.get(address))
    assert "Say what was found" in text_of(manager.post(address, {"resolution": " "}))
    manager.post(address, {"resolution": "The records office merged it by hand."})
    assert "No message waits for a look." in plain(text_of(manager.get(reverse("messages"))))


@pytest.mark.need("G11")
def test_a_fhir_file_comes_in_on_the_page_and_what_cannot_be_used_waits(day: Day) -> None:  # noqa: F811
    found = {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": {"text": "Chest"},
        "subject": {"identifier": {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": NHS}},
        "identifier": [{"type": {"coding": [{"code": "ACSN"}]}, "value": "A1"}],
        "conclusion": "No lesion.",
    }
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": found}, {"resource": found | {"status": "cancelled"}}],
    }
    client = signed_in("pacs-manager")
    done = client.post(reverse("messages"), uploaded(json.dumps(bundle), "reports.json"), follow=True)
    assert (
        "2 resources were read; 1 could not be used" in plain(text_of(done)) and Report.objects.count() == 1
    )
    assert "This is not JSON" in text_of(client.post(reverse("messages"), uploaded("<xml/>", "reports.xml")))


@pytest.mark.need("G11")
def test_a_study_says_what_was_ordered_and_that_it_was_reported(day: Day) -> None:  # noqa: F811
    study = day["held"]
    receive(order("M1", study.accession, patient=study.patient_id).replace(b"^^^NORTH", b""))
    receive(report("M2", accession=study.accession, patient=study.patient_id).replace(b"^^^NORTH", b""))
    page = plain(text_of(signed_in("radiographer").get(reverse("study", args=[study.pk]))))
    assert "Chest X-ray, asked for 22 November 2026, 09:30" in page
    assert "final report, 22 November 2026, 10:10" in page
