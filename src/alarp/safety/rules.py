"""What speaks against a hazard log? Each rule answers with sentences that a person can read; none is silent.

R1 to R3 follow the declared rules of a worked NHS safety case: a control not built scores nothing; a hazard nobody has
measured is at least of medium likelihood; a residual that leans on another hazard's control falls with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from alarp.safety.hazard import Controlled, ControlState, Hazard, Status
from alarp.safety.scheme import UNMEASURED_FLOOR, RiskScheme, Score

Sentences = tuple[str, ...]
States = Mapping[str, ControlState]  # 'H01/C2' → how far that control has come


def control_states(hazards: Iterable[Hazard]) -> dict[str, ControlState]:
    """How far has each control of the log come, by its address?"""
    return {f"{h.number}/{c.number}": c.state for h in hazards for c in h.controls}


def against_score(
    number: str,
    initial: Score,
    residual: Score,
    *,
    measured: bool,
    built_controls: int,
    scheme: RiskScheme,
) -> Sentences:
    """May a hazard be scored like this? R1 and R2; what is built includes the controls that it leans on."""
    found = []
    if scheme.level(residual) > scheme.level(initial) or initial.eases(residual):
        found.append(
            f"{number}: the residual risk is above the initial one; a control makes nothing worse, so score the "
            "initial risk again."
        )
    if residual.eases(initial) and not built_controls:
        found.append(
            f"{number}: the residual risk is below the initial one, but no control is built; a control that is not "
            "built scores nothing."
        )
    lowest = min(initial.likelihood, residual.likelihood)
    if not measured and lowest < UNMEASURED_FLOOR:
        found.append(
            f"{number}: the likelihood is {scheme.likelihood(lowest).word}, but nothing has measured it; an "
            f"unmeasured hazard is at least {scheme.likelihood(UNMEASURED_FLOOR).word}. Say what measured it."
        )
    return tuple(found)


def against_hazard(hazard: Hazard, scheme: RiskScheme, states: States, day: date) -> Sentences:
    """What speaks against this hazard on this day? Empty: it may stand under a tool in use."""
    if hazard.set_aside:
        return ()
    if hazard.initial is None or hazard.residual is None:
        return (f"{hazard.number} ({hazard.name}) has no score; score it, or close it with the reason.",)
    if hazard.reopened_because:
        return (f"{hazard.number} ({hazard.name}) is open again: {hazard.reopened_because} Score it again.",)
    leaning = [state for address, state in states.items() if address in hazard.leans_on]
    own = [control.state for control in hazard.controls]
    found = [
        *against_score(
            hazard.number,
            hazard.initial,
            hazard.residual,
            measured=bool(hazard.measured_by),
            built_controls=sum(state.built for state in (*own, *leaning)),
            scheme=scheme,
        ),
        *(
            f"{hazard.number} leans on control {address}, which is not built; build it or score without it."
            for address in hazard.leans_on
            if not states.get(address, ControlState.PROPOSED).built
        ),
    ]
    if not hazard.monitors:
        found.append(f"{hazard.number} ({hazard.name}) is unwatched; name the monitor that watches it.")
    return (*found, *against_acceptance(hazard, scheme, day))


def against_acceptance(hazard: Hazard, scheme: RiskScheme, day: date) -> Sentences:
    """Is the residual risk accepted by everybody who must? A level 4 or 5 never is."""
    if hazard.residual is None:
        return ()
    level = scheme.level(hazard.residual)
    rule = scheme.rule(level)
    if not rule.acceptable:
        return (
            f"{hazard.number} ({hazard.name}) has residual risk level {level}, which nobody may accept; "
            "eliminate it or add controls.",
        )
    found = []
    for role in rule.accepted_by:
        given = [a for a in hazard.acceptances if a.role == role]
        if not given:
            found.append(
                f"{hazard.number} ({hazard.name}) has residual risk level {level}; {role} has not accepted it."
            )
        elif rule.review_date and all(a.review_on is None or a.review_on < day for a in given):
            last = max((a.review_on for a in given if a.review_on), default=None)
            when = f" on {last.day} {last:%B %Y}" if last else ""
            found.append(
                f"{hazard.number} ({hazard.name}): the acceptance by {role} was to be reviewed{when}; review it."
            )
    people = {a.person for a in hazard.acceptances if a.role in rule.accepted_by}
    if not found and len(people) < len(rule.accepted_by):
        found.append(
            f"{hazard.number} ({hazard.name}): one person accepted it in two roles; another must sign."
        )
    return tuple(found)


def against_log(hazards: Iterable[Hazard], scheme: RiskScheme, day: date) -> Sentences:
    """What speaks against the whole log on this day? An empty log speaks against itself."""
    log = tuple(hazards)
    if not log:
        return ("There is no hazard log; start one from the library or import it.",)
    states = control_states(log)
    return tuple(s for hazard in log for s in against_hazard(hazard, scheme, states, day))


def falls(before: ControlState, after: ControlState) -> bool:
    """Does this change take away what a score may have stood on?"""
    return after.rank < before.rank


def reopened_by(hazards: Iterable[Hazard], hazard: str, control: str) -> Sentences:
    """Which hazards open again when this control falls? Its own, and every one that leans on it (R3)."""
    address = f"{hazard}/{control}"
    return tuple(h.number for h in hazards if h.scored and (h.number == hazard or address in h.leans_on))


def controlled(hazard: Hazard, scheme: RiskScheme) -> Controlled:
    """How well is it held back? Band-limited: every control proven, and yet the level did not move."""
    states = [control.state for control in hazard.controls]
    if not any(state.built for state in states) and not hazard.existing_controls:
        return Controlled.UNCONTROLLED
    if not states or any(state is not ControlState.VERIFIED_EFFECTIVE for state in states):
        return Controlled.PARTLY
    if hazard.initial is None or hazard.residual is None or hazard.reopened_because:
        return Controlled.PARTLY
    if scheme.level(hazard.initial) == scheme.level(hazard.residual):
        return Controlled.BAND_LIMITED
    return Controlled.CONTROLLED


def against_closing(hazard: Hazard, scheme: RiskScheme) -> Sentences:
    """May this hazard be closed? Unscored: it is set aside as not applying here, with the reason."""
    if hazard.status is Status.CLOSED:
        return (f"{hazard.number} is closed already.",)
    if not hazard.scored:
        return ()
    if hazard.reopened_because:
        return (f"{hazard.number} is open again and not yet scored again; score it first.",)
    unproven = [c.number for c in hazard.controls if c.state.rank < ControlState.VERIFIED_IMPLEMENTED.rank]
    if unproven:
        return (
            f"{hazard.number}: its controls {', '.join(unproven)} are not verified; a hazard is closed when all is done.",
        )
    if hazard.residual and not scheme.rule(scheme.level(hazard.residual)).acceptable:
        return (f"{hazard.number} has a residual risk that nobody may accept; it stays open.",)
    return ()


def against_transfer(hazard: Hazard) -> Sentences:
    """May this hazard be handed to another party? Our own actions must be done first."""
    if not hazard.scored:
        return (f"{hazard.number} has no score; score it before it is transferred.",)
    if hazard.reopened_because:
        return (f"{hazard.number} is open again and not yet scored again; score it first.",)
    waiting = [c.number for c in hazard.controls if not c.state.built]
    if waiting:
        return (f"{hazard.number}: our own controls {', '.join(waiting)} are not built; finish them first.",)
    return ()


@dataclass(frozen=True, slots=True)
class RiskInUse:
    """What the traffic of a tool in use asks of one hazard: its level now, and what was accepted last."""

    number: str
    name: str
    level: int
    accepted_by: tuple[str, ...] = ()  # roles that accepted exactly what stands now
    last_accepted: int | None = None  # the level that was accepted last, whatever has changed since
    review_on: date | None = None  # until when the last acceptance holds


def against_use(risk: RiskInUse, scheme: RiskScheme, day: date) -> Sentences:
    """Does this risk close the route of a tool in use? Not because a text was edited; because the risk has risen."""
    rule = scheme.rule(risk.level)
    if not rule.acceptable:
        return (
            f"Hazard {risk.number} ({risk.name}) stands at risk level {risk.level}, which nobody may accept.",
        )
    missing = [role for role in rule.accepted_by if role not in risk.accepted_by]
    if risk.last_accepted is not None and risk.last_accepted < risk.level and missing:
        return (
            f"Hazard {risk.number} ({risk.name}) rose from level {risk.last_accepted} to {risk.level} since it was "
            f"accepted; {' and '.join(missing)} must accept it anew.",
        )
    if rule.review_date and risk.review_on is not None and risk.review_on < day:
        return (
            f"Hazard {risk.number} ({risk.name}): its acceptance was to be reviewed on "
            f"{risk.review_on.day} {risk.review_on:%B %Y}.",
        )
    return ()
