"""How are a buyer's questions answered, and how is a declined one accepted? Nothing said is ever lost. (P13)"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from alarp.kernel import BadInput, NotNow, NotPermitted
from alarp.records import clock, permissions
from alarp.records.audit.commands import SITE, record
from alarp.records.people.models import Organisation, Person
from alarp.records.people.queries import trust_of
from alarp.records.products.models import DeclineAcceptance, DueDiligenceAnswer, Version
from alarp.standards.products import load_question_set

OUTCOMES = (DueDiligenceAnswer.ANSWERED, DueDiligenceAnswer.DECLINED, DueDiligenceAnswer.NOT_ASKED)


def answer_question(
    version: Version, question: str, outcome: str, text: str, *, said_by: str = "", by: Person
) -> DueDiligenceAnswer:
    """Write down what was answered to one question, that it was declined, or why it was not asked.

    A supplier answers for its own product, once for every Trust; a Trust's people write down what they were told.
    """
    permissions.check(by, "edit_claims", version)
    asked = load_question_set()
    found = asked.question(question)
    trust = _trust(by)
    if trust is None and found.answered_by == "trust":
        raise NotPermitted(f"The question “{found.asks}” is the Trust's to answer.")
    if trust is None and outcome == DueDiligenceAnswer.NOT_ASKED:
        raise BadInput("A supplier answers or declines; whether it was asked is the Trust's to say.")
    if outcome not in OUTCOMES:
        raise BadInput(f"The answer is {outcome!r}; it is one of {', '.join(OUTCOMES)}.")
    if not text.strip():
        raise BadInput(f"Question “{found.asks}”: write what was said, or why it was declined or not asked.")
    row = DueDiligenceAnswer(
        version=version,
        trust=trust,
        question_set=asked.version,
        question=question,
        outcome=outcome,
        text=text.strip(),
        said_by=said_by.strip()[:120],
        given_by=by,
        given_at=clock.now(),
    )
    with transaction.atomic():
        row.save()
        record(
            by,
            f"question {outcome}",
            f"product {version.product.slug}",
            stream=SITE,
            version=version.number,
            question=question,
        )
    return row


def answer_questions(
    version: Version,
    answers: Mapping[str, tuple[str, str]],
    *,
    said_by: str = "",
    by: Person,
) -> tuple[DueDiligenceAnswer, ...]:
    """Write down the answers to several questions at once (question → outcome, text): all of them, or none."""
    if not answers:
        raise BadInput("Nothing was answered; choose an outcome for at least one question.")
    with transaction.atomic():
        return tuple(
            answer_question(version, question, outcome, text, said_by=said_by, by=by)
            for question, (outcome, text) in answers.items()
        )


def accept_declined(answer: DueDiligenceAnswer, reason: str, *, by: Person) -> DeclineAcceptance:
    """Accept by name, as this Trust, that a question was declined; the reason stands beside it for ever."""
    permissions.check(by, "judge_claims", answer.version)
    trust = _trust(by)
    if trust is None:
        raise NotPermitted("Only somebody who works for a Trust accepts a declined answer, in its name.")
    if answer.outcome != DueDiligenceAnswer.DECLINED:
        raise NotNow(f"This question was {answer.outcome}; there is nothing declined to accept.")
    if not reason.strip() or len(reason) > 500:
        raise BadInput("Say in 1 to 500 characters why you accept that the supplier declined.")
    row = DeclineAcceptance(answer=answer, trust=trust, by=by, at=clock.now(), reason=reason.strip())
    with transaction.atomic():
        DueDiligenceAnswer.objects.select_for_update().get(pk=answer.pk)
        if DeclineAcceptance.objects.filter(answer=answer, trust=trust).exists():
            raise NotNow("This declined answer was accepted already.")
        row.save()
        record(
            by,
            "declined answer accepted",
            f"product {answer.version.product.slug}",
            stream=SITE,
            version=answer.version.number,
            question=answer.question,
            reason=row.reason,
        )
    return row


def _trust(by: Person) -> Organisation | None:
    if permissions.is_supplier(by) or by.organisation is None:
        return None
    return trust_of(by.organisation)
