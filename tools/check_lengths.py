"""Does any module need a wall? None is longer than 500 lines; migrations are written by a machine."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 500


def too_long(root: Path) -> list[str]:
    """Which modules are longer than the house allows, and by how much?"""
    found = []
    for place in ("src", "tests", "tools", "bench"):
        for path in sorted((root / place).rglob("*.py")):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            if lines > LONGEST and "migrations" not in path.parts:
                found.append(
                    f"{path.relative_to(root)} has {lines} lines; {LONGEST} is the most. Make it two."
                )
    return found


def main() -> int:
    sentences = too_long(ROOT)
    print("\n".join(sentences) if sentences else f"every module has at most {LONGEST} lines")
    return 1 if sentences else 0


if __name__ == "__main__":
    raise SystemExit(main())
