"""What the hazard log says above the fold, and who must act."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from alarp.safety import ControlState, Hazard, Status
from alarp.web.hazards import presenters
from unit.safety.hazards_here import EXECUTIVE, OFFICER, SCHEME, accepted, control, hazard, score

DAY = date(2026, 11, 22)
TITLES = {OFFICER: "Clinical safety officer", EXECUTIVE: "Executive sponsor", "pacs-manager": "PACS manager"}
VALUES = {"reconciliation-gap": ("0 of 412 unaccounted for", datetime(2026, 11, 22, 9, tzinfo=UTC))}
LATER = date(2027, 5, 1)

LOW = hazard("H01")
HALF = hazard(
    "H02", initial=score(4, 4), residual=score(4, 2), acceptances=accepted(OFFICER, review_on=LATER)
)
UNSCORED = hazard("H03", initial=None, residual=None)
ASIDE = hazard("H04", initial=None, residual=None, status=Status.CLOSED, status_because="none here")
FALLEN = hazard("H05", initial=score(4, 4), residual=score(4, 1), reopened_because="Control C1 fell.")
LOG = (LOW, HALF, UNSCORED, ASIDE, FALLEN)


def view(*log: Hazard, show: str = "all") -> presenters.LogView:
    return presenters.log_view(
        log or LOG,
        SCHEME,
        DAY,
        titles=TITLES,
        monitors={"reconciliation-gap": "Gap"},
        values=VALUES,
        show=show,
    )


def test_the_sentence_counts_before_and_after_and_what_is_not_scored() -> None:
    assert view().sentence == (
        "4 hazards: 1 at level 4 or 5 now (2 before the controls), 1 at level 3; 1 not scored."
    )
    assert (
        view(LOW).sentence == "1 hazard: none at level 4 or 5 now (0 before the controls), none at level 3."
    )


def test_who_must_act_is_named_with_how_many() -> None:
    assert view().waiting == (
        "The team: 2 hazards to work on (H03 and H05)",
        "Executive sponsor: 1 risk to accept (H02)",
    )
    assert view(LOW).waiting == ()


def test_what_is_not_scored_comes_first_and_then_the_worst() -> None:
    assert [row.number for row in view().rows] == ["H03", "H05", "H02", "H01", "H04"]


def test_a_re_opened_hazard_stands_at_its_initial_level() -> None:
    (row,) = view(FALLEN).rows
    assert (row.level, row.was_reopened) == (4, True)
    assert row.against == ("Is open again: Control C1 fell. Score it again.",)


@pytest.mark.parametrize(
    ("show", "numbers"),
    [
        ("act", ["H03", "H05", "H02"]),
        ("high", ["H05"]),
        ("3", ["H02"]),
        ("1", ["H01"]),
        ("closed", ["H04"]),
        ("unwatched", []),
        ("nonsense", ["H03", "H05", "H02", "H01", "H04"]),
    ],
)
def test_a_filter_shows_what_it_says(show: str, numbers: list[str]) -> None:
    assert [row.number for row in view(show=show).shown_rows] == numbers


def test_each_filter_says_how_many_it_would_show() -> None:
    counted = {key: count for key, _, count in view().filters}
    assert counted == {"all": 5, "act": 3, "high": 1, "3": 1, "1": 1, "open": 4, "closed": 1}


def test_a_monitor_shows_its_limit_and_its_latest_value() -> None:
    (monitor,) = view(LOW).rows[0].monitors
    assert (monitor.title, monitor.limit, monitor.says) == ("Gap", "0", "0 of 412 unaccounted for")
    (silent,) = presenters.watched(LOW, {}, {})
    assert (silent.title, silent.says, silent.at) == ("reconciliation-gap", "", None)


def test_the_matrix_has_every_cell_with_its_level_the_most_likely_row_first() -> None:
    shown = view().residual
    assert shown.columns == ("Minor", "Significant", "Considerable", "Major", "Catastrophic")
    assert [likelihood for likelihood, _ in shown.rows] == ["Very high", "High", "Medium", "Low", "Very low"]
    assert sum(cell.count for _, cells in shown.rows for cell in cells) == shown.total == 3


def test_a_control_says_how_far_it_has_come_in_words() -> None:
    line = presenters.control_line(control(state=ControlState.VERIFIED_EFFECTIVE), TITLES)
    assert (line.state, line.proven, line.owner) == ("verified to work", True, "PACS manager")
    assert not presenters.control_line(replace(control(), state=ControlState.BUILT), TITLES).proven


def test_a_score_reads_with_its_meaning() -> None:
    shown = presenters.score_view(score(4, 2), SCHEME)
    assert shown is not None
    assert shown.words == "Major for one patient, low likelihood"
    assert shown.means.startswith("Death, or permanent")
    assert presenters.score_view(None, SCHEME) is None
