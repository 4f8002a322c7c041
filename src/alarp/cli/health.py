"""`alarp health`: does a synthetic study come through the route, and where does it break?"""

from __future__ import annotations

import time
from typing import Any

import typer

from alarp.cli import answers
from alarp.cli.named import deployment_named, person_named
from alarp.kernel import Unavailable


def health(
    deployment: str = typer.Argument(..., help="The deployment's short name."),
    by: str = typer.Option(..., "--by", help="User name of who asks; the audit carries their name."),
    wait_s: float = typer.Option(900.0, help="How long to wait for what the probe finds, in seconds."),
    as_json: bool = typer.Option(False, "--json", help="Print the phases as JSON."),
) -> None:
    """Send a synthetic study through the real route. Leaves with 1 when it breaks, naming the phase."""
    from alarp.records import boot

    boot()
    from pydicom.uid import generate_uid

    from alarp.records.assurance import probes

    found, person = deployment_named(deployment), person_named(by)
    probe = _over(probes.ask(found, generate_uid(prefix=None), by=person), wait_s)
    if as_json:
        answers.as_json(
            {"number": probe.number, "state": probe.state, "phase": probe.phase, "steps": probe.steps}
        )
    else:
        for step in probe.steps:
            typer.echo(f"{step['after_s']:8.2f} s  {step['phase']:<10} {step['says']}")
        typer.echo(f"Probe {probe.number} {probe.state}: {probe.sentence}")
    if probe.state == probe.FAILED:
        raise typer.Exit(1)


def _over(probe: Any, wait_s: float) -> Any:
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        probe.refresh_from_db()
        if probe.ended_at is not None:
            return probe
        time.sleep(0.3)
    raise Unavailable(
        f"Probe {probe.number} was not over within {wait_s:g} s; see that `alarp worker` runs, it goes on."
    )
