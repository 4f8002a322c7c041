"""How does a control enter the log, come further, or fall back and take scores with it?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.db import transaction

from alarp.kernel import BadInput, NotNow
from alarp.records import permissions
from alarp.records.deployments.doors.moving import moment
from alarp.records.deployments.models import Deployment
from alarp.records.hazards.doors.writing import audit, begun, write_control
from alarp.records.hazards.facts import Log, log_of
from alarp.records.hazards.models import Control, ControlChange, Hazard, HazardMove
from alarp.records.people.models import Person
from alarp.safety import Category, ControlState, falls, reopened_by
from alarp.safety import Control as CoreControl
from alarp.standards import load_roles


def add_control(
    hazard: Hazard,
    text: str,
    category: Category | str,
    mechanism: int,
    owner_role: str,
    due: date | None = None,
    *,
    by: Person,
) -> Control:
    """Propose a control. It scores nothing until it is built."""
    permissions.check(by, "edit_hazards", hazard.deployment)
    control = _checked(text, category, mechanism, owner_role, due)
    with transaction.atomic():
        deployment = begun(hazard.deployment)
        at = moment(deployment)
        taken = set(hazard.controls.values_list("number", flat=True))
        number = next(f"C{n}" for n in range(1, len(taken) + 2) if f"C{n}" not in taken)
        row = write_control(hazard, replace(control, number=number), at, by)
        audit(deployment, "control added", at, by, control=f"{hazard.number}/{number}", text=row.text)
    return row


def _checked(
    text: str, category: Category | str, mechanism: int, owner_role: str, due: date | None
) -> CoreControl:
    if not text.strip():
        raise BadInput("A control says what it does; write it.")
    try:
        kind = Category(category)
    except ValueError:
        raise BadInput(f"The category is {category!r}; it is one of {', '.join(Category)}.") from None
    if mechanism not in range(1, 6):
        raise BadInput(f"The mechanism is {mechanism!r}; it is 1 (design) to 5 (warning).")
    if owner_role not in {role.slug for role in load_roles()}:
        raise BadInput(f"The role catalogue has no {owner_role!r}; name the role that owns the control.")
    return CoreControl("", text.strip(), kind, mechanism, owner_role=owner_role, due=due)


def set_control_state(
    control: Control, state: ControlState | str, evidence: str, *, by: Person
) -> ControlChange:
    """Say how far a control has come and what shows it; a step back opens every hazard that stood on it."""
    permissions.check(by, "edit_hazards", control.hazard.deployment)
    try:
        state = ControlState(state)
    except ValueError:
        raise BadInput(f"The state is {state!r}; it is one of {', '.join(ControlState)}.") from None
    if not evidence.strip():
        raise BadInput("Say what shows that the control has come this far, or why it fell back.")
    with transaction.atomic():
        deployment = begun(control.hazard.deployment)
        at = moment(deployment)
        log = log_of(deployment)
        address = f"{control.hazard.number}/{control.number}"
        if log.states[address] is state:
            raise NotNow(f"Control {address} is {state} already.")
        return change_state(deployment, log, control, state, evidence.strip(), at, by)


def change_state(
    deployment: Deployment,
    log: Log,
    control: Control,
    state: ControlState,
    evidence: str,
    at: datetime,
    by: Person,
) -> ControlChange:
    """Write the change; when it is a fall, open its own hazard and all that lean on it (rule R3)."""
    hazard = control.hazard.number
    address = f"{hazard}/{control.number}"
    before = log.states.get(address, ControlState.PROPOSED)
    change = ControlChange(control=control, state=state.value, evidence=evidence, by=by, at=at)
    change.save()
    opened = reopened_by(log.hazards, hazard, control.number) if falls(before, state) else ()
    for number in opened:
        HazardMove(
            revision=log.revisions[number],
            status=HazardMove.REOPENED,
            because=f"Control {address} went back from {before} to {state}: {evidence.rstrip('.')}.",
            by=by,
            at=at,
        ).save()
    details: dict[str, Any] = {"control": address, "from": before.value, "to": state.value}
    audit(deployment, "control changed", at, by, **details, evidence=evidence, reopened=list(opened))
    return change
