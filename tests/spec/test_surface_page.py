"""The page that compares the surface definitions with geometry says what the code says today."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_of_surface_measures_is_not_stale():
    command = [sys.executable, str(ROOT / "tools" / "docs_surfaces.py"), "--check"]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert answer.returncode == 0, answer.stdout + answer.stderr
