"""What does the database refuse about the audit trail, whoever asks?"""

from alarp.records.guards import UPDATE, Guard, never_deleted, written_once

GUARDS = (
    *written_once("audit_auditevent", "An audit event"),
    never_deleted("audit_auditstream", "An audit stream"),
    Guard(
        "audit_auditstream",
        UPDATE,
        "An audit stream only grows.",
        "NEW.count <= OLD.count OR NEW.slug <> OLD.slug",
    ),
)
