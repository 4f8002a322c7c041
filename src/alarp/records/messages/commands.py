"""What may change about messages? The doors of this subject, in one list."""

from alarp.records.messages.doors.resolving import resolve_message
from alarp.records.messages.doors.sources import acknowledgement, read_fhir, receive_fhir, receive_hl7
from alarp.records.messages.doors.taking import Verdict, take

__all__ = [
    "Verdict",
    "acknowledgement",
    "read_fhir",
    "receive_fhir",
    "receive_hl7",
    "resolve_message",
    "take",
]
