"""The pages that watch and stop, filled in over HTTP as the demonstration and the team do."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pages.served import Site, token_in
from pages.small_hospital import PASSWORD


def send(site: Site, who: str, url: str, **fields: Any) -> Any:
    client = site.client(who)
    token = token_in(client.get(url).text)
    return client.post(
        url,
        data={"csrfmiddlewaretoken": token, **fields},
        headers={"Referer": site.address + url},
        follow_redirects=True,
    )


@pytest.fixture
def here(site: Site) -> str:
    return f"/deployments/{site.known['slug']}"


@pytest.mark.need("G16")
def test_an_alert_shows_its_figure_against_its_limit_and_who_was_told(site: Site, here: str) -> None:
    text = site.client("executive").get(f"{here}/alarms/{site.known['alert_number']}/").text
    assert "above the limit of 5 % (212 studies)" in text
    assert "Gareth Hughes" in text  # the PACS manager, who was told
    assert "alarp-gauge__mark--limit" in text


@pytest.mark.need("M12")
def test_a_reader_says_wrong_on_the_study_page_and_reads_what_came_of_it(site: Site) -> None:
    study, dispatch = site.known["dispatch_study"], site.known["dispatch"]
    client = site.client("reader")
    board = client.get("/").text
    assert 'href="/studies/"' in board  # the first of two screens from the board
    page = client.get(f"/studies/{study}/").text
    action = f"/studies/{study}/feedback/{dispatch}/"
    assert f'action="{action}"' in page  # the form stands on the study's own page
    done = client.post(
        action,
        data={"csrfmiddlewaretoken": token_in(page), "reason": "false-mark", "text": "", "verdict": "wrong"},
        headers={"Referer": f"{site.address}/studies/{study}/"},
        follow_redirects=True,
    )
    assert "you will be told what came of it" in done.text
    listed = site.client("clinical-safety-officer").get("/feedback/").text
    number = max(int(n) for n in re.findall(r'href="/feedback/(\d+)/"', listed))
    answer = "The mark is a nipple shadow; we told the supplier."
    send(site, "clinical-safety-officer", f"/feedback/{number}/", outcome="supplier-told", answer=answer)
    assert answer in client.get("/feedback/mine/").text


def test_feedback_without_a_reason_is_sent_back_with_what_is_missing(site: Site) -> None:
    url = f"/studies/{site.known['dispatch_study']}/feedback/{site.known['dispatch']}/"
    answer = send(site, "reader", url, verdict="unsure")
    assert answer.status_code == 200
    assert "Choose what is the matter." in answer.text


@pytest.mark.need("M03")
def test_alarm_rules_are_worked_out_in_a_form_and_refused_in_one_sentence(site: Site, here: str) -> None:
    url = f"{here}/alarms/draft/"
    page = site.client("lead-physicist").get(url).text
    fields = filled_in(page)
    assert fields["rules-2-monitor"] == "results-missing" and fields["rules-2-limit"] == "0.05"
    wrong = send(site, "lead-physicist", url, **(fields | {"rules-2-limit": "5"}))
    assert "the limit is 5; results missing is from 0 to 1" in wrong.text
    kept = send(site, "lead-physicist", url, **(fields | {"rules-2-limit": "0.03"}))
    assert "The draft is kept" in kept.text and "Above 3 %" in kept.text


def filled_in(page: str) -> dict[str, str]:
    """Every field of the page's main form with what it holds now."""
    found: dict[str, str] = {}
    main = page.split("<main", 1)[1].split("</main>", 1)[0]
    for tag in re.findall(r"<input[^>]*>", main):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name:
            found[name.group(1)] = value.group(1) if value else ""
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', main, re.DOTALL):
        found[name] = text
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', main, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)"[^>]*selected', body)
        found[name] = chosen.group(1) if chosen else ""
    found.pop("csrfmiddlewaretoken", None)
    return found


@pytest.mark.need("M03")
def test_an_incident_is_made_safe_explained_and_decided_with_a_password(site: Site, here: str) -> None:
    officer = "clinical-safety-officer"
    opened = send(site, officer, f"{here}/incidents/report/", summary="A film was marked on the wrong side.")
    number = int(re.search(r"Incident (\d+) is open", opened.text).group(1))  # type: ignore[union-attr]
    url = f"{here}/incidents/{number}/"
    early = send(site, officer, f"{url}decide/", outcome="reopen", text="Fine.", password=PASSWORD)
    assert "cannot be opened again yet: it is not made safe and its cause is not found" in early.text
    send(site, officer, url, entry="made-safe", text="Nobody uses it today.")
    no_level = send(site, officer, url, entry="harm", text="None.")
    assert "Choose how much harm came of it." in no_level.text
    send(site, officer, url, entry="harm", level="none", text="Seen at once.")
    send(site, officer, url, entry="cause", text="A lateral view.")
    refused = send(site, officer, f"{url}decide/", outcome="reopen", text="Fixed.", password="not this")
    assert "This is not your password. Nothing was signed." in refused.text
    decided = send(site, officer, f"{url}decide/", outcome="reopen", text="Fixed.", password=PASSWORD)
    assert "Decided: the route may be opened again" in decided.text
    closed = send(site, officer, url, entry="closed", text="Settled.")
    assert "Closed" in closed.text and "Write it down" not in closed.text


def test_a_review_shows_each_figure_with_its_limits_and_what_speaks_against_the_decision(
    site: Site, here: str
) -> None:
    text = site.client("executive").get(f"{here}/review/").text
    assert "Do the readers agree with its results?" in text
    assert "What speaks against it" in text
    assert text.count("alarp-gauge__mark--stop") >= 3
