"""Which limits were signed before go-live, and which are being worked out?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from alarp.kernel import BadInput, Stage
from alarp.pathway import AlarmRule, ReviewCriterion, policies, read_alarm_rules, read_review_criteria
from alarp.pathway.alarms import in_force as with_the_version_rule
from alarp.pathway.alarms import missing_rules
from alarp.records import permissions
from alarp.records.audit.commands import record
from alarp.records.deployments import issuing
from alarp.records.deployments.doors.moving import locked, moment, refuse_now
from alarp.records.deployments.models import Answer, Decision, Deployment, GateStatus
from alarp.records.evidence.models import Evidence
from alarp.records.people.models import Person
from alarp.records.watch.models import RuleDraft
from alarp.standards import load_roles
from alarp.standards.watch import default_alarm_rules, default_review_criteria, monitors

LIVE, STOP_RULE = "live", "stop-rule"


@dataclass(frozen=True)
class RuleSet:
    """Alarm rules and review criteria, and the evidence that carries them (none for a draft)."""

    alarm_rules: tuple[AlarmRule, ...]
    review_criteria: tuple[ReviewCriterion, ...]
    evidence: Evidence | None = None

    def as_body(self) -> dict[str, Any]:
        """The body of the stop rule's evidence."""
        return {
            "alarm_rules": [rule.as_dict() for rule in self.alarm_rules],
            "review_criteria": [criterion.as_dict() for criterion in self.review_criteria],
        }


def read(alarm_rules: Any, review_criteria: Any) -> RuleSet:
    """These tables as rules; raises BadInput in one sentence for the first thing that is wrong."""
    known, roles = monitors(), [role.slug for role in load_roles()]
    return RuleSet(
        read_alarm_rules(alarm_rules, monitors=known, roles=roles),
        read_review_criteria(review_criteria, monitors=known),
    )


def of_evidence(evidence: Evidence) -> RuleSet | None:
    """The rules that this evidence carries; None when it carries none that can be read."""
    body = evidence.body if isinstance(evidence.body, dict) else {}
    if "alarm_rules" not in body:
        return None
    try:
        found = read(body["alarm_rules"], body.get("review_criteria"))
    except BadInput:
        return None
    return RuleSet(found.alarm_rules, found.review_criteria, evidence)


def signed(deployment: Deployment) -> RuleSet | None:
    """The rules under the open live gate's signatures: those, and no newer draft or evidence, are in force."""
    status = GateStatus.objects.filter(deployment=deployment, gate=LIVE, status=GateStatus.OPEN).first()
    if status is None:
        return None
    decision = Decision.objects.filter(
        deployment=deployment, gate=LIVE, evidence_digest=status.evidence_digest
    ).first()
    if decision is None:
        return None
    answers = Answer.objects.filter(
        deployment=deployment,
        gate=LIVE,
        criterion=STOP_RULE,
        evidence__sha256__in=decision.evidence_hashes,
    )
    newest = answers.select_related("evidence").defer("evidence__envelope").order_by("-given_at", "-pk")
    return next((found for a in newest if (found := of_evidence(a.evidence))), None)


def rules_in_force(deployment: Deployment) -> tuple[AlarmRule, ...]:
    """Which limits watch this tool now? The signed ones, and always the approved version."""
    found = signed(deployment)
    return with_the_version_rule(found.alarm_rules if found else ())


def draft_of(deployment: Deployment) -> RuleSet:
    """What is being worked out: the draft, else what is signed, else the national starting point."""
    row = RuleDraft.objects.filter(deployment=deployment).first()
    if row is not None:
        return read(row.alarm_rules, row.review_criteria)
    found = signed(deployment)
    if found is not None:
        return RuleSet(found.alarm_rules, found.review_criteria)
    return RuleSet(default_alarm_rules(), default_review_criteria())


def save_draft(deployment: Deployment, alarm_rules: Any, review_criteria: Any, *, by: Person) -> RuleDraft:
    """Keep what was worked out; nothing is in force before it is issued and signed at the live gate."""
    permissions.check(by, "draft_alarms", deployment)
    rules = read(alarm_rules, review_criteria)
    with transaction.atomic():
        deployment = locked(deployment)
        refuse_now(policies.is_not_stopped(Stage(deployment.stage)))
        at = moment(deployment)
        draft, _ = RuleDraft.objects.update_or_create(
            deployment=deployment, defaults={**rules.as_body(), "changed_by": by, "changed_at": at}
        )
        record(
            by,
            "alarm rules drafted",
            f"alarm rules of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            rules=[rule.slug for rule in rules.alarm_rules],
            criteria=[criterion.slug for criterion in rules.review_criteria],
        )
    return draft


def issue_stop_rule(deployment: Deployment, *, by: Person) -> Evidence:
    """Issue the draft as evidence for the live gate, with a document that says it in sentences.

    Raises BadInput when something that must be watched has no rule.
    """
    from alarp.records.watch import documents  # brings the drawing of charts: only where paper is made

    permissions.check(by, "draft_alarms", deployment)
    rules = draft_of(deployment)
    against = missing_rules(rules.alarm_rules, monitors())
    if against:
        raise BadInput(against[0])
    return issuing.issue(
        deployment,
        LIVE,
        STOP_RULE,
        title=f"Alarm rules and review criteria, {deployment.version} at {deployment.site.name}",
        body=rules.as_body(),
        document=documents.stop_rule(deployment, rules.alarm_rules, rules.review_criteria, by),
        document_name="alarm-rules.html",
        document_type="text/html",
        by=by,
    )


def alarm_rules_complete(deployment: Deployment, at: datetime) -> tuple[str, ...]:
    """The check of the live gate: version, silence, missing results, drift and agreement each have their rule."""
    evidence = issuing.in_force(deployment, LIVE, STOP_RULE)
    if evidence is None:
        return ("No alarm rules have been issued; write them on the alarms page and issue them.",)
    rules = of_evidence(evidence)
    if rules is None:
        return (
            f"'{evidence.title}' holds no alarm rules that can be read; issue them from the alarms page.",
        )
    return missing_rules(rules.alarm_rules, monitors())
