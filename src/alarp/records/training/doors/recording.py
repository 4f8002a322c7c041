"""How does training come on record: by taking a module's assessment here, or by a trainer's word with a certificate?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import localdate

from alarp.kernel import BadInput, NotNow, NotPermitted
from alarp.pathway import Marks, Score, falls_short, score
from alarp.pathway.assessment import RIGHT, WRONG
from alarp.pathway.proof import EVIDENCE_TYPE, statement
from alarp.records import clock, permissions
from alarp.records.audit.commands import SITE, record
from alarp.records.evidence import keys
from alarp.records.people.models import Person
from alarp.records.products.identity import version_subject
from alarp.records.training.models import Attempt, Module, RecordWithdrawal, TrainingRecord
from alarp.records.training.queries import may_take

BADGE = "training-badge"


def marks_of(module: Module) -> Marks:
    return Marks(module.pass_mark, module.failures_mark)


def is_newest(module: Module) -> bool:
    return not Module.objects.filter(
        organisation=module.organisation_id, slug=module.slug, edition__gt=module.edition
    ).exists()


def take(module: Module, answers: Mapping[int, str], *, by: Person) -> Attempt:
    """Take a module's assessment: every answer is kept; a pass is recorded at once, with its badge."""
    if not may_take(by, module):
        raise NotPermitted(f"'{module.title}' is a module of {module.organisation}, where you do not work.")
    items = list(module.items.order_by("number"))
    if not items:
        raise NotNow(f"'{module.title}' has no assessment here; a trainer records who passed it elsewhere.")
    if not is_newest(module):
        raise NotNow(f"There is a newer edition of '{module.title}'; take that one.")
    key = {item.number: RIGHT if item.ai_right else WRONG for item in items}
    found = score(key, answers)
    short = falls_short(found, marks_of(module))
    with transaction.atomic():
        at = clock.now()
        attempt = Attempt(
            module=module,
            person=by,
            at=at,
            answers={str(number): answers[number] for number in key},
            correct=found.correct,
            items=found.items,
            caught=found.caught,
            failures=found.failures,
            passed=not short,
        )
        attempt.save()
        record(
            by,
            "assessment taken",
            f"training module {module.slug}",
            stream=SITE,
            at=at,
            edition=module.edition,
            passed=attempt.passed,
            score=found.sentence,
        )
        if attempt.passed:
            _keep(module, by, localdate(at), found, at, by, attempt=attempt)
    return attempt


def record_training(
    person: Person,
    module: Module,
    dated: date,
    *,
    correct: int,
    items: int,
    caught: int | None = None,
    failures: int | None = None,
    certificate: str,
    by: Person,
) -> TrainingRecord:
    """Record training that was done elsewhere, with the reference of its certificate."""
    permissions.check(by, "keep_training", module.organisation)
    at = clock.now()
    if person.pk == by.pk:
        raise NotPermitted("Nobody records their own training; ask another trainer.")
    if not person.is_active or not may_take(person, module):
        raise BadInput(f"{person} does not work for {module.organisation}, whose module '{module.title}' is.")
    if dated > localdate(at):
        raise BadInput(
            f"The training is dated {dated}, which lies ahead; give the day on which it was passed."
        )
    if not certificate.strip() or len(certificate.strip()) > 200:
        raise BadInput(
            "Training done elsewhere needs the reference of its certificate, of 1 to 200 characters."
        )
    found = _checked_score(module, correct, items, caught, failures)
    short = falls_short(found, marks_of(module))
    if short:
        raise BadInput(f"{short} It is not recorded.")
    if TrainingRecord.objects.filter(module=module, person=person, dated=dated).exists():
        raise NotNow(
            f"{person}'s training on '{module.title}' of {dated} is on record with another score or certificate."
        )
    with transaction.atomic():
        return _keep(
            module,
            person,
            dated,
            found,
            at,
            by,
            certificate=certificate.strip(),
            with_failures=caught is not None,
        )


def _checked_score(
    module: Module, correct: int, items: int, caught: int | None, failures: int | None
) -> Score:
    if items < 1 or not 0 <= correct <= items:
        raise BadInput(
            f"The score is {correct} of {items}; it counts rightly judged cases of at least one case."
        )
    if (caught is None) != (failures is None):
        raise BadInput("Failures caught need both numbers: how many were caught, and of how many.")
    if caught is None or failures is None:
        if module.failures_mark is not None:
            raise BadInput(
                f"'{module.title}' has a pass mark for AI failures caught; say how many were caught, of how many."
            )
        return Score(correct, items, 0, 0)
    if not 0 <= caught <= failures <= items or caught > correct or failures - caught > items - correct:
        raise BadInput(
            f"{caught} of {failures} failures caught does not fit a score of {correct} of {items}. Correct the numbers."
        )
    if module.failures_mark is not None and failures == 0:
        raise BadInput(f"'{module.title}' asks for AI failures caught, but there was none among the cases.")
    return Score(correct, items, caught, failures)


def _keep(
    module: Module,
    person: Person,
    dated: date,
    found: Score,
    at: datetime,
    by: Person,
    *,
    certificate: str = "",
    attempt: Attempt | None = None,
    with_failures: bool = True,
) -> TrainingRecord:
    expires_on = dated + timedelta(days=module.valid_days)
    before = TrainingRecord.objects.filter(module=module, person=person, dated=dated).first()
    if before is not None:  # passed a second time on one day: the first pass stands, the attempt is kept
        return before
    row = TrainingRecord(
        module=module,
        person=person,
        dated=dated,
        expires_on=expires_on,
        correct=found.correct,
        items=found.items,
        caught=found.caught if with_failures else None,
        failures=found.failures if with_failures else None,
        certificate=certificate,
        attempt=attempt,
        recorded_by=by,
        recorded_at=at,
        envelope=_badge(module, person, dated, expires_on, found, certificate, at),
    )
    row.save()
    record(
        by,
        "training recorded",
        f"person {person.username}",
        stream=SITE,
        at=at,
        module=module.slug,
        edition=module.edition,
        dated=dated.isoformat(),
        expires_on=expires_on.isoformat(),
        score=found.sentence,
        certificate=certificate,
    )
    return row


def _badge(
    module: Module,
    person: Person,
    dated: date,
    expires_on: date,
    found: Score,
    certificate: str,
    at: datetime,
) -> dict[str, Any]:
    """The record as a signed statement that `alarp evidence verify` can read anywhere."""
    said = {
        "kind": BADGE,
        "title": f"{person} passed '{module.title}'",
        "product": module.version.product.name if module.version else module.title,
        "version": module.version.number if module.version else f"edition {module.edition}",
        "organisation": module.organisation.name,
        "design": "document",
        "dated": dated.isoformat(),
        "expires_on": expires_on.isoformat(),
        "recorded_at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "person": str(person),
        "registration": person.registration,
        "module": {"slug": module.slug, "edition": module.edition, "sha256": module.sha256},
        "accreditor": module.accreditor,
        "score": {
            "correct": found.correct,
            "items": found.items,
            "caught": found.caught,
            "failures": found.failures,
        },
        "certificate": certificate,
    }
    subjects = [
        {"name": f"training-module:{module.slug}@{module.edition}", "digest": {"sha256": module.sha256}}
    ]
    if module.version:
        subjects.append(version_subject(module.version))
    return keys.seal_for(
        module.organisation, statement(subjects=subjects, predicate_type=EVIDENCE_TYPE, predicate=said)
    )


def withdraw_record(row: TrainingRecord, reason: str, *, by: Person) -> RecordWithdrawal:
    """Say that a training record was made in error: it no longer counts, and stays readable."""
    permissions.check(by, "keep_training", row.module.organisation)
    if not reason.strip():
        raise BadInput("To withdraw a training record needs a reason in writing.")
    with transaction.atomic():
        if RecordWithdrawal.objects.filter(record=row).exists():
            raise NotNow("This training record was withdrawn already.")
        made = RecordWithdrawal(record=row, by=by, at=clock.now(), reason=reason.strip())
        made.save()
        record(
            by,
            "training withdrawn",
            f"person {row.person.username}",
            stream=SITE,
            at=made.at,
            module=row.module.slug,
            dated=row.dated.isoformat(),
            reason=made.reason,
        )
    return made
