"""How does governance change? Through these doors alone (their rooms are in `doors/`)."""

from alarp.records.governance.doors.answering import acknowledge, set_responsibilities
from alarp.records.governance.doors.flowing import set_data_flow, write_assessment
from alarp.records.governance.doors.informing import (
    publish_patient_information,
    write_patient_information,
)
from alarp.records.governance.doors.involving import log_involvement
from alarp.records.governance.doors.issuing import (
    ISSUES,
    issue_data_flow,
    issue_patient_information,
    issue_patient_view,
    issue_readiness,
    issue_responsibilities,
)
from alarp.records.governance.doors.readying import set_readiness, sign_readiness
from alarp.records.governance.doors.testing import ask_self_test, report_self_test

__all__ = [
    "ISSUES",
    "acknowledge",
    "ask_self_test",
    "issue_data_flow",
    "issue_patient_information",
    "issue_patient_view",
    "issue_readiness",
    "issue_responsibilities",
    "log_involvement",
    "publish_patient_information",
    "report_self_test",
    "set_data_flow",
    "set_readiness",
    "set_responsibilities",
    "sign_readiness",
    "write_assessment",
    "write_patient_information",
]
