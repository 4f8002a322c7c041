"""Which kinds of tool can be evaluated, each with its own strategy?

Every kind is a room of one shape: `protocol.py` (what was promised), `cases.py` (what became of every case),
`measures.py` (which numbers), `report.py` (what the report says), and this door in its `__init__.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol, cast

import polars as pl

from alarp.evaluation.pieces import Row, Story
from alarp.evaluation.protocol import Common
from alarp.evaluation.result import Findings
from alarp.kernel import BadInput

# The word in a protocol → the room that knows the strategy.
ROOMS = {
    "detection": "detection",
    "triage": "detection",
    "localisation": "localisation",
    "reader-study": "reader_study",
    "contouring": "contouring",
    "measurement": "measurement",
    "prediction": "prediction",
    "operational": "prediction",
    "enhancement": "enhancement",
    "dose": "enhancement",
}
KINDS = tuple(ROOMS)


class KindProtocol(Protocol):
    """A locked plan of any kind: its own fields beside the common ones."""

    @property
    def common(self) -> Common: ...


class Room(Protocol):
    """What each kind answers. `tables` and `findings` are the whole way for kinds whose cases are rows of tables;
    contouring, whose cases are scans, is walked case by case (`alarp.evaluation.contouring`)."""

    def parse(self, values: Mapping[str, Any]) -> KindProtocol:
        """Which protocol is this? BadInput names the field that is missing, unknown or wrong."""

    def tables(self, protocol: Any) -> dict[str, str]:
        """Which CSV files does it read: the protocol's field → the file's name?"""

    def findings(self, protocol: Any, tables: Mapping[str, pl.DataFrame]) -> Findings:
        """What do these tables of text cells (by the protocol's field) show? BadInput names the case and column."""

    def story(self, result: Row) -> Story:
        """Which story does `result.json` tell?"""


def room(kind: Any) -> Room:
    """Which room evaluates this kind? Loaded when asked for: scipy takes a second."""
    if kind is None:
        raise BadInput("The protocol has no field 'kind': add it (one of " + ", ".join(KINDS) + ").")
    if kind not in ROOMS:
        raise BadInput(
            f"The protocol's field 'kind' is {kind!r}: it must be one of " + ", ".join(KINDS) + "."
        )
    return cast(Room, import_module(f"alarp.evaluation.{ROOMS[kind]}"))


def parse_protocol(values: Any) -> KindProtocol:
    """Which protocol is this? Its kind decides which fields, measures and checks apply."""
    if not isinstance(values, Mapping):
        raise BadInput("The protocol is not a mapping of field: value; see docs/how-to/evaluate-a-tool.md.")
    return room(values.get("kind")).parse(values)


def story(result: Row) -> Story:
    """Which story does this result tell? By its kind."""
    return room(result["kind"]).story(result)
