"""The doors through which training changes. Each takes its actor and writes its audit event in one transaction."""

from alarp.records.training.doors.importing import Imported, import_file
from alarp.records.training.doors.recording import record_training, take, withdraw_record
from alarp.records.training.doors.using import add_user, end_user, issue_training

__all__ = [
    "Imported",
    "add_user",
    "end_user",
    "import_file",
    "issue_training",
    "record_training",
    "take",
    "withdraw_record",
]
