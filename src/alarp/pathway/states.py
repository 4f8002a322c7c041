"""Which stage follows which, upon what? One table; there is no other way to move."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from alarp.kernel import NotNow, Stage
from alarp.pathway.model import CHANGE, RETIRE, REVIEW, TO_LIVE


class Event(StrEnum):
    """What can happen to a deployment that may move it?"""

    OPENED = "opened"  # the last signature that a gate needed was given
    REOPENED = "re-opened"  # a material change took a gate's ground away
    REVIEW_BEGUN = "review begun"
    CONTINUED = "continued"  # the review's decision: continue or scale
    STOPPED = "stopped"  # the review's decision: stop
    ABANDONED = "abandoned"  # stopped before it ever went live, at the gate where it stood
    RESTORED = "restored"  # after a change every gate stands signed again


@dataclass(frozen=True, slots=True)
class Transition:
    """From this stage, upon this event at this gate, to that stage."""

    stage: Stage
    event: Event
    gate: str
    next: Stage


# Where a deployment waits for each gate. The live gate is waited for in stage go-live.
WAITS_IN = dict(
    zip(
        TO_LIVE,
        (Stage.NEED, Stage.APPRAISE, Stage.EVALUATE, Stage.PROCURE, Stage.INTEGRATE, Stage.GO_LIVE),
        strict=True,
    )
)
BEFORE_LIVE = tuple(WAITS_IN.values())
SILENT = (Stage.INTEGRATE, Stage.GO_LIVE)
IN_USE = (Stage.LIVE, Stage.REVIEW)


def _table() -> tuple[Transition, ...]:
    rows = []
    for place, (gate, stage) in enumerate(WAITS_IN.items()):
        after = BEFORE_LIVE[place + 1] if place + 1 < len(BEFORE_LIVE) else Stage.LIVE
        rows.append(Transition(stage, Event.OPENED, gate, after))
        # A gate before this one re-opens: back to it. A later one (open since an earlier round): stay.
        rows.extend(
            Transition(stage, Event.REOPENED, other, min(stage, waits, key=BEFORE_LIVE.index))
            for other, waits in WAITS_IN.items()
            if waits is not stage
        )
    for stage in (*IN_USE, Stage.CHANGE):
        rows.extend(Transition(stage, Event.REOPENED, gate, Stage.CHANGE) for gate in TO_LIVE)
    rows.extend(Transition(Stage.CHANGE, Event.OPENED, gate, Stage.CHANGE) for gate in (*TO_LIVE, CHANGE))
    # Where studies were sent already, silent or not, the tool is taken out of use properly; else it simply ends.
    rows.extend(
        Transition(stage, Event.ABANDONED, gate, Stage.RETIRE if stage in SILENT else Stage.RETIRED)
        for gate, stage in WAITS_IN.items()
    )
    return (
        *rows,
        Transition(Stage.CHANGE, Event.RESTORED, CHANGE, Stage.LIVE),
        Transition(Stage.CHANGE, Event.STOPPED, REVIEW, Stage.RETIRE),
        Transition(Stage.LIVE, Event.REVIEW_BEGUN, REVIEW, Stage.REVIEW),
        Transition(Stage.REVIEW, Event.CONTINUED, REVIEW, Stage.LIVE),
        Transition(Stage.REVIEW, Event.STOPPED, REVIEW, Stage.RETIRE),
        Transition(Stage.RETIRE, Event.OPENED, RETIRE, Stage.RETIRED),
    )


TRANSITIONS: tuple[Transition, ...] = _table()
_NEXT = {(row.stage, row.event, row.gate): row.next for row in TRANSITIONS}


def after(stage: Stage, event: Event, gate: str) -> Stage:
    """Which stage follows? Raises NotNow for an event that the table does not know in this stage."""
    try:
        return _NEXT[stage, event, gate]
    except KeyError:
        raise NotNow(f"In stage {stage} the gate {gate} cannot be {event}; gates open in order.") from None


def settled(stage: Stage, open_gates: Collection[str]) -> Stage:
    """Where does the deployment stand, once gates that are already open are passed without signing again?

    Before live it waits at the first gate that is not open; in `change` it returns to live when every gate
    on the way and the change gate stand open.
    """
    for gate, waits in WAITS_IN.items():
        if stage is waits and gate in open_gates:
            stage = after(stage, Event.OPENED, gate)
    if stage is Stage.CHANGE and all(gate in open_gates for gate in (*TO_LIVE, CHANGE)):
        stage = after(stage, Event.RESTORED, CHANGE)
    return stage


def next_gate(stage: Stage, open_gates: Collection[str]) -> str | None:
    """Which gate does the deployment wait for? None when it is retired."""
    for gate, waits in WAITS_IN.items():
        if stage is waits:
            return gate
    if stage in IN_USE:
        return REVIEW
    if stage is Stage.CHANGE:
        return next((gate for gate in (*TO_LIVE, CHANGE) if gate not in open_gates), CHANGE)
    return RETIRE if stage is Stage.RETIRE else None


def signable(stage: Stage, open_gates: Collection[str]) -> tuple[str, ...]:
    """At which gates may a new decision be signed in this stage?

    The gate that the deployment waits for; an open gate on the way (its evidence may be renewed before it
    lapses); in use the review, at any time; in `change` every gate on the way whose earlier ones are open, the
    change gate at any time, and the review (to stop).
    """
    renewable = tuple(gate for gate in TO_LIVE if gate in open_gates)
    waiting = next_gate(stage, open_gates)
    if stage in BEFORE_LIVE:
        return (*renewable, waiting) if waiting and waiting not in renewable else renewable
    if stage in IN_USE:
        return (*renewable, REVIEW)
    if stage is Stage.CHANGE:
        first = next((gate for gate in TO_LIVE if gate not in open_gates), None)
        return (*renewable, *((first,) if first else ()), CHANGE, REVIEW)
    return (RETIRE,) if stage is Stage.RETIRE else ()
