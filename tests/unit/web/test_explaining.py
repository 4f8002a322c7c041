"""Every technical word carries its meaning where it first comes on a page, and nowhere where it would be in the way."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alarp.standards.glossary import load_terms
from alarp.web.explaining import explained

TEMPLATES = Path(__file__).resolve().parents[3] / "src" / "alarp" / "web" / "templates"


@pytest.mark.need("H24")
def test_a_technical_word_is_explained_where_it_first_comes_and_only_there() -> None:
    page = explained("<p>The quarantine holds it.</p><p>Look into the quarantine.</p>")
    assert page.count("alarp-term__says") == 1
    assert page.index("alarp-term__says") < page.index("Look into")
    assert load_terms()["quarantine"].says.split(".")[0] in page


@pytest.mark.parametrize(
    "page",
    [
        '<a href="/quarantine/">quarantine</a>',
        "<table><tr><td>quarantine</td></tr></table>",
        "<svg><text>quarantine</text></svg>",
        '<p title="quarantine">no word here</p>',
        "<form><label>quarantine</label></form>",
        "<h1>Quarantine</h1>",
    ],
)
def test_a_word_in_a_link_a_table_a_picture_or_a_form_is_left_alone(page: str) -> None:
    assert explained(page) == page


def test_the_page_itself_is_not_changed_but_for_the_explanations() -> None:
    page = '<p class="a">A reconciliation &amp; a <b>quarantine</b>: 3 &lt; 4</p>'
    bare = re.sub(
        r'<span class="alarp-term"><a[^>]*>(.*?)</a><span[^>]*>.*?</span></span>', r"\1", explained(page)
    )
    assert bare == page


def test_an_abbreviation_is_known_by_its_capitals() -> None:
    marked = [t for t in load_terms().values() if t.mark and t.word.isupper()]
    for term in marked:
        assert "alarp-term" in explained(f"<p>The {term.word} rose.</p>")
        assert "alarp-term" not in explained(f"<p>The {term.word.lower()} rose.</p>")


def test_every_word_that_a_template_explains_by_hand_is_in_the_glossary() -> None:
    used = {
        slug
        for file in TEMPLATES.rglob("*.jinja")
        for slug in re.findall(r"\bterm\(\s*[\"']([a-z0-9-]+)[\"']", file.read_text(encoding="utf-8"))
    }
    assert used <= set(load_terms())
