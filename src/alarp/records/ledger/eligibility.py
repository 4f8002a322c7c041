"""Is this study one that the tool is meant for, and which of its images? Rules in, every reason against it out. Pure.

Two kinds of rules: those about the study (its kind, its patient, its equipment), and those about its objects, which
choose what is sent. An object of a kind that the tool does not take (a dose report) stays here without a word; an image
that it would take, but not so (another transfer syntax, slices too far apart), stays with the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydicom.uid import UID_dictionary

from alarp.identity import Gaps
from alarp.kernel import BadInput


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
    model: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """What the rules look at in one object of the study."""

    pk: int
    modality: str
    series_uid: str = ""
    sop_class: str = ""
    transfer_syntax: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which objects go, why none goes, and what stays here for which reason."""

    taken: frozenset[int]
    refusals: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()


LISTS = {
    "modalities": "modality",
    "body_parts": "body part",
    "views": "view",
    "sexes": "sex",
    "manufacturers": "manufacturer",
    "manufacturers_excluded": "manufacturer",
    "models": "model",
    "models_excluded": "model",
    "sop_classes": "SOP class",
    "transfer_syntaxes": "transfer syntax",
}
SPACING = ("slice_spacing_min_mm", "slice_spacing_max_mm")
NUMBERS = ("age_min_years", "age_max_years", "instances_min", *SPACING)
ROUNDING_MM = 0.01
"""Positions are written in decimals: 0.6 mm comes as 0.60001."""


def plain(word: str) -> str:
    """How two spellings of a code are compared: 'Ankle ' and 'ANKLE' are one."""
    return " ".join(word.upper().replace("_", " ").split())


def refusals(rules: Mapping[str, Any], study: Candidate) -> tuple[str, ...]:
    """Why is this study outside these rules? Nothing when it fits; what is not stated does not fit.

    Keys: those of `LISTS` (lists of words) and `NUMBERS`; about single objects see `choose`. A rule that nobody
    knows, or that is written wrongly, refuses everything: what cannot be read must not be passed.
    """
    found = [study.held_because] if study.held_because else []
    if wrong := faults(rules):
        return (*found, *wrong)
    found += _modality(rules, study)
    for key, value in (("body_parts", study.body_part), ("views", study.view), ("sexes", study.sex)):
        found += _among(LISTS[key], value, rules.get(key))
    found += _equipment("manufacturer", "manufacturers", rules, study.manufacturer)
    found += _equipment("model", "models", rules, study.model)
    found += _age(rules, study.age_years)
    least = rules.get("instances_min")
    if least is not None and study.instances < least:
        found.append(f"The study has {study.instances} images; the tool needs {least}.")
    return tuple(found)


def faults(rules: Mapping[str, Any]) -> tuple[str, ...]:
    """Which of these rules is none, or is not written as it has to be? One sentence each."""
    found = []
    for key, value in sorted(rules.items()):
        if key in NUMBERS:
            if not isinstance(value, (int, float)) or isinstance(value, bool) or value < 0:
                found.append(f"The rule '{key}' is {value!r}; give a number.")
        elif key not in LISTS:
            found.append(f"The rule '{key}' is unknown.")
        elif not isinstance(value, (list, tuple)) or not all(
            isinstance(word, str) and word for word in value
        ):
            found.append(f"The rule '{key}' is {value!r}; give a list of words.")
    return tuple(found)


def check(rules: Mapping[str, Any]) -> None:
    """Raises BadInput in one sentence for the first rule that is none: entered so, it would let nothing through."""
    for fault in faults(rules):
        known = ", ".join(sorted((*LISTS, *NUMBERS)))
        raise BadInput(f"{fault} The rules are: {known}.")


def asks_for_spacing(rules: Mapping[str, Any]) -> bool:
    """Must it be known how far apart the slices lie? That takes a look at every image of the study."""
    return any(key in rules for key in SPACING)


def taken(rules: Mapping[str, Any], modality: str, sop_class: str = "") -> bool:
    """Is an object of this modality and SOP class among what the tool takes?"""
    modalities, classes = rules.get("modalities"), rules.get("sop_classes")
    if modalities is not None and plain(modality) not in {plain(word) for word in modalities}:
        return False
    return classes is None or _named(sop_class, classes)


def choose(
    rules: Sequence[Mapping[str, Any]], items: Sequence[Item], gaps: Mapping[str, Gaps | None] | None = None
) -> Choice:
    """Which of these objects go to the tool? `gaps`: of each series, where a rule asks for it (None: not known).

    One image in a transfer syntax that the tool does not take keeps the study here: the others would be a part of it.
    A series whose slices lie otherwise than the tool takes them stays; the others go, and where none does, none goes.
    """
    wanted = [item for item in items if all(taken(one, item.modality, item.sop_class) for one in rules)]
    by_modality = [item for item in items if all(taken(_only_modality(one), item.modality) for one in rules)]
    if not wanted:
        return Choice(frozenset(), tuple(s for one in rules for s in _classes(one, by_modality)))
    refused = [sentence for one in rules for sentence in _syntaxes(one, wanted)]
    stays: dict[str, str] = {}
    for series in dict.fromkeys(item.series_uid for item in wanted):
        images = [item for item in wanted if item.series_uid == series]
        for one in rules:
            if asks_for_spacing(one) and (why := _spacing(one, (gaps or {}).get(series))):
                of = f"a series of {_count(len(images))} ({images[0].modality})"
                stays[series] = f"The slice spacing of {of} is {why}"
    left = frozenset(item.pk for item in wanted if item.series_uid not in stays)
    if not left:
        return Choice(frozenset(), (*refused, *stays.values()))
    return Choice(frozenset() if refused else left, tuple(refused), tuple(stays.values()))


def _only_modality(rules: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in rules.items() if key == "modalities"}


def _count(images: int) -> str:
    return "1 image" if images == 1 else f"{images} images"


def _named(uid: str, words: Iterable[str]) -> bool:
    """Is this UID among these, which may be written as UIDs, names or keywords?"""
    name, *_, keyword = UID_dictionary.get(uid, (uid, ""))[:5]
    return bool({plain(uid), plain(name), plain(keyword)} & {plain(word) for word in words if word})


def _classes(rules: Mapping[str, Any], items: Sequence[Item]) -> list[str]:
    wanted = rules.get("sop_classes")
    found = {_name(item.sop_class) for item in items if not taken(rules, item.modality, item.sop_class)}
    if wanted is None or not found:
        return []
    return [f"The SOP class is {', '.join(sorted(found))}; the tool takes {' or '.join(map(_name, wanted))}."]


def _syntaxes(rules: Mapping[str, Any], images: Sequence[Item]) -> list[str]:
    wanted = rules.get("transfer_syntaxes")
    strange = [one for one in images if wanted is not None and not _named(one.transfer_syntax, wanted)]
    if not strange:
        return []
    names = ", ".join(sorted({_name(one.transfer_syntax) for one in strange}))
    of = f"{len(strange)} of {_count(len(images))}"
    return [
        f"The transfer syntax of {of} is {names}; the tool takes {' or '.join(map(_name, wanted)) or 'nothing'}."
    ]


def _name(uid: str) -> str:
    return UID_dictionary[uid][0] if uid in UID_dictionary else uid or "not stated"


def _spacing(rules: Mapping[str, Any], found: Gaps | None) -> str:
    """What of the spacing is not as the tool takes it? Empty: nothing."""
    if found is None:
        return "not stated; the tool has a limit."
    least, most = (rules.get(key) for key in SPACING)
    apart = _mm(found.largest_mm)
    if found.largest_mm - found.smallest_mm > ROUNDING_MM:
        apart = f"{_mm(found.smallest_mm)} to {apart}"
    if most is not None and found.largest_mm > most + ROUNDING_MM:
        return f"{apart} mm; the tool takes up to {most:g} mm."
    if least is not None and found.smallest_mm < least - ROUNDING_MM:
        return f"{apart} mm; the tool takes {least:g} mm and more."
    return ""


def _mm(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


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


def _equipment(what: str, key: str, rules: Mapping[str, Any], found: str) -> list[str]:
    """Names of makers and models vary ('SIEMENS', 'Siemens Healthineers'): a rule's word has to begin the name."""
    name = plain(found)
    wanted, excluded = rules.get(key), rules.get(f"{key}_excluded") or ()
    if wanted is not None and not any(name.startswith(plain(word)) for word in wanted):
        return [f"The {what} is {name or 'not stated'}; the tool takes {_listed(wanted)}."]
    if any(name.startswith(plain(word)) for word in excluded):
        return [f"The {what} {name} is excluded."]
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
