"""What does the database refuse about recalls, proofs, releases, deliveries and the switch, whoever asks?"""

from alarp.records.guards import UPDATE, Guard, never_deleted, written_once

GUARDS = (
    *written_once("assurance_recall", "A recall"),
    *written_once("assurance_recallentry", "An entry of a recall"),
    *written_once("assurance_optoutproof", "A proof"),
    *written_once("assurance_release", "A release to human reading"),
    *written_once("assurance_delivery", "A delivery"),
    *written_once("assurance_clearance", "A clearance of pictures"),
    never_deleted("assurance_humanreading", "A time of human reading"),
    Guard(
        "assurance_humanreading",
        UPDATE,
        "A time of human reading is ended once and not changed otherwise.",
        when="OLD.ended_at IS NOT NULL OR NEW.begun_at <> OLD.begun_at OR NEW.reason <> OLD.reason",
    ),
    never_deleted("assurance_downtime", "A downtime"),
    never_deleted("assurance_probe", "A probe"),
    Guard(
        "assurance_probe",
        UPDATE,
        "What a probe found is never changed; ask for a new one.",
        when="OLD.state IN ('passed', 'failed')",
    ),
)
