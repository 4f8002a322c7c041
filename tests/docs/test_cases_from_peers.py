"""The table of cases names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "assurance" / "cases-from-peers.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| case")]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_a_case_is_shown_by_tests_that_are_there(row: str) -> None:
    shown = re.findall(r"((?:`test_\w+`(?:, )?)+) in `([\w/]+\.py)`", row)
    assert shown
    for names, file in shown:
        written = (ROOT / "tests" / file).read_text(encoding="utf-8")
        for name in re.findall(r"test_\w+", names):
            assert f"def {name}(" in written, f"{name} is not in {file}"
