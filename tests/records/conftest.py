"""What the tests of the records may ask for. Models are imported late: Django starts after this file is read."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def trust(db: None) -> None:
    """A Trust with one person for each role (valley.py)."""
    import valley

    valley.build()


@pytest.fixture
def deployment(trust: None) -> Any:
    """A tool at need, with a whole team."""
    import valley

    return valley.proposed()


@pytest.fixture(autouse=True, scope="session")
def _guards_stand_aside_for_the_flush() -> None:
    import guards_lifted

    guards_lifted.lift_for_flush()
