"""What does the database refuse about deployments, whoever asks?"""

from alarp.records.guards import UPDATE, Guard, never_deleted, written_once

GUARDS = (
    *written_once("deployments_decision", "A decision"),
    *written_once("deployments_answer", "An answer"),
    *written_once("deployments_reopening", "A re-opening"),
    *written_once("deployments_abandonment", "An abandonment"),
    *written_once("deployments_trustcriterion", "A Trust's criterion"),
    never_deleted("deployments_deployment", "A deployment"),
    never_deleted("deployments_gatestatus", "A gate's status"),
    never_deleted("deployments_teammember", "A place in a team"),
    never_deleted("deployments_hold", "A safety hold"),
    Guard(
        "deployments_hold",
        UPDATE,
        "A safety hold is answered once, in writing; what it says is never changed.",
        "OLD.answered_at IS NOT NULL OR OLD.concern <> NEW.concern OR OLD.exit_criterion <> NEW.exit_criterion "
        "OR OLD.officer_id <> NEW.officer_id OR OLD.raised_by_id <> NEW.raised_by_id "
        "OR OLD.raised_at <> NEW.raised_at OR OLD.deployment_id <> NEW.deployment_id",
    ),
    never_deleted("deployments_routeclosure", "A closing of a route"),
    Guard(
        "deployments_routeclosure",
        UPDATE,
        "A closing of a route is lifted once, with a sealed decision; what it says is never changed.",
        "OLD.lifted_at IS NOT NULL OR OLD.reason <> NEW.reason "
        "OR COALESCE(OLD.closed_by_id, 0) <> COALESCE(NEW.closed_by_id, 0) "
        "OR OLD.cause <> NEW.cause OR OLD.reference <> NEW.reference "
        "OR OLD.closed_at <> NEW.closed_at OR OLD.deployment_id <> NEW.deployment_id "
        "OR (NEW.lifted_at IS NOT NULL AND NEW.lift_envelope IS NULL)",
    ),
)
