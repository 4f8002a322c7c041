"""`alarp reconcile`: is everything back, under the right name, and does everybody else say so too?"""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import date
from typing import Any

import typer

from alarp.cli import answers
from alarp.kernel import BadInput, Unavailable


def reconcile(
    day: str = typer.Argument("", help="Day as YYYY-MM-DD; today when left out."),
    recount: bool = typer.Option(
        False,
        "--recount",
        help="Have a worker count the day anew beside the ledger: the files of the store, the egress record, "
        "and what sender, PACS and tool say that they hold.",
    ),
    wait_s: float = typer.Option(600.0, help="How long to wait for the worker's count, in seconds."),
    as_json: bool = typer.Option(False, "--json", help="Print the balance as JSON."),
) -> None:
    """Balance one day to the instance. Leaves with 1 when it does not balance, with 3 when somebody counts otherwise.

    A difference names the study by its number, never the patient. Nobody who could not be asked counts as agreeing:
    then it leaves with 1.
    """
    from alarp.records import boot

    boot()
    from django.utils import timezone

    from alarp.records.ledger import queries

    try:
        when = date.fromisoformat(day) if day else timezone.localdate()
    except ValueError:
        raise BadInput(f"{day!r} is not a day; write it as 2026-11-22.") from None
    balance = queries.reconcile(when)
    counted = _counted(when, wait_s) if recount else None
    if as_json:
        answers.as_json(asdict(balance) | ({"recount": _plain(counted)} if counted else {}))
    else:
        typer.echo(balance.sentence)
        _tell(counted)
    if counted and counted.differences:
        raise typer.Exit(3)
    if not balance.balanced or (counted and not counted.agrees):
        raise typer.Exit(1)


def _counted(day: date, wait_s: float) -> Any:
    """The count that a worker makes now."""
    from alarp.records import clock
    from alarp.records.ledger import recounting

    asked, end = clock.now(), time.monotonic() + wait_s
    recounting.ask(day)
    while time.monotonic() < end:
        found = recounting.latest(day)
        if found is not None and found.at >= asked:
            return found
        time.sleep(0.2)
    raise Unavailable(
        f"No worker has counted within {wait_s:g} s; see that `alarp worker` runs, the count is still asked for."
    )


def _plain(counted: Any) -> dict[str, Any]:
    witnesses = [asdict(witness) | {"sentence": witness.sentence} for witness in counted.witnesses]
    return {"at": counted.at, "agrees": counted.agrees, "witnesses": witnesses}


def _tell(counted: Any) -> None:
    if counted is None:
        return
    for witness in counted.witnesses:
        typer.echo(witness.sentence)
        for one in witness.differences:
            typer.echo(f"  {one.sentence}")
