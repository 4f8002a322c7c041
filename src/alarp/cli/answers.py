"""How does a command answer? Data as JSON on stdout, sentences on stdout, complaints on stderr."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, is_dataclass
from typing import Any

import typer


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)


def as_json(value: Any) -> None:
    """Print data for a script."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True, default=_plain))


def complain(sentence: str) -> None:
    """Say in one sentence, on stderr, what is wrong."""
    print(sentence, file=sys.stderr)
