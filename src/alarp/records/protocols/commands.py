"""The doors of evaluations on the site. Each takes its actor and writes its audit event in one transaction.

Drafting, locking, gathering cases, running and signing lie in the modules of `doors`. This is their one front.
"""

from alarp.records.protocols.doors.drafting import save_protocol, start_protocol
from alarp.records.protocols.doors.gathering import add_folder, add_uploaded
from alarp.records.protocols.doors.locking import lock_protocol
from alarp.records.protocols.doors.running import ask_run, resume_run, stop_run
from alarp.records.protocols.doors.signing import sign_run

__all__ = [
    "add_folder",
    "add_uploaded",
    "ask_run",
    "lock_protocol",
    "resume_run",
    "save_protocol",
    "sign_run",
    "start_protocol",
    "stop_run",
]
