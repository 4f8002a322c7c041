"""How is a person's word sealed that is not given at a gate: a risk accepted, a checklist signed, a route opened?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC
from functools import lru_cache
from typing import Any

from alarp.kernel import BrokenEvidence, NotNow, canonical_json
from alarp.pathway import StepUp, policies
from alarp.pathway.proof import open_sealed, statement
from alarp.records import clock
from alarp.records.deployments.models import Deployment
from alarp.records.evidence import keys as signing
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
    return signing.seal_for(
        trust_of(subject.site),
        statement(subjects=[version_subject(subject.version)], predicate_type=WORD_TYPE, predicate=predicate),
    )


def public_keys(subject: Deployment) -> dict[str, str]:
    """The public keys whose seals count for this deployment, by key id: read once for many seals."""
    rows = SigningKey.objects.filter(organisation__in=line_of(subject.site))
    return dict(rows.values_list("keyid", "public_pem"))


def seal_holds(
    envelope: Mapping[str, Any],
    expected: Mapping[str, Any],
    *,
    subject: Deployment,
    keys: Mapping[str, str] | None = None,
) -> bool:
    """Does the Trust's seal on this envelope hold, and does it say all of this?"""
    signatures = envelope.get("signatures") or [{}]
    known = public_keys(subject) if keys is None else keys
    public = known.get(signatures[0].get("keyid", ""))
    said = _said(canonical_json(dict(envelope)), public) if public else None
    if said is None:
        return False
    wanted = {"deployment": subject.slug, **expected}
    return all(
        name in said and canonical_json({"value": said[name]}) == canonical_json({"value": value})
        for name, value in wanted.items()
    )


@lru_cache(maxsize=4096)
def _said(envelope: bytes, public_pem: str) -> Mapping[str, Any] | None:
    """What is sealed inside, when the seal holds. The answer for these bytes and this key never changes."""
    try:
        said = open_sealed(json.loads(envelope), public_pem).get("predicate")
    except BrokenEvidence:
        return None
    return said if isinstance(said, dict) else None
