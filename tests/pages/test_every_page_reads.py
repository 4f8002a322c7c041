"""Every page in the browser: is it clean for axe, quiet in the console, no wider than the window, and asks nobody else?"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from pages.addresses import ADDRESSES, PAGES, PUBLIC_REDIRECTS, WITHOUT_AN_APP, Address, named
from pages.served import Site
from pages.small_hospital import ROLES

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS = (1280, 390)
# Who looks at a page for the tests of its shape: the first of these who may open it.
LOOKS_AT = ("clinical-safety-officer", "pacs-manager", "clinical-lead", "radiographer", "executive")


def looker(address: Address) -> str:
    return next(role for role in (*LOOKS_AT, *ROLES) if address.open_to(role))


class Look:
    """One page in one window, and everything the browser complained about while it was opened."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.page: Page = context.new_page()
        self.said: list[str] = []
        self.foreign: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on(
            "request", lambda r: None if r.url.startswith(site.address) else self.foreign.append(r.url)
        )

    def problems(self) -> list[str]:
        found = Axe().run(self.page, options={"runOnly": {"type": "tag", "values": AXE_TAGS}})
        return [
            f"{v['id']}: {v['help']} ({v['nodes'][0]['html'][:200]})" for v in found.response["violations"]
        ]


def shown_as_a_page(address: Address, site: Site) -> bool:
    """Downloads and pictures are no pages, and what leads elsewhere is looked at there."""
    if address.name in WITHOUT_AN_APP | PUBLIC_REDIRECTS:
        return False
    answer = site.client(looker(address)).get(address.example(site.known), follow_redirects=True)
    return answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("address", ADDRESSES, ids=named)
def test_a_page_is_clean_for_axe_quiet_in_the_console_and_asks_no_other_origin(
    site: Site, window: Callable[..., BrowserContext], address: Address, width: int
) -> None:
    if not shown_as_a_page(address, site):
        return
    look = Look(window(looker(address), width), site)
    try:
        answer = look.page.goto(site.address + address.example(site.known))
        assert answer is not None and answer.status == 200
        assert look.page.title().endswith(" - Alarp") and not look.page.title().startswith(" - ")
        assert look.page.locator("h1").count() == 1
        assert look.problems() == []
        assert look.page.evaluate("document.documentElement.scrollWidth") <= width
        assert look.foreign == []
        assert look.said == []
    finally:
        look.page.close()


@pytest.mark.parametrize("path", ["/accounts/login/", "/deployments/nothing-here/"])
def test_sign_in_and_refusals_are_clean_for_axe(
    site: Site, window: Callable[..., BrowserContext], path: str
) -> None:
    look = Look(window(None if "login" in path else "executive", 390), site)
    look.page.goto(site.address + path)
    assert look.problems() == []
    assert look.foreign == []
    look.page.close()


EMPTY_FORMS = [
    ("propose", "clinical-lead"),
    ("raise-hold", "radiographer"),
    ("close-route", "pacs-manager"),
    ("answer", "data-analyst"),
    ("lift", "clinical-safety-officer"),
    ("cost-case", "procurement"),
    ("cost-options", "procurement"),
    ("begin-protocol", "lead-physicist"),
    ("add-test-set", "statistician"),
]


@pytest.mark.parametrize(("name", "role"), EMPTY_FORMS)
def test_an_empty_form_says_what_is_wrong_in_its_title_and_takes_the_focus_there(
    site: Site, window: Callable[..., BrowserContext], name: str, role: str
) -> None:
    look = Look(window(role), site)
    look.page.goto(site.address + PAGES[name].example(site.known))
    look.page.locator("main form button[type=submit]").last.click()
    look.page.wait_for_selector(".nhsuk-error-summary")
    assert look.page.title().startswith("Error: ")
    assert look.page.evaluate("document.activeElement.className") == "nhsuk-error-summary"
    assert look.problems() == []
    for link in look.page.locator(".nhsuk-error-summary a").all():
        target = link.get_attribute("href") or ""
        assert look.page.locator(target).count() == 1, f"{name}: the error summary leads to {target}"
    look.page.close()


@pytest.mark.parametrize("name", ["board", "deployment", "gate", "evaluation", "just-happened"])
def test_a_page_says_the_same_without_scripts(
    site: Site, window: Callable[..., BrowserContext], name: str
) -> None:
    url = site.address + PAGES[name].example(site.known)
    texts = []
    for scripts in (True, False):
        page = window("clinical-lead", scripts=scripts).new_page()
        page.goto(url)
        texts.append(re.sub(r"\s+", "", page.locator("main").text_content() or ""))
        page.close()
    without_the_show_button = [text.replace("Show", "") for text in texts]
    assert without_the_show_button[0] == without_the_show_button[1]


def test_the_page_is_drawn_in_a_sans_serif_font_of_ours(
    site: Site, window: Callable[..., BrowserContext]
) -> None:
    page = window("executive").new_page()
    page.goto(site.address + "/")
    assert "sans-serif" in page.evaluate("getComputedStyle(document.body).fontFamily")
    assert "Frutiger" not in page.evaluate("getComputedStyle(document.body).fontFamily")
    page.close()
