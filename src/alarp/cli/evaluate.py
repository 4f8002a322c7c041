"""`alarp evaluate`: the command. The running of an evaluation is in `alarp.cli.evaluating`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from alarp.cli.evaluating.engines import Crew
from alarp.cli.evaluating.running import EXIT_BAD_INPUT, EXIT_STOPPED, Run, evaluate_protocol
from alarp.kernel import AlarpError

__all__ = ["evaluate", "evaluate_protocol", "main"]


def evaluate(
    protocol: Annotated[Path, typer.Argument(help="The protocol, a YAML file.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for result.json, report.html and report.pdf.")],
    jobs: Annotated[
        int, typer.Option("--jobs", help="How many processes compare the scans of a contouring study.")
    ] = 1,
    engine: Annotated[str, typer.Option("--engine", help="local, or dask (optional part 'dask').")] = "local",
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help="Address of a running Dask scheduler, tcp://host:8786.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print result.json on standard output.")] = False,
) -> None:
    """Evaluate an AI tool by a protocol. Exit 0 done, 3 a claim is not met, 2 bad input, 130 stopped by Ctrl-C.

    With a lock beside the protocol (`alarp protocol lock`) the result can answer a gate; without one it is
    exploratory. A run that was stopped goes on where it was when the same command is given again.
    """
    console = Console(stderr=True)
    crew = Crew(jobs, engine, scheduler)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("evaluating", total=None)

            def step(what: str, done: int, total: int) -> None:
                progress.update(task, description=what, completed=done, total=total)

            run = evaluate_protocol(protocol, out, step=step, crew=crew)
    except KeyboardInterrupt:
        _say_stopped(console, out)
        raise typer.Exit(EXIT_STOPPED) from None
    for note in run.notes:
        console.print(note, soft_wrap=True, markup=False, highlight=False)
    if as_json:
        sys.stdout.write(run.result.as_json().decode("utf-8"))
    else:
        _say(run)
    if run.exit_code:
        raise typer.Exit(run.exit_code)


def _say_stopped(console: Console, out: Path) -> None:
    kept = len(list((out / ".cases").glob("*.json")))
    console.print(
        f"Stopped. {kept} finished case{'s' * (kept != 1)} are kept; give the same command again to go on.",
        soft_wrap=True,
    )


def _say(run: Run) -> None:
    content = run.result.content
    typer.echo(f"{content['protocol']['title']}: {content['enrolled']} enrolled ({content['unit']}).")
    if run.lock is not None:
        typer.echo(f"Protocol version {run.lock.current.version}, locked on {run.lock.current.locked_at}.")
    for claim in content["claims"]:
        typer.echo(
            f"  {claim['status']}: {claim['claim']}" + (f" ({claim['because']})" if claim["because"] else "")
        )
    for sentence in run.use.sentences:
        typer.echo(sentence)
    for file in run.files:
        typer.echo(f"  {file}")


def main() -> None:
    """`python -m alarp.cli.evaluate`: the same command without the others."""
    try:
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command()(evaluate)
        app()
    except AlarpError as error:
        print(str(error), file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)


if __name__ == "__main__":
    main()
