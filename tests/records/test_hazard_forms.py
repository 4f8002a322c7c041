"""The hazard pages do what their forms say, over HTTP, by the field names that are documented."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import hazard_log
import pytest
import valley
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.timezone import localdate
from hazard_log import EXECUTIVE, OFFICER, WRITER

from alarp.records import clock
from alarp.records.hazards.models import Hazard, RiskAcceptance, SafetyStatement
from alarp.records.hazards.queries import log_of, risk_summaries

PASSWORD = "three green kettles sing"
SCORE = {
    "initial_severity": "4",
    "initial_patients": "one",
    "initial_likelihood": "3",
    "residual_severity": "4",
    "residual_patients": "one",
    "residual_likelihood": "2",
    "measured_by": "silent run of 400 films",
    "rationale": "Two in 400.",
    "leans_on": "",
}
LATER = (localdate(clock.now()) + timedelta(days=200)).isoformat()


class Visitor:
    """Somebody who is signed in and fills in forms of one deployment."""

    def __init__(self, username: str, slug: str) -> None:
        who = valley.person(username)
        who.set_password(PASSWORD)
        who.save()
        self.client, self.slug = Client(), slug
        self.client.force_login(who)

    def send(self, path: str, **given: Any) -> Any:
        return self.client.post(f"/deployments/{self.slug}/{path}", given)

    def text(self, path: str) -> str:
        answer = self.client.get(f"/deployments/{self.slug}/{path}")
        assert answer.status_code == 200
        return answer.content.decode()


@pytest.fixture(autouse=True)
def _unbuilt_assets(settings: Any) -> None:
    """The pages are looked at elsewhere; here only what they say and do."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


@pytest.fixture
def deployment(trust: None) -> Any:
    return valley.proposed(pathway="national-2026.2")


@pytest.fixture
def writer(deployment: Any) -> Visitor:
    return Visitor(WRITER, deployment.slug)


def done(answer: Any) -> None:
    assert answer.status_code == 302, answer.content.decode()[:4000]


@pytest.mark.need("A01")
def test_from_an_empty_page_to_an_accepted_risk(deployment: Any, writer: Visitor) -> None:
    assert "Start from the library" in writer.text("hazards/")
    done(writer.send("hazards/"))
    assert "none at level 3; 22 not scored." in writer.text("hazards/")
    refused = writer.send("hazards/H05/", **SCORE)
    assert "no control is built" in refused.content.decode()
    done(writer.send("hazards/H05/controls/C2/", state="verified-effective", evidence="Evaluation report"))
    done(writer.send("hazards/H05/", **SCORE))
    assert "level 3" in writer.text("hazards/H05/")
    digest = log_of(deployment).revisions["H05"].digest
    signed = {"justification": "Impractical", "review_on": LATER, "revision_digest": digest}
    for role in (OFFICER, EXECUTIVE):
        visitor = Visitor(role, deployment.slug)
        wrong = visitor.send("hazards/H05/accept/", role=role, password="not mine", **signed)
        assert "This is not your password" in wrong.content.decode()
        done(visitor.send("hazards/H05/accept/", role=role, password=PASSWORD, **signed))
    assert RiskAcceptance.objects.count() == 2
    assert len(log_of(deployment).hazard("H05").acceptances) == 2


def test_a_log_is_imported_from_a_file_or_refused_with_its_sentence(deployment: Any, writer: Visitor) -> None:
    import yaml

    def file(*rows: Any) -> SimpleUploadedFile:
        return SimpleUploadedFile("log.yaml", yaml.safe_dump(hazard_log.table(*rows)).encode())

    twice = writer.send("hazards/import/", log=file(hazard_log.row("X1"), hazard_log.row("X1")))
    assert "two hazards with the number X1; give each its own" in twice.content.decode()
    assert not Hazard.objects.exists()
    done(writer.send("hazards/import/", log=file(hazard_log.row("X1"))))
    assert Hazard.objects.get().number == "X1"


def test_the_officer_states_with_conditions_and_another_person_issues(
    deployment: Any, writer: Visitor
) -> None:
    hazard_log.imported(deployment, hazard_log.row("X1", **hazard_log.LEVEL_1))
    officer = Visitor(OFFICER, deployment.slug)
    said = {
        "answer": "conditional",
        "words": "One thing is open.",
        "password": PASSWORD,
        "log_digest": log_of(deployment).digest,
    }
    bare = officer.send("safety-case/statement/", **said)
    assert "needs at least one condition" in bare.content.decode()
    condition = {
        "condition_1": "Drill is repeated",
        "hazards_1": "x1",
        "test_1": "A morning without the tool",
        "owner_1": "service-manager",
        "due_1": LATER,
    }
    done(officer.send("safety-case/statement/", **said, **condition))
    assert SafetyStatement.objects.get().conditions[0]["hazards"] == ["X1"]
    assert "Issue as evidence" not in officer.text("safety-case/")
    assert "Issue as evidence" in writer.text("safety-case/")
    done(writer.send("safety-case/"))
    assert set(deployment.answers.values_list("criterion", flat=True)) == {"safety-case", "residual-risk"}


def test_a_hazard_is_added_described_and_set_aside(deployment: Any, writer: Visitor) -> None:
    words = {
        "name": "Screen too dark",
        "description": "It is dark",
        "effect": "Nothing seen",
        "harm": "Missed finding",
    }
    missing = writer.send("hazards/add/", **words, monitor="feedback-wrong")
    assert "Say at which limit the monitor speaks" in missing.content.decode()
    done(
        writer.send(
            "hazards/add/", **words, monitor="feedback-wrong", limit="2 of 100", causes="Old screen\nSun"
        )
    )
    one = log_of(deployment).hazard("T01")
    assert (one.causes, one.monitors[0].limit) == (("Old screen", "Sun"), "2 of 100")
    done(writer.send("hazards/T01/describe/", **words | {"harm": "Late finding"}, because="said plainer"))
    assert log_of(deployment).hazard("T01").harm == "Late finding"
    done(
        writer.send(
            "hazards/T01/controls/add/",
            text="New screens",
            category="design",
            mechanism="1",
            owner_role="pacs-manager",
        )
    )
    done(writer.send("hazards/T01/settle/", status="closed", because="No such screens here"))
    assert log_of(deployment).hazard("T01").set_aside


def test_a_board_reads_the_risks_of_many_deployments_in_one_query(
    deployment: Any, django_assert_num_queries: Any
) -> None:
    other = valley.proposed("flag-hill", pathway="national-2026.2")
    hazard_log.imported(deployment, hazard_log.row("X1"), hazard_log.row("X2", initial=None, residual=None))
    with django_assert_num_queries(1):
        found = risk_summaries([deployment, other])
    assert found[deployment.pk].sentence == "2 hazards, the highest at level 2; 1 not scored"
    assert found[other.pk].sentence == "No hazard log yet"
