"""What must hold besides evidence? Each records app states the checks on the facts that it keeps.

The pathway names the checks (`alarp.pathway.model.CHECKS`); an app registers who answers when it is ready. So a gate
looks at hazards, training or certificates without this app knowing any of theirs. The function is named, not imported:
a process that asks no gate (a listener, most commands) does not wait for what the answers need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.module_loading import import_string

from alarp.kernel import NotNow
from alarp.pathway.model import CHECKS
from alarp.records.deployments.models import Deployment

# Which sentences speak against it, at this moment? Empty: the check holds.
Check = Callable[[Deployment, datetime], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Registered:
    """One check: who answers it, and does it also guard the traffic of a tool in use?"""

    where: str
    while_live: bool

    def answer(self, deployment: Deployment, at: datetime) -> tuple[str, ...]:
        found: Check = import_string(self.where)
        return found(deployment, at)


_REGISTERED: dict[str, Registered] = {}


def register(name: str, where: str, *, while_live: bool = False) -> None:
    """State the check of this name: `where` is the dotted path of its function. `while_live`: a sentence against it also closes the route of a tool in use."""
    if name not in CHECKS:
        raise KeyError(f"The pathway knows no check {name!r}; name it in alarp.pathway.model.CHECKS.")
    _REGISTERED[name] = Registered(where, while_live)


def against(
    names: Iterable[str], deployment: Deployment, at: datetime, *, while_live: bool = False
) -> tuple[str, ...]:
    """The sentences against these checks, in order; with `while_live` only of those that guard traffic."""
    return tuple(
        sentence
        for name in names
        if not while_live or _of(name).while_live
        for sentence in _of(name).answer(deployment, at)
    )


def _of(name: str) -> Registered:
    if name not in _REGISTERED:
        raise NotNow(f"Nobody answers the check {name!r} in this installation; report it to Alarp's makers.")
    return _REGISTERED[name]


def needs_a_named_role(deployment: Deployment, at: datetime) -> tuple[str, ...]:
    """Who on the ward raised this, and what is the figure today? (P03: the problem first, not the product)"""
    found = []
    if not deployment.raised_by_role.strip():
        found.append("The need names no frontline role that raised it; say who has the problem.")
    if not deployment.baseline.strip():
        found.append("The need carries no figure of today; measure the baseline first.")
    return tuple(found)
