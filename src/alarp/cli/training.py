"""`alarp training`: take in modules, competences and training records; say who is entitled to what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from alarp.cli import answers
from alarp.kernel import BadInput

app = typer.Typer(
    help="Training: take in modules, competences and records; say how many users are entitled.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _room() -> None:
    """Training."""


@app.command("import")
def import_(
    file: Path = typer.Argument(..., help="YAML with modules or competences, or CSV with training records."),
    by: str = typer.Option(..., help="Username of the person who keeps training records and takes this in."),
    as_json: bool = typer.Option(False, "--json", help="Print what was added as JSON."),
) -> None:
    """Take in a file: all of it, or nothing and one sentence."""
    try:
        data = file.read_bytes()
    except OSError:
        raise BadInput(f"{file} cannot be read. Give a file of modules, competences or records.") from None
    _boot()
    from alarp.records.people.models import Person
    from alarp.records.training import commands

    person = Person.objects.filter(username=by).first()
    if person is None:
        raise BadInput(f"There is nobody with the username {by!r}. Give who takes the file in with --by.")
    found = commands.import_file(data, file.name, by=person)
    if as_json:
        answers.as_json(
            {
                "modules": [{"slug": m.slug, "edition": m.edition, "about": m.tool} for m in found.modules],
                "records": found.records,
                "statements": found.statements,
                "unchanged": found.unchanged,
            }
        )
    else:
        typer.echo(found.sentence)


@app.command()
def status(
    deployment: str = typer.Argument(None, help="One deployment; without it every one that is not retired."),
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON."),
) -> None:
    """How many of the users of each tool are entitled to exactly its version? Counts by role, no names."""
    _boot()
    from alarp.kernel import Stage
    from alarp.records.deployments.models import Deployment
    from alarp.records.training.queries import coverage

    rows = Deployment.objects.exclude(stage=Stage.RETIRED.value).order_by("slug")
    rows = rows.select_related("version__product__supplier", "site__parent__parent")
    if deployment:
        rows = rows.filter(slug=deployment)
        if not rows:
            raise BadInput(f"There is no deployment {deployment!r} in use or on its way. Correct the name.")
    found = [coverage(row) for row in rows]
    if as_json:
        answers.as_json([_plain(one) for one in found])
        return
    for one in found:
        typer.echo(f"{one.deployment.slug}: {one.sentence}")
    if not found:
        typer.echo("No tool has been proposed yet.")


def _plain(found: Any) -> dict[str, Any]:
    return {
        "deployment": found.deployment.slug,
        "version": str(found.deployment.version),
        "target": found.target,
        "reached": found.reached,
        "measures": [found.measure.as_dict(), *(m.as_dict() for _, m in found.by_role)],
        "sentence": found.sentence,
    }


def _boot() -> None:
    from alarp.records import boot

    boot()
