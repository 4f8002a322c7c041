"""One hospital for the tests that can share it, and a maker of others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from house import House


@pytest.fixture
def new_house(tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Make a hospital of this test's own; it is closed afterwards."""
    made: list[House] = []

    def make(**settings: Any) -> House:
        made.append(House(tmp_path / f"house{len(made)}", **settings))
        return made[-1]

    yield make
    for house in made:
        house.close()


@pytest.fixture(scope="session")
def receiving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A hospital that only listens."""
    house = House(tmp_path_factory.mktemp("receiving"), quiet_s=60)
    house.start("listener")
    yield house
    house.close()
