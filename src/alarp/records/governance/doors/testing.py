"""Did the connections work? Asked for by a person, looked at by a worker of the gateway, written down either way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from alarp.kernel import AlarpError, Design, NotNow
from alarp.records import permissions
from alarp.records.audit.commands import record
from alarp.records.deployments import issuing
from alarp.records.deployments.doors.moving import locked, moment
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.models import Evidence
from alarp.records.governance import documents, queries
from alarp.records.governance.models import SelfTest, SelfTestReport
from alarp.records.ledger import work
from alarp.records.people.models import Person

KIND = "self-test"
GATE, CRITERION = "integrate", "connectivity"


def ask_self_test(deployment: Deployment, *, by: Person) -> SelfTest:
    """Have a worker of the gateway test every connection of this deployment, now."""
    permissions.check(by, "edit_governance", deployment)
    permissions.check(by, "upload_evidence", deployment)  # the report becomes evidence in this person's name
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        waiting = SelfTest.objects.filter(deployment=deployment, report__isnull=True).first()
        if waiting is not None:
            raise NotNow(
                f"Self-test {waiting.number} is still under way; wait for its report. If it stays so, "
                "look whether a worker is running."
            )
        row = SelfTest(deployment=deployment, number=queries.next_number(SelfTest, deployment), by=by, at=at)
        row.save()
        work.ask(KIND, str(row.pk), {"self_test": row.pk})
        record(
            by,
            "self-test asked for",
            f"connections of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            number=row.number,
        )
    return row


def report_self_test(
    step: work.Claim, test: SelfTest, findings: Sequence[Mapping[str, Any]], *, measured_at: datetime
) -> SelfTestReport:
    """Write down what the worker found, sealed as evidence in the name of who asked; a failed test as well.

    Where it cannot become evidence at its gate (the person left, the deployment ended), the report says why.
    """
    passed = bool(findings) and all(f["passed"] is not False for f in findings)
    with transaction.atomic():
        work.finish(step)
        deployment = locked(test.deployment)
        at = moment(deployment)
        evidence, note = _issued(test, deployment, findings, passed, measured_at)
        row = SelfTestReport(
            test=test,
            findings=[dict(f) for f in findings],
            passed=passed,
            measured_at=measured_at,
            worker=step.owner,
            evidence=evidence,
            note=note[:500],
        )
        row.save()
        record(
            "gateway",
            "self-test passed" if passed else "self-test failed",
            f"connections of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            number=test.number,
            evidence=evidence.sha256 if evidence else "",
            failed=[f["about"] for f in findings if f["passed"] is False],
        )
    return row


def _issued(
    test: SelfTest,
    deployment: Deployment,
    findings: Sequence[Mapping[str, Any]],
    passed: bool,
    measured_at: datetime,
) -> tuple[Evidence | None, str]:
    story = documents.self_test(deployment, test, findings, passed, measured_at)
    try:
        with transaction.atomic():
            evidence = issuing.issue(
                deployment,
                GATE,
                CRITERION,
                title=f"Connectivity self-test {test.number}: {'passed' if passed else 'did not pass'}",
                body={
                    "schema": "alarp.self-test/1",
                    "number": test.number,
                    "passed": passed,
                    "measured_at": measured_at.isoformat(timespec="seconds"),
                    "findings": [dict(f) for f in findings],
                },
                document=documents.as_html(story),
                document_name=f"self-test-{test.number}.html",
                document_type="text/html",
                design=Design.DOCUMENT,
                by=test.by,
            )
    except AlarpError as refusal:
        return None, f"Kept here, not at the gate: {refusal}"
    return evidence, ""
