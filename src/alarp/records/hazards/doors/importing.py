"""How does a whole hazard log come in from a table? Read whole and checked, or refused in one sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import yaml
from django.db import transaction

from alarp.kernel import BadInput
from alarp.records import permissions
from alarp.records.deployments.doors.moving import moment
from alarp.records.deployments.models import Deployment
from alarp.records.hazards.doors.controlling import change_state
from alarp.records.hazards.doors.writing import audit, begun, write_control, write_new, write_revision
from alarp.records.hazards.facts import Log, log_of
from alarp.records.hazards.models import Control, ControlChange, Hazard, HazardMove
from alarp.records.people.models import Person
from alarp.safety import ControlState, Status, against_closing, against_transfer, read_log
from alarp.safety import Hazard as CoreHazard
from alarp.standards.safety import known, load_scheme

MOST_BYTES = 2 * 2**20


def read_table(data: bytes) -> Any:
    """The table in these bytes (YAML, which JSON is too)."""
    if len(data) > MOST_BYTES:
        raise BadInput("The hazard log is larger than 2 MB; leave out what is no hazard.")
    try:
        return yaml.safe_load(data.decode("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" near line {mark.line + 1}" if mark is not None else ""
        raise BadInput(
            f"The hazard log is not readable as YAML{where}; correct it and send it again."
        ) from None


def import_log(deployment: Deployment, table: Any, *, by: Person) -> tuple[Hazard, ...]:
    """Take in a hazard log: new hazards with their controls, and a new revision of those that are here already."""
    permissions.check(by, "edit_hazards", deployment)
    hazards = read_log(table, known())
    for hazard in hazards:
        _check_settled(hazard)
    with transaction.atomic():
        deployment = begun(deployment)
        at = moment(deployment)
        rows = {
            row.number: row
            for row in Hazard.objects.filter(deployment=deployment).select_related("deployment")
        }
        log = log_of(deployment)
        for (
            hazard
        ) in hazards:  # first every control, so that a fall opens hazards before they are scored anew
            if hazard.number in rows:
                _take_controls(deployment, log, rows[hazard.number], hazard, at, by)
        made = tuple(_take(deployment, rows.get(hazard.number), hazard, at, by) for hazard in hazards)
        audit(
            deployment,
            "hazard log imported",
            at,
            by,
            hazards=[h.number for h in hazards],
            new=[h.number for h in hazards if h.number not in rows],
        )
    return made


def _check_settled(hazard: CoreHazard) -> None:
    """A row that says closed or transferred keeps the rules of closing and transferring."""
    before = replace(hazard, status=Status.OPEN, status_because="", transferred_to="")
    wrong: tuple[str, ...] = ()
    if hazard.status is Status.CLOSED:
        wrong = against_closing(before, load_scheme())
    elif hazard.status is Status.TRANSFERRED:
        wrong = against_transfer(before)
    if wrong:
        raise BadInput(wrong[0])


def _take_controls(
    deployment: Deployment, log: Log, row: Hazard, hazard: CoreHazard, at: datetime, by: Person
) -> None:
    here = {control.number: control for control in row.controls.select_related("hazard")}
    for control in hazard.controls:
        found = here.get(control.number)
        if found is None:
            _first_state(write_control(row, control, at, by), control.state, control.evidence, at, by)
        elif found.text != control.text:
            raise BadInput(
                f"{row.number}/{control.number} is another control in this log; give the imported one a new number."
            )
        elif log.states[f"{row.number}/{control.number}"] is not control.state:
            why = control.evidence or "Imported so."
            change_state(deployment, log, found, control.state, why, at, by)


def _take(deployment: Deployment, row: Hazard | None, hazard: CoreHazard, at: datetime, by: Person) -> Hazard:
    if row is None:
        row = write_new(deployment, hazard, "Imported.", at, by)
        by_number = {c.number: c for c in hazard.controls}
        for control in row.controls.all():
            given = by_number[control.number]
            _first_state(control, given.state, given.evidence, at, by)
    else:
        write_revision(row, hazard, "Imported.", at, by)
    if hazard.status is not Status.OPEN:
        HazardMove(
            revision=row.revisions.order_by("-number").first(),
            status=hazard.status.value,
            to=hazard.transferred_to,
            because=hazard.status_because,
            by=by,
            at=at,
        ).save()
    return row


def _first_state(control: Control, state: ControlState, evidence: str, at: datetime, by: Person) -> None:
    if state.built:
        ControlChange(control=control, state=state.value, evidence=evidence, by=by, at=at).save()
