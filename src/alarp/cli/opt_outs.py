"""`alarp opt-outs`: is it proved that nothing of a patient who had said no left?"""

from __future__ import annotations

import sys
from datetime import date, datetime, time, timedelta
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from alarp.cli import answers
from alarp.cli.named import person_named
from alarp.cli.opt_out_import import import_
from alarp.kernel import BadInput

app = typer.Typer(
    help="Opt-outs: proof, from the bytes that left, that nothing of a patient who had said no was sent.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("import")(import_)
NOT_PROVEN = 3


@app.callback()
def _opt_outs() -> None:
    """Opt-outs: proof, from the bytes that left, that nothing of a patient who had said no was sent."""


@app.command()
def proof(
    first: str = typer.Option("", "--from", help="First day, as 2026-11-01; 30 days ago when left out."),
    last: str = typer.Option("", "--to", help="Last day (included), as 2026-11-30; today when left out."),
    by: str = typer.Option("", help="User name of who asks; the audit says 'command line' when left out."),
    as_json: bool = typer.Option(False, "--json", help="Print the whole proof as JSON."),
) -> None:
    """Compare every object that left with every patient's no. Leaves with 0 when proven, with 3 when not."""
    from alarp.records import boot

    boot()
    from django.utils import timezone

    from alarp.records.assurance import proofs

    person = person_named(by) if by else None
    today = timezone.localdate()
    begin = _midnight(_day(first) if first else today - timedelta(days=30))
    end = _midnight((_day(last) if last else today) + timedelta(days=1))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as shown:
        task = shown.add_task("what left", total=None)
        found = proofs.prove(
            begin, end, by=person, progress=lambda what, n, of: shown.update(task, description=what, completed=n, total=of)
        )  # fmt: skip
    if as_json:
        answers.as_json({"number": found.pk, "proven": found.proven, "sha256": found.sha256, **found.body})
    else:
        for line in _told(found):
            typer.echo(line)
    if not found.proven:
        raise typer.Exit(NOT_PROVEN)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is not a day; write it as 2026-11-22.") from None


def _midnight(day: date) -> datetime:
    from django.utils import timezone

    return timezone.make_aware(datetime.combine(day, time()))


def _told(found: Any) -> list[str]:
    body = found.body
    said = [
        f"Study {row['study']}: {row['images']} to {row['deployment']} from {row['first_at']} while {row['said_no']} stood."
        + (f" {row['because']}" if row["because"] else "")
        for row in body["stood"]
    ]
    said += [
        f"{row['objects']} to {row['deployment']} that no received object explains."
        for row in body["unexplained"]
    ]
    said += body["troubles"]
    said += [
        f"Study {row['study']}: {row['images']} to {row['deployment']} from {row['first_at']} while {row['said_no']} stood "
        f"under another number. {row['because']}"
        for row in body["merged"]
    ]
    said += [
        f"Study {row['study']}: {row['images']} to {row['deployment']} before {row['said_no']} was recorded."
        for row in body["before"]
    ]
    counted = (
        f"{body['lines']:,} objects left; {body['patients']:,} patients have said no, with {body['studies']:,} "
        f"studies and {body['instances']:,} objects here."
    )
    known = "was known to stand" if body["merged"] else "stood"
    verdict = f"Proven: nothing left while a no {known}." if found.proven else "NOT proven."
    return [*said, counted, f"{verdict} Proof {found.pk}, {found.sha256[:12]}…"]
