"""`alarp audit`: has anybody changed the story?"""

from __future__ import annotations

import json
from pathlib import Path

import typer

from alarp.cli import answers
from alarp.kernel import BadInput

app = typer.Typer(
    help="The audit trail: verify its hash chains, export their heads.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def verify(
    stream: str = typer.Option("", help="One stream only: a deployment's name, or `site`."),
    heads: Path = typer.Option(None, help="Heads exported earlier: finds a chain that was rewritten since."),
    as_json: bool = typer.Option(False, "--json", help="Print the result of each chain as JSON."),
) -> None:
    """Find any altered, missing or reordered row. Leaves with 1 when a chain does not hold."""
    from alarp.records import boot

    boot()
    from alarp.records.audit import queries

    known = None
    if heads:
        try:
            known = json.loads(heads.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise BadInput(
                f"{heads} is not a file of audit heads. Export one with `alarp audit heads`."
            ) from None
    checks = queries.verify(stream or None, heads=known)
    if as_json:
        answers.as_json(list(checks))
    else:
        for check in checks:
            typer.echo(f"{check.stream}: {check.sentence}")
        if not checks:
            typer.echo(
                "There is no audit event yet." if not stream else f"There is no stream named {stream}."
            )
    if any(not check.ok for check in checks) or (stream and not checks):
        raise typer.Exit(1)


@app.command()
def heads(out: Path = typer.Argument(..., help="File to write; keep it away from this machine.")) -> None:
    """Export the signed heads of every chain, so that somebody else can find a rewritten one."""
    from alarp.records import boot

    boot()
    from alarp.records.audit import queries

    found = queries.export_heads()
    out.write_text(json.dumps(found, indent=2, sort_keys=True), encoding="utf-8")
    typer.echo(f"{out} holds the heads; verify with `alarp audit verify --heads {out.name}`.")
