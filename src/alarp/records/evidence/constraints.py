"""What does the database refuse about evidence, whoever asks?"""

from alarp.records.guards import UPDATE, Guard, never_deleted, written_once

GUARDS = (
    *written_once("evidence_evidence", "Evidence"),
    *written_once("evidence_withdrawal", "A withdrawal"),
    never_deleted("evidence_signingkey", "A signing key"),
    Guard(
        "evidence_signingkey",
        UPDATE,
        "A signing key is never changed, only retired.",
        "OLD.keyid <> NEW.keyid OR OLD.public_pem <> NEW.public_pem OR OLD.organisation_id <> NEW.organisation_id",
    ),
)
