"""`alarp reconcile`: is everything back, under the right name?"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

import typer

from alarp.cli import answers
from alarp.kernel import BadInput


def reconcile(
    day: str = typer.Argument("", help="Day as YYYY-MM-DD; today when left out."),
    as_json: bool = typer.Option(False, "--json", help="Print the balance as JSON."),
) -> None:
    """Balance one day to the instance. Leaves with 1 when it does not balance."""
    from alarp.records import boot

    boot()
    from django.utils import timezone

    from alarp.records.ledger import queries

    try:
        when = date.fromisoformat(day) if day else timezone.localdate()
    except ValueError:
        raise BadInput(f"{day!r} is not a day; write it as 2026-11-22.") from None
    balance = queries.reconcile(when)
    if as_json:
        answers.as_json(asdict(balance))
    else:
        typer.echo(balance.sentence)
    if not balance.balanced:
        raise typer.Exit(1)
