"""Are the generated documents what the code would write now? Runs every `tools/docs_*.py`.

Each generator is a program of its own: it writes its documents, or with `--check` writes nothing, names a
stale one and ends with 1.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parent


def main(arguments: list[str]) -> int:
    failed = []
    # the index comes last: it lists what the others write
    generators = sorted(TOOLS.glob("docs_*.py"), key=lambda path: (path.name == "docs_index.py", path.name))
    for path in generators:
        done = subprocess.run(
            [sys.executable, str(path), *arguments],
            cwd=TOOLS.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            failed.append(path.name)
        print(
            (done.stdout + done.stderr).rstrip() or f"{path.name}: ended with {done.returncode}", flush=True
        )
    if failed:
        print(f"Not fresh: {', '.join(failed)}. Run `make docs` and commit what it writes.")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
