"""The doors through which the register changes. Each takes its actor and writes its audit event in one transaction.

Products and versions, supplier documents, claims, due diligence, and what is issued from them as evidence lie in the
modules of `doors`; this is their one front.
"""

from alarp.records.products.doors.asking import accept_declined, answer_question, answer_questions
from alarp.records.products.doors.claiming import Promise, Respects, add_claim, link_claim, mark_unsupported
from alarp.records.products.doors.documents import Paper, record_document
from alarp.records.products.doors.issuing import (
    issue_claims,
    issue_device,
    issue_due_diligence,
    issue_intended_use,
)
from alarp.records.products.doors.registering import (
    register_product,
    register_version,
    state_device,
    state_intended_use,
)

__all__ = [
    "Paper",
    "Promise",
    "Respects",
    "accept_declined",
    "add_claim",
    "answer_question",
    "answer_questions",
    "issue_claims",
    "issue_device",
    "issue_due_diligence",
    "issue_intended_use",
    "link_claim",
    "mark_unsupported",
    "record_document",
    "register_product",
    "register_version",
    "state_device",
    "state_intended_use",
]
