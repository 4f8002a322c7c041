"""What does the database refuse about alerts, incidents, feedback, reviews and retirements, whoever asks?"""

from alarp.records.guards import never_deleted, written_once

GUARDS = (
    never_deleted("watch_ruledraft", "A draft of alarm rules"),
    *written_once("watch_alert", "An alert"),
    *written_once("watch_notice", "A notice of an alert"),
    *written_once("watch_recipient", "A recipient of an alert"),
    *written_once("watch_alertacknowledgement", "An acknowledgement"),
    *written_once("watch_alertend", "The end of an alert"),
    *written_once("watch_feedback", "Feedback"),
    *written_once("watch_triage", "The outcome of feedback"),
    *written_once("watch_incident", "An incident"),
    *written_once("watch_journalentry", "An entry of an incident's journal"),
    *written_once("watch_reviewrecord", "A review"),
    *written_once("watch_retirementchecklist", "A retirement checklist"),
    *written_once("watch_retirementdone", "A step of a retirement"),
)
