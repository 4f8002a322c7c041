"""`alarp keys`: under which secret does each tool know our patients?"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import typer

from alarp.cli import answers
from alarp.cli.named import deployment_named, person_named
from alarp.kernel import BadInput

app = typer.Typer(
    help="The keys of the pseudonyms: list their versions, rotate one.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def make(file: Path = typer.Argument(..., help="File to make; keep it where the copies never go.")) -> None:
    """Make a key for `alarp deid`: 32 random bytes, readable by you alone. Never replaces a file."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BadInput(
            f"The key file {file} cannot be made ({error.strerror}); name one that is not there."
        ) from None
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(secrets.token_bytes(32))
    typer.echo(f"{file} holds a new key. Whoever has it can tell who is behind the pseudonyms: keep it safe.")


@app.command("list")
def listed(as_json: bool = typer.Option(False, "--json", help="Print the versions as JSON.")) -> None:
    """Which versions of its key has each deployment? The last one names what is sent from now on."""
    from alarp.records import boot

    boot()
    from alarp.records import pseudonym_keys
    from alarp.records.deployments.models import Deployment

    pseudonym_keys.check_all()
    found = {
        slug: pseudonym_keys.versions(slug)
        for slug in Deployment.objects.order_by("slug").values_list("slug", flat=True)
    }
    if as_json:
        answers.as_json(found)
        return
    for slug, versions in found.items():
        typer.echo(
            f"{slug}: {', '.join(map(str, versions)) or 'none yet; made when the first study is sent'}"
        )


@app.command()
def rotate(
    deployment: str = typer.Argument(..., help="The deployment's short name."),
    by: str = typer.Option(..., "--by", help="User name of who rotates; the audit trail carries their name."),
    as_json: bool = typer.Option(False, "--json", help="Print the new version as JSON."),
) -> None:
    """Have the tool know patients under new names from now on. What it was sent before still finds its patient."""
    from alarp.records import boot

    boot()
    from alarp.records import pseudonym_keys

    version = pseudonym_keys.rotate(deployment_named(deployment), by=person_named(by))
    if as_json:
        answers.as_json({"deployment": deployment, "key_version": version})
    else:
        typer.echo(f"New studies go to {deployment} under key {version}. Back up the keys folder now.")
