"""What the pages of governance say, without a browser."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from alarp.records.governance.documents import figure
from alarp.records.governance.queries import Volume
from alarp.standards.governance import load_responsibilities
from alarp.web.governance import presenters


def test_a_row_of_the_matrix_has_one_mark_for_each_party_and_one_that_answers() -> None:
    template = load_responsibilities()
    rows = [
        {"step": s.slug, "accountable": s.accountable, "here": "", "consulted": list(s.consulted)}
        for s in template.steps
    ]
    grid = presenters.matrix(rows, template.version)
    assert len(grid.answers) == 10
    for answer in grid.answers:
        assert answer.marks.count("answers") == 1
        assert grid.parties[answer.marks.index("answers")] == answer.party


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (12_400, "12 KB"), (8_123_000, "8.1 MB"), (1_240_000_000, "1.2 GB"), (2_500_000_000_000, "2,500 GB")],
)  # fmt: skip
def test_a_size_is_said_in_powers_of_a_thousand(size: int, words: str) -> None:
    assert presenters.size_words(size) == words


def test_a_leg_counts_what_is_not_recorded() -> None:
    volumes = {"outbound": Volume(3, 3000), "inbound": Volume(0, 0)}
    out, back = presenters.legs({"outbound": {"data": "Films"}}, volumes)
    assert (out.objects, out.size, out.missing) == (3, "3 KB", 9)
    assert back.missing == 10


def test_a_plan_that_is_past_its_day_is_overdue() -> None:
    answers = {"ports": {"state": "planned", "note": "", "due": "2026-06-01"}}
    after, before = (
        {p.title: p for p in presenters.points(answers, day)}["Ports"]
        for day in (date(2026, 6, 2), date(2026, 6, 1))
    )
    assert (after.state, after.words) == ("late", "Planned for 2026-06-01, overdue")
    assert before.state == "planned"


def finding(passed: bool | None) -> dict[str, Any]:
    return {"phase": "send", "about": "x", "passed": passed, "sentence": "y", "figure": 2.25, "unit": "ms", "n": 5}  # fmt: skip


def test_a_report_counts_only_what_was_judged() -> None:
    made = SimpleNamespace(
        findings=[finding(True), finding(None), finding(False)],
        measured_at=datetime(2026, 6, 3, tzinfo=UTC),
        passed=False,
        evidence=None,
        note="",
    )
    test = SimpleNamespace(number=4, by="Joy", at=datetime(2026, 6, 3, tzinfo=UTC), report=made)
    shown = presenters.report(test, figure)
    assert shown.sentence == "1 of 2 judged findings passed."
    assert shown.findings[0].figure == "2.25 ms, n = 5"


def test_a_test_without_a_report_is_under_way() -> None:
    test = SimpleNamespace(number=1, by="Joy", at=datetime(2026, 6, 3, tzinfo=UTC))
    assert presenters.report(test, figure).sentence.startswith("Under way")
