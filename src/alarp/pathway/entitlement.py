"""May this person act on what a tool says: not at all, under supervision, or unaided; why, and until when?

Computed afresh from what was passed, never stored: an expired module, or one for another version, takes the
entitlement away by itself (IR(ME)R 2017 regulation 17: adequate training, with records; needs H05, H06, H28).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from alarp.pathway.route import day_in_words


class May(StrEnum):
    """How may somebody act on a tool's output?"""

    NONE = "none"
    SUPERVISED = "supervised"  # what the tool says is acted on only after an entitled person looked too
    UNAIDED = "unaided"


_RANK = {May.NONE: 0, May.SUPERVISED: 1, May.UNAIDED: 2}
EVERY_ROLE = "every"


@dataclass(frozen=True, slots=True)
class Module:
    """What a training module asks and gives: bound to one product version, or general (`tool` is empty)."""

    slug: str
    title: str
    tool: str  # "NoduleFlag 2.1.0"
    grants: tuple[
        tuple[str, May], ...
    ] = ()  # role (or `every`) → how it may act; a general module grants nothing
    asked_of: tuple[str, ...] = ()  # general: the roles that need it; empty: every user

    def grants_to(self, roles: tuple[str, ...]) -> May:
        """What does passing it give to somebody in these roles? The most that one of them gets."""
        table = dict(self.grants)
        given = [table.get(role, table.get(EVERY_ROLE, May.NONE)) for role in roles]
        return max(given, key=_RANK.__getitem__, default=May.NONE)

    def is_asked_of(self, roles: tuple[str, ...]) -> bool:
        """Does somebody in these roles need this general module?"""
        return not self.tool and (not self.asked_of or bool(set(self.asked_of) & set(roles)))


@dataclass(frozen=True, slots=True)
class Pass:
    """One person passed this module on this day; it counts to the end of its last day."""

    module: str
    dated: date
    expires_on: date | None
    tool: str = ""  # the version that the module was about, as recorded then

    def stands(self, day: date) -> bool:
        return self.dated <= day and (self.expires_on is None or day <= self.expires_on)


@dataclass(frozen=True, slots=True)
class TrainingFacts:
    """What the rule needs to know of one person and one deployment, on one day."""

    day: date
    tool: str  # the version that is deployed: "NoduleFlag 2.1.0"
    roles: tuple[str, ...]  # in which they use the tool here; empty: not a user
    modules: tuple[Module, ...]  # about exactly this version, and the general ones
    passes: tuple[Pass, ...]  # of this person, those about other versions of the product included
    acknowledged: bool  # the responsibilities of this deployment


@dataclass(frozen=True, slots=True)
class Entitlement:
    """The answer, its reasons in sentences, the last day on which it holds, and what to learn next."""

    may: May
    reasons: tuple[str, ...]
    until: date | None = None
    next_module: str = ""

    @property
    def entitled(self) -> bool:
        return self.may is not May.NONE

    @property
    def because(self) -> str:
        return " ".join(self.reasons)


def entitlement(facts: TrainingFacts) -> Entitlement:
    """May this person act on this tool's output here? Every reason against it is named, not only the first."""
    if not facts.roles:
        return Entitlement(
            May.NONE, ("Not named as a user of this tool here; the deployment's training page names users.",)
        )
    against, following = _general_reasons(facts)
    chosen, reason = _version_specific(facts)
    if reason:
        against.append(reason)
        following = following or _next_specific(facts)
    if not facts.acknowledged:
        against.append("The responsibilities for this tool are not acknowledged yet.")
    if against or chosen is None:
        return Entitlement(May.NONE, tuple(against), next_module=following)
    module, passed = chosen
    may = module.grants_to(facts.roles)
    return Entitlement(may, (_for_it(facts, module, passed, may),), until=_until(facts, passed))


def _general_reasons(facts: TrainingFacts) -> tuple[list[str], str]:
    missing = [
        (module, _standing_of(facts, module))
        for module in facts.modules
        if module.is_asked_of(facts.roles) and not _standing_of(facts, module)
    ]
    reasons = [_why_not_passed(facts, module) for module, _ in missing]
    return reasons, missing[0][0].slug if missing else ""


def _version_specific(facts: TrainingFacts) -> tuple[tuple[Module, Pass] | None, str]:
    """The pass that gives most, or the sentence why there is none."""
    about = [m for m in facts.modules if m.tool == facts.tool]
    if not about:
        return None, f"There is no training module for {facts.tool} yet, so nobody can be entitled to it."
    meant = [m for m in about if m.grants_to(facts.roles) is not May.NONE]
    if not meant:
        return None, f"No training module for {facts.tool} is meant for the role {' or '.join(facts.roles)}."
    standing = [(m, p) for m in meant for p in _standing_of(facts, m)]
    if not standing:
        return None, _why_not_passed(facts, meant[0])
    last = date.max
    return max(standing, key=lambda mp: (_RANK[mp[0].grants_to(facts.roles)], mp[1].expires_on or last)), ""


def _next_specific(facts: TrainingFacts) -> str:
    meant = [m for m in facts.modules if m.tool == facts.tool and m.grants_to(facts.roles) is not May.NONE]
    return meant[0].slug if meant else ""


def _standing_of(facts: TrainingFacts, module: Module) -> list[Pass]:
    return [
        p for p in facts.passes if p.module == module.slug and p.tool == module.tool and p.stands(facts.day)
    ]


def _why_not_passed(facts: TrainingFacts, module: Module) -> str:
    ended = [
        p.expires_on
        for p in facts.passes
        if p.module == module.slug and p.tool == module.tool and p.expires_on and p.expires_on < facts.day
    ]
    if ended:
        return f"'{module.title}' expired on {day_in_words(max(ended))}; pass it again."
    others = sorted(
        {p.tool for p in facts.passes if p.tool and p.tool != facts.tool and p.dated <= facts.day}
    )
    if module.tool and others:
        return (
            f"Trained on {' and '.join(others)}, but {facts.tool} is in use here; "
            f"pass '{module.title}', which is about this version."
        )
    return f"'{module.title}' is not passed yet."


def _until(facts: TrainingFacts, passed: Pass) -> date | None:
    """The first day on which something that it rests on ends: this pass, or the last pass of a general module."""
    ends = [passed.expires_on]
    for module in facts.modules:
        if module.is_asked_of(facts.roles):
            ends.append(max((p.expires_on or date.max for p in _standing_of(facts, module)), default=None))
    known = [end for end in ends if end is not None and end != date.max]
    return min(known, default=None)


def _for_it(facts: TrainingFacts, module: Module, passed: Pass, may: May) -> str:
    words = "unaided" if may is May.UNAIDED else "under supervision"
    until = _until(facts, passed)
    end = f"; it holds until {day_in_words(until)}" if until else ""
    return f"May act on {facts.tool} {words}: passed '{module.title}' on {day_in_words(passed.dated)}{end}."
