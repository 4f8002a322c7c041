"""What is there to read? Writes docs/README.md: every document by its own title, in its own folder's section."""

from __future__ import annotations

import sys
from pathlib import Path

from generated import deliver

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "README.md"
SECTIONS = (
    ("explanation", "Explanation", "How it hangs together, and why."),
    ("how-to", "How to", "One task a page, for somebody who has to do it now."),
    ("reference", "Reference", "What is, exactly. Mostly written by `make docs` from the code."),
    ("assurance", "Assurance", "What it is for, what was tested, what must stay true."),
    ("adr", "Decisions", "One a page: context, decision, consequences, what would change our mind."),
)


def title(path: Path) -> str:
    """The first heading of a document; one without a heading is an error that names it."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            return line.removeprefix("# ").strip()
    raise SystemExit(
        f"{path.relative_to(DOCS.parent)} has no heading '# …'. Give it one: the index shows it."
    )


def page(docs: Path) -> str:
    known = {folder for folder, *_ in SECTIONS}
    strange = [
        path for path in docs.rglob("*.md") if path != PAGE and path.relative_to(docs).parts[0] not in known
    ]
    if strange:
        raise SystemExit(
            f"{strange[0].relative_to(docs.parent)} lies in no section of tools/docs_index.py. Move it."
        )
    lines = ["# Documentation", "", "<!-- written by tools/docs_index.py: `make docs` -->"]
    for folder, heading, about in SECTIONS:
        paths = sorted((docs / folder).rglob("*.md"))
        if paths:
            lines += ["", f"## {heading}", "", about, ""]
            lines += [f"- [{title(path)}]({path.relative_to(docs).as_posix()})" for path in paths]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    return deliver(PAGE, page(DOCS), arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
