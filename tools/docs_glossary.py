"""What does each word mean? Writes docs/reference/glossary.md from the glossary that the pages show."""

from __future__ import annotations

import sys
from pathlib import Path

from generated import deliver

from alarp.standards.glossary import load_headings

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "glossary.md"
HEAD = """# Glossary

One word for one thing, spelled alike in the core, in a table and on a page. Generated from
`src/alarp/standards/glossary/terms.yaml`; `tests/docs/test_glossary.py` holds it against the enums of `alarp.kernel`
and the names of the records' models.
"""


def page() -> str:
    """The page as it should be."""
    parts = [HEAD]
    for heading, terms in load_headings().items():
        lines = "\n".join(f"- **{term.word}**: {term.says}" for term in terms)
        parts.append(f"## {heading}\n\n{lines}\n")
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    return deliver(PAGE, page(), arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
