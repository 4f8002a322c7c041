"""How does a run's result become evidence? Sealed as it is, of the design that its protocol states; never exploratory."""

from __future__ import annotations

from django.db import transaction
from django.utils.timezone import localdate

from alarp.kernel import Design, NotNow
from alarp.pathway import StepUp
from alarp.records import objects, permissions
from alarp.records.deployments.doors.moving import locked
from alarp.records.evidence import commands as evidence
from alarp.records.people.models import Person
from alarp.records.people.queries import trust_of
from alarp.records.protocols.doors.witnessing import sealed_word, told
from alarp.records.protocols.models import EvaluationRun, SignedRun
from alarp.records.protocols.queries import result_of

KIND = "evaluation"
SIGNS = "this is the result of the locked protocol on the stated cases"


def why_not_signed(run: EvaluationRun) -> str:
    """Why can this run not become evidence? Empty when it can."""
    if run.state != EvaluationRun.DONE:
        return "The run has no result yet."
    if SignedRun.objects.filter(run=run).exists():
        return "The result is signed already."
    if run.exploratory:
        return (
            "This run is exploratory: its protocol was not locked before the truth was read, so it answers no gate. "
            "Lock the protocol and run it again."
        )
    design = result_of(run).get("design")
    if design not in {d.value for d in Design}:
        return "The protocol does not state its design; lock a new version that says how the cases were collected."
    return ""


def sign_run(run: EvaluationRun, step_up: StepUp, *, by: Person) -> SignedRun:
    """Seal result.json with the report as the Trust's evidence about exactly the version that was evaluated."""
    permissions.check(by, "sign_evaluation", run.deployment)
    with transaction.atomic():
        deployment = locked(run.deployment)
        trouble = why_not_signed(run)
        if trouble:
            raise NotNow(trouble)
        revision = run.revision
        said = {"run": run.number, "result": run.result_sha256, "protocol": revision.digest}
        word = sealed_word(said, deployment, step_up, by=by, action="sign_evaluation", meaning=SIGNS)
        body = result_of(run)
        paper = run.pdf_sha256 or run.report_sha256
        sealed = evidence.record(
            KIND,
            revision.title,
            revision.protocol.version,
            trust_of(deployment.site),
            body["design"],
            localdate(run.ended_at),
            None,
            body,
            objects.get(paper),
            "report.pdf" if run.pdf_sha256 else "report.html",
            "application/pdf" if run.pdf_sha256 else "text/html",
            by=by,
        )
        row = SignedRun(run=run, evidence=sealed, **word)
        row.save()
        told(
            by,
            "evaluation run signed",
            run,
            at=row.at,
            run=run.number,
            evidence=sealed.sha256,
            result=run.result_sha256,
            role=row.role,
        )
    return row
