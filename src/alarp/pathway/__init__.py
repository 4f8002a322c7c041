"""The pathway: gates, stages, routes and the rules between them. Pure; see README.md."""

from alarp.pathway.model import TO_LIVE, Criterion, Gate, Pathway, Role
from alarp.pathway.policies import Signer, StepUp, Team
from alarp.pathway.procedures import as_markdown as procedures_as_markdown
from alarp.pathway.proof import Verified, verify_file
from alarp.pathway.reading import read_criterion, read_pathway, read_roles
from alarp.pathway.route import Route, RouteFacts, route
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
    "Criterion",
    "CriterionStanding",
    "Event",
    "EvidenceFact",
    "Gate",
    "GateStanding",
    "Pathway",
    "Role",
    "Route",
    "RouteFacts",
    "Signature",
    "Signer",
    "StepUp",
    "Team",
    "Transition",
    "Verified",
    "gate_standing",
    "procedures_as_markdown",
    "read_criterion",
    "read_pathway",
    "read_roles",
    "route",
    "verify_file",
]
