"""How is each gate's work done? Writes docs/reference/procedures.md from the pathway itself."""

from __future__ import annotations

import sys
from pathlib import Path

from generated import deliver

from alarp.pathway import procedures_as_markdown
from alarp.standards import load_pathway, load_roles

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "procedures.md"


def page() -> str:
    """The page as it should be."""
    return procedures_as_markdown(load_pathway(), {role.slug: role for role in load_roles()})


def main(arguments: list[str]) -> int:
    return deliver(PAGE, page(), arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
