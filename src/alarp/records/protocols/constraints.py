"""What does the database refuse about evaluations, whoever asks? A lock stays, and an opening of the truth is never lost."""

from alarp.records.guards import UPDATE, Guard, never_deleted, written_once

GUARDS = (
    *written_once("protocols_evaluationprotocol", "An evaluation protocol"),
    *written_once("protocols_protocolrevision", "A revision of a protocol"),
    *written_once("protocols_protocollock", "The lock of a protocol"),
    *written_once("protocols_testset", "A test set"),
    *written_once("protocols_testfile", "A file of a test set"),
    *written_once("protocols_opening", "An opening of a test set"),
    *written_once("protocols_signedrun", "The signature under a run"),
    never_deleted("protocols_evaluationrun", "A run of an evaluation"),
    Guard(
        "protocols_evaluationrun",
        UPDATE,
        "A run that has ended is never changed; run the evaluation again.",
        "OLD.state IN ('done', 'failed') OR OLD.revision_id <> NEW.revision_id OR OLD.test_set_id <> NEW.test_set_id",
    ),
)
