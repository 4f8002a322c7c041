"""`alarp`: everything a physicist or a PACS manager can do without the web.

A command's module is imported when the command is asked for: numpy and scipy take seconds to load, and
most commands need neither.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from alarp.cli import answers
from alarp.kernel import AlarpError

# Command → where its function, or its group of commands, is; in the order in which help lists them.
COMMANDS = {
    "setup": "alarp.cli.setup:setup",
    "serve": "alarp.cli.serve:serve",
    "web": "alarp.cli.handover:web",
    "gateway": "alarp.cli.handover:gateway",
    "worker": "alarp.cli.handover:worker",
    "demo": "alarp.cli.handover:demo",
    "check": "alarp.cli.check:check",
    "status": "alarp.cli.status:status",
    "procedures": "alarp.cli.procedures:procedures",
    "reconcile": "alarp.cli.reconcile:reconcile",
    "connectivity": "alarp.cli.connectivity:connectivity",
    "health": "alarp.cli.health:health",
    "opt-outs": "alarp.cli.opt_outs:app",
    "messages": "alarp.cli.messages:app",
    "peers": "alarp.cli.peers:app",
    "results": "alarp.cli.results:results",
    "plan": "alarp.cli.plan:plan",
    "protocol": "alarp.cli.protocol:app",
    "evaluate": "alarp.cli.evaluate:evaluate",
    "training": "alarp.cli.training:app",
    "cost": "alarp.cli.cost:cost",
    "monitor": "alarp.cli.monitor:app",
    "watch": "alarp.cli.watch:watch",
    "deid": "alarp.cli.deid:deid",
    "keys": "alarp.cli.keys:app",
    "audit": "alarp.cli.audit:app",
    "evidence": "alarp.cli.evidence:app",
}
HANDED_OVER = frozenset({"web", "gateway", "worker", "demo"})


class Commands(TyperGroup):
    """The commands, each imported when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, name = place.split(":")
        found = getattr(import_module(module), name)
        if isinstance(found, typer.Typer):
            command = typer.main.get_command(found)
        else:
            alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
            settings = import_module(module).ANYTHING if cmd_name in HANDED_OVER else None
            alone.command(context_settings=settings)(found)
            command = typer.main.get_command(alone)
        command.name = cmd_name
        return command


app = typer.Typer(
    name="alarp",
    cls=Commands,
    help="Takes imaging and radiotherapy AI tools from need to retirement. No evidence, no traffic.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _alarp() -> None:
    """Takes imaging and radiotherapy AI tools from need to retirement. No evidence, no traffic."""


def main() -> None:
    """Run one command; what a person did wrong is one sentence, never a traceback."""
    try:
        app()
    except AlarpError as error:
        answers.complain(str(error))
        sys.exit(2)


if __name__ == "__main__":
    main()
