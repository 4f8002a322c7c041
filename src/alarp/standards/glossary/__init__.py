"""What does a technical word mean, in one plain sentence?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from alarp.kernel import BadInput

__all__ = ["Term", "load_headings", "load_term", "load_terms"]


PAGES = "Pages"


@dataclass(frozen=True, slots=True)
class Term:
    """One word as it is written, what it means, and under which heading it stands."""

    slug: str
    word: str
    says: str
    under: str = PAGES
    mark: bool = False  # shown with its meaning where it first comes on a page


@cache
def load_terms() -> dict[str, Term]:
    """Every word of the glossary by its slug, in the order of the file: heading by heading."""
    table = yaml.safe_load((files(__name__) / "terms.yaml").read_text(encoding="utf-8"))
    return {
        slug: Term(
            slug,
            str(row["word"]),
            " ".join(str(row["says"]).split()),
            str(row.get("under", PAGES)),
            bool(row.get("mark", False)),
        )
        for slug, row in table.items()
    }


def load_headings() -> dict[str, tuple[Term, ...]]:
    """The words under each heading, in the order in which the headings first come."""
    found: dict[str, tuple[Term, ...]] = {}
    for term in load_terms().values():
        found[term.under] = (*found.get(term.under, ()), term)
    return found


def load_term(slug: str) -> Term:
    """The word of this slug; BadInput when the glossary has none."""
    terms = load_terms()
    if slug not in terms:
        raise BadInput(f"The glossary has no term {slug!r}; add it to standards/glossary/terms.yaml.")
    return terms[slug]
