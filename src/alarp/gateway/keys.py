"""Under which secret does a deployment's tool know our patients? One key file per deployment, made at first use."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from functools import cache

from alarp.identity import Pseudonyms
from alarp.kernel import BadInput
from alarp.records.configuration import configuration

KEY_BYTES = 32


@cache
def pseudonyms_of(deployment: str, version: int = 1) -> Pseudonyms:
    """The pseudonyms of this deployment (its slug). Losing the key file loses the way to make the same names again."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", deployment, re.IGNORECASE):
        raise BadInput(f"The deployment's short name {deployment!r} cannot name a key file.")
    file = configuration().keys / f"deidentify-{deployment}-v{version}.key"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = file.with_suffix(f".{os.getpid()}-{secrets.token_hex(4)}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            handle.write(secrets.token_bytes(KEY_BYTES))
            handle.flush()
            os.fsync(handle.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(fresh, file)  # whoever comes first wins; nobody overwrites
        fresh.unlink()
        folder = os.open(file.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    key = file.read_bytes()
    if len(key) != KEY_BYTES:
        raise BadInput(
            f"The key file {file.name} has {len(key)} bytes instead of {KEY_BYTES}; restore it from the backup."
        )
    return Pseudonyms(key=key, key_version=version)
