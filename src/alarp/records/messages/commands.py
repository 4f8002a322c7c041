"""What may change about messages? The doors of this subject, in one list."""

from alarp.records.messages.doors.resolving import resolve_message
from alarp.records.messages.doors.sources import (
    acknowledgement,
    fhir_in,
    read_fhir,
    receive_fhir,
    receive_hl7,
    recorder,
)
from alarp.records.messages.doors.taking import Verdict, take

__all__ = [
    "Verdict",
    "acknowledgement",
    "fhir_in",
    "read_fhir",
    "receive_fhir",
    "receive_hl7",
    "recorder",
    "resolve_message",
    "take",
]
