"""`alarp messages`: take in FHIR resources from a file; say which messages wait for a person."""

from __future__ import annotations

from pathlib import Path

import typer

from alarp.cli import answers
from alarp.cli.opt_out_import import contents

app = typer.Typer(
    help="Messages: take in FHIR resources from a file; say which messages wait for a person.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
SOME_WAIT = 1


@app.callback()
def _messages() -> None:
    """Messages of the hospital's other systems."""


@app.command("import")
def import_(
    file: Path = typer.Argument(
        ...,
        help="JSON: one FHIR R4 resource or a Bundle (ImagingStudy, DiagnosticReport, ServiceRequest, Consent).",
    ),
    by: str = typer.Option(..., help="Username of the person who takes it in."),
    as_json: bool = typer.Option(False, "--json", help="Print what became of each resource as JSON."),
) -> None:
    """Take in the resources of a file, each for itself. Leaves with 1 when one of them could not be used."""
    data = contents(file)
    from alarp.records import boot

    boot()
    from alarp.cli.people import acting
    from alarp.records.messages import commands

    person = acting(by)
    rows = [(one.place, commands.receive_fhir(one, by=person)) for one in commands.read_fhir(data, by=person)]
    if as_json:
        answers.as_json(
            [
                {"place": place, "outcome": row.outcome, "reason": row.reason, "message": row.pk}
                for place, row in rows
            ]
        )
    else:
        for place, row in rows:
            typer.echo(f"{place}: {row.outcome}" + (f". {row.reason}" if row.reason else ""))
    if any(row.outcome in (row.WAITING, row.REFUSED) for _, row in rows):
        raise typer.Exit(SOME_WAIT)


@app.command()
def waiting(as_json: bool = typer.Option(False, "--json", help="Print it as JSON.")) -> None:
    """Which messages could not be used? Numbers and reasons, no names. Leaves with 1 when there are any."""
    from alarp.records import boot

    boot()
    from alarp.records.messages import queries

    rows = list(queries.waiting())
    if as_json:
        answers.as_json(
            [
                {
                    "message": r.pk,
                    "kind": r.kind,
                    "sender": r.sender,
                    "at": r.received_at.isoformat(),
                    "reason": r.reason,
                }
                for r in rows
            ]
        )
    else:
        for row in rows:
            typer.echo(
                f"Message {row.pk}, {row.kind} from {row.sender}, {row.received_at:%Y-%m-%d %H:%M}: {row.reason}"
            )
        if not rows:
            typer.echo("No message waits for a person.")
    if rows:
        raise typer.Exit(SOME_WAIT)
