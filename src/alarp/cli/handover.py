"""Which room does this command belong to? Hand over to it: these processes are not the command line's own."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import typer

# Options after the command belong to the room that is started, not to us.
ANYTHING = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def _become(module: str, arguments: list[str]) -> NoReturn:
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])


def web(context: typer.Context) -> None:
    """Run the web server alone (or a Django management command: `alarp web migrate`)."""
    _become("alarp.web", context.args)


def gateway(context: typer.Context) -> None:
    """Run one DICOM listener: images in, results in."""
    _become("alarp.gateway", context.args)


def worker(context: typer.Context) -> None:
    """Run one worker: checks, de-identifies, sends, matches, files."""
    _become("alarp.gateway.worker", context.args)


def demo(context: typer.Context) -> None:
    """Build the demonstration hospital, live through its first days, then serve it."""
    _become("alarp.demo", context.args)
