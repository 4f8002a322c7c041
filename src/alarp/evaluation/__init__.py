"""How good is this AI tool, and how sure are we? Protocols, cases, measures, claims: pure, no files."""

from alarp.evaluation.adapting import adapt
from alarp.evaluation.intervals import Comparison, holm, mean, newcombe_difference, proportion, wilson
from alarp.evaluation.kinds import KINDS, KindProtocol, Room, parse_protocol, room, story
from alarp.evaluation.locking import Lock, LockedVersion, held, lock, lock_from_dict
from alarp.evaluation.openings import Opening, Use, use_of
from alarp.evaluation.outcomes import CaseOutcome, tally
from alarp.evaluation.protocol import Claim, Common, protocol_hash
from alarp.evaluation.result import Findings, Result, assemble
from alarp.evaluation.tables import read_csv
from alarp.evaluation.text import read_text, write_text

__all__ = [
    "KINDS",
    "CaseOutcome",
    "Claim",
    "Common",
    "Comparison",
    "Findings",
    "KindProtocol",
    "Lock",
    "LockedVersion",
    "Opening",
    "Result",
    "Room",
    "Use",
    "adapt",
    "assemble",
    "held",
    "holm",
    "lock",
    "lock_from_dict",
    "mean",
    "newcombe_difference",
    "parse_protocol",
    "proportion",
    "protocol_hash",
    "read_csv",
    "read_text",
    "room",
    "story",
    "tally",
    "use_of",
    "wilson",
    "write_text",
]
