"""The pathway: gates, stages, routes and the rules between them. Pure; see README.md."""

from alarp.pathway.alarms import AlarmRule, Breach, Figure, Monitor, Reaction, breaches, same_version
from alarp.pathway.assessment import Marks, Score, falls_short, score
from alarp.pathway.entitlement import Entitlement, May, Module, Pass, TrainingFacts, entitlement
from alarp.pathway.model import TO_LIVE, Criterion, Gate, Pathway, Role
from alarp.pathway.policies import Signer, StepUp, Team
from alarp.pathway.procedures import as_markdown as procedures_as_markdown
from alarp.pathway.proof import Verified, verify_file
from alarp.pathway.reading import read_criterion, read_pathway, read_roles
from alarp.pathway.review_rules import Review, ReviewCriterion, Verdict, review
from alarp.pathway.route import Route, RouteFacts, route
from alarp.pathway.rule_reading import read_alarm_rules, read_monitors, read_review_criteria
from alarp.pathway.standing import (
    CriterionStanding,
    EvidenceFact,
    GateStanding,
    Signature,
    gate_standing,
)
from alarp.pathway.states import TRANSITIONS, Event, Transition

__all__ = [
    "TO_LIVE",
    "TRANSITIONS",
    "AlarmRule",
    "Breach",
    "Criterion",
    "CriterionStanding",
    "Entitlement",
    "Event",
    "EvidenceFact",
    "Figure",
    "Gate",
    "GateStanding",
    "Marks",
    "May",
    "Module",
    "Monitor",
    "Pass",
    "Pathway",
    "Reaction",
    "Review",
    "ReviewCriterion",
    "Role",
    "Route",
    "RouteFacts",
    "Score",
    "Signature",
    "Signer",
    "StepUp",
    "Team",
    "TrainingFacts",
    "Transition",
    "Verdict",
    "Verified",
    "breaches",
    "entitlement",
    "falls_short",
    "gate_standing",
    "procedures_as_markdown",
    "read_alarm_rules",
    "read_criterion",
    "read_monitors",
    "read_pathway",
    "read_review_criteria",
    "read_roles",
    "review",
    "route",
    "same_version",
    "score",
    "verify_file",
]
