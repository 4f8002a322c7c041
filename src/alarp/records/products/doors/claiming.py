"""How do a supplier's claims come into the register, and how is evidence laid beside them? (P01)"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from alarp.kernel import BadInput, Measure, NotNow, NotPermitted, Tier
from alarp.records import clock, permissions
from alarp.records.audit.commands import SITE, record
from alarp.records.evidence.models import Evidence
from alarp.records.people.models import Organisation, Person
from alarp.records.people.queries import line_of, trust_of
from alarp.records.products.models import Claim, ClaimLink, UnsupportedMark, Version

Actor = Person | str
ABOUT = ("performance", "effect")


@dataclass(frozen=True)
class Promise:
    """What the supplier claims: the sentence, and the figure where it has one."""

    text: str
    source: str
    measure: str = ""
    figure: float | None = None
    at_least: bool = True
    subgroup: str = "all"
    population: str = ""
    threshold: str = ""
    about: str = "performance"


@dataclass(frozen=True)
class Respects:
    """How does a piece of evidence bear on a claim? What is left open is read from an evaluation where it can be."""

    population: str = "not-stated"
    independence: str = ""
    comparator: str = ""
    size: int | None = None
    finding: str = ""
    found: str = ""


def add_claim(version: Version, promise: Promise, *, supersedes: Claim | None = None, by: Person) -> Claim:
    """Write down what the supplier claims of this version; a claim that was written wrong is superseded."""
    permissions.check(by, "edit_claims", version)
    return enter_claim(version, promise, by, supersedes=supersedes)


def enter_claim(
    version: Version, promise: Promise, actor: Actor, *, supersedes: Claim | None = None
) -> Claim:
    """Write a claim, as a person records it or a Trust's description says it."""
    _check_promise(promise)
    with transaction.atomic():
        Version.objects.select_for_update().get(pk=version.pk)
        if supersedes is not None and (supersedes.version_id != version.pk or _is_superseded(supersedes)):
            raise NotNow(f"{supersedes} is of another version or was corrected already.")
        last = Claim.objects.filter(version=version).order_by("-number").first()
        claim = Claim(
            version=version,
            number=last.number + 1 if last else 1,
            text=promise.text.strip(),
            about=promise.about,
            measure=promise.measure.strip(),
            subgroup=promise.subgroup.strip() or "all",
            figure=promise.figure,
            at_least=promise.at_least,
            population=promise.population.strip(),
            threshold=promise.threshold.strip(),
            source=promise.source.strip(),
            recorded_by=None if isinstance(actor, str) else actor,
            recorded_at=clock.now(),
            supersedes=supersedes,
        )
        claim.save()
        record(
            actor,
            "claim recorded",
            f"product {version.product.slug}",
            stream=SITE,
            version=version.number,
            number=claim.number,
            text=claim.text,
        )
    return claim


def _is_superseded(claim: Claim) -> bool:
    return Claim.objects.filter(supersedes=claim).exists()


def _check_promise(promise: Promise) -> None:
    if not promise.text.strip() or len(promise.text) > 300:
        raise BadInput("A claim is one sentence of 1 to 300 characters, in the supplier's words.")
    if not promise.source.strip() or len(promise.source) > 300:
        raise BadInput(f"Claim “{promise.text}”: say where it was claimed, in 1 to 300 characters.")
    if promise.about not in ABOUT:
        raise BadInput(f"Claim “{promise.text}” is about {promise.about!r}; it is performance or effect.")
    if promise.figure is not None and not promise.measure.strip():
        raise BadInput(f"Claim “{promise.text}” has a figure but no measure; name what was measured.")
    if promise.figure is not None and not abs(promise.figure) < 1e12:
        raise BadInput(
            f"Claim “{promise.text}”: the figure is not a number that can be held against anything."
        )
    for name, most in (("measure", 60), ("subgroup", 80), ("population", 300), ("threshold", 120)):
        if len(getattr(promise, name)) > most:
            raise BadInput(f"Claim “{promise.text}”: the {name} has more than {most} characters.")


def link_claim(claim: Claim, evidence: Evidence, respects: Respects, *, by: Person) -> ClaimLink:
    """Lay a piece of evidence beside a claim, in five respects; an evaluation speaks for itself in four of them."""
    from alarp.evaluation.grading import Comparator, Finding, Independence, Population  # brings scipy

    permissions.check(by, "edit_claims", claim.version)
    trust = _trust_of(by)
    _check_may_speak(claim, evidence, trust)
    known = _from_evaluation(claim, evidence, respects)
    values = {
        "population": _one_of(Population, known.population, "population"),
        "independence": _one_of(
            Independence, known.independence or Independence.NOT_STATED.value, "independence"
        ),
        "comparator": _one_of(Comparator, known.comparator or Comparator.NONE.value, "comparator"),
        "finding": _one_of(Finding, known.finding or Finding.UNCLEAR.value, "finding"),
    }
    _check_independence(evidence, values["independence"])
    if known.size is not None and known.size < 0:
        raise BadInput(f"The number of cases is {known.size}; give 0 or more.")
    link = ClaimLink(
        claim=claim,
        evidence=evidence,
        trust=trust,
        size=known.size,
        least_cases=_least_cases(evidence),
        found=known.found[:200],
        measured=measured(claim, evidence.body),
        linked_by=by,
        linked_at=clock.now(),
        **values,
    )
    with transaction.atomic():
        Claim.objects.select_for_update().get(pk=claim.pk)
        if ClaimLink.objects.filter(claim=claim, evidence=evidence, trust=trust).exists():
            raise NotNow(f"“{evidence.title}” is linked to claim {claim.number} already.")
        link.save()
        record(
            by,
            "claim linked",
            f"product {claim.version.product.slug}",
            stream=SITE,
            version=claim.version.number,
            number=claim.number,
            evidence=evidence.sha256,
            finding=link.finding,
        )
    return link


def _trust_of(by: Person) -> Organisation | None:
    """Whose link is it? A supplier's counts for every Trust, and says that the supplier made it."""
    if permissions.is_supplier(by) or by.organisation is None:
        return None
    return trust_of(by.organisation)


def _check_may_speak(claim: Claim, evidence: Evidence, trust: Organisation | None) -> None:
    if evidence.version_id != claim.version_id:
        raise BadInput(
            f"“{evidence.title}” speaks of {evidence.version}; the claim is about {claim.version}."
        )
    supplier = claim.version.product.supplier_id
    if evidence.organisation_id == supplier:
        return
    if trust is None or trust.pk not in {o.pk for o in line_of(evidence.organisation)}:
        raise NotPermitted(f"“{evidence.title}” belongs to {evidence.organisation}; link your own evidence.")


def _check_independence(evidence: Evidence, independence: str) -> None:
    if evidence.organisation.tier == Tier.SUPPLIER and independence == "independent":
        raise BadInput(
            f"“{evidence.title}” was given by {evidence.organisation}, who sells the tool; it is not independent."
        )


def _one_of(words: Any, given: str, what: str) -> str:
    if given not in set(words):
        raise BadInput(f"The {what} is {given!r}; it is one of {', '.join(words)}.")
    return given


def _least_cases(evidence: Evidence) -> int:
    from alarp.evaluation.grading import LEAST_CASES

    protocol = evidence.body.get("protocol") if isinstance(evidence.body, dict) else None
    least = protocol.get("minimum_n") if isinstance(protocol, dict) else None
    return least if isinstance(least, int) else LEAST_CASES


def measured(claim: Claim, body: Any) -> dict[str, Any]:
    """The evaluation's own row for what the claim measures, or nothing."""
    rows: Iterable[Any] = body.get("measures", ()) if isinstance(body, dict) else ()
    for row in rows:
        if (row.get("measure"), row.get("subgroup", "all")) == (claim.measure, claim.subgroup):
            return dict(row)
    return {}


def _from_evaluation(claim: Claim, evidence: Evidence, said: Respects) -> Respects:
    """What an evaluation says itself goes before what a person says of it."""
    from alarp.evaluation.grading import Comparator, Finding, Independence, finding_of

    supplier_made = evidence.organisation.tier == Tier.SUPPLIER
    who = said.independence or (Independence.SUPPLIER.value if supplier_made else "")
    row = measured(claim, evidence.body)
    if not row:
        return replace(said, independence=who)
    measure = Measure(**{k: row[k] for k in Measure.__dataclass_fields__ if k in row})
    body = evidence.body
    comparator = Comparator.ANOTHER_AI if body.get("reference_is_ai") else Comparator.TRUTH
    if body.get("reference_standard") == "not stated":
        comparator = Comparator.NONE
    found = Finding.UNCLEAR
    if claim.figure is not None:
        found = finding_of(measure, claim.figure, at_least=claim.at_least)
    return Respects(
        population=said.population,
        independence=who or Independence.INDEPENDENT.value,
        comparator=comparator.value,
        size=measure.n,
        finding=found.value,
        found=measure.sentence(),
    )


def mark_unsupported(claim: Claim, word: str, *, by: Person) -> UnsupportedMark:
    """Say, as this Trust, that nothing worth linking was found for this claim, and where one looked."""
    permissions.check(by, "judge_claims", claim.version)
    trust = _trust_of(by)
    if trust is None:
        raise NotPermitted("Only somebody who works for a Trust judges a claim, in that Trust's name.")
    if not word.strip() or len(word) > 500:
        raise BadInput("Say in 1 to 500 characters where you looked and what you did not find.")
    row = UnsupportedMark(claim=claim, trust=trust, word=word.strip(), by=by, at=clock.now())
    with transaction.atomic():
        row.save()
        record(
            by,
            "claim marked unsupported",
            f"product {claim.version.product.slug}",
            stream=SITE,
            version=claim.version.number,
            number=claim.number,
            reason=row.word,
        )
    return row
