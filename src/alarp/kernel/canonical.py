"""Which bytes stand for this value? One form only, so that a digest means the same everywhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

Json = Any


def canonical_json(value: Json) -> bytes:
    """Which bytes are signed and hashed for this value?

    JSON with sorted keys, no white space, UTF-8, no NaN or infinity (RFC 8785 in spirit; numbers as
    Python's `repr` writes them, which is the shortest form that reads back the same).
    Raises ValueError for NaN or infinity and TypeError for a value JSON does not know.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode("utf-8")


def sha256_hex(data: bytes) -> str:
    """What is the SHA-256 digest of these bytes, in lower-case hexadecimal?"""
    return hashlib.sha256(data).hexdigest()


def digest(value: Mapping[str, Json] | list[Json]) -> str:
    """What is the SHA-256 digest of this value's canonical JSON?"""
    return sha256_hex(canonical_json(value))
