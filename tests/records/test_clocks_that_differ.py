"""Two machines whose clocks differ: what the faster one wrote is no less written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any

import pytest
import valley

from alarp.kernel import RouteState
from alarp.records import clock
from alarp.records.deployments import commands, queries

Fast = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> Fast:
    """The machine whose clock is ten minutes ahead."""

    @contextmanager
    def ahead() -> Any:
        right = clock.now
        with monkeypatch.context() as patch:
            patch.setattr(clock, "now", lambda: right() + timedelta(minutes=10))
            yield

    return ahead


def test_a_signature_from_the_faster_machine_counts_at_the_slower_one(deployment: Any, fast: Fast) -> None:
    first, *others = valley.answered(deployment, "need").roles
    with fast():
        valley.sign(deployment, "need", first)
    for role in others:
        valley.sign(deployment, "need", role)
    deployment.refresh_from_db()
    assert deployment.stage == "appraise"
    times = list(deployment.decisions.order_by("pk").values_list("signed_at", flat=True))
    assert times == sorted(times)


def test_a_hold_from_the_faster_machine_closes_the_route_at_once_everywhere(
    deployment: Any, fast: Fast
) -> None:
    valley.bring_to(deployment, "integrate")
    with fast():
        commands.raise_hold(
            deployment,
            "Wrong side.",
            "Cause found.",
            valley.person("clinical-safety-officer"),
            by=valley.person("reader"),
        )
    assert queries.route(deployment).state is RouteState.CLOSED


def test_signatures_from_before_a_reopening_by_the_slower_machine_do_not_count(
    deployment: Any, fast: Fast
) -> None:
    valley.bring_to(deployment, "appraise")
    with fast():
        valley.pass_gate(deployment, "appraise")
    by = valley.person("lead-physicist")
    commands.change_version(deployment, valley.version("2.0"), by=by)
    commands.change_version(deployment, valley.version("1.0"), by=by)
    view = queries.gate_view(deployment, "appraise")
    assert view.status == "re-opened"
    assert view.signatures_needed == view.gate.roles
