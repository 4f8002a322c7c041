"""The evaluation room: what the text of a protocol says beside it, how a run is followed, what is never shown."""

from __future__ import annotations

import re

import pytest

from pages.served import Site, token_in, without_explanations

WHO = "lead-physicist"


def place(site: Site, rest: str = "") -> str:
    return f"/deployments/{site.known['slug']}/evaluation/{rest}"


def sent(site: Site, path: str, **fields: str) -> str:
    """The page that answers this form, wherever it leads."""
    client = site.client(WHO)
    token = token_in(client.get(path).text)
    answer = client.post(
        path,
        data={"csrfmiddlewaretoken": token, **fields},
        headers={"Referer": site.address + path},
        follow_redirects=True,
    )
    assert answer.status_code == 200, answer.status_code
    return without_explanations(answer.text)


def begun(site: Site) -> str:
    """The address of a fresh draft."""
    page = sent(site, place(site, "begin/"), template="bone-age", version=_version(site))
    found = re.search(r"evaluation/protocols/(\d+)/", page)
    assert found is not None
    numbers = [int(n) for n in re.findall(r"evaluation/protocols/(\d+)/", page)]
    return place(site, f"protocols/{max(numbers)}/")


def _version(site: Site) -> str:
    found = re.search(r'<option value="(\d+)"', site.client(WHO).get(place(site, "begin/")).text)
    assert found is not None
    return found.group(1)


@pytest.mark.need("E02")
def test_every_national_template_can_be_begun_with_and_says_what_it_is_for(site: Site) -> None:
    from alarp.standards.evaluation import load_templates

    page = site.client(WHO).get(place(site, "begin/")).text
    for template in load_templates():
        assert f'value="{template.name}"' in page
    assert "A tool that puts chest X-rays" in page


def test_a_text_that_cannot_be_read_says_why_at_its_field_and_is_kept(site: Site) -> None:
    draft = begun(site)
    page = sent(site, f"{draft}edit/", text="title: half a protocol\n", save="save")
    assert "nhsuk-error-message" in page and "kind" in page
    assert "half a protocol" in site.client(WHO).get(f"{draft}edit/").text
    assert "A draft that cannot be read yet" in site.client(WHO).get(draft).text


def test_checking_does_not_save(site: Site) -> None:
    draft = begun(site)
    before = site.client(WHO).get(f"{draft}protocol.yaml").text
    sent(site, f"{draft}edit/", text=before + "# a thought\n", check="check")
    assert site.client(WHO).get(f"{draft}protocol.yaml").text == before


def test_a_run_that_waits_is_followed_with_and_without_scripts(site: Site) -> None:
    page = sent(
        site, place(site, f"protocols/{site.known['protocol']}/run/"), test_set=str(site.known["test_set"])
    )
    assert "Waiting to begin." in page
    assert 'hx-trigger="every 2s"' in page
    assert "Look again" in page


def test_the_truth_is_on_no_page(site: Site) -> None:
    known = site.known
    for rest in (f"data/{known['test_set']}/", f"protocols/{known['protocol']}/", ""):
        assert "c041" not in site.client(WHO).get(place(site, rest)).text


@pytest.mark.need("E06")
def test_how_often_the_truth_was_opened_stands_on_protocol_test_set_and_run(site: Site) -> None:
    known = site.known
    for rest in (f"protocols/{known['protocol']}/", f"data/{known['test_set']}/", f"runs/{known['run']}/"):
        page = without_explanations(site.client(WHO).get(place(site, rest)).text)
        assert "This test set has been opened 2 times, for 2 product versions" in page, rest


@pytest.mark.need("E12")
def test_evaluation_and_live_use_stand_in_one_chart_with_its_table(site: Site) -> None:
    page = without_explanations(site.client(WHO).get(place(site)).text)
    assert "No usable answer, from the evaluation into live use" in page
    assert re.search(r"<th scope=\"row\"[^>]*>evaluation</th><td[^>]*>evaluation</td>", page)
    assert re.search(r"<th scope=\"row\"[^>]*>20\d\d-\d\d</th><td[^>]*>live</td>", page)


def test_the_files_of_a_run_are_its_own_bytes(site: Site) -> None:
    import hashlib

    known = site.known
    result = site.client(WHO).get(place(site, f"runs/{known['run']}/files/result/"))
    digest = hashlib.sha256(result.content).hexdigest()
    assert digest[:12] in site.client(WHO).get(place(site, f"runs/{known['run']}/")).text
    assert site.client(WHO).get(place(site, f"runs/{known['run']}/files/secret/")).status_code == 404


@pytest.mark.need("E08")
def test_two_products_on_the_same_films_are_compared_film_by_film(site: Site) -> None:
    page = without_explanations(site.client(WHO).get(place(site, f"runs/{site.known['run']}/compare/")).text)
    assert "Paired: both answered the same 90 cases." in page
    assert "Tango score interval; McNemar" in page and "DeLong paired" in page
