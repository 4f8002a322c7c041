"""A tool is evaluated on the site: planned, checked, locked, run by a worker, read, signed; in a real browser."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

import scan_study
from journeys.somebody import Somebody
from pages.served import ROOT, Site, clean_environment
from pages.small_hospital import PASSWORD

Arrives = Callable[[str], Somebody]
FILLED_IN = {
    "who reads first": "A flagged film is reported within 24 hours; every film is read by a radiologist",
    "who is left out": "films of children and of patients known to have cancer are left out",
    "sites": "Riverside Hospital, 240 consecutive films, spring 2026",
}


@pytest.fixture
def worker(site: Site) -> Iterator[None]:
    """The shipped worker beside the web server."""
    assert site.data is not None
    process = subprocess.Popen(
        [sys.executable, "-m", "alarp.gateway.worker"],
        env=clean_environment(site.data),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline()
    yield
    process.terminate()
    process.wait(timeout=30)


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """240 films with the columns that the national template names; the tool is good, and says nothing of two films."""
    head = "case,patient,truth,score,decision,outcome,age_band,sex,ethnicity,manufacturer,site"
    rows = []
    for n in range(240):
        ill = n % 4 == 0
        flagged = (ill and n % 48 != 0) or n % 31 == 5
        score, decision = f"{0.8 if flagged else 0.2}", "cancer" if flagged else "no cancer"
        if n in (70, 131):
            score = decision = ""
        groups = f"{'under 65' if n % 2 else '65 and over'},{'F' if n % 3 else 'M'},{'white' if n % 5 else 'other'}"
        truth = "cancer" if ill else "no cancer"
        rows.append(
            f"f{n:03},p{n:03},{truth},{score},{decision},,{groups},{'Fuji' if n % 2 else 'GE'},Riverside"
        )
    file = tmp_path / "cases.csv"
    file.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return file


def filled_in(text: str) -> str:
    """The template with the Trust's own words where it asks for them."""

    def words(found: re.Match[str]) -> str:
        return next(
            (said for begin, said in FILLED_IN.items() if found.group(1).startswith(begin)), "as usual here"
        )

    return re.sub(r"<([^<>\n]{2,})>", words, text)


@pytest.mark.need("E01", "E05", "E06")
@pytest.mark.timeout(600)  # a worker, a process of its own and a PDF, on whatever machine
def test_a_physicist_evaluates_a_tool_from_the_template_to_signed_evidence(
    somebody: Arrives, site: Site, worker: None, cases: Path
) -> None:
    # Given a physicist in the file of a tool that flags chest films
    physicist = somebody("lead-physicist")
    page = physicist.page
    physicist.opens(f"/deployments/{site.known['early']}/")
    physicist.follows("Evaluation")
    physicist.reads("Nothing is planned yet")
    # When they begin with the national template for chest X-rays
    physicist.follows("Begin a protocol")
    physicist.ticks("Chest X-ray triage")
    physicist.presses("Begin")
    # Then the protocol names the product, and beside it stands in plain English what only the Trust can say
    text = physicist.field("The protocol")
    expect(text).to_have_value(re.compile("NoduleFlag"))
    physicist.reads("It must still say")
    # When they break a field, the check says so at the field, and nothing is saved
    before = text.input_value()
    text.fill(before.replace("higher_means: disease", "higher_means: often"))
    physicist.presses("Check without saving")
    expect(page.locator("#id_text-error, .nhsuk-error-message").first).to_contain_text("higher_means")
    # When they fill in what it asks for and save
    text.fill(filled_in(before))
    physicist.presses("Save")
    physicist.reads("Saved as a draft.")
    physicist.does_not_read("It must still say")
    # And lock it with their password
    physicist.follows("Lock")
    physicist.reads("What exactly is locked")
    physicist.fills(Your_password=PASSWORD)
    physicist.presses("Lock this protocol")
    physicist.reads("Locked by Dr Chidi Eze")
    # And bring the cases
    physicist.follows("Run")
    physicist.follows("Add cases")
    physicist.fills(**{"What are these cases?": "240 consecutive films"})
    page.set_input_files("input[type=file]", cases)
    physicist.presses("Keep as a test set")
    physicist.reads("Its truth has not been opened.")
    # And run it
    page.get_by_role("link", name="Chest X-ray triage at").first.click()
    physicist.follows("Run")
    physicist.ticks("1: 240 consecutive films. Its truth has never been opened.")
    physicist.presses("Run")
    # Then the page follows the run by itself until the report is there
    expect(page.get_by_text("What was claimed and what we found").first).to_be_visible(timeout=180_000)
    physicist.reads("240")
    physicist.reads("This test set has been opened 1 time")
    physicist.does_not_read("exploratory")
    physicist.shows_the_documentation("evaluation")
    # And the physicist signs the result as evidence
    physicist.follows("Sign as evidence")
    physicist.fills(Your_password=PASSWORD)
    physicist.presses("Sign as evidence")
    physicist.reads("Sealed as evidence")
    physicist.follows("the evaluation")
    physicist.reads("Locked before the truth was read")


@pytest.fixture
def scans(site: Site) -> int:
    """Label maps of forty cases in the evaluation folder of the server."""
    assert site.data is not None
    scan_study.study(site.data / "test-sets" / "livers", 40, size=8)
    return 40


@pytest.mark.need("E04")
@pytest.mark.timeout(600)
def test_scans_are_compared_by_two_processes_stopped_and_resumed_in_front_of_a_physicist(
    somebody: Arrives, site: Site, worker: None, scans: int
) -> None:
    # Given a physicist with a plan for outlines
    physicist = somebody("lead-physicist")
    page = physicist.page
    physicist.opens(f"/deployments/{site.known['early']}/evaluation/begin/")
    physicist.ticks("Contours of the organs of the upper abdomen")
    physicist.presses("Begin")
    written = physicist.field("The protocol").input_value()
    found = re.search(r'^product: \{"name": "([^"]+)", "version": "([^"]+)"', written, re.MULTILINE)
    assert found is not None
    physicist.field("The protocol").fill(scan_study.PROTOCOL.format(name=found[1], number=found[2]))
    physicist.presses("Save")
    # And a folder of scans on the server
    physicist.opens(f"/deployments/{site.known['early']}/evaluation/data/add/")
    physicist.fills(**{"What are these cases?": "Forty abdomens", "Or a folder on the server": "livers"})
    physicist.presses("Keep as a test set")
    physicist.reads("81 files, folder livers")
    # When they run it by two processes
    page.get_by_role("link", name="Livers outlined").first.click()
    physicist.follows("Run, exploratory")
    page.get_by_label("Forty abdomens").check()
    physicist.fills(**{"How many processes compare the scans?": "2"})
    physicist.presses("Run, exploratory")
    # Then the page follows it by itself, with the time that is left
    expect(page.locator("#progress")).to_contain_text(
        re.compile(
            r"Comparing outlines, by 2 processes: \d+ of 40, (about \d+ min|less than a minute) left\."
        ),
        timeout=120_000,
    )
    # When they stop it, what is finished is kept
    physicist.presses("Stop it; what is finished is kept")
    physicist.reads("stopped it on")
    told = page.locator(".alarp-answer").first.inner_text()
    done = re.search(r"Stopped while comparing outlines: (\d+) of 40\.", told)
    assert done is not None and int(done[1]) > 0, told
    # And when they let it go on, it ends with its report
    physicist.presses("Go on where it was")
    expect(page.get_by_text("What was claimed and what we found").first).to_be_visible(timeout=180_000)
    physicist.reads("by 2 processes, 1 stop included.")


@pytest.mark.need("E08")
def test_a_radiographer_reads_an_evaluation_and_is_offered_nothing_to_change(
    somebody: Arrives, site: Site
) -> None:
    # Given a tool with an evaluation that was run
    radiographer = somebody("radiographer")
    # When a radiographer opens its pages
    radiographer.opens(f"/deployments/{site.known['slug']}/evaluation/")
    radiographer.does_not_read("Begin a protocol")
    radiographer.follows("Run 1")
    # Then the report is there, and who may sign it
    radiographer.reads("What was claimed and what we found")
    radiographer.reads("The lead physicist or the statistician of this team signs it")
    # And the products that followed the same plan stand side by side
    radiographer.follows("Beside 1 other result of this plan")
    radiographer.reads("Measures side by side")
    radiographer.reads("A difference is that to NoduleFlag 2.1.0")
