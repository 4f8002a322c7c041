"""Every measure gives the number that its source gives. The same tables are docs/reference/measures.md."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import all_specs
import pytest

SPECS = all_specs.load()
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.measure}: {spec.title}")
def test_the_measure_gives_the_number_of_its_source(spec):
    found = spec.compute(spec.rows())
    assert set(found) == set(spec.expected)
    for name, value in spec.expected.items():
        assert found[name] == pytest.approx(value, abs=spec.within), name


def test_the_reference_page_of_the_measures_is_not_stale():
    command = [sys.executable, str(ROOT / "tools" / "docs_measures.py"), "--check"]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert answer.returncode == 0, answer.stderr
