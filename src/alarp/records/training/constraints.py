"""What does the database refuse about training, whoever asks?"""

from alarp.records.guards import UPDATE, Guard, never_deleted, written_once

GUARDS = (
    *written_once("training_module", "A training module"),
    *written_once("training_item", "A case of an assessment"),
    *written_once("training_attempt", "An attempt"),
    *written_once("training_trainingrecord", "A training record"),
    *written_once("training_recordwithdrawal", "A withdrawal"),
    *written_once("training_localcompetences", "A competence statement"),
    never_deleted("training_deploymentuser", "A time as a user"),
    Guard(
        "training_deploymentuser",
        UPDATE,
        "A time as a user is only ended.",
        "OLD.person_id <> NEW.person_id OR OLD.deployment_id <> NEW.deployment_id OR OLD.role <> NEW.role "
        "OR OLD.since <> NEW.since OR OLD.until IS NOT NULL",
    ),
)
