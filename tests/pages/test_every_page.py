"""Every address of the site: who may open it, who may send its form, and what it says to strangers."""

from __future__ import annotations

import re

import pytest

from pages.addresses import ADDRESSES, PAGES, WITHOUT_AN_APP, Address, named
from pages.served import Site, token_in
from pages.small_hospital import ROLES

PERSONAL = [a for a in ADDRESSES if a.access and not a.access.public]


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


def test_every_answer_carries_the_strict_policy(site: Site) -> None:
    for path in ("/", "/accounts/login/", "/health/", "/deployments/nothing-here/"):
        policy = site.client("executive").get(path).headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
