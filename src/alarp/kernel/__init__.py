"""The words: types that every room shares. Standard library only."""

from alarp.kernel.canonical import canonical_json, digest, sha256_hex
from alarp.kernel.errors import (
    AlarpError,
    BadInput,
    BrokenEvidence,
    NotNow,
    NotPermitted,
    Unavailable,
)
from alarp.kernel.measure import Measure
from alarp.kernel.words import Design, Disposition, Outcome, Phase, RouteState, Stage, Tier

__all__ = [
    "AlarpError",
    "BadInput",
    "BrokenEvidence",
    "Design",
    "Disposition",
    "Measure",
    "NotNow",
    "NotPermitted",
    "Outcome",
    "Phase",
    "RouteState",
    "Stage",
    "Tier",
    "Unavailable",
    "canonical_json",
    "digest",
    "sha256_hex",
]
