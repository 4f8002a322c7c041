"""Documents lead to what is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
ROOMS = sorted(path.parent for path in (ROOT / "src" / "alarp").glob("*/__init__.py"))
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *DOCS.rglob("*.md"),
        *(ROOT / "src").rglob("*.md"),
        *(ROOT / "bench").glob("*.md"),
        *(ROOT / "assets").glob("*.md"),
    ]
)


def without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def slug(heading: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", heading.lower().replace("`", ""))
    return kept.strip().replace(" ", "-")


def links(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        if not path.exists():
            broken.append(link)
        elif anchor and path.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
            if anchor not in {slug(heading) for heading in headings}:
                broken.append(link)
    assert broken == []


def test_every_document_is_linked_from_the_index() -> None:
    linked = {(DOCS / link).resolve() for link in links(DOCS / "README.md")}
    assert [
        path for path in DOCS.rglob("*.md") if path != DOCS / "README.md" and path.resolve() not in linked
    ] == []


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "DEVELOPERS.md"], ids=lambda page: page.name)
def test_every_make_command_that_is_named_can_be_made(page: Path) -> None:
    named = set(
        re.findall(r"`make ([a-z-]+)|^make ([a-z-]+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    targets = {one or other for one, other in named}
    rules = set(
        re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    assert targets and targets <= rules


def test_the_readme_names_every_make_target_a_newcomer_needs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    offered = set(re.findall(r"^  make ([a-z-]+)", said, flags=re.MULTILINE)) - {"help", "setup-test"}
    assert offered and {name for name in offered if f"`make {name}`" not in readme} == set()


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_every_room_says_what_it_knows_and_what_it_must_not_know(room: Path) -> None:
    page = room / "README.md"
    assert page.is_file(), f"{room.name} has no README.md"
    text = " ".join(page.read_text(encoding="utf-8").lower().split())
    assert "knows" in text and "must not know" in text


def test_decisions_are_numbered_without_gap_and_say_what_would_change_our_mind() -> None:
    records = sorted((DOCS / "adr").glob("*.md"))
    assert [path.name[:4] for path in records] == [f"{number:04}" for number in range(1, len(records) + 1)]
    wanted = ["## Context", "## Decision", "## Consequences", "## What would change our mind"]
    for path in records:
        assert re.findall(r"^## .+$", path.read_text(encoding="utf-8"), flags=re.MULTILINE) == wanted, (
            path.name
        )


def test_files_that_the_security_properties_name_are_there() -> None:
    text = (DOCS / "assurance" / "security-properties.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:src|tools|tests|assets|requirements|package)[^`]*)`", text)
    assert named and [name for name in named if not (ROOT / name).exists()] == []
