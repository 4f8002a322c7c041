"""What was claimed of a version, what supports it, and what was found here? Read for one Trust."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Prefetch, Q

from alarp.kernel import Design, Measure
from alarp.records.people.models import Organisation
from alarp.records.products.models import Claim, ClaimLink, UnsupportedMark, Version

if TYPE_CHECKING:  # the evaluation brings scipy: only where claims are read
    from alarp.evaluation.grading import Grade, Piece


@dataclass(frozen=True)
class GradedClaim:
    """One claim with its grade, the links under it (in the order of the grade's pieces) and the Trust's own word."""

    claim: Claim
    grade: Grade
    links: tuple[ClaimLink, ...]
    fallen: tuple[ClaimLink, ...]
    mark: UnsupportedMark | None

    @property
    def settled(self) -> bool:
        """Is it linked to evidence, or marked unsupported with a person's word?"""
        return bool(self.links) or self.mark is not None

    @property
    def local(self) -> ClaimLink | None:
        """The newest of the Trust's own evaluations that measured what the claim names."""
        own = [link for link in self.links if link.measured and link.trust_id is not None]
        return max(own, key=lambda link: (link.evidence.dated, link.pk), default=None)

    @property
    def local_measure(self) -> Measure | None:
        link = self.local
        return as_measure(link) if link else None


def as_measure(link: ClaimLink) -> Measure:
    """The measure of an evaluation that a link carries."""
    row = link.measured
    return Measure(**{name: row[name] for name in Measure.__dataclass_fields__ if name in row})


def claims_of(version: Version, trust: Organisation | None) -> tuple[GradedClaim, ...]:
    """Every claim of this version that stands, graded on what this Trust and the supplier linked to it.

    Without a Trust only what the supplier linked counts. Three queries, whatever the number of claims.
    """
    ours = Q(trust__isnull=True) | (Q(trust=trust) if trust else Q(pk__in=()))
    links = (
        ClaimLink.objects.filter(ours)
        .select_related("evidence__withdrawal", "evidence__organisation", "linked_by")
        .prefetch_related("evidence__superseded_by")
        .defer("evidence__envelope", "evidence__body")
        .order_by("pk")
    )
    marks = UnsupportedMark.objects.filter(trust=trust).select_related("by").order_by("pk")
    rows = (
        Claim.objects.filter(version=version, superseded_by__isnull=True)
        .prefetch_related(Prefetch("links", links), Prefetch("marks", marks))
        .order_by("number")
    )
    return tuple(_graded(claim) for claim in rows)


def _graded(claim: Claim) -> GradedClaim:
    from alarp.evaluation.grading import About, grade

    links = list(claim.links.all())
    standing = tuple(link for link in links if _stands(link))
    marks = list(claim.marks.all())
    return GradedClaim(
        claim=claim,
        grade=grade((piece_of(link) for link in standing), About(claim.about)),
        links=standing,
        fallen=tuple(link for link in links if link not in standing),
        mark=marks[-1] if marks else None,
    )


def _stands(link: ClaimLink) -> bool:
    """Evidence that was withdrawn or superseded speaks for nothing any more."""
    evidence = link.evidence
    return getattr(evidence, "withdrawal", None) is None and not list(evidence.superseded_by.all())


def piece_of(link: ClaimLink) -> Piece:
    """The link as the grading reads it."""
    from alarp.evaluation.grading import Comparator, Finding, Independence, Piece, Population

    return Piece(
        title=link.evidence.title,
        design=Design(link.evidence.design),
        population=Population(link.population),
        independence=Independence(link.independence),
        size=link.size,
        comparator=Comparator(link.comparator),
        finding=Finding(link.finding),
        least_cases=link.least_cases,
    )


def figure_of(claim: Claim) -> str:
    """'dice at least 0.97', or a dash where the claim has no figure."""
    if claim.figure is None:
        return "–"
    group = "" if claim.subgroup == "all" else f" for {claim.subgroup}"
    side = "at least" if claim.at_least else "at most"
    return f"{claim.measure.replace('_', ' ')}{group} {side} {claim.figure:g}"


def unsettled(graded: Iterable[GradedClaim]) -> tuple[str, ...]:
    """Which claims has nobody looked at? In sentences."""
    return tuple(
        f"Claim {one.claim.number}, “{one.claim.text}”, is neither linked to evidence nor marked unsupported."
        for one in graded
        if not one.settled
    )
