"""A report shows its labels, fetches nothing, and can be read by who cannot see it."""

from __future__ import annotations

import builtins
import re
import xml.etree.ElementTree as ElementTree
import zlib

import pytest

from alarp.kernel import Unavailable
from alarp.report import document, draw, to_html, to_pdf, to_svg
from alarp.report.charts import ChartWithoutText, roc

SVG = "{http://www.w3.org/2000/svg}"
TABLE = {
    "caption": "Numbers",
    "columns": ["Group", "Estimate"],
    "rows": [["all", "0.9"], ["<b>", "0.8"]],
    "note": "",
}
ROC = {
    "chart": "roc",
    "title": "ROC of A & B",
    "description": "The area is 0.9.",
    "points": [{"one_minus_specificity": x, "sensitivity": y} for x, y in ((0, 0), (0.1, 0.8), (1, 1))],
    "operating_point": {"one_minus_specificity": 0.1, "sensitivity": 0.8},
    "table": TABLE,
}
ROWS = [
    {"label": "site=A", "estimate": 0.9, "low": 0.8, "high": 0.95, "n": 40, "weak": False},
    {"label": "site=B", "estimate": 0.5, "low": None, "high": None, "n": 3, "weak": True},
]
FOREST = {
    "chart": "forest",
    "title": "Sites",
    "description": "A 0.9, B 0.5.",
    "x_title": "Sensitivity",
    "rows": ROWS,
    "table": TABLE,
}
STORY = {
    "title": "Evaluation of <X>", "lead": "X, version 1.", "warnings": ["Mind this."], "summary": ["Of 100 people, 95."],
    "claims": TABLE, "provenance": [["Hash", "abc"]],
    "sections": [{"heading": "Ranking", "paragraphs": ["Text."], "charts": [ROC, FOREST], "tables": [TABLE]}],
}  # fmt: skip


def texts(svg):
    return [node.text for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("chart", "labels"),
    [
        (ROC, {"1 − specificity", "Sensitivity", "operating point", "0.5"}),
        (FOREST, {"Sensitivity", "site=A (n = 40)", "site=B (n = 3)"}),
        (FOREST | {"chart": "bars", "x_title": "Dice"}, {"Dice", "site=A (n = 40)"}),
    ],
)
def test_every_label_of_a_chart_is_drawn_as_text(chart, labels):
    assert labels <= set(texts(draw(chart)))


def test_a_chart_has_a_name_and_a_description_and_is_one_picture_to_a_screen_reader():
    root = ElementTree.fromstring(draw(ROC))
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == "ROC of A & B"
    assert root.find(f"{SVG}desc").text == "The area is 0.9."
    assert not [n for n in root.iter() if n is not root and any(k.startswith("aria") for k in n.attrib)]


def test_a_chart_is_styled_by_attributes_because_a_pdf_ignores_a_style_sheet():
    assert "<style" not in draw(ROC)
    assert "#005eb8" in draw(ROC)


def test_a_group_too_small_to_tell_has_another_shape_and_not_only_another_colour():
    marks = [
        n.get("d")
        for n in ElementTree.fromstring(draw(FOREST)).iter(f"{SVG}path")
        if n.get("stroke-width") != "0"
    ]
    shapes = {re.sub(r"[-\d.]+", "#", d) for d in marks if d and ("A" in d or "h" in d.lower())}
    assert any("A" in shape for shape in shapes)
    assert any("A" not in shape for shape in shapes)


def test_a_chart_that_lost_its_labels_is_refused(monkeypatch):
    monkeypatch.setattr(
        "alarp.report.charts.vl_convert.vegalite_to_svg", lambda spec: "<svg xmlns='x'><g/></svg>"
    )
    with pytest.raises(ChartWithoutText, match="without its label"):
        to_svg(roc(ROC), title="t", description="d")


def test_the_same_numbers_draw_the_same_bytes():
    assert draw(ROC) == draw(ROC)


class TestPage:
    page = to_html(document(STORY))

    def test_nothing_is_fetched_from_anywhere(self):
        assert not re.findall(r"<(?:script|link|img|iframe)|@import|url\(", self.page)
        assert set(re.findall(r"https?://[^\"'\s<]+", self.page)) <= {
            "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink",
        }  # fmt: skip

    def test_what_a_protocol_says_cannot_become_markup(self):
        assert "Evaluation of &lt;X&gt;" in self.page
        assert "<b>" not in self.page

    def test_every_figure_has_its_table_beside_it(self):
        assert self.page.count("<figure>") == 2
        for figure in self.page.split("</figure>")[1:]:
            assert figure.lstrip().startswith('<div class="scroll"')

    def test_the_warning_stands_before_the_summary_and_the_summary_before_the_sections(self):
        places = [self.page.index(text) for text in ("Mind this.", "Of 100 people, 95.", "Ranking</h2>")]
        assert places == sorted(places)

    def test_tables_have_captions_and_headings_with_scope(self):
        assert self.page.count("<caption>") == self.page.count("<table>")
        assert '<th scope="col">Estimate</th>' in self.page
        assert '<th scope="row">all</th>' in self.page


def _inflated(stream):
    try:
        return zlib.decompress(stream.strip(b"\r\n"))
    except zlib.error:
        return stream


def test_the_pdf_is_tagged_and_declares_its_language_and_standard():
    pdf = to_pdf(to_html(document(STORY)))
    assert pdf.startswith(b"%PDF-1.7")
    content = b"".join(_inflated(part) for part in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL))
    assert b"pdfuaid:part" in content
    assert b"/StructTreeRoot" in pdf + content
    assert b"/Lang (en-GB)" in pdf + content


def test_a_missing_system_library_is_a_sentence_that_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(Unavailable, match="install libpango") as missing:
        to_pdf("<p>x</p>")
    assert missing.value.phase == "pdf"


@pytest.mark.need("E05")
def test_what_a_picture_shows_stands_beside_it_in_words_for_everybody():
    html = to_html(document(STORY))
    for chart in (ROC, FOREST):
        assert re.search(rf"<figcaption>[^<]*<span class=\"told\">{chart['description']}</span>", html)


def test_three_warnings_nine_sentences_and_six_claims_are_one_page_for_the_board():
    from weasyprint import HTML

    sentence = (
        "Of 100 people with the disease, it flags 93 (between 79 and 98); the others it misses, one in ten. "
        * 2
    )
    much = STORY | {
        "warnings": ["Exploratory: the protocol was not locked before the truth was read, so beware. " * 2]
        * 3,
        "summary": [sentence] * 9,
        "claims": TABLE | {"rows": [["Lower end of the interval of sensitivity at least 0.8", "0.9"]] * 6},
        "sections": [],
    }
    pages = HTML(string=to_html(document(much))).render().pages
    assert len(pages) == 2, "the board's page, and where it comes from"
