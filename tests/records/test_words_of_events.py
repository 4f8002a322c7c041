"""The records repeat two word lists of the core, so that a process can start without numpy: they are the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

from alarp.monitoring import cube
from alarp.records.monitors import models


def test_the_words_of_an_event_are_those_that_are_counted() -> None:
    assert tuple(cube.OUTCOMES) == models.OUTCOMES
    assert tuple(cube.AGREEMENT) == models.AGREEMENT


@pytest.mark.parametrize(
    ("program", "only_sometimes"),
    [
        ("", ("numpy", "scipy", "polars", "pydicom", "altair", "weasyprint", "jinja2")),
        ("import alarp.gateway.listener, alarp.gateway.worker, alarp.gateway.steps;", ("scipy", "polars")),
    ],
)
def test_a_process_starts_without_what_only_some_of_its_work_needs(
    program: str, only_sometimes: tuple[str, ...]
) -> None:
    """Every listener, worker and command pays for what the records bring in at their start."""
    script = f"""if True:
        from alarp.records import boot; boot(); import sys; {program}
        print([m for m in {only_sometimes} if m in sys.modules])"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"
