"""What does this protocol say in plain English, and what would a regulator or a statistician miss in it?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from alarp.evaluation.kinds import KindProtocol
from alarp.evaluation.pieces import name_of
from alarp.evaluation.protocol import NOT_STATED, Claim, Common
from alarp.evaluation.strategies import strategy

MUST, SHOULD = "must", "should"
_PLACEHOLDER = re.compile(r"<([^<>]{2,})>")
_WITH_PREVALENCE = ("detection", "triage", "localisation")
_WITH_SCALE = ("detection", "triage", "reader-study", "localisation", "prediction", "operational")
_DESIGNS = {
    "retrospective": "on cases of the past, whose answers were known to somebody before",
    "silent-prospective": "on new cases as they come, while nobody sees the tool's answers",
    "prospective": "on new cases as they come, while the tool is used",
    "trial": "in a trial",
    "document": "from documents",
}
_REFERENCES = {
    "pathology": "pathology",
    "follow-up": "what follow-up showed",
    "panel": "a panel of readers",
    "single reader": "one reader",
    "report text": "the text of the clinical report",
    "AI": "another AI",
}


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that the protocol does not say: which field, how badly it is needed, and what to do."""

    level: str  # "must" or "should"
    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A protocol in plain English: what it does, what to beware of, and what it leaves open."""

    sentences: tuple[str, ...]
    warnings: tuple[str, ...]
    gaps: tuple[Gap, ...]

    @property
    def placeholders(self) -> tuple[Gap, ...]:
        """Which fields still hold a template's <placeholder>? None of these can be locked."""
        return tuple(gap for gap in self.gaps if gap.sentence.startswith("Fill in"))

    def as_dict(self) -> dict[str, Any]:
        """The same for a script."""
        return asdict(self)


def explain(protocol: KindProtocol) -> Explanation:
    """What is tested, on whom, what counts as right, what happens to failures, what is claimed, what is missing?"""
    common = protocol.common
    said = [
        _what(common),
        _on_whom(common),
        _truth(common),
        *strategy(common.kind, common.declared),
        "When the tool fails, refuses or gives no clear answer, the case stays in the count and its answer counts as "
        "wrong; best case, worst case and answered cases only are shown beside it.",
        _groups(common),
        _prevalence(common),
        *_claims(common),
    ]
    return Explanation(
        tuple(sentence for sentence in said if sentence),
        tuple(_warnings(common)),
        tuple(sorted(_gaps(common), key=lambda gap: gap.level != MUST)),
    )


def _what(common: Common) -> str:
    product = common.product_name
    if product != NOT_STATED and common.product_version != NOT_STATED:
        product += f", version {common.product_version}"
    text = f"It tests {product if product != NOT_STATED else 'a product that it does not name'}"
    return text + (
        f", meant to be used so: {common.intended_use}." if common.intended_use != NOT_STATED else "."
    )


def _on_whom(common: Common) -> str:
    text = "The people: " + (
        f"{common.population}" if common.population != NOT_STATED else "the protocol does not say who"
    )
    if common.design != NOT_STATED:
        text += f"; {_DESIGNS[common.design]}"
    if common.data_source != NOT_STATED:
        text += f". The data: {common.data_source}"
    return text.rstrip(".") + "."


def _truth(common: Common) -> str:
    reference = common.reference
    if reference.description == NOT_STATED:
        return "Who says what is true: the protocol does not say."
    text = f"Who says what is true: {_REFERENCES.get(reference.kind, reference.description)}"
    if reference.kind != NOT_STATED and reference.description != reference.kind:
        text += f" ({reference.description})"
    if reference.readers is not None:
        text += f", {reference.readers} reader{'s' * (reference.readers != 1)}"
    if reference.adjudication != NOT_STATED:
        text += f"; where they differ: {reference.adjudication}"
    if reference.blinded is not None:
        text += f"; {'blind to' if reference.blinded else 'NOT blind to'} the tool's answers"
    return text + "."


def _groups(common: Common) -> str:
    if not common.subgroups:
        return "No subgroups are looked at."
    return (
        f"It is also counted for each {', '.join(common.subgroups)}, each against the rest, with the p values adjusted "
        f"for their number; with fewer than {common.minimum_n} cases a group is 'too few to tell'."
    )


def _prevalence(common: Common) -> str:
    found = common.prevalence
    if found is None:
        return ""
    bounds = (
        f" (between {100 * found.low:g} % and {100 * found.high:g} %)"
        if found.low is not None and found.high is not None
        else ""
    )
    source = f", from {found.source}" if found.source != NOT_STATED else ""
    return f"Where it would be used, {100 * found.estimate:g} % have the condition{bounds}{source}."


def _claims(common: Common) -> Iterator[str]:
    if not common.claims:
        yield "It promises nothing: the result can neither pass nor fail."
    for number, claim in enumerate(common.claims, start=1):
        yield f"Claim {number}: {_in_words(claim, common.level)}"


def _in_words(claim: Claim, level: float) -> str:
    what = name_of(claim.measure)
    if claim.a is not None:
        what += f" of {claim.a} minus that of {claim.b}"
    if claim.subgroup != "all":
        what += f", for {claim.subgroup},"
    limit = f"{'at least' if claim.side == 'at_least' else 'at most'} {claim.limit:g}"
    if claim.on == "estimate":
        return f"{what} is {limit}, taking the number found as it is."
    careful = (claim.on == "low") == (claim.side == "at_least")
    bound = "lower" if claim.on == "low" else "upper"
    sure = ", so that chance alone does not keep the promise" if careful else ", which chance alone can keep"
    return f"the {bound} end of the {100 * level:g} % interval of {what} is {limit}{sure}."


def _warnings(common: Common) -> Iterator[str]:
    if common.reference.is_ai:
        yield (
            "The reference is itself an AI: the numbers will say how far two programs agree, not how far either is "
            "right. No claim of accuracy can rest on them."
        )
    if common.reference.blinded is False:
        yield "Whoever made the truth saw the tool's answers: agreement will look better than it is."
    for number, claim in enumerate(common.claims, start=1):
        if (claim.on, claim.side) in (("high", "at_least"), ("low", "at_most")):
            yield f"Claim {number} is judged on the end of the interval that flatters the tool."


def _gaps(common: Common) -> Iterator[Gap]:
    yield from _unfilled(common.declared, "")
    yield from _unsaid(common)
    yield from _untested(common)


def _unfilled(value: Any, where: str) -> Iterator[Gap]:
    """Which fields still hold a template's <placeholder>?"""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _unfilled(item, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list):
        for number, item in enumerate(value, start=1):
            yield from _unfilled(item, f"{where}[{number}]")
    elif isinstance(value, str) and (found := _PLACEHOLDER.search(value)):
        yield Gap(MUST, where, f"Fill in '{where}': {found[1].strip()}.")


def _unsaid(common: Common) -> Iterator[Gap]:
    """What does the protocol leave unsaid that every reader of the result asks first?"""
    reference = common.reference
    if common.product_name == NOT_STATED or common.product_version == NOT_STATED:
        yield Gap(
            MUST, "product", "Say which product and which version is tested: another version is another tool."
        )
    if common.intended_use == NOT_STATED:
        yield Gap(MUST, "intended_use", "Say what the tool is for, and who acts on its answer.")
    if common.population == NOT_STATED:
        yield Gap(MUST, "population", "Say whose cases are enrolled, and who is left out.")
    if reference.kind == NOT_STATED:
        yield Gap(
            MUST,
            "reference_standard.kind",
            "Say what kind of truth it is: pathology, follow-up, panel, single reader, report text or AI.",
        )
    if reference.readers is None and reference.kind in ("panel", "single reader", NOT_STATED):
        yield Gap(MUST, "reference_standard.readers", "Say how many people read each case for the truth.")
    if reference.kind == "panel" and reference.adjudication == NOT_STATED:
        yield Gap(
            MUST, "reference_standard.adjudication", "Say what happens where the panel's readers differ."
        )
    if reference.blinded is None:
        yield Gap(
            MUST,
            "reference_standard.blinded",
            "Say whether whoever made the truth was blind to the tool's answers.",
        )
    if common.design == NOT_STATED:
        field = "evidence" if isinstance(common.declared.get("design"), Mapping) else "design"
        yield Gap(MUST, field, "Say whether it is retrospective, silent-prospective, prospective or a trial.")
    if common.data_source == NOT_STATED:
        yield Gap(
            SHOULD, "data_source", "Say where the cases come from: sites, dates, consecutive or chosen."
        )
    if common.unit == NOT_STATED:
        yield Gap(SHOULD, "unit", "Say what is counted: patients, studies, images, lesions, structures.")


def _untested(common: Common) -> Iterator[Gap]:
    """What could the result not show, as it is planned?"""
    if not common.claims:
        yield Gap(
            MUST, "claims", "Write at least one claim with its limit, or nothing can be passed or failed."
        )
    elif all(claim.on == "estimate" for claim in common.claims):
        yield Gap(
            SHOULD,
            "claims",
            "Judge at least one claim on the careful end of its interval (on: low, or high for 'at most'): an estimate "
            "alone is kept by chance half of the time.",
        )
    if not common.subgroups:
        yield Gap(
            SHOULD, "subgroups", "Name subgroups (age band, sex, ethnicity, manufacturer, site) to look at."
        )
    if common.prevalence is None and common.kind in _WITH_PREVALENCE:
        yield Gap(
            SHOULD,
            "prevalence",
            "Say how common the condition is here: predictive values depend on it most of all.",
        )
    if common.planned_n is None:
        yield Gap(
            SHOULD,
            "plan",
            "Work out the sample size (`alarp plan`) and write the number of cases under 'plan'.",
        )
    if common.kind in _WITH_SCALE and len(common.subgroups) > 0 and common.gap_margin is None:
        yield Gap(SHOULD, "gap_margin", "Say how large a gap between subgroups would matter.")
