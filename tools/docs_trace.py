"""Which tests show which need? Writes docs/reference/trace.md: every need with its tests, or "no test yet".

Tests are read, not run: a need stands in `@pytest.mark.need("G03")` on a test, on its class, or in a module's
`pytestmark`. An id that no need has is an error.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from generated import deliver

from alarp.standards.requirements import Need, load_needs, load_sources

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "trace.md"
PRIORITIES = ("must", "should", "could")


@dataclass(frozen=True)
class Shown:
    """One test and the needs that it claims to show."""

    ids: tuple[str, ...]
    test: str
    path: str


def _ids(mark: ast.expr) -> tuple[str, ...]:
    """The ids in `pytest.mark.need(...)`; nothing for any other expression."""
    if not isinstance(mark, ast.Call) or not isinstance(mark.func, ast.Attribute) or mark.func.attr != "need":
        return ()
    return tuple(
        part.value for part in mark.args if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )


def _marks(nodes: list[ast.expr]) -> tuple[str, ...]:
    return tuple(name for node in nodes for name in _ids(node))


def _pytestmark(body: list[ast.stmt]) -> tuple[str, ...]:
    for statement in body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "pytestmark" for target in statement.targets
        ):
            value = statement.value
            return _marks(value.elts if isinstance(value, (ast.List, ast.Tuple)) else [value])
    return ()


def _walk(body: list[ast.stmt], inherited: tuple[str, ...], path: str) -> Iterator[Shown]:
    inherited += _pytestmark(body)
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _walk(node.body, inherited + _marks(node.decorator_list), path)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test"):
            ids = tuple(dict.fromkeys(inherited + _marks(node.decorator_list)))
            if ids:
                yield Shown(ids, node.name, path)


def collect(tests: Path) -> list[Shown]:
    """Which tests claim to show a need?"""
    found = []
    for path in sorted(tests.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        found += list(_walk(tree.body, (), path.relative_to(tests.parent).as_posix()))
    return found


def unknown(shown: list[Shown], needs: tuple[Need, ...]) -> list[str]:
    known = {need.id for need in needs}
    return [
        f"{one.path}: {one.test} names the need {name}, which is not in needs.yaml. Correct the id."
        for one in shown
        for name in one.ids
        if name not in known
    ]


def page(needs: tuple[Need, ...], shown: list[Shown], sources: dict[str, str]) -> str:
    by_need = {need.id: [one for one in shown if need.id in one.ids] for need in needs}
    counted = [
        f"{sum(bool(by_need[n.id]) for n in needs if n.priority == p)} of {sum(n.priority == p for n in needs)} {p}"
        for p in PRIORITIES
    ]
    with_test = sum(bool(tests) for tests in by_need.values())
    lines = [
        "# From need to proof",
        "",
        "<!-- written by tools/docs_trace.py: change needs.yaml or a test's mark, then `make docs` -->",
        "",
        f"{with_test} of {len(needs)} needs have a test that shows something of them ({', '.join(counted)}).",
        "A need with tests is not thereby served in full: what must be seen before it counts is written under it,",
        "and the tests' names say what they show.",
        "",
        *(f"- **{name}** {title}" for name, title in sources.items()),
    ]
    for need in needs:
        lines += [
            "",
            f"## {need.id} {need.need}",
            "",
            f"*{need.priority} · {', '.join(need.part)} · {need.source}*",
            "",
        ]
        lines += [f"Counts when: {need.counts_when}.", ""]
        lines += [
            f"- {_sentence(one.test)} ([{one.path}](../../{one.path}))" for one in by_need[need.id]
        ] or ["- no test yet"]
    return "\n".join(lines) + "\n"


def _sentence(test: str) -> str:
    return test.removeprefix("test_").replace("_", " ")


def main(arguments: list[str]) -> int:
    needs, shown = load_needs(), collect(ROOT / "tests")
    wrong = unknown(shown, needs)
    if wrong:
        print("\n".join(wrong))
        return 1
    return deliver(PAGE, page(needs, shown, load_sources()), arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
