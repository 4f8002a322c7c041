"""Is this study one that the tool is meant for? Rules in, every reason against it out. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the rules look at: the study as its headers describe it."""

    modalities: frozenset[str]
    body_part: str = ""
    view: str = ""
    age_years: float | None = None
    sex: str = ""
    manufacturer: str = ""
    instances: int = 0
    held_because: str = ""


LISTS = {
    "modalities": "modality",
    "body_parts": "body part",
    "views": "view",
    "sexes": "sex",
    "manufacturers": "manufacturer",
    "manufacturers_excluded": "manufacturer",
}
NUMBERS = ("age_min_years", "age_max_years", "instances_min")


def plain(word: str) -> str:
    """How two spellings of a code are compared: 'Ankle ' and 'ANKLE' are one."""
    return " ".join(word.upper().replace("_", " ").split())


def refusals(rules: Mapping[str, Any], study: Candidate) -> tuple[str, ...]:
    """Why is this study outside these rules? Nothing when it fits; what is not stated does not fit.

    Keys: `modalities, body_parts, views, sexes, manufacturers, manufacturers_excluded` (lists),
    `age_min_years, age_max_years, instances_min`. A key that nobody knows refuses everything: a rule
    that cannot be read must not be passed.
    """
    found = [study.held_because] if study.held_because else []
    found += [f"The rule '{key}' is unknown." for key in sorted(set(rules) - set(LISTS) - set(NUMBERS))]
    found += _modality(rules, study)
    for key, value in (("body_parts", study.body_part), ("views", study.view), ("sexes", study.sex)):
        found += _among(LISTS[key], value, rules.get(key))
    found += _maker(rules, study.manufacturer)
    found += _age(rules, study.age_years)
    least = rules.get("instances_min")
    if least is not None and study.instances < least:
        found.append(f"The study has {study.instances} images; the tool needs {least}.")
    return tuple(found)


def taken(rules: Mapping[str, Any], modality: str) -> bool:
    """Is an object of this modality among what the tool takes?"""
    wanted = rules.get("modalities")
    return wanted is None or plain(modality) in {plain(word) for word in wanted}


def _modality(rules: Mapping[str, Any], study: Candidate) -> list[str]:
    wanted = rules.get("modalities")
    if wanted is None or any(taken(rules, modality) for modality in study.modalities):
        return []
    have = ", ".join(sorted(study.modalities - {""})) or "not stated"
    return [f"The modality is {have}; the tool takes {_listed(wanted)}."]


def _among(what: str, value: str, wanted: Collection[str] | None) -> list[str]:
    if wanted is None or plain(value) in {plain(word) for word in wanted}:
        return []
    return [f"The {what} is {plain(value) or 'not stated'}; the tool takes {_listed(wanted)}."]


def _maker(rules: Mapping[str, Any], manufacturer: str) -> list[str]:
    """Makers' names vary ('SIEMENS', 'Siemens Healthineers'): a rule's word has to begin the name."""
    name = plain(manufacturer)
    wanted, excluded = rules.get("manufacturers"), rules.get("manufacturers_excluded") or ()
    if wanted is not None and not any(name.startswith(plain(word)) for word in wanted):
        return [f"The manufacturer is {name or 'not stated'}; the tool takes {_listed(wanted)}."]
    if any(name.startswith(plain(word)) for word in excluded):
        return [f"The manufacturer {name} is excluded."]
    return []


def _age(rules: Mapping[str, Any], age_years: float | None) -> list[str]:
    low, high = rules.get("age_min_years"), rules.get("age_max_years")
    if low is None and high is None:
        return []
    if age_years is None:
        return ["The age is not stated and the tool has an age limit."]
    if low is not None and age_years < low:
        return [f"The patient is {int(age_years)}; the tool is for {low:g} and over."]
    if high is not None and age_years > high:
        return [f"The patient is {int(age_years)}; the tool is for {high:g} and under."]
    return []


def _listed(words: Collection[str]) -> str:
    return " or ".join(plain(word) for word in words) or "nothing"
