"""What could hurt a patient, what holds it back, and what watches it? Frozen facts of one hazard."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from alarp.safety.scheme import Score


class Category(StrEnum):
    """Of which kind is a control (the official vocabulary)?"""

    DESIGN = "design"
    TEST = "test"
    TRAINING = "training"
    PROCESS = "business-process-change"


# Preference order of risk control (DCB0129 implementation guidance v3.2, 6.1), in our words.
MECHANISMS = {
    1: "Design change or protective measure",
    2: "Verification and validation",
    3: "Administrative procedure",
    4: "Training and briefing",
    5: "Information for safety, warnings",
}


class ControlState(StrEnum):
    """How far has a control come? Only what is built counts for anything."""

    PROPOSED = "proposed"
    BUILT = "built"
    VERIFIED_IMPLEMENTED = "verified-implemented"
    VERIFIED_EFFECTIVE = "verified-effective"

    @property
    def rank(self) -> int:
        return list(ControlState).index(self)

    @property
    def built(self) -> bool:
        return self is not ControlState.PROPOSED


class Controlled(StrEnum):
    """How well is a hazard held back? Kept beside the level, because a coarse grid hides what a control did."""

    UNCONTROLLED = "uncontrolled"
    PARTLY = "partly controlled"
    CONTROLLED = "controlled"
    BAND_LIMITED = "controlled, band-limited"


class Status(StrEnum):
    """Whose actions are outstanding (the official vocabulary)?"""

    OPEN = "open"
    TRANSFERRED = "transferred"
    CLOSED = "closed"


class Owner(StrEnum):
    """Whose hazard is it?"""

    TRUST = "trust"
    SUPPLIER = "supplier"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Control:
    """One thing that holds a hazard back, beyond what was there before."""

    number: str
    text: str
    category: Category
    mechanism: int
    state: ControlState = ControlState.PROPOSED
    owner_role: str = ""
    due: date | None = None
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Watch:
    """Which monitor watches this hazard, and at which limit does it speak?"""

    monitor: str
    limit: str


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Who accepted this residual risk, in which role, why, and until when does it hold?"""

    role: str
    person: str
    justification: str
    review_on: date | None = None


@dataclass(frozen=True, slots=True)
class Hazard:
    """One hazard of the log as it stands. `leans_on` names controls of other hazards, such as 'H01/C2'."""

    number: str
    name: str
    description: str
    effect: str
    harm: str
    causes: tuple[str, ...] = ()
    existing_controls: tuple[str, ...] = ()
    initial: Score | None = None
    residual: Score | None = None
    measured_by: str = ""
    rationale: str = ""
    controls: tuple[Control, ...] = ()
    leans_on: tuple[str, ...] = ()
    monitors: tuple[Watch, ...] = ()
    owner: Owner = Owner.TRUST
    created_by: str = ""
    references: tuple[str, ...] = ()
    acceptances: tuple[Acceptance, ...] = field(default=())
    status: Status = Status.OPEN
    status_because: str = ""
    transferred_to: str = ""
    reopened_because: str = ""

    @property
    def scored(self) -> bool:
        return self.initial is not None and self.residual is not None

    @property
    def set_aside(self) -> bool:
        """Was it closed unscored, because it does not apply here?"""
        return self.status is Status.CLOSED and not self.scored

    @property
    def standing(self) -> Score | None:
        """Which score counts now? The residual; the initial again while a control that it stood on has fallen."""
        return self.initial if self.reopened_because and self.initial else self.residual
