"""`alarp opt-outs import`: a list of opt-outs comes in whole or not at all."""

from __future__ import annotations

from pathlib import Path

import typer

from alarp.cli import answers
from alarp.kernel import BadInput

LARGEST_MB = 50


def contents(file: Path) -> bytes:
    """The file's bytes. Raises BadInput when it cannot be read or is larger than any such file."""
    try:
        if file.stat().st_size > LARGEST_MB * 2**20:
            raise BadInput(f"{file} is larger than {LARGEST_MB} MB; split it.")
        return file.read_bytes()
    except OSError:
        raise BadInput(f"{file} cannot be read. Give the file that was exported.") from None


def import_(
    file: Path = typer.Argument(..., help="CSV list, HL7 v2 messages (.hl7) or FHIR R4 Consents (.json)."),
    by: str = typer.Option(..., help="Username of the person in whose name the opt-outs are recorded."),
    as_json: bool = typer.Option(False, "--json", help="Print what changed as JSON."),
) -> None:
    """Take in opt-outs from a file: all of it, or nothing and every fault by its line."""
    data = contents(file)
    from alarp.records import boot

    boot()
    from alarp.cli.people import acting
    from alarp.records.ledger import wishes

    found = wishes.import_file(data, file.name, by=acting(by))
    if as_json:
        answers.as_json(found)
    else:
        typer.echo(found.sentence)
