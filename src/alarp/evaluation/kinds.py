"""Which kinds of tool can be evaluated, each with its own strategy?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alarp.evaluation import contouring, detection
from alarp.evaluation.contouring.protocol import ContouringProtocol
from alarp.evaluation.detection.protocol import DetectionProtocol
from alarp.evaluation.story import Row, Story
from alarp.kernel import BadInput

Protocol = DetectionProtocol | ContouringProtocol
_DETECTION = ("detection", "triage")
KINDS = (*_DETECTION, "contouring")


def parse_protocol(values: Any) -> Protocol:
    """Which protocol is this? Its kind decides which fields, measures and checks apply."""
    if not isinstance(values, Mapping):
        raise BadInput("The protocol is not a mapping of field: value; see docs/how-to/evaluate-a-tool.md.")
    kind = values.get("kind")
    if kind is None:
        raise BadInput("The protocol has no field 'kind': add it (one of " + ", ".join(KINDS) + ").")
    if kind in _DETECTION:
        return detection.parse(values)
    if kind == "contouring":
        return contouring.parse(values)
    raise BadInput(f"The protocol's field 'kind' is {kind!r}: it must be one of " + ", ".join(KINDS) + ".")


def story(result: Row) -> Story:
    """Which story does this result tell? By its kind."""
    return contouring.story(result) if result["kind"] == "contouring" else detection.story(result)
