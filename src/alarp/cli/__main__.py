"""`alarp`: everything a physicist or a PACS manager can do without the web."""

from __future__ import annotations

import sys

import typer

from alarp.cli import answers, audit, evidence, handover
from alarp.cli.check import check
from alarp.cli.deid import deid
from alarp.cli.evaluate import evaluate
from alarp.cli.reconcile import reconcile
from alarp.cli.serve import serve
from alarp.cli.setup import setup
from alarp.cli.status import status
from alarp.kernel import AlarpError

app = typer.Typer(
    name="alarp",
    help="Takes imaging and radiotherapy AI tools from need to retirement. No evidence, no traffic.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(setup)
app.command()(serve)
app.command(context_settings=handover.ANYTHING)(handover.web)
app.command(context_settings=handover.ANYTHING)(handover.gateway)
app.command(context_settings=handover.ANYTHING)(handover.worker)
app.command(context_settings=handover.ANYTHING)(handover.demo)
app.command()(check)
app.command()(status)
app.command()(reconcile)
app.command()(evaluate)
app.command()(deid)
app.add_typer(audit.app, name="audit")
app.add_typer(evidence.app, name="evidence")


def main() -> None:
    """Run one command; what a person did wrong is one sentence, never a traceback."""
    try:
        app()
    except AlarpError as error:
        answers.complain(str(error))
        sys.exit(2)


if __name__ == "__main__":
    main()
