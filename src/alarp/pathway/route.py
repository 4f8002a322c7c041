"""May the gateway send a study, and may its result be filed? Follows from signed facts alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from alarp.kernel import RouteState, Stage
from alarp.pathway.model import TO_LIVE
from alarp.pathway.states import BEFORE_LIVE, SILENT

_STANDS_ON = {
    Stage.INTEGRATE: TO_LIVE[:4],
    Stage.GO_LIVE: TO_LIVE[:5],
    Stage.LIVE: TO_LIVE,
    Stage.REVIEW: TO_LIVE,
}


@dataclass(frozen=True, slots=True)
class Route:
    """What may the gateway do for a deployment, and why?"""

    state: RouteState
    reason: str


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """What the records know of a deployment at one moment; every entry of the tuples is a sentence or a slug."""

    stage: Stage
    unsigned: tuple[str, ...] = ()  # gates without a whole set of valid signatures
    lapses: tuple[str, ...] = ()  # sentences: evidence under an open gate that no longer stands
    holds: tuple[str, ...] = ()  # sentences: open safety holds
    closures: tuple[str, ...] = ()  # sentences: closed by hand


def day_in_words(day: date) -> str:
    """How does a person read this day? '3 June 2026'."""
    return f"{day.day} {day:%B %Y}"


def stands_on(stage: Stage) -> tuple[str, ...]:
    """Which gates must stand open, whole and signed, for traffic in this stage? Empty: no traffic."""
    return _STANDS_ON.get(stage, ())


def route(facts: RouteFacts) -> Route:
    """Is the route closed, silent or live, and what is the one reason to show?

    Anything against it closes it: a hold first, then a closing by hand, a gate without its signatures, lapsed
    evidence. Otherwise the stage decides: silent in integrate and go-live, live in live and review.
    """
    if facts.holds:
        return Route(RouteState.CLOSED, facts.holds[0])
    if facts.closures:
        return Route(RouteState.CLOSED, facts.closures[0])
    needed = stands_on(facts.stage)
    if not needed:
        return Route(RouteState.CLOSED, _why_closed(facts.stage))
    for gate in needed:
        if gate in facts.unsigned:
            return Route(
                RouteState.CLOSED,
                f"The {gate} gate does not stand on a whole set of valid signatures; sign it again.",
            )
    if facts.lapses:
        return Route(RouteState.CLOSED, facts.lapses[0])
    if facts.stage in SILENT:
        return Route(
            RouteState.SILENT, f"Stage {facts.stage}: results are kept for evaluation and never filed."
        )
    return Route(RouteState.LIVE, f"Stage {facts.stage}: every gate up to live is open and signed.")


def _why_closed(stage: Stage) -> str:
    if stage in BEFORE_LIVE:
        return f"Stage {stage}: nothing is sent before the gates up to procure are open."
    if stage is Stage.CHANGE:
        return "Stage change: a gate was re-opened; it opens again when the re-opened gates and the change gate are signed."
    return f"Stage {stage}: the tool was stopped."
