"""Who may act on a tool: modules of exactly its version, assessments salted with its failures, named users."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import training_school as school
import valley
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError
from django.test.utils import CaptureQueriesContext

from alarp.kernel import BadInput, NotNow, NotPermitted
from alarp.pathway import May
from alarp.records import clock
from alarp.records.deployments import queries as deployments
from alarp.records.evidence.queries import verify_file
from alarp.records.training import commands, queries
from alarp.records.training.checks import training_coverage
from alarp.records.training.models import Attempt, DeploymentUser, TrainingRecord


@pytest.fixture
def taught(deployment: Any) -> Any:
    """A deployment whose reader and radiographer are users, with a module to take and responsibilities to read."""
    school.live_school(deployment, [("reader", "reader"), ("radiographer", "radiographer")])
    return deployment


def may(username: str, deployment: Any, **at: Any) -> May:
    deployment.refresh_from_db()
    return queries.entitlement(valley.person(username), deployment, **at).may


@pytest.mark.need("H05")
@pytest.mark.need("H10")
def test_passing_the_assessment_records_it_and_entitles_in_the_role_that_one_has(taught: Any) -> None:
    school.acknowledges(taught, "reader", "radiographer")
    for username in ("reader", "radiographer"):
        attempt = commands.take(school.module(), school.WRONG_ON_4, by=valley.person(username))
        assert (attempt.correct, attempt.items, attempt.caught, attempt.failures) == (4, 5, 2, 2)
        assert attempt.record.expires_on == attempt.record.dated + timedelta(days=365)
    assert (may("reader", taught), may("radiographer", taught)) == (May.UNAIDED, May.SUPERVISED)


@pytest.mark.need("H10")
def test_who_lets_a_failure_of_the_tool_slip_by_does_not_pass_and_the_answers_are_kept(taught: Any) -> None:
    attempt = commands.take(school.module(), school.WRONG_ON_3, by=valley.person("reader"))
    assert (attempt.passed, attempt.caught, attempt.failures) == (False, 1, 2)
    assert attempt.answers == {str(n): a for n, a in school.WRONG_ON_3.items()}
    assert not TrainingRecord.objects.exists()
    assert may("reader", taught) is May.NONE


def test_an_assessment_with_an_unanswered_case_leaves_nothing_behind(taught: Any) -> None:
    with pytest.raises(BadInput, match="Case 5 is not answered"):
        commands.take(school.module(), dict.fromkeys(range(1, 5), "right"), by=valley.person("reader"))
    assert not Attempt.objects.exists()


@pytest.mark.need("H06")
def test_moving_to_another_version_takes_the_entitlement_and_the_new_module_gives_it_back(
    taught: Any,
) -> None:
    school.acknowledges(taught, "reader")
    school.passed("reader")
    assert may("reader", taught) is May.UNAIDED
    taught.version = valley.version("2.0")
    taught.save(update_fields=["version"])
    assert may("reader", taught) is May.NONE
    school.imported(school.described("flag-readers-2", "2.0"))
    found = queries.entitlement(valley.person("reader"), taught)
    assert "Trained on Flag 1.0, but Flag 2.0 is in use here" in found.because
    school.passed("reader", "flag-readers-2")
    assert may("reader", taught) is May.UNAIDED


@pytest.mark.need("H05")
def test_an_expired_module_takes_the_entitlement_and_shows_since_when(taught: Any) -> None:
    school.acknowledges(taught, "reader")
    record = school.passed("reader", days_ago=400)
    found = queries.entitlement(valley.person("reader"), taught)
    assert (found.may, f"{record.expires_on.day} {record.expires_on:%B %Y}" in found.because) == (
        May.NONE,
        True,
    )
    school.passed("reader", days_ago=1, certificate="VS-2")
    assert may("reader", taught) is May.UNAIDED


def test_responsibilities_must_be_acknowledged_and_a_new_version_of_them_asks_anew(taught: Any) -> None:
    school.passed("reader")
    assert queries.entitlement(valley.person("reader"), taught).reasons == (
        "The responsibilities for this tool are not acknowledged yet.",
    )
    school.acknowledges(taught, "reader")
    assert may("reader", taught) is May.UNAIDED


def test_who_is_neither_user_nor_reading_in_the_team_is_not_entitled(taught: Any) -> None:
    school.passed("executive")
    assert "Not named as a user" in queries.entitlement(valley.person("executive"), taught).because


def test_a_role_that_has_ended_takes_the_entitlement_with_it(taught: Any) -> None:
    school.acknowledges(taught, "reader")
    school.passed("reader")
    valley.person("reader").holdings.update(until=clock.now().date() - timedelta(days=1))
    assert may("reader", taught) is May.NONE


def test_a_withdrawn_record_no_longer_counts_and_stays_readable(taught: Any) -> None:
    school.acknowledges(taught, "reader")
    record = school.passed("reader")
    commands.withdraw_record(
        record, "It was another person's certificate.", by=valley.person("service-manager")
    )
    assert may("reader", taught) is May.NONE
    assert TrainingRecord.objects.get(pk=record.pk).withdrawal.reason.startswith("It was")
    with pytest.raises(NotNow, match="withdrawn already"):
        commands.withdraw_record(record, "again", by=valley.person("service-manager"))


def test_a_newer_edition_of_a_module_can_correct_what_it_grants(taught: Any) -> None:
    school.acknowledges(taught, "reader")
    school.passed("reader")
    school.imported(school.described(grants={"reader": "supervised"}))
    assert school.module().edition == 2
    assert may("reader", taught) is May.SUPERVISED
    with pytest.raises(NotNow, match="newer edition"):
        commands.take(
            school.module().__class__.objects.get(edition=1), school.KEY, by=valley.person("reader")
        )


@pytest.mark.need("H05")
def test_the_badge_of_a_record_proves_itself_without_alarps_database(taught: Any) -> None:
    found = verify_file(queries.badge(school.passed("reader")))
    assert (found.kind, found.product, found.version) == ("training-badge", "Flag", "1.0")
    assert found.title == "The reader passed 'Flag 1.0 for readers'"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"dated": None}, "lies ahead"),
        (
            {"correct": 3},
            "3 of 5 cases judged rightly is below the pass mark of 4 of 5 .80%.. It is not recorded",
        ),
        ({"correct": 4, "caught": 1}, "1 of 2 AI failures caught is below the pass mark of 2 of 2"),
        ({"caught": None, "failures": None}, "say how many were caught"),
        ({"caught": 2, "failures": None}, "both numbers"),
        ({"failures": 0, "caught": 0}, "there was none among the cases"),
        ({"correct": 6}, "The score is 6 of 5"),
        ({"items": 0, "correct": 0}, "The score is 0 of 0"),
        ({"caught": 0, "failures": 2}, "does not fit a score of 5 of 5"),
        ({"certificate": "  "}, "reference of its certificate"),
    ],
)
def test_a_training_record_that_cannot_be_is_refused_in_one_sentence(
    taught: Any, change: dict[str, Any], sentence: str
) -> None:
    if "dated" in change:
        change = {"dated": clock.now().date() + timedelta(days=2)}
    with pytest.raises(BadInput, match=sentence):
        school.passed("reader", **change)
    assert not TrainingRecord.objects.exists()


def test_nobody_records_their_own_training_or_that_of_another_trusts_people(taught: Any) -> None:
    with pytest.raises(NotPermitted, match="their own training"):
        school.passed("lead-physicist")
    with pytest.raises(BadInput, match="does not work for Valley NHS Trust"):
        school.passed("stranger")
    with pytest.raises(NotPermitted, match="keep training records"):
        school.passed("reader", by="reader")
    with pytest.raises(NotPermitted, match="where you do not work"):
        commands.take(school.module(), school.KEY, by=valley.person("stranger"))


def test_a_user_holds_the_role_and_is_named_once(taught: Any) -> None:
    manager = valley.person("service-manager")
    with pytest.raises(BadInput, match="does not hold the role reader"):
        commands.add_user(taught, valley.person("executive"), "reader", by=manager)
    with pytest.raises(NotNow, match=r"named as a user of .* already"):
        commands.add_user(taught, valley.person("reader"), "reader", by=manager)
    row = taught.users.get(person=valley.person("reader"))
    commands.end_user(row, by=manager)
    with pytest.raises(NotNow, match="no longer named"):
        commands.end_user(row, by=manager)
    commands.add_user(taught, valley.person("reader"), "reader", by=manager)
    assert taught.users.filter(person=valley.person("reader")).count() == 2


@pytest.mark.need("H06")
def test_the_coverage_counts_entitled_among_named_users_with_its_interval(taught: Any) -> None:
    school.acknowledges(taught, "reader", "radiographer")
    school.passed("reader")
    found = queries.coverage(taught)
    assert (found.measure.events, found.measure.n) == (1, 2)
    # Wilson for 1 of 2, by hand: centre 0.5, half-width 1.96 sqrt(1/8 + 1.96²/16) / (1 + 1.96²/2) = 0.4055
    assert found.measure.low == pytest.approx(0.0945, abs=1e-4)
    assert found.measure.high == pytest.approx(0.9055, abs=1e-4)
    assert training_coverage(taught, clock.now()) == (
        "1 of 2 users (50%) are entitled to Flag 1.0; the aim is 80%; missing: 1 lead radiographer.",
    )
    school.passed("radiographer", by="service-manager")
    assert training_coverage(taught, clock.now()) == ()


def test_a_coverage_of_nobody_is_not_measurable_and_does_not_pass(deployment: Any) -> None:
    found = queries.coverage(deployment)
    assert not found.measure.is_measurable
    assert training_coverage(deployment, clock.now()) == (
        "Nobody is named as a user of Flag 1.0 here; name the users on its training page.",
    )


@pytest.mark.need("H06")
def test_the_live_gate_of_the_present_pathway_waits_for_the_coverage(trust: None) -> None:
    deployment = valley.proposed(pathway="national-2026.2")
    school.live_school(deployment, [("reader", "reader"), ("radiographer", "radiographer")])
    school.acknowledges(deployment, "reader", "radiographer")
    school.passed("reader")
    commands.issue_training(deployment, by=valley.person("data-analyst"))

    def training() -> Any:
        return next(
            c for c in deployments.gate_view(deployment, "live").criteria if c.criterion.slug == "training"
        )

    assert (training().met, "missing: 1 lead radiographer" in training().missing) == (False, True)
    school.passed("radiographer", by="service-manager")
    assert training().met


def test_the_issued_evidence_says_the_aim_counts_by_role_and_names_nobody(trust: None) -> None:
    deployment = valley.proposed(pathway="national-2026.2")
    school.live_school(deployment, [("reader", "reader"), ("radiographer", "radiographer")])
    school.acknowledges(deployment, "reader")
    school.passed("reader")
    with pytest.raises(BadInput, match="below the default of 80%; say why"):
        commands.issue_training(deployment, target=0.5, by=valley.person("data-analyst"))
    paper = commands.issue_training(
        deployment, target=0.5, reason="The radiographers join in spring.", by=valley.person("data-analyst")
    )
    assert (paper.kind, paper.body["target"], len(paper.body["users"])) == ("training-record", 0.5, 2)
    assert [u["may"] for u in paper.body["users"]] == ["none", "unaided"]
    assert "The reader" not in str(paper.body)
    assert training_coverage(deployment, clock.now()) == ()  # the signed share, not the default


def test_findings_are_kept_back_from_untrained_readers_of_a_live_tool_and_from_nobody_else(
    taught: Any,
) -> None:
    everybody = ("reader", "radiographer", "clinical-lead", "lead-physicist", "pacs-manager")

    def kept_back() -> set[str]:
        taught.refresh_from_db()
        return {name for name in everybody if queries.withheld(valley.person(name), [taught])}

    assert kept_back() == set()  # not in use yet
    taught.stage = "live"
    taught.save(update_fields=["stage"])
    assert kept_back() == {"reader", "radiographer", "clinical-lead"}
    school.acknowledges(taught, "reader")
    school.passed("reader")
    assert kept_back() == {"radiographer", "clinical-lead"}
    taught.version = valley.version("2.0")  # a new version without its module: nobody is trained on it
    taught.save(update_fields=["version"])
    assert kept_back() == {"reader", "radiographer", "clinical-lead"}


def test_nothing_is_kept_back_where_no_training_was_set_up(deployment: Any) -> None:
    deployment.stage = "live"
    deployment.save(update_fields=["stage"])
    assert queries.withheld(valley.person("reader"), [deployment]) == {}


def test_what_ends_soon_is_told_once_and_not_when_it_was_renewed(taught: Any) -> None:
    today = clock.now().date()
    school.passed("reader", days_ago=330)
    school.passed("radiographer", days_ago=10)
    soon = queries.expiring(today, 60, deployments=[taught])
    assert [(r.person.username, (r.expires_on - today).days) for r in soon] == [("reader", 35)]
    assert len(queries.expiring(today, 30, deployments=[taught])) == 0
    school.passed("reader", days_ago=1, certificate="VS-2")
    assert queries.expiring(today, 60, person=valley.person("reader")) == ()


def test_the_number_of_queries_does_not_grow_with_the_number_of_users(taught: Any) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            queries.coverage(
                deployments.Deployment.objects.select_related("site__parent__parent", "version__product").get(
                    pk=taught.pk
                )
            )
        return len(seen)

    before = cost()
    for username in ("clinical-lead", "executive", "data-analyst", "statistician", "procurement"):
        commands.add_user(taught, valley.person(username), username, by=valley.person("service-manager"))
        school.passed(username)
    assert cost() == before


def test_the_past_is_told_as_it_was(taught: Any) -> None:
    school.acknowledges(taught, "reader")
    before = clock.now()
    school.passed("reader", days_ago=30)
    assert may("reader", taught, at=before) is May.NONE
    assert may("reader", taught) is May.UNAIDED


@pytest.mark.parametrize(
    "change",
    [
        lambda: TrainingRecord.objects.all()._raw_delete("default"),
        lambda: connection.cursor().execute("UPDATE training_trainingrecord SET correct = 0"),
        lambda: connection.cursor().execute("UPDATE training_item SET ai_right = NOT ai_right"),
        lambda: connection.cursor().execute("UPDATE training_module SET pass_mark = 0.1"),
        lambda: connection.cursor().execute("DELETE FROM training_deploymentuser"),
        lambda: connection.cursor().execute("UPDATE training_deploymentuser SET role = 'executive'"),
    ],
)
def test_the_database_itself_refuses_to_change_what_was_recorded(taught: Any, change: Any) -> None:
    school.passed("reader")
    with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
        change()
    assert TrainingRecord.objects.get().correct == 5
    assert set(DeploymentUser.objects.values_list("role", flat=True)) == {"reader", "radiographer"}
