"""The chaos tests use the gateway tests' hospital."""

import sys
from pathlib import Path

import pytest

pytest.register_assert_rewrite("actors")  # its questions say what they found, too
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "gateway"))
