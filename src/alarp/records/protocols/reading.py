"""What does the text of a protocol say, or why can it not be read? The core is asked only when a text is in hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alarp.kernel import BadInput


@dataclass(frozen=True, slots=True)
class Reading:
    """One text as it was understood; without `trouble` it is a protocol."""

    title: str
    stated_version: str
    kind: str
    digest: str
    plan: str
    trouble: str
    parsed: Any = None


def read(text: str) -> Reading:
    """Which protocol is this text? One that cannot be read says why, in one sentence."""
    from alarp.evaluation import parse_protocol
    from alarp.evaluation.text import read_text

    try:
        parsed = parse_protocol(read_text(text))
    except BadInput as error:
        return Reading("", "", "", "", "", str(error))
    common = parsed.common
    return Reading(common.title, common.version, common.kind, common.hash, common.plan_hash, "", parsed)


def files_of(parsed: Any) -> dict[str, str]:
    """Which files does this protocol read: its field → the file's name?"""
    from alarp.evaluation import room

    return room(parsed.common.kind).tables(parsed)
