"""Every address of the site: who may open it, how it reads for everybody, and that it asks nobody else for anything."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from pages.addresses import ADDRESSES, PAGES, PUBLIC_REDIRECTS, Address
from pages.served import Site, token_in
from pages.small_hospital import ROLES

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS = (1280, 390)
# Pages about the visitor's own second factor exist only for somebody who has one.
WITHOUT_AN_APP = {"mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes"}
# Who looks at a page for the tests of its shape: the first of these who may open it.
LOOKS_AT = ("clinical-safety-officer", "pacs-manager", "clinical-lead", "radiographer", "executive")
PERSONAL = [a for a in ADDRESSES if a.access and not a.access.public]


def named(address: Address) -> str:
    return address.name


def looker(address: Address) -> str:
    return next(role for role in (*LOOKS_AT, *ROLES) if address.open_to(role))


def test_every_view_says_who_may_open_it() -> None:
    assert [a.pattern for a in ADDRESSES if a.access is None] == []


def test_every_address_has_a_name_of_its_own() -> None:
    assert len(PAGES) == len(ADDRESSES)


def test_every_address_has_an_example(site: Site) -> None:
    for address in ADDRESSES:
        address.example(site.known)


def test_no_address_can_hold_a_patient_identifier() -> None:
    """Parameters are row numbers, digests and names of things that are not people."""
    harmless = {"int", "slug", "sha256"}
    kinds = {kind for a in ADDRESSES for kind in re.findall(r"<(\w+):", a.pattern)}
    assert kinds <= harmless


@pytest.mark.parametrize("address", ADDRESSES, ids=named)
def test_an_address_opens_for_exactly_the_roles_of_the_matrix(site: Site, address: Address) -> None:
    url = address.example(site.known)
    found, wanted = {}, {}
    for role in ROLES:
        answer = site.client(role).get(url)
        found[role] = answer.status_code
        if address.name in WITHOUT_AN_APP:
            wanted[role] = answer.status_code if answer.status_code in {302, 404} else 404
        elif address.open_to(role):
            wanted[role] = 200 if answer.status_code not in {301, 302} else answer.status_code
        else:
            wanted[role] = 403
    assert found == wanted


@pytest.mark.parametrize("address", PERSONAL, ids=named)
def test_an_address_asks_who_you_are_before_it_says_anything(site: Site, address: Address) -> None:
    answer = site.client(None).get(address.example(site.known))
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/accounts/login/")


@pytest.mark.parametrize("username", ["rival", "stranger", "nobody"])
def test_a_deployment_is_closed_to_other_suppliers_other_trusts_and_people_without_a_role(
    site: Site, username: str
) -> None:
    about_it = [a for a in PERSONAL if a.pattern.startswith("deployments/<slug") and a.name != "lift"]
    opened = [a.name for a in about_it if site.client(username).get(a.example(site.known)).status_code != 403]
    assert opened == []


@pytest.mark.parametrize("name", ["evidence", "evidence-download", "evidence-document", "evaluation"])
def test_evidence_is_closed_to_another_trust_and_to_another_supplier(site: Site, name: str) -> None:
    url = PAGES[name].example(site.known)
    assert {who: site.client(who).get(url).status_code for who in ("stranger", "rival", "nobody")} == {
        "stranger": 403,
        "rival": 403,
        "nobody": 403,
    }


@pytest.mark.parametrize(
    "address", [a for a in PERSONAL if a.access and a.access.sends and a.parameters], ids=named
)
def test_a_form_is_refused_from_every_role_that_may_not_send_it(site: Site, address: Address) -> None:
    from alarp.records.permissions import ACTIONS

    assert address.access is not None and address.access.sends is not None
    allowed = ACTIONS[address.access.sends].roles
    url = address.example(site.known)
    for role in [r for r in ROLES if r not in allowed]:
        client = site.client(role)
        token = token_in(client.get("/accounts/").text)
        answer = client.post(
            url, data={"csrfmiddlewaretoken": token}, headers={"Referer": site.address + url}
        )
        assert answer.status_code == 403, f"{role} could send {url}: {answer.status_code}"


def test_a_form_without_its_token_is_refused(site: Site) -> None:
    answer = site.client("radiographer").post(f"/deployments/{site.known['slug']}/holds/raise/", data={})
    assert answer.status_code == 403
    assert "open too long" in answer.text


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


def test_every_answer_carries_the_strict_policy(site: Site) -> None:
    for path in ("/", "/accounts/login/", "/health/", "/deployments/nothing-here/"):
        policy = site.client("executive").get(path).headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
