"""Was this evaluation made under a locked protocol? An exploratory one answers no criterion."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from alarp.kernel import BadInput

EVALUATION = "evaluation"
RESULT_SCHEMA = "alarp.evaluation/"
EXPLORATORY = (
    "This evaluation is exploratory: its protocol was not locked before the truth was read, so it cannot answer a "
    "criterion. Lock the protocol with `alarp protocol lock` and evaluate again."
)


def result_in(body: Mapping[str, Any] | None, document: bytes | None = None) -> Mapping[str, Any] | None:
    """Which evaluation's result does this evidence hold, in its body or as the document itself? None for any other."""
    for said in (body, _parsed(document)):
        if isinstance(said, Mapping) and str(said.get("schema", "")).startswith(RESULT_SCHEMA):
            return said
    return None


def _parsed(document: bytes | None) -> Any:
    if not document or not document.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return None
    try:
        return json.loads(document)
    except (ValueError, RecursionError):
        return None


def is_exploratory(result: Mapping[str, Any]) -> bool:
    """Was the protocol not locked, or does the result not say?"""
    protocol = result.get("protocol")
    return not isinstance(protocol, Mapping) or protocol.get("exploratory") is not False


def refuse_exploratory(kind: str, body: Mapping[str, Any] | None, document: bytes | None = None) -> None:
    """Let an evaluation pass that was made under a lock, and whatever is not an evaluation; refuse the others."""
    result = result_in(body, document) if kind == EVALUATION else None
    if result is not None and is_exploratory(result):
        raise BadInput(EXPLORATORY)


def refuse_too_small(kind: str, body: Mapping[str, Any] | None) -> None:
    """Let an evaluation answer a criterion only with at least as many cases as its own plan asked for."""
    result = result_in(body) if kind == EVALUATION else None
    planned = result.get("planned_n") if result is not None else None
    if result is None or not isinstance(planned, int):
        return
    enrolled = result.get("enrolled", 0)
    if enrolled < planned:
        raise BadInput(
            f"This evaluation enrolled {enrolled} cases and its plan asked for {planned}, so it cannot answer a "
            "criterion. Enrol the others, or change the plan with its reasons in a new version of the protocol."
        )
