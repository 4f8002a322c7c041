"""Was the protocol fixed before the truth was opened, and is it still the same one?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alarp.evaluation.protocol import Common
from alarp.kernel import BadInput


@dataclass(frozen=True, slots=True)
class LockedVersion:
    """One version of a protocol that was fixed, and when."""

    version: str
    hash: str
    locked_at: str
    code_version: str


@dataclass(frozen=True, slots=True)
class Lock:
    """The version in force, the versions before it, and every time the truth was opened under it."""

    title: str
    current: LockedVersion
    earlier: tuple[LockedVersion, ...]
    openings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """What stands in `protocol.lock.json`?"""
        return {
            "title": self.title,
            **_version_dict(self.current),
            "openings": list(self.openings),
            "earlier": [_version_dict(v) for v in self.earlier],
        }


def lock(protocol: Common, existing: Lock | None, *, now: str, code_version: str) -> Lock:
    """May the truth be opened under this protocol, and which lock holds from now on?

    The first run fixes the protocol. A rerun with the same hash only counts one more opening. A changed
    protocol under the same version, or under a version locked before, is refused; under a new version
    it is locked anew and the old one stays listed.
    """
    fresh = LockedVersion(protocol.version, protocol.hash, now, code_version)
    if existing is None:
        return Lock(protocol.title, fresh, (), (now,))
    if existing.current.hash == protocol.hash:
        return Lock(existing.title, existing.current, existing.earlier, (*existing.openings, now))
    for old in (existing.current, *existing.earlier):
        if old.version == protocol.version:
            raise BadInput(
                f"The protocol has changed since version {old.version} was locked on {old.locked_at} "
                f"(hash {old.hash[:12]}, now {protocol.hash[:12]}): restore it, or give the changed protocol a "
                "new version, which the report will show."
            )
    return Lock(protocol.title, fresh, (*existing.earlier, existing.current), (now,))


def lock_from_dict(values: Mapping[str, Any]) -> Lock:
    """Which lock does this `protocol.lock.json` hold?"""
    try:
        return Lock(
            title=str(values["title"]),
            current=_version_from(values),
            earlier=tuple(_version_from(v) for v in values["earlier"]),
            openings=tuple(str(t) for t in values["openings"]),
        )
    except (KeyError, TypeError) as error:
        raise BadInput(
            f"protocol.lock.json has no usable entry {error}: it has been altered; choose another output folder."
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
