"""`alarp evidence`: does this file prove what it says?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import typer

from alarp.cli import answers
from alarp.kernel import BadInput, BrokenEvidence
from alarp.pathway import verify_file

app = typer.Typer(
    help="Evidence as a file: verify it without a network or a database.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _room() -> None:
    """Evidence as a file."""


@app.command()
def verify(
    file: Path = typer.Argument(..., help="Evidence exported from Alarp."),
    key: Path = typer.Option(
        None, help="The public key (PEM) you trust; without it, the key's fingerprint is shown."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print what was found as JSON."),
) -> None:
    """Prove offline who signed what about which version. Leaves with 1 when it does not hold."""
    try:
        data = file.read_bytes()
    except OSError:
        raise BadInput(f"{file} cannot be read. Give a file of exported evidence.") from None
    trusted = None
    if key is not None:
        try:
            trusted = key.read_bytes()
        except OSError:
            raise BadInput(f"{key} cannot be read. Give the public key as a PEM file.") from None
    try:
        verified = verify_file(data, trusted, on=datetime.now(UTC).date())
    except BrokenEvidence as error:
        if as_json:
            answers.as_json({"ok": False, "sentence": str(error)})
        else:
            answers.complain(str(error))
        raise typer.Exit(1) from None
    if as_json:
        answers.as_json({"ok": True, "verified": verified})
    else:
        typer.echo(verified.sentence)
