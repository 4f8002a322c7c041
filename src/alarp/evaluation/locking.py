"""Was the protocol fixed before the truth was opened, and is it still the same one?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from alarp.evaluation.protocol import Common
from alarp.kernel import BadInput

LOCK_FORMAT = "alarp-protocol-lock-1"


@dataclass(frozen=True, slots=True)
class LockedVersion:
    """One version of a protocol that was fixed, and when."""

    version: str
    hash: str
    locked_at: str
    code_version: str


@dataclass(frozen=True, slots=True)
class Lock:
    """The version in force and the versions before it; `key` is the fingerprint of the key that sealed them."""

    title: str
    current: LockedVersion
    earlier: tuple[LockedVersion, ...]
    key: str = ""

    def as_dict(self) -> dict[str, Any]:
        """What does the seal of a lock file cover?"""
        return {
            "title": self.title,
            **_version_dict(self.current),
            "earlier": [_version_dict(v) for v in self.earlier],
        }

    def sealed_with(self, key: str) -> Lock:
        """The same lock, and whose key sealed it."""
        return replace(self, key=key)


def lock(protocol: Common, existing: Lock | None, *, now: str, code_version: str) -> Lock:
    """Which lock holds from now on?

    The first lock fixes the protocol; locking the same protocol again changes nothing. A changed protocol under
    the same version, or under a version locked before, is refused; under a new version it is locked anew and
    the old one stays listed.
    """
    fresh = LockedVersion(protocol.version, protocol.hash, now, code_version)
    if existing is None:
        return Lock(protocol.title, fresh, ())
    if existing.current.hash == protocol.hash:
        return existing
    for old in (existing.current, *existing.earlier):
        if old.version == protocol.version:
            raise _changed(protocol, old)
    return Lock(protocol.title, fresh, (*existing.earlier, existing.current))


def held(protocol: Common, existing: Lock) -> Lock:
    """Does this lock hold for this very protocol? Otherwise BadInput says what to do."""
    if existing.current.hash != protocol.hash:
        raise _changed(protocol, existing.current)
    return existing


def _changed(protocol: Common, old: LockedVersion) -> BadInput:
    return BadInput(
        f"The protocol has changed since version {old.version} was locked on {old.locked_at} "
        f"(hash {old.hash[:12]}, now {protocol.hash[:12]}): restore it, or give the changed protocol a "
        "new version, which the report will show, and lock it again (`alarp protocol lock`)."
    )


def lock_from_dict(values: Mapping[str, Any]) -> Lock:
    """Which lock do these sealed words hold?"""
    try:
        return Lock(
            title=str(values["title"]),
            current=_version_from(values),
            earlier=tuple(_version_from(v) for v in values["earlier"]),
        )
    except (KeyError, TypeError) as error:
        raise BadInput(
            f"The lock of the protocol has no usable entry {error}: it has been altered; restore the lock file."
        ) from error


def _version_dict(version: LockedVersion) -> dict[str, str]:
    return {
        "version": version.version,
        "hash": version.hash,
        "locked_at": version.locked_at,
        "code_version": version.code_version,
    }


def _version_from(values: Mapping[str, Any]) -> LockedVersion:
    return LockedVersion(
        str(values["version"]), str(values["hash"]), str(values["locked_at"]), str(values["code_version"])
    )
