"""What does the database refuse about messages, whoever asks?"""

from alarp.records.guards import never_deleted, written_once

GUARDS = (
    never_deleted("hospital_messages_message", "A message"),
    *written_once("hospital_messages_order", "An order"),
    *written_once("hospital_messages_report", "A report"),
    *written_once("hospital_messages_merge", "A merge of patients"),
)
