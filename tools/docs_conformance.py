"""What does the gateway speak, exactly? Writes docs/reference/conformance-statement.md; `--check` only compares."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from generated import deliver

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "conformance-statement.md"


def start_django() -> None:
    """On an empty folder: the document depends on no installation."""
    for name in [n for n in os.environ if n.startswith("ALARP_")]:
        del os.environ[name]
    os.environ["ALARP_DATA"] = tempfile.mkdtemp(prefix="alarp-docs-")
    os.environ["DJANGO_SETTINGS_MODULE"] = "alarp.records.settings"
    import django

    django.setup()


def main(arguments: list[str]) -> int:
    start_django()
    from conformance import render

    return deliver(PAGE, render(), arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
