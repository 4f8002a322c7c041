"""The doors through which a hazard log changes. Each takes its actor and writes its audit event in one transaction.

Writing and scoring, controls, transferring and closing, importing, and what is signed lie in the modules of `doors`;
issuing the report as evidence in `reporting`. This is their one front.
"""

from alarp.records.hazards.doors.controlling import add_control, set_control_state
from alarp.records.hazards.doors.importing import import_log, read_table
from alarp.records.hazards.doors.settling import close_hazard, transfer_hazard
from alarp.records.hazards.doors.signing import accept_risk, state_safety
from alarp.records.hazards.doors.writing import add_hazard, edit_hazard, score_hazard, start_log
from alarp.records.hazards.reporting import issue_safety_case

__all__ = [
    "accept_risk",
    "add_control",
    "add_hazard",
    "close_hazard",
    "edit_hazard",
    "import_log",
    "issue_safety_case",
    "read_table",
    "score_hazard",
    "set_control_state",
    "start_log",
    "state_safety",
    "transfer_hazard",
]
