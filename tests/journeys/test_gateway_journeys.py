"""People with a question about traffic, in a real browser, against the shipped web server.

A radiographer opts a patient out, a PACS manager finds a study, closes a quarantine entry and reads the day's
balance, a reader looks at what a tool drew. Each journey is walked with and without scripts where it matters.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from journeys.somebody import IMAGES
from pages.served import Site, clean_environment, run, running_site

HERE = Path(__file__).resolve().parent
WITH_AND_WITHOUT_SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The small hospital with one day of traffic in its ledger."""
    for site in running_site(tmp_path_factory, "gateway-day"):
        assert site.data is not None
        told = run([str(HERE / "gateway_day.py")], clean_environment(site.data))
        site.known.update(json.loads(told.splitlines()[-1]))
        yield site


class Visit:
    """Opens the site as somebody who is signed in; takes a picture for the documentation when they are asked for."""

    def __init__(self, hospital: Site, browser: Browser, *, pictures: bool) -> None:
        self.hospital, self.browser, self.pictures = hospital, browser, pictures
        self.opened: list[BrowserContext] = []

    def __call__(self, username: str, *, scripts: bool = True) -> Page:
        address = self.hospital.address
        context = self.browser.new_context(
            viewport={"width": 1280, "height": 900}, java_script_enabled=scripts, base_url=address
        )
        context.set_default_timeout(60_000)
        jar = self.hospital.client(username).cookies.jar
        context.add_cookies([{"name": c.name, "value": c.value or "", "url": address} for c in jar])
        self.opened.append(context)
        return context.new_page()

    def picture(self, page: Page, name: str) -> None:
        if self.pictures:
            IMAGES.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=IMAGES / f"{name}.png")


@pytest.fixture
def visit(hospital: Site, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Visit]:
    visits = Visit(hospital, browser, pictures=bool(request.config.getoption("screenshots", default=False)))
    yield visits
    for context in visits.opened:
        context.close()


@WITH_AND_WITHOUT_SCRIPTS
def test_a_radiographer_opts_a_patient_out_in_under_a_minute(
    visit: Visit, hospital: Site, scripts: bool
) -> None:
    # Given a patient at the desk whose film waits to be sent
    study = hospital.known["studies"]["held" if scripts else "failed"]
    page = visit("radiographer", scripts=scripts)
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    began = time.monotonic()
    done: list[str] = []

    def clicks(role: Any, name: str) -> None:
        page.get_by_role(role, name=name).click()
        done.append(name)

    # When the radiographer types one number, leaves the choice at every tool and confirms
    page.goto("/opt-outs/")
    clicks("link", "Opt a patient out")
    boxes = page.get_by_role("main").locator("input:visible:not([type=checkbox])")
    assert [box.input_value() for box in boxes.all()] == ["", ""], "the number, and a day that stays empty"
    expect(page.get_by_label("Every AI tool")).to_be_checked()
    page.get_by_label("NHS number or hospital number").fill(study["nhs_number"])
    clicks("button", "Continue")
    expect(page.get_by_role("heading", level=1)).to_contain_text("out of every AI tool?")
    expect(page.get_by_role("main")).to_contain_text("Every study that comes from now on: not sent.")
    visit.picture(page, "opt-out")
    clicks("button", "Opt out now")
    # Then one field and three clicks put it in force, in less than a minute, and no address named the patient
    assert done == ["Opt a patient out", "Continue", "Opt out now"]
    expect(page.get_by_role("main")).to_contain_text(
        "is in force now: nothing of this patient goes to every AI tool."
    )
    assert time.monotonic() - began < 60
    assert [a for a in addresses if study["nhs_number"] in a or study["patient_id"] in a] == []
    # And the study says so
    page.goto(f"/studies/{study['number']}/")
    expect(page.get_by_role("main")).to_contain_text("Nothing of this study is sent to any tool.")


def test_a_mistyped_nhs_number_is_explained_at_the_field_and_in_the_summary(visit: Visit) -> None:
    page = visit("radiographer")
    page.goto("/opt-outs/record/")
    page.get_by_label("NHS number or hospital number").fill("943 476 5918")
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_title(re.compile("^Error: Opt a patient out"))
    summary = page.locator(".nhsuk-error-summary")
    expect(summary).to_be_focused()
    summary.get_by_role("link").click()
    expect(page.get_by_label("NHS number or hospital number")).to_be_focused()


@WITH_AND_WITHOUT_SCRIPTS
def test_a_pacs_manager_finds_a_study_and_reads_its_journey(
    visit: Visit, hospital: Site, scripts: bool
) -> None:
    # Given a study that the ward asks about, by its accession number
    study = hospital.known["studies"]["flagged"]
    page = visit("pacs-manager", scripts=scripts)
    # When the PACS manager searches for it
    page.goto("/studies/")
    page.get_by_label("Find a study").fill(study["accession"])
    page.get_by_role("button", name="Find").click()
    # Then it is found, the address does not hold the number, and its page tells what happened in order
    expect(page.locator("#found")).to_have_text("1 study was found.")
    assert study["accession"] not in page.url
    page.locator(f"#study-{study['number']} a").first.click()
    steps = page.locator(".alarp-journey__step")
    expect(steps.first).to_contain_text("Received from")
    expect(steps.last).to_contain_text("in the PACS under the original study")
    visit.picture(page, "study")


def test_a_pacs_manager_reads_the_day_and_follows_a_number_to_its_studies(
    visit: Visit, hospital: Site
) -> None:
    page = visit("pacs-manager")
    page.goto("/reconciliation/")
    balance = page.locator(".alarp-balance").first
    total, *parts = (int(n.replace(",", "")) for n in balance.locator("b").all_inner_texts())
    assert total == sum(parts) > 0
    visit.picture(page, "reconciliation")
    failed = balance.get_by_role("link", name=re.compile("failed"))
    failed.click()
    expect(page.locator("#found")).to_contain_text("with images that failed")
    expect(page.locator(f"#study-{hospital.known['studies']['failed']['number']}")).to_be_visible()


def test_a_pacs_manager_looks_at_quarantine_and_closes_an_entry(visit: Visit, hospital: Site) -> None:
    page = visit("pacs-manager")
    page.goto("/quarantine/")
    page.locator(f"#entry-{hospital.known['item']} a").click()
    row = page.get_by_role("row", name=re.compile("Patient pseudonym"))
    expect(row).to_contain_text("P99999999")
    visit.picture(page, "quarantine")
    page.get_by_label("What was found, and what was done?").fill(
        "The tool's cache mixed two studies; restarted."
    )
    page.get_by_role("button", name="Close the entry").click()
    expect(page.get_by_role("main")).to_contain_text("is closed. The object stays here and is never filed.")
    expect(page.get_by_role("heading", name=re.compile("^Closed by Gareth Hughes"))).to_be_visible()


@WITH_AND_WITHOUT_SCRIPTS
def test_a_reader_looks_through_the_slices_with_what_the_tool_drew(
    visit: Visit, hospital: Site, scripts: bool
) -> None:
    # Given a CT that a tool has contoured in its silent run
    page = visit("reader", scripts=scripts)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"/viewer/{hospital.known['studies']['contoured']['number']}/")
    expect(page.locator("#viewer")).to_contain_text("Not for diagnosis")
    expect(page.locator("#viewer")).to_contain_text(": kept for evaluation, not filed to PACS.")
    here = page.locator(".alarp-viewer__place").inner_text()
    visit.picture(page, "viewer")
    first = page.locator("svg image").get_attribute("href")
    # When the reader goes to the next slice, in another window
    page.get_by_role("link", name="Next slice").click()
    expect(page.locator(".alarp-viewer__place")).not_to_have_text(here, timeout=30_000)
    page.get_by_role("link", name="Liver", exact=True).click()
    expect(page.locator("figure")).to_contain_text("Liver: centre 90, width 160", timeout=30_000)
    # Then another picture is shown, the contour is drawn on it and can be hidden, and nothing complained
    assert page.locator("svg image").get_attribute("href") != first
    expect(page.locator(".alarp-viewer use.alarp-viewer__shape")).to_have_count(2)
    page.get_by_role("link", name="Hide what the tools drew").click()
    expect(page.locator(".alarp-viewer use.alarp-viewer__shape")).to_have_count(0, timeout=30_000)
    expect(page.locator("figure")).to_contain_text("Liver: centre 90, width 160", timeout=30_000)
    assert said == []


def test_information_governance_verifies_the_audit_trail(visit: Visit) -> None:
    page = visit("information-governance")
    page.goto("/audit/")
    page.get_by_role("button", name="Verify every chain").click()
    expect(page.locator("#verdict")).to_contain_text("Every chain holds")
