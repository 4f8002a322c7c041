"""Was this protocol locked, by whose key, and does the seal still hold? The lock lies beside the protocol."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alarp import __version__
from alarp.cli.evaluating import files
from alarp.cli.evaluating.keys import Key
from alarp.evaluation import Lock, held, lock, lock_from_dict
from alarp.evaluation.locking import LOCK_FORMAT
from alarp.evaluation.protocol import Common
from alarp.kernel import BadInput, BrokenEvidence, canonical_json
from alarp.pathway.proof import keyid_of, open_sealed, seal, statement

LOCK_TYPE = "https://alarp.example/protocol-lock/v1"
CODE = f"alarp {__version__}"


def now() -> str:
    """What time is it? To the second, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def lock_path(protocol: Path) -> Path:
    """Where does the lock of P.yaml lie? In P.lock.json, beside it."""
    return protocol.with_name(f"{protocol.stem}.lock.json")


def read_lock(protocol: Path) -> Lock | None:
    """Which lock was put on this protocol file? None without one; BadInput when it, or its seal, was altered."""
    path = lock_path(protocol)
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_bytes())
        envelope, public = found["envelope"], found["public_key"]
        sealed = open_sealed(envelope, public)
    except (ValueError, KeyError, TypeError, BrokenEvidence) as error:
        raise _altered(path, error) from error
    said = sealed.get("predicate")
    shown = {k: v for k, v in found.items() if k not in ("format", "envelope", "public_key")}
    if (
        found.get("format") != LOCK_FORMAT
        or sealed.get("predicateType") != LOCK_TYPE
        or not isinstance(said, dict)
        or canonical_json(shown) != canonical_json(said)
    ):
        raise _altered(path, None)
    return lock_from_dict(said).sealed_with(keyid_of(public))


def _altered(path: Path, error: Exception | None) -> BadInput:
    why = f" ({error})" if isinstance(error, BrokenEvidence) else ""
    return BadInput(
        f"The lock {path.name} or its signature has been altered{why}: restore the file, or remove it and lock the "
        "protocol again, which begins a new history."
    )


def held_lock(protocol: Common, path: Path) -> Lock | None:
    """Under which lock does this protocol run? None: exploratory. A changed protocol is refused."""
    existing = read_lock(path)
    return None if existing is None else held(protocol, existing)


def put_lock(protocol: Common, path: Path, key: Key) -> tuple[Lock, bool]:
    """Lock this protocol with this key. Answers the lock, and whether it is new."""
    existing = read_lock(path)
    wanted = lock(protocol, existing, now=now(), code_version=CODE)
    if existing is not None and wanted is existing:
        return existing, False
    content: dict[str, Any] = {
        "format": LOCK_FORMAT,
        **wanted.as_dict(),
        "public_key": key.public_pem,
        "envelope": seal(_statement(wanted), key.private_pem),
    }
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    files.write_whole(lock_path(path), text.encode("utf-8"))
    return wanted.sealed_with(keyid_of(key.public_pem)), True


def _statement(wanted: Lock) -> dict[str, Any]:
    subject = {"name": wanted.title, "digest": {"sha256": wanted.current.hash}}
    return statement(subjects=[subject], predicate_type=LOCK_TYPE, predicate=wanted.as_dict())
