"""How does a protocol begin, and how is its text saved? Each save is a revision; a lock ends them."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from alarp.kernel import BadInput, NotNow, Stage
from alarp.records import permissions
from alarp.records.deployments.doors.moving import locked, moment
from alarp.records.deployments.models import Deployment
from alarp.records.people.models import Person
from alarp.records.products.models import Version
from alarp.records.protocols import reading
from alarp.records.protocols.doors.witnessing import told
from alarp.records.protocols.models import EvaluationProtocol, ProtocolRevision
from alarp.records.protocols.queries import is_locked, latest_revision, next_number

MOST_CHARACTERS = 200_000
UNTITLED = "A protocol that cannot be read yet"


def start_protocol(
    deployment: Deployment,
    text: str,
    *,
    by: Person,
    template: str = "",
    version: Version | None = None,
    earlier: EvaluationProtocol | None = None,
) -> EvaluationProtocol:
    """Begin a protocol in this deployment's file, from a template, an earlier protocol or a text of one's own."""
    permissions.check(by, "prepare_evaluation", deployment)
    found = _read(text)
    with transaction.atomic():
        deployment = locked(deployment)
        if deployment.stage == Stage.RETIRED:
            raise NotNow("The tool is retired; it is not evaluated any more.")
        at = moment(deployment)
        row = EvaluationProtocol(
            deployment=deployment,
            number=next_number(EvaluationProtocol, deployment),
            version=version or deployment.version,
            template=template,
            earlier=earlier,
            by=by,
            at=at,
        )
        row.save()
        _revise(row, text, found, by, at)
        told(
            by,
            "evaluation protocol begun",
            row,
            at=at,
            protocol=row.number,
            template=template,
            version=str(row.version),
            earlier=earlier.number if earlier else 0,
        )
    return row


def save_protocol(protocol: EvaluationProtocol, text: str, *, by: Person) -> ProtocolRevision:
    """Keep this text as the protocol's newest revision; one that cannot be read is kept with the reason."""
    permissions.check(by, "prepare_evaluation", protocol.deployment)
    found = _read(text)
    with transaction.atomic():
        deployment = locked(protocol.deployment)
        if is_locked(protocol):
            raise NotNow(
                f"Protocol {protocol.number} is locked; begin a new version of it, which every report will show."
            )
        at = moment(deployment)
        last = latest_revision(protocol)
        if last is not None and last.text == text:
            return last
        row = _revise(protocol, text, found, by, at)
        told(
            by,
            "evaluation protocol saved",
            protocol,
            at=at,
            protocol=protocol.number,
            revision=row.number,
            digest=row.digest,
        )
    return row


def _read(text: str) -> reading.Reading:
    if not text.strip():
        raise BadInput("The protocol is empty: begin with a template.")
    if len(text) > MOST_CHARACTERS:
        raise BadInput(
            f"The protocol has more than {MOST_CHARACTERS:,} characters; cases belong into their own file."
        )
    return reading.read(text)


def _revise(
    protocol: EvaluationProtocol, text: str, found: reading.Reading, by: Person, at: Any
) -> ProtocolRevision:
    last = latest_revision(protocol)
    row = ProtocolRevision(
        protocol=protocol,
        number=last.number + 1 if last else 1,
        text=text,
        title=(found.title or (last.title if last else "") or UNTITLED)[:200],
        stated_version=found.stated_version[:40],
        kind=found.kind,
        digest=found.digest,
        plan=found.plan,
        trouble=found.trouble,
        by=by,
        at=at,
    )
    row.save()
    return row
