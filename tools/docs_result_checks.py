"""Write docs/reference/result-checks.md: what is asked of an object that an AI tool sends back, and what follows."""

from __future__ import annotations

import sys
from pathlib import Path

from generated import deliver

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "result-checks.md"
sys.path[:0] = [str(ROOT / "src")]

INTRODUCTION = """# Checks of results on their way back

Written by `python tools/docs_result_checks.py` from `standards/air` (version {version}); do not edit. Own words; the clause
is named where one asks for it. AIR is the IHE Radiology supplement *AI Results*, revision 1.1 (trial implementation); PS3.x
is DICOM.

A result must first belong to the study that was sent. Where it does not, it is in quarantine and never filed:

"""
BETWEEN = """
Then it is asked how it is made. **Quarantine** keeps it out until a person has looked; **warn** files it as the route says
and tells it beside the result on the study's page. What misleads is kept out; what makers commonly leave out is told.

"""
EFFECT = {"quarantine": "**quarantine**", "warn": "warn"}


def render() -> str:
    from alarp.standards.air import load_return_checks

    checks = load_return_checks()
    match = [["what is asked", "source"], *([one.asks, one.source] for one in checks.by_the_match)]
    made = [["of", "what is asked", "why", "then", "source"]]
    made += [[one.kind, one.asks, one.why, EFFECT[one.effect], one.source] for one in checks.checks]
    return INTRODUCTION.format(version=checks.version) + _table(match) + BETWEEN + _table(made)


def _table(rows: list[list[str]]) -> str:
    head, *rest = rows
    lines = [head, ["---"] * len(head), *rest]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    raise SystemExit(deliver(PAGE, render(), sys.argv[1:]))
