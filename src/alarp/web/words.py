"""Which titles do the national standards give to roles and gates? Read once per process."""

from __future__ import annotations

import re
from functools import cache

from alarp.standards import load_pathway, load_roles


@cache
def role_titles() -> dict[str, str]:
    """Role slug → title, such as 'clinical-safety-officer' → 'Clinical safety officer'."""
    return {role.slug: role.title for role in load_roles()}


@cache
def gate_titles(pathway: str) -> dict[str, str]:
    """Gate slug → title on this version of the pathway."""
    return {gate.slug: gate.title for gate in load_pathway(pathway).all_gates}


def role(slug: str) -> str:
    return role_titles().get(slug, slug.replace("-", " "))


def lowered(title: str) -> str:
    """A title inside a sentence: 'PACS manager' stays, 'Clinical lead' becomes 'clinical lead'."""
    return " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in title.split(" "))


def in_words(sentence: str) -> str:
    """A sentence of the records with the titles of roles instead of their slugs.

    A slug of one plain word ('reader', 'supplier') is replaced only where it can be nothing else than a role.
    """
    for slug, title in role_titles().items():
        if slug not in sentence:
            continue
        place = rf"(?<![\w-]){re.escape(slug)}(?![\w-])"
        if "-" not in slug:
            place = rf"(?<=joined as ){slug}(?=\.)|(?<=left as ){slug}(?=\.)|(?<=\(){slug}(?=\))|(?<=role ){slug}\b"
        sentence = re.sub(place, lowered(title), sentence)
    return sentence


def listed(names: list[str], most: int = 3) -> str:
    """'Ann, Bob and Cem', 'Ann, Bob and 11 others'."""
    if len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1} others"]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
