"""What does a technical word mean, in one plain sentence?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from alarp.kernel import BadInput

__all__ = ["Term", "load_term", "load_terms"]


@dataclass(frozen=True, slots=True)
class Term:
    """One word as it is written, and what it means."""

    slug: str
    word: str
    says: str


@cache
def load_terms() -> dict[str, Term]:
    """Every word of the glossary, by its slug, in alphabetical order of the words."""
    table = yaml.safe_load((files(__name__) / "terms.yaml").read_text(encoding="utf-8"))
    found = [Term(slug, str(row["word"]), " ".join(str(row["says"]).split())) for slug, row in table.items()]
    return {term.slug: term for term in sorted(found, key=lambda t: t.word.casefold())}


def load_term(slug: str) -> Term:
    """The word of this slug; BadInput when the glossary has none."""
    terms = load_terms()
    if slug not in terms:
        raise BadInput(f"The glossary has no term {slug!r}; add it to standards/glossary/terms.yaml.")
    return terms[slug]
