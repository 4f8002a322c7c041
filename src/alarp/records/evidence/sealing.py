"""How is a person's word sealed that is not given at a gate: a risk accepted, a checklist signed, a route opened?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from alarp.kernel import BrokenEvidence, NotNow, canonical_json
from alarp.pathway import StepUp, policies
from alarp.pathway.proof import open_sealed, statement
from alarp.records import clock
from alarp.records.deployments.models import Deployment
from alarp.records.evidence import keys
from alarp.records.evidence.models import SigningKey
from alarp.records.people.models import Person
from alarp.records.people.queries import line_of, trust_of
from alarp.records.products.identity import version_subject

WORD_TYPE = "https://alarp.example/word/v1"


def seal(
    said: Mapping[str, Any], *, subject: Deployment, by: Person, step_up: StepUp, role: str, meaning: str
) -> dict[str, Any]:
    """Seal what this person says of this deployment, with the Trust's key; the envelope is kept on an immutable row.

    Raises NotNow when the proof of who they are is too old, or the Trust has no key.
    """
    trouble = policies.step_up_is_fresh(step_up, clock.now())
    if trouble:
        raise NotNow(trouble)
    predicate = {
        **said,
        "deployment": subject.slug,
        "username": by.username,
        "person": str(by),
        "registration": by.registration,
        "role": role,
        "meaning": meaning,
        "authenticated_by": step_up.method,
        "authenticated_at": step_up.at.astimezone(UTC).isoformat(timespec="seconds"),
        "signed_at": clock.now().astimezone(UTC).isoformat(timespec="microseconds"),
    }
    return keys.seal_for(
        trust_of(subject.site),
        statement(subjects=[version_subject(subject.version)], predicate_type=WORD_TYPE, predicate=predicate),
    )


def seal_holds(envelope: Mapping[str, Any], expected: Mapping[str, Any], *, subject: Deployment) -> bool:
    """Does the Trust's seal on this envelope hold, and does it say all of this?"""
    signatures = envelope.get("signatures") or [{}]
    rows = SigningKey.objects.filter(
        organisation__in=line_of(subject.site), keyid=signatures[0].get("keyid", "")
    )
    key = rows.first()
    if key is None:
        return False
    try:
        said = open_sealed(envelope, key.public_pem).get("predicate") or {}
    except BrokenEvidence:
        return False
    wanted = {"deployment": subject.slug, **expected}
    return all(
        name in said and canonical_json({"value": said[name]}) == canonical_json({"value": value})
        for name, value in wanted.items()
    )
