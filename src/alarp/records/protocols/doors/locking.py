"""How is a protocol fixed before the truth is read? By a sealed word on exactly one text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from alarp import __version__
from alarp.kernel import BadInput, NotNow
from alarp.pathway import StepUp
from alarp.pathway.proof import statement
from alarp.records import permissions
from alarp.records.deployments.doors.moving import locked
from alarp.records.evidence import keys as signing
from alarp.records.evidence.models import SigningKey
from alarp.records.people.models import Person
from alarp.records.people.queries import trust_of
from alarp.records.protocols import reading
from alarp.records.protocols.doors.witnessing import sealed_word, told
from alarp.records.protocols.models import EvaluationProtocol, ProtocolLock
from alarp.records.protocols.queries import is_locked, latest_revision, locked_before

LOCK_TYPE = (
    "https://alarp.example/protocol-lock/v1"  # as the command line seals it: one kind of lock for both
)
CODE = f"alarp {__version__}"
_NAMES = ("version", "hash", "locked_at", "code_version")
LOCKS = "fix this protocol before the truth is read"


def lock_protocol(protocol: EvaluationProtocol, digest: str, step_up: StepUp, *, by: Person) -> ProtocolLock:
    """Fix the protocol in the revision with this digest, sealed with the Trust's key.

    Refused when the text has changed since it was looked at, cannot be read, speaks of another product, or uses a
    version that an earlier lock of the same line used for another text.
    """
    permissions.check(by, "lock_protocol", protocol.deployment)
    with transaction.atomic():
        deployment = locked(protocol.deployment)
        if is_locked(protocol):
            raise NotNow(f"Protocol {protocol.number} is locked already.")
        revision = latest_revision(protocol)
        if revision is None or revision.trouble:
            raise BadInput(revision.trouble if revision else "The protocol has no text.")
        if revision.digest != digest:
            raise NotNow("The protocol has changed since you looked at it; read it again and lock it then.")
        parsed = reading.read(revision.text).parsed
        _check_filled_in(parsed)
        _check_product(protocol, parsed.common)
        _check_version(protocol, revision)
        said = {"protocol": protocol.number, "title": revision.title, "digest": revision.digest,
                "stated_version": revision.stated_version}  # fmt: skip
        word = sealed_word(said, deployment, step_up, by=by, action="lock_protocol", meaning=LOCKS)
        file = _lock_file(protocol, revision, word["at"])
        row = ProtocolLock(protocol=protocol, revision=revision, file=file, **word)
        row.save()
        told(
            by,
            "evaluation protocol locked",
            protocol,
            at=row.at,
            protocol=protocol.number,
            digest=revision.digest,
            version=revision.stated_version,
            role=row.role,
        )
    return row


def _lock_file(protocol: EvaluationProtocol, revision: Any, at: datetime) -> dict[str, Any]:
    """The lock as `alarp evaluate` finds it beside a protocol, sealed with the Trust's key."""
    from alarp.evaluation.locking import LOCK_FORMAT, Lock, LockedVersion

    trust = trust_of(protocol.deployment.site)
    locked_at = at.astimezone(UTC).isoformat(timespec="seconds")
    wanted = Lock(
        revision.title,
        LockedVersion(revision.stated_version, revision.digest, locked_at, CODE),
        tuple(
            LockedVersion(*(old.file[name] for name in _NAMES)) for old in reversed(locked_before(protocol))
        ),
    ).as_dict()
    subject = {"name": revision.title, "digest": {"sha256": revision.digest}}
    envelope = signing.seal_for(
        trust, statement(subjects=[subject], predicate_type=LOCK_TYPE, predicate=wanted)
    )
    public = SigningKey.objects.get(keyid=envelope["signatures"][0]["keyid"]).public_pem
    return {"format": LOCK_FORMAT, **wanted, "public_key": public, "envelope": envelope}


def _check_filled_in(parsed: Any) -> None:
    """A template's <placeholder> is a question that nobody has answered."""
    from alarp.evaluation.explaining import explain

    left = explain(parsed).placeholders
    if left:
        raise BadInput(left[0].sentence)


def _check_product(protocol: EvaluationProtocol, common: Any) -> None:
    product, number = protocol.version.product.name, protocol.version.number
    if (common.product_name.casefold(), common.product_version) != (product.casefold(), number):
        raise BadInput(
            f"The protocol's field 'product' says {common.product_name}, version {common.product_version}; this "
            f"evaluation is of {product}, version {number}: write that."
        )


def _check_version(protocol: EvaluationProtocol, revision: Any) -> None:
    for old in locked_before(protocol):
        if old.revision.stated_version == revision.stated_version and old.revision.digest != revision.digest:
            raise BadInput(
                f"Version {revision.stated_version} was locked as protocol {old.protocol.number} with another text; "
                "give the changed protocol a new version, which the report will show."
            )
