"""What did suppliers answer to the buyer's questions, what did they decline, and who accepted that?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch, Q

from alarp.records.people.models import Organisation
from alarp.records.products.models import DeclineAcceptance, DueDiligenceAnswer, Version
from alarp.standards.products import Question, load_question_set

DECLINED = DueDiligenceAnswer.DECLINED


@dataclass(frozen=True)
class Asked:
    """One question with everything that was ever said to it, newest first."""

    question: Question
    said: tuple[DueDiligenceAnswer, ...]

    @property
    def answer(self) -> DueDiligenceAnswer | None:
        """What counts: the newest."""
        return self.said[0] if self.said else None

    @property
    def outcome(self) -> str:
        return self.answer.outcome if self.answer else DueDiligenceAnswer.NOT_ASKED

    @property
    def earlier(self) -> tuple[DueDiligenceAnswer, ...]:
        return self.said[1:]

    @property
    def acceptance(self) -> DeclineAcceptance | None:
        """Who of this Trust accepted that it was declined?"""
        if self.answer is None or self.outcome != DECLINED:
            return None
        return next(iter(self.answer.acceptances.all()), None)

    @property
    def declined_before(self) -> DueDiligenceAnswer | None:
        """The last time it was declined before it was answered: that stays to be seen."""
        return next((one for one in self.earlier if one.outcome == DECLINED), None)

    @property
    def against(self) -> str:
        """What is still to do before the gate; empty when nothing is."""
        if not self.question.required:
            return ""
        if self.outcome == DueDiligenceAnswer.NOT_ASKED:
            return f"Due diligence: “{self.question.asks}” is not answered; ask it."
        if self.outcome == DECLINED and self.acceptance is None:
            return f"Due diligence: “{self.question.asks}” was declined; somebody must accept that by name."
        return ""


def asked_of(version: Version, trust: Organisation | None) -> tuple[Asked, ...]:
    """Every question of the set, with what this version's supplier answered to this Trust. Two queries."""
    return compared([version], trust)[version.pk]


def compared(versions: Iterable[Version], trust: Organisation | None) -> dict[int, tuple[Asked, ...]]:
    """The same questions to several versions, side by side: two queries for all of them."""
    versions = list(versions)
    ours = Q(trust__isnull=True) | (Q(trust=trust) if trust else Q(pk__in=()))
    acceptances = DeclineAcceptance.objects.filter(trust=trust).select_related("by").order_by("pk")
    rows = (
        DueDiligenceAnswer.objects.filter(ours, version__in=versions)
        .select_related("given_by__organisation")
        .prefetch_related(Prefetch("acceptances", acceptances))
        .order_by("-given_at", "-pk")
    )
    said: dict[tuple[int, str], list[DueDiligenceAnswer]] = defaultdict(list)
    for row in rows:
        said[(row.version_id, row.question)].append(row)
    questions = load_question_set().questions
    return {v.pk: tuple(Asked(q, tuple(said.get((v.pk, q.slug), ()))) for q in questions) for v in versions}


def unanswered(asked: Iterable[Asked]) -> tuple[str, ...]:
    """What is still to ask or to accept? In sentences."""
    return tuple(one.against for one in asked if one.against)
