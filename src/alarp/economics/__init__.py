"""What does it really cost, and what do we get? Cases, cash flow, break-even, recalls, options: pure, no files."""

from alarp.economics.case import Case
from alarp.economics.figures import Figure, Kind, exactly, pence
from alarp.economics.finding import SCHEMA, CostFinding, appraise
from alarp.economics.options import Option, OptionKind, missing, read_options
from alarp.economics.reading import read_case
from alarp.economics.rules import Rules, read_rules
from alarp.economics.story import answer, funding_sentence, pays, recall_sentence, story, worth
from alarp.economics.text import read_text
from alarp.economics.to_date import ToDate, to_date
from alarp.economics.words import pounds

__all__ = [
    "SCHEMA",
    "Case",
    "CostFinding",
    "Figure",
    "Kind",
    "Option",
    "OptionKind",
    "Rules",
    "ToDate",
    "answer",
    "appraise",
    "exactly",
    "funding_sentence",
    "missing",
    "pays",
    "pence",
    "pounds",
    "read_case",
    "read_options",
    "read_rules",
    "read_text",
    "recall_sentence",
    "story",
    "to_date",
    "worth",
]
