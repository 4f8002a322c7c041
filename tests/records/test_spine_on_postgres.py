"""The same immutability, audit, signing and evidence tests hold on PostgreSQL."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULES = ("test_rows_never_change", "test_audit_chain", "test_evidence_records", "test_holds_and_closings")


def test_the_records_tests_hold_on_postgresql(postgres_url: str) -> None:
    files = [str(HERE / f"{name}.py") for name in MODULES]
    ours = ("ALARP_DATA", "DJANGO_SETTINGS_MODULE")  # it makes a data folder of its own
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files],
        cwd=HERE.parents[1],
        env=environment | {"ALARP_DATABASE_URL": postgres_url},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed.group(1)) >= 50
    assert "skipped" not in done.stdout
