"""What are patients told, in which words? Pure: facts in, parts out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alarp.kernel import BadInput
from alarp.standards.governance import PatientText

Told = list[list[Any]]  # [[heading, [sentence, …]], …]

_LONGEST = 400


@dataclass(frozen=True, slots=True)
class PublicFacts:
    """What the deployment's record says that a patient is told."""

    tool: str
    version: str
    supplier: str
    site: str
    trust: str
    country: str
    retention: str
    processor: str


def checked(given: Mapping[str, str], text: PatientText) -> dict[str, str]:
    """The answers a person gave, whole and trimmed; BadInput names the first that is missing or too long."""
    answers = {}
    for ask in text.asks:
        said = " ".join(str(given.get(ask.slug, "")).split())
        if not said:
            raise BadInput(f"'{ask.title}' has no answer; patients would be left with a gap. Fill it in.")
        if len(said) > _LONGEST:
            raise BadInput(f"'{ask.title}' has {len(said)} characters; say it in at most {_LONGEST}.")
        answers[ask.slug] = said
    return answers


def compose(
    text: PatientText, facts: PublicFacts, given: Mapping[str, str], evaluation: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The parts in full and in easy words, filled in from the record, the answers and the local evaluation."""
    accuracy = accuracy_sentences(text, given["condition"], evaluation)
    values = {
        **{name: _within(getattr(facts, name)) for name in PublicFacts.__dataclass_fields__},
        **{name: _within(said) for name, said in given.items()},
        **{name: _sentence(given[name]) for name in ("benefit", "risk", "training", "object", "complain")},
        "decides_sentence": _upper(_within(given["decides"])),
        "accuracy": accuracy["full"],
        "accuracy_easy": accuracy["easy"],
    }
    told: dict[str, Any] = {
        form: [[part.heading, [line.format(**values) for line in getattr(part, form)]] for part in text.parts]
        for form in ("full", "easy")
    }
    return told | {"counts": counts(given["condition"], evaluation)}


def counts(condition: str, evaluation: Mapping[str, Any] | None) -> dict[str, Any]:
    """Out of 100 people, how many does a detecting tool find and miss here? Empty when it was not measured."""
    rows = _overall(evaluation)
    if (evaluation or {}).get("kind") != "detection" or not {"sensitivity", "specificity"} <= set(rows):
        return {}
    found = round(100 * rows["sensitivity"]["estimate"])
    return {
        "condition": _within(condition),
        "found": found,
        "missed": 100 - found,
        "wrong": round(100 * (1 - rows["specificity"]["estimate"])),
        "with_it": rows["sensitivity"]["n"],
        "without_it": rows["specificity"]["n"],
        "sure": _sure(rows["sensitivity"]),
    }


def _sure(row: Mapping[str, Any]) -> str:
    """How sure is the number? Its interval in people of 100, where there is one."""
    if row.get("low") is None or row.get("high") is None:
        return ""
    low, high = round(100 * row["low"]), round(100 * row["high"])
    return f" We tested {row['n']} people with it, so the true number that it points out may lie between {low} and {high}."


def _overall(evaluation: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    return {
        row["measure"]: row
        for row in (evaluation or {}).get("measures", ())
        if row.get("subgroup") == "all" and row.get("estimate") is not None
    }


def accuracy_sentences(
    text: PatientText, condition: str, evaluation: Mapping[str, Any] | None
) -> Mapping[str, str]:
    """How well does it work here, in natural frequencies? 'Of 100 people with …', from the signed evaluation.

    Without a local evaluation, or one that could not measure it, the text says that it is not known yet.
    """
    kind = (evaluation or {}).get("kind", "")
    cases = (evaluation or {}).get("enrolled", 0)
    rows, values = _overall(evaluation), counts(condition, evaluation)
    if kind == "contouring" and "dice" in rows:
        values = {"overlap": round(100 * rows["dice"]["estimate"])}
        cases = (evaluation or {}).get("figures", {}).get("cases", cases)
    if not values:
        return text.accuracy["unknown"]
    values |= {"condition": _within(condition), "cases": cases}
    return {form: line.format(**values) for form, line in text.accuracy[kind].items()}


def lines_of(told: Told) -> str:
    """The running text, one sentence group a line: what reading ease is measured on."""
    return "\n".join(line for _, lines in told for line in lines)


def _within(words: str) -> str:
    """Words that stand inside a sentence bring no full stop of their own."""
    return words.strip().rstrip(".")


def _upper(words: str) -> str:
    return words[:1].upper() + words[1:]


def _sentence(words: str) -> str:
    said = _upper(words.strip())
    return said if said.endswith((".", "!", "?")) else said + "."
