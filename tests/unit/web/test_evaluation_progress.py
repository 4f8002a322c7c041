"""How far a run has come, in a sentence that a person can plan with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from alarp.web.protocols.presenters import progress

BEGAN = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)


def run(**more: Any) -> Any:
    facts = {
        "state": "running",
        "doing": "",
        "done_steps": 0,
        "all_steps": 0,
        "at": BEGAN,
        "jobs": 1,
        "paced_at": BEGAN,
        "paced_steps": 0,
        "stopped_at": None,
    }
    return SimpleNamespace(**(facts | more))


@pytest.mark.parametrize(
    ("facts", "minutes", "sentence"),
    [
        ({"state": "queued"}, 1, "Waiting to begin."),
        ({"state": "queued"}, 3, "look whether a worker is running"),
        ({}, 1, "It has begun."),
        ({"doing": "measuring", "all_steps": 1}, 1, "Measuring."),
        (
            {"doing": "comparing outlines", "done_steps": 12, "all_steps": 120},
            2,
            "12 of 120, about 18 min left.",
        ),
        ({"doing": "comparing outlines", "done_steps": 119, "all_steps": 120}, 2, "less than a minute left."),
        ({"doing": "comparing outlines", "done_steps": 0, "all_steps": 120}, 2, "0 of 120."),
        (
            {"doing": "comparing outlines", "done_steps": 70, "all_steps": 120, "paced_steps": 60, "jobs": 2},
            2,
            "Comparing outlines, by 2 processes: 70 of 120, about 10 min left.",
        ),
        (
            {"state": "stopped", "doing": "comparing outlines", "done_steps": 70, "all_steps": 120},
            2,
            "Stopped while comparing outlines: 70 of 120.",
        ),
        (
            {"state": "queued", "stopped_at": BEGAN, "done_steps": 70, "all_steps": 120},
            1,
            "Waiting to go on. 70 of 120 were finished before.",
        ),
    ],
)
def test_a_run_says_how_far_it_is_and_how_long_it_will_take(
    facts: dict[str, Any], minutes: int, sentence: str
) -> None:
    assert sentence in progress(run(**facts), BEGAN + timedelta(minutes=minutes)).sentence
