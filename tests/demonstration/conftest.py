"""The demonstration hospital, lived through once for all tests of this folder."""

from __future__ import annotations

import pytest
from demonstrations import Demonstration, live_through


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    return live_through(tmp_path_factory.mktemp("demo") / "hospital")
