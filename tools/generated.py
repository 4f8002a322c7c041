"""Write a generated page, or say whether it is what would be written now."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def deliver(page: Path, text: str, arguments: list[str]) -> int:
    """Which exit code belongs to this page? With --check nothing is written, and a stale page gives 1."""
    name = page.relative_to(ROOT)
    fresh = page.is_file() and page.read_text(encoding="utf-8") == text
    if "--check" in arguments:
        print(f"{name} is fresh" if fresh else f"{name} is stale. Run `make docs` and commit it.")
        return 0 if fresh else 1
    if not fresh:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
    print(f"{name} {'is fresh' if fresh else 'written'}")
    return 0
