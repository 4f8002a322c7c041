"""Under which key does this dispatch leave, and under which does its result come back?

A dispatch notes its profile and key before its first byte leaves. One that has done so stays with that key, and so do
later rounds of a study that the same tool already has: it knows one study under one set of names. Everything else
leaves under the newest key.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from alarp.gateway.profiles import Leaving
from alarp.identity import Pseudonyms
from alarp.records import pseudonym_keys
from alarp.records.ledger.models import Dispatch

_RECORDED = re.compile(r", key ([0-9]+)$")
_LONGEST = 80


@lru_cache(maxsize=256)
def _loaded(deployment: str, version: int, issuer: str) -> Pseudonyms:
    return replace(pseudonym_keys.load(deployment, version), issuer=issuer)


def pseudonyms_of(deployment: str, version: int | None = None, issuer: str = "") -> Pseudonyms:
    """The pseudonyms of this deployment (its short name), under this version of its key; under the newest without one.

    `issuer` is that of the study, for the numbers of its patient that name none.
    """
    return _loaded(deployment, version or pseudonym_keys.current(deployment), issuer)


def of_dispatch(dispatch: Dispatch) -> Pseudonyms:
    """The pseudonyms under which this dispatch left, or will leave."""
    return pseudonyms_of(dispatch.deployment.slug, version_of(dispatch), dispatch.study.issuer)


def version_of(dispatch: Dispatch) -> int | None:
    """Which version of the key has this dispatch noted, or an earlier round of its study? None: neither has."""
    own = _noted(dispatch.profile)
    if own is not None:
        return own
    rounds = Dispatch.objects.filter(study=dispatch.study_id, deployment=dispatch.deployment_id)
    earlier = rounds.exclude(study_uid_sent="").order_by("-number").values_list("profile", flat=True).first()
    return _noted(earlier or "")


def note(profile: Leaving, pseudonyms: Pseudonyms) -> str:
    """What a dispatch keeps of profile and key, and `version_of` reads back."""
    key = f", key {pseudonyms.key_version}"
    return str(profile)[: _LONGEST - len(key)] + key


def _noted(profile: str) -> int | None:
    match = _RECORDED.search(profile)
    return int(match[1]) if match else None
