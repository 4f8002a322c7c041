"""Evaluation and live use count by one definition: the same films give the same numbers, whichever counted them."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import chest_evaluation as chest
import ledger_events as ledger
import pytest
import valley

from alarp.kernel import Unavailable
from alarp.records import clock
from alarp.records.monitors import commands as monitors
from alarp.records.protocols import commands, queries
from alarp.web.protocols.spanning import spanning

NOW = datetime(
    2031, 11, 20, 15, 0, tzinfo=UTC
)  # after everybody has the roles that are given once for many tests
BOTH = ["failure_rate", "flag_rate", "ppv_as_treated", "sensitivity_as_treated", "specificity_as_treated"]
TIMES = ["Minutes to the answer, half", "Minutes to the answer, 19 of 20"]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fixed clock, and no PDF: it says nothing about numbers, and takes seconds."""

    def missing(html: str) -> bytes:
        raise Unavailable("no PDF here", phase="pdf")

    monkeypatch.setattr("alarp.report.to_pdf", missing)
    monkeypatch.setattr(clock, "now", lambda: NOW)


def minutes_of(n: int) -> float:
    return 2 + (7 * n % 60) / 10


def films() -> bytes:
    """Sixty films; the tool misses some nodules, flags some healthy, and says nothing of two."""
    rows = list(csv.DictReader(io.StringIO(chest.cases_csv().decode())))
    for n, row in enumerate(rows):
        if n % 10 == 1:
            row["score"] = "0.8"
        if n in (8, 30):
            row["score"] = ""
        row["minutes"] = "" if not row["score"] else f"{minutes_of(n):.3f}"
    out = io.StringIO()
    writer = csv.DictWriter(out, ["case", "truth", "score", "minutes"])
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def evaluated(deployment: Any) -> Any:
    """The films as an evaluation that was locked, run and signed."""
    protocol = chest.begun(deployment, {"score: score}": "score: score, answer_min: minutes}"})
    chest.locked(protocol)
    run = chest.done(chest.asked(protocol, chest.cases(deployment, content=films())))
    commands.sign_run(run, valley.proof_of_self(), by=valley.person("lead-physicist"))
    return run


def sent_live(deployment: Any, *, judged: Any = lambda n: True) -> None:
    """The same films as studies in live use: decided, and each judged by its report where it was."""
    for n, row in enumerate(csv.DictReader(io.StringIO(films().decode()))):
        at, ill = NOW - timedelta(days=3, minutes=n), row["truth"] == "nodule"
        if not row["score"]:
            ledger.dispatch(deployment, at)
            continue
        flagged = float(row["score"]) >= 0.5
        decision = "Nodule" if flagged else "No nodule"
        dispatch = ledger.returned(
            deployment, at, score=float(row["score"]), decision=decision, after_s=60 * float(row["minutes"])
        )
        if judged(n):
            word = "agree" if flagged == ill else "disagree"
            monitors.judge(dispatch, word, source="reports", name=str(n), by="the reporting system")


@pytest.mark.need("E12")
def test_the_same_films_give_the_same_numbers_in_an_evaluation_and_in_live_use(deployment: Any) -> None:
    run = evaluated(deployment)
    sent_live(deployment)
    found = spanning(deployment, NOW)
    assert found is not None and found.not_drawn == () and len(found.figures) == len(BOTH) + len(TIMES)
    for figure in found.figures:
        evaluation, live = figure.table.rows
        if not figure.title.startswith("Minutes"):
            assert evaluation[2:] == live[2:], figure.title
    rows = {m["measure"]: m for m in queries.result_of(run)["measures"] if m["subgroup"] == "all"}
    sensitivity = next(f for f in found.figures if f.title.startswith("Sensitivity"))
    assert float(sensitivity.table.rows[1][2]) == pytest.approx(
        rows["sensitivity_as_treated"]["estimate"], abs=5e-4
    )


@pytest.mark.need("E12")
def test_minutes_to_the_answer_are_those_of_the_evaluation_as_nearly_as_live_use_keeps_them(
    deployment: Any,
) -> None:
    """Live use keeps times in bins 9 % wide; two of sixty films got no answer, in both."""
    evaluated(deployment)
    sent_live(deployment)
    found = spanning(deployment, NOW)
    assert found is not None
    drawn = [f for f in found.figures if f.title.startswith("Minutes")]
    assert [f.title.removesuffix(", from the evaluation into live use") for f in drawn] == TIMES
    for figure in drawn:
        evaluation, live = figure.table.rows
        assert evaluation[5] == live[5] == "60"
        for here, there in zip(evaluation[2:5], live[2:5], strict=True):
            if here == "–":  # the upper bound of the slow ones lies among the unanswered
                assert there == "–"
            else:
                assert float(there) == pytest.approx(float(here), rel=0.05)


@pytest.mark.need("E12")
def test_an_evaluation_that_measured_no_time_from_sending_says_so_beside_the_pictures(
    deployment: Any,
) -> None:
    protocol = chest.begun(deployment)
    chest.locked(protocol)
    run = chest.done(chest.asked(protocol, chest.cases(deployment, content=films())))
    commands.sign_run(run, valley.proof_of_self(), by=valley.person("lead-physicist"))
    sent_live(deployment)
    found = spanning(deployment, NOW)
    assert found is not None and len(found.figures) == len(BOTH)
    assert "the evaluation measured none from sending" in found.not_drawn[0]


@pytest.mark.need("E12")
def test_closing_the_day_changes_no_number_of_live_use(deployment: Any) -> None:
    evaluated(deployment)
    sent_live(deployment)
    before = spanning(deployment, NOW)
    monitors.roll_due(NOW)
    assert before is not None and spanning(deployment, NOW) == before


@pytest.mark.need("E12")
def test_sensitivity_is_refused_in_live_use_when_an_answer_was_not_judged(deployment: Any) -> None:
    evaluated(deployment)
    sent_live(deployment, judged=lambda n: n != 2)
    found = spanning(deployment, NOW)
    assert found is not None
    assert [line.split(":")[0] for line in found.not_drawn] == ["Sensitivity", "Specificity"]
    assert "1 of 58 answers were not held against the truth" in found.not_drawn[0]
    assert any(figure.title.startswith("PPV") for figure in found.figures)


def test_a_judgement_counts_as_no_further_decision(deployment: Any) -> None:
    from alarp.records.monitors.queries import daily

    sent_live(deployment)
    counted = daily(deployment, NOW.date() - timedelta(days=5), NOW.date())
    assert sum(counted.named("decisions").values()) == counted.count("outcomes", "returned") == 58
    assert sum(counted.named("verdicts").values()) == 58


def test_an_exploratory_evaluation_begins_no_series(deployment: Any) -> None:
    protocol = chest.begun(deployment)
    chest.done(chest.asked(protocol, chest.cases(deployment, content=films())))
    sent_live(deployment)
    assert spanning(deployment, NOW) is None
