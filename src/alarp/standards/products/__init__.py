"""What must a supplier bring, state and answer before a Trust buys? The national content, as data."""

from alarp.standards.products.documents import DocumentKind, load_document_kinds
from alarp.standards.products.due_diligence import Question, QuestionSet, load_question_set
from alarp.standards.products.intended_use import Choice, Statement, load_device_terms, load_statements

__all__ = [
    "Choice",
    "DocumentKind",
    "Question",
    "QuestionSet",
    "Statement",
    "load_device_terms",
    "load_document_kinds",
    "load_question_set",
    "load_statements",
]
