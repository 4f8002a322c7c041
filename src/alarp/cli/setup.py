"""`alarp setup`: make the database ready and write a Trust's description into it."""

from __future__ import annotations

from pathlib import Path

import typer
import yaml

from alarp.kernel import BadInput, Unavailable


def migrate() -> None:
    """Bring the database to this version's tables, and the web's files to their place."""
    from django.db.utils import Error

    from alarp.records import boot

    boot("alarp.web.settings")
    from alarp.records import tables

    try:
        tables.lay()
    except Error as error:
        raise Unavailable(
            f"The database cannot be brought up to date ({type(error).__name__}). Start it, or correct database_url."
        ) from None
    _collect_assets()


def _collect_assets() -> None:
    """Copy the style sheet and scripts to where they are served from, once for each build of them."""
    from django.conf import settings
    from django.contrib.staticfiles import finders
    from django.core.management import call_command

    built = finders.find("built/built.json")
    if built is None:
        raise Unavailable(
            "The site's style sheet and scripts are not built. Run `make assets` and start again."
        )
    inventory = Path(built).read_bytes()
    collected = Path(settings.STATIC_ROOT) / "collected.json"
    if collected.is_file() and collected.read_bytes() == inventory:
        return
    call_command("collectstatic", verbosity=0, interactive=False)
    collected.write_bytes(inventory)


def _description(file: Path) -> dict[str, object]:
    try:
        table = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"{file} does not exist. Give the file that describes your Trust.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        place = getattr(error, "problem_mark", None)
        where = f" near line {place.line + 1}" if place else ""
        raise BadInput(f"{file} is not valid YAML{where}. Correct it and run the command again.") from None
    if not isinstance(table, dict):
        raise BadInput(f"{file} holds no table of settings. See docs/how-to/set-up-a-trust.md for the form.")
    return table


def setup(
    file: Path = typer.Argument(
        None, help="YAML description of the Trust: organisations, people, products, peers."
    ),
) -> None:
    """Prepare the database; with FILE, write a Trust into it (again: only what is new is added)."""
    table = _description(file) if file else None
    migrate()
    if table is None:
        typer.echo("The database is ready.")
        return
    from alarp.records.people.commands import set_up

    set_up(table)
    typer.echo(f"{file.name} is in the records.")
