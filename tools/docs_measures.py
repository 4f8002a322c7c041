"""Write docs/reference/measures.md from the measures' specs; `--check` fails when the page is stale."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

from generated import deliver

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "measures.md"
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "spec")]

INTRODUCTION = """# Measures

Made from the specs in `tests/spec` by `python tools/docs_measures.py`; do not edit. Every number on this page is
computed by a test. Each measure leaves the core with its interval, level, method, denominator and, where there is one,
numerator; what cannot be measured says why (0/0 is never 0).

Rules that hold for all of them:

- A case for which the tool gave no usable answer counts as wrong in the primary analysis, whichever the truth. Best
  case, worst case and as treated stand beside it under the same name with an ending (`sensitivity_as_treated`).
- The direction of a score is declared in the protocol and never guessed: an AUC below one half is reported as it is.
- Intervals are clustered by patient as soon as a patient has several cases.
- A group smaller than the protocol's `minimum_n` keeps its number and is marked "too few to tell"; a claim on it is not
  measurable.
"""


def _specs():
    import all_specs

    return all_specs.load()


def _by_measure():
    """The specs of one measure together, wherever they are written, in the order in which measures first appear."""
    found: dict[str, list] = {}
    for spec in _specs():
        found.setdefault(spec.measure, []).append(spec)
    return found.items()


def _number(value: float) -> str:
    return f"{value:.6g}"


def page() -> str:
    """What does the reference page say?"""
    parts = [INTRODUCTION]
    explained: set[object] = set()
    for measure, specs in _by_measure():
        parts.append(f"## {measure}\n")
        for spec in specs:
            if spec.explains is not None and spec.explains not in explained:
                explained.add(spec.explains)
                parts.append(f"`{spec.explains.__module__}.{spec.explains.__name__}`\n")
                parts.append(f"{inspect.getdoc(spec.explains)}\n")
            parts.append(
                f"### {spec.title}\n\nSource: {spec.source}.\n\n```text\n{spec.table.strip(chr(10))}\n```\n"
            )
            rows = "\n".join(f"| {name} | {_number(value)} |" for name, value in spec.expected.items())
            parts.append(f"| result | expected (within {spec.within:g}) |\n|---|---|\n{rows}\n")
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    return deliver(PAGE, page(), arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
