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


def in_words(sentence: str) -> str:
    """A sentence of the records with the titles of roles instead of their slugs."""
    for slug, title in role_titles().items():
        if slug in sentence:
            sentence = re.sub(
                rf"(?<![\w-]){re.escape(slug)}(?![\w-])", title[:1].lower() + title[1:], sentence
            )
    return sentence
