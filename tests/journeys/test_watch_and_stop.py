"""What alarms, what happened, what was decided: the people who watch a tool, in a real browser on the shipped server."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from journeys.somebody import Somebody
from pages.served import Site
from pages.small_hospital import PASSWORD

Arrives = Callable[[str], Somebody]


@pytest.mark.need("X05")
def test_the_executive_reads_the_board_in_four_figures_and_follows_the_alarms(somebody: Arrives) -> None:
    # Given a hospital with a live tool on which something alarms
    executive = somebody("executive")
    # When the executive opens the board
    executive.opens("/")
    # Then four figures say what is live, what alarms, which risk is left and who waits longest
    figures = executive.page.locator(".alarp-vitals dt").all_inner_texts()
    assert figures == ["Live now", "Alarms", "Highest risk left", "Longest wait"]
    executive.shows_the_documentation("board")
    # And the alarms are one click away, each with who has it in hand
    executive.page.locator(".alarp-vitals a").click()
    expect(executive.page).to_have_title(re.compile("Alerts"))
    executive.reads("acknowledged")
    executive.shows_the_documentation("alerts")


@pytest.mark.need("H24")
def test_a_technical_word_says_what_it_means_on_hover_and_to_the_keyboard(
    somebody: Arrives, site: Site
) -> None:
    # Given a page with technical words
    physicist = somebody("lead-physicist")
    physicist.opens(f"/deployments/{site.known['slug']}/monitor/")
    physicist.shows_the_documentation("monitor")
    word = physicist.page.locator("main .alarp-term").first
    meaning = word.locator(".alarp-term__says")
    expect(meaning).to_be_hidden()
    # When the pointer rests on one, or the keyboard reaches it, its meaning is there
    word.hover()
    expect(meaning).to_be_visible()
    physicist.page.mouse.move(0, 0)
    expect(meaning).to_be_hidden()
    word.locator("a").focus()
    expect(meaning).to_be_visible()
    # And the glossary lies behind it
    word.locator("a").press("Enter")
    expect(physicist.page).to_have_title(re.compile("Glossary"))


@pytest.mark.need("A11", "X03")
def test_an_incident_is_explained_decided_by_a_signed_word_and_closed(somebody: Arrives, site: Site) -> None:
    # Given an incident that was made safe
    officer = somebody("clinical-safety-officer")
    place = f"/deployments/{site.known['slug']}/incidents/{site.known['incident_number']}/"
    # When the officer writes what caused it
    for kind, text in (
        ("The cause is found", "A worklist rule sent the films past the tool for three hours."),
    ):
        officer.opens(place)
        officer.ticks(kind)
        officer.fills(In_words=text)
        officer.presses("Write it down")
        officer.reads(text)
    # And decides with the password
    officer.opens(f"{place}decide/")
    officer.ticks("The route stays closed")
    officer.page.get_by_label("Why?", exact=True).fill("Until the rule has been tried out twice.")
    officer.fills(Your_password=PASSWORD)
    officer.presses("Sign the decision")
    # Then the incident's page says so, and it can be closed
    officer.reads("The decision is signed.")
    officer.ticks("The incident is closed")
    officer.fills(In_words="The rule was tried out twice; the readers were told.")
    officer.presses("Write it down")
    officer.reads("Closed.")
    officer.shows_the_documentation("incident")


@pytest.mark.need("A01")
def test_the_parts_of_a_tools_file_are_one_click_apart(somebody: Arrives, site: Site) -> None:
    # Given the file of a tool
    officer = somebody("clinical-safety-officer")
    officer.opens(f"/deployments/{site.known['slug']}/")
    # When the officer looks at what could hurt a patient, and at what the tool costs
    officer.follows("Hazards")
    # Then each page answers its question first, and shows where one is
    officer.reads("Residual risk")
    officer.shows_the_documentation("hazards")
    officer.follows("Cost and options")
    officer.page.wait_for_url("**/costs/", timeout=60_000)  # its charts are drawn once, on the first visit
    expect(officer.page.locator(".alarp-parts [aria-current]").first).to_have_text("Cost and options")
    officer.reads("Options side by side")
    officer.shows_the_documentation("costs")
