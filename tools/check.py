"""Does the house still stand? Every check runs, even after one has failed; one line for each."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PLACES = [place for place in ("src", "tests", "tools", "bench") if (ROOT / place).is_dir()]

CHECKS: tuple[tuple[str, list[str | Path]], ...] = (
    ("lint", [BIN / "ruff", "check", *PLACES]),
    ("format", [BIN / "ruff", "format", "--check", *PLACES]),
    ("types", [BIN / "mypy"]),
    ("floors", [BIN / "lint-imports"]),
    ("module lengths", [sys.executable, "tools/check_lengths.py"]),
    ("generated documents", [sys.executable, "tools/docs.py", "--check"]),
    ("standards", [sys.executable, "tools/check_standards.py"]),
)


def main() -> int:
    failed = []
    for name, command in CHECKS:
        began = time.monotonic()
        done = subprocess.run(
            [str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False
        )
        seconds = time.monotonic() - began
        print(f"{'holds ' if done.returncode == 0 else 'FAILS '} {name} ({seconds:.1f} s)", flush=True)
        if done.returncode:
            failed.append(name)
            print((done.stdout + done.stderr).rstrip(), flush=True)
    print(
        f"{len(CHECKS) - len(failed)} of {len(CHECKS)} checks hold"
        + (f"; not: {', '.join(failed)}" if failed else "")
    )
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
