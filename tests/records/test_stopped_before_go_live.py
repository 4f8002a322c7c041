"""A tool may be stopped where it stands, before it ever went live: by a signed word that cannot be taken back."""

from __future__ import annotations

from typing import Any

import pytest
import valley
from django.db import DatabaseError, connection, transaction

from alarp.kernel import BadInput, NotNow, NotPermitted, RouteState, Stage
from alarp.records.deployments import commands, queries
from alarp.records.deployments.models import Abandonment, Deployment
from alarp.records.evidence.sealing import seal_holds

FOUND = "Dice 0.71 (0.66 to 0.76), 3 of 3 cases; the supplier claims 0.97."


def stop(deployment: Deployment, role: str = "clinical-lead", reason: str = FOUND) -> Abandonment:
    return commands.abandon(deployment, role, reason, valley.proof_of_self(), by=valley.person(role))


@pytest.mark.need("X03")
def test_a_tool_stopped_at_a_gate_ends_there_with_its_reason_and_its_seal(deployment: Any) -> None:
    row = stop(deployment)
    deployment.refresh_from_db()
    assert deployment.stage == Stage.RETIRED
    assert queries.route(deployment).state is RouteState.CLOSED
    assert row.gate == "need"
    assert seal_holds(
        row.envelope, {"reason": FOUND, "meaning": "stop", "username": "clinical-lead"}, subject=deployment
    )
    assert not seal_holds(row.envelope, {"reason": "something else"}, subject=deployment)
    assert any(FOUND in entry.sentence for entry in queries.timeline(deployment))


def test_a_tool_that_was_sent_studies_is_retired_properly(deployment: Any) -> None:
    valley.bring_to(deployment, Stage.INTEGRATE)
    stop(deployment)
    deployment.refresh_from_db()
    assert deployment.stage == Stage.RETIRE


def test_nobody_stops_a_tool_without_a_reason_a_role_or_a_place_in_the_team(deployment: Any) -> None:
    with pytest.raises(BadInput, match="reason in writing"):
        stop(deployment, reason="  ")
    with pytest.raises(NotNow, match="needs one of the roles clinical-lead, executive"):
        stop(deployment, role="radiographer")
    with pytest.raises(NotPermitted):
        commands.abandon(
            deployment, "clinical-lead", FOUND, valley.proof_of_self(), by=valley.person("stranger")
        )
    assert not Abandonment.objects.exists()


def test_a_tool_in_use_is_stopped_by_its_review_not_here(deployment: Any) -> None:
    valley.bring_to(deployment, Stage.LIVE)
    with pytest.raises(NotNow, match="stopped by a review"):
        stop(deployment)


def test_the_database_itself_keeps_the_word(deployment: Any) -> None:
    row = stop(deployment)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE deployments_abandonment SET reason = %s WHERE id = %s", ["We changed our mind", row.pk]
        )
