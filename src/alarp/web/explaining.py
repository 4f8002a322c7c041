"""Which words of this page need an explanation? The first time each comes it carries its meaning with it.

The layout runs every page's content through `explained`, so that no template has to remember. A word is marked where
the glossary says `mark`; never inside a link, a button, a form's label, a table, a picture or code, where a second
link would be in the way.
"""

from __future__ import annotations

import re
from functools import cache

from django.urls import reverse
from markupsafe import Markup, escape

from alarp.standards.glossary import Term, load_terms

_TAG = re.compile(r"(<!--.*?-->|<[^>]+>)", re.DOTALL)
_NAME = re.compile(r"</?\s*([a-zA-Z][a-zA-Z0-9]*)")
_CLOSED_AT_ONCE = frozenset({"br", "hr", "img", "input", "link", "meta", "source", "wbr"})
# Inside these nothing is marked.
_LEFT_ALONE = frozenset(
    {"a", "button", "code", "dl", "form", "h1", "nav", "pre", "script", "style", "summary", "svg", "table"}
)


@cache
def _marked() -> tuple[dict[str, Term], re.Pattern[str]]:
    """The words that are marked, in lower case, and one pattern that finds them: the longest first."""
    terms = {term.word.casefold(): term for term in load_terms().values() if term.mark}
    longest = sorted(terms, key=len, reverse=True)
    return terms, re.compile(rf"\b({'|'.join(map(re.escape, longest))})(s?)\b", re.IGNORECASE)


def explained(content: str) -> Markup:
    """The same content, with the meaning of each technical word beside its first appearance."""
    terms, pattern = _marked()
    seen: set[str] = set()

    def mark(found: re.Match[str]) -> str:
        term = terms[found.group(1).casefold()]
        if term.slug in seen or not _same_case(term.word, found.group(1)):
            return found.group(0)
        seen.add(term.slug)
        return as_html(term, found.group(0))

    pieces, left_alone = [], 0
    for piece in _TAG.split(str(content)):
        if piece.startswith("<"):
            left_alone += _depth(piece)
            pieces.append(piece)
        else:
            pieces.append(pattern.sub(mark, piece) if not left_alone and terms else piece)
    return Markup("".join(pieces))


def _same_case(word: str, found: str) -> bool:
    """'PSI' is the index; 'psi' could be anything. A word in small letters may begin a sentence."""
    return found == word if word.isupper() else True


def _depth(tag: str) -> int:
    """Does this tag lead into (1) or out of (-1) something that is left alone?"""
    name = _NAME.match(tag)
    if name is None or name.group(1).lower() not in _LEFT_ALONE - _CLOSED_AT_ONCE or tag.endswith("/>"):
        return 0
    return -1 if tag.startswith("</") else 1


def as_html(term: Term, text: str = "") -> Markup:
    """The word with its meaning one hover, focus or tap away, and the glossary behind it; without scripts."""
    return Markup(
        '<span class="alarp-term"><a class="alarp-term__word" href="{}#{}">{}</a>'
        '<span class="alarp-term__says" role="tooltip">{}</span></span>'
    ).format(reverse("glossary"), term.slug, Markup(text) if text else escape(term.word), term.says)
