"""Training as people meet it: an assessment is taken, a finding is kept back until then, roles are given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from alarp.pathway.proof import verify_file
from alarp.records.deployments.models import Deployment
from alarp.records.governance import commands as governance
from alarp.records.governance import queries as governance_queries
from alarp.records.governance.models import Responsibilities
from alarp.records.people.models import Interest
from alarp.records.training import commands
from alarp.records.training.models import Attempt, Module, TrainingRecord
from alarp.standards.governance import load_responsibilities
from pages import test_gateway_pages as gateway
from pages.ledger_day import Day
from pages.test_gateway_pages import person, plain, signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def plain_static_files(settings: Any) -> None:
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": storage}


@pytest.fixture(scope="module")
def school(django_db_setup: None, django_db_blocker: Any) -> Iterator[Day]:
    """The gateway's day with NoduleFlag live, its module, its responsibilities, and the reader as its user."""
    with django_db_blocker.unblock(), transaction.atomic():
        day = gateway.write()
        flag = Deployment.objects.get(slug="flag")
        Deployment.objects.filter(pk=flag.pk).update(stage="live")
        data = files("alarp.demo").joinpath("cases", "training-noduleflag.yaml").read_bytes()
        commands.import_file(data, "training-noduleflag.yaml", by=person("service-manager"))
        from alarp.records.deployments.commands import join_team

        join_team(flag, "digital-lead", person("digital-lead"), 4, by=person("service-manager"))
        rows = [
            {"step": s.slug, "accountable": s.accountable, "consulted": s.consulted}
            for s in load_responsibilities().steps
        ]
        governance.set_responsibilities(flag, rows, by=person("digital-lead"))
        commands.add_user(flag, person("reader"), "reader", by=person("service-manager"))
        yield day
        transaction.set_rollback(True)


@pytest.fixture
def flag(school: Day, db: None) -> Deployment:
    return Deployment.objects.select_related("version__product", "site").get(slug="flag")


def acknowledged(flag: Deployment) -> None:
    current = governance_queries.latest(Responsibilities, flag)
    assert current is not None
    governance.acknowledge(flag, read=current.digest, by=person("reader"))


def key() -> dict[str, str]:
    items = Module.objects.get().items.all()
    return {f"case_{i.number}": "right" if i.ai_right else "wrong" for i in items}


def handed_in(answers: dict[str, str], role: str = "reader") -> Any:
    url = reverse("assessment", kwargs={"module": Module.objects.get().pk})
    return signed_in(role).post(url, answers, follow=True)


@pytest.mark.need("H10")
def test_an_assessment_is_handed_in_without_scripts_and_a_pass_entitles(flag: Deployment) -> None:
    acknowledged(flag)
    page = text_of(signed_in("reader").get(reverse("competences")))
    assert "0 of 1 tool in use" in plain(page)
    page = plain(text_of(handed_in(key())))
    assert (
        "Passed." in page and "100 % (68-100), 8 of 8, Wilson" in page and "(44-100), 3 of 3, Wilson" in page
    )
    page = text_of(signed_in("reader").get(reverse("competences")))
    assert "1 of 1 tool in use" in plain(page) and "Unaided" in page


@pytest.mark.need("H10")
def test_a_failed_attempt_shows_its_two_scores_and_keeps_the_key(flag: Deployment) -> None:
    page = plain(text_of(handed_in({**key(), "case_7": "right"})))
    assert "Not passed yet" in page and "2 of 3" in page
    assert "Crossing bones hide" not in page
    assert not TrainingRecord.objects.exists()


def test_an_unanswered_case_is_named_and_what_was_answered_stays(flag: Deployment) -> None:
    answers = key()
    del answers["case_3"]
    url = reverse("assessment", kwargs={"module": Module.objects.get().pk})
    page = text_of(signed_in("reader").post(url, answers))
    assert "Case 3: say whether the AI is right or wrong." in page
    assert len(re.findall(r'<input[^>]*type="radio"[^>]*checked', page)) == 7
    assert not Attempt.objects.exists()


@pytest.mark.need("H05")
def test_the_badge_is_a_file_that_verifies_offline(flag: Deployment) -> None:
    url = reverse("badge", kwargs={"module": Module.objects.get().pk})
    assert signed_in("reader").get(url).status_code == 302
    handed_in(key())
    found = verify_file(signed_in("reader").get(url).content)
    assert (found.product, found.version) == ("NoduleFlag", "2.1.0")


@pytest.mark.need("H06")
@pytest.mark.parametrize("role", ["reader", "clinical-lead", "radiographer"])
def test_an_untrained_reader_sees_the_images_of_a_live_tool_and_not_its_finding(
    school: Day, flag: Deployment, role: str
) -> None:
    study = school["flagged"]
    picture = signed_in(role).get(reverse("viewer", kwargs={"study": study.pk}), follow=True)
    page = text_of(picture)
    assert '<image href="' in page and "Its finding is not shown to you yet." in page
    assert "alarp-viewer__shape" not in page and "Diameter" not in page
    told = text_of(signed_in(role).get(reverse("study", kwargs={"study": study.pk})))
    assert "What it says is not shown to you yet." in told
    assert "0.93" not in told and "Diameter" not in told


@pytest.mark.parametrize("role", ["lead-physicist", "pacs-manager", "clinical-safety-officer"])
def test_who_looks_for_technical_reasons_sees_the_finding(school: Day, flag: Deployment, role: str) -> None:
    study = school["flagged"]
    assert "0.93" in text_of(signed_in(role).get(reverse("study", kwargs={"study": study.pk})))


def test_once_entitled_a_reader_sees_the_finding(school: Day, flag: Deployment) -> None:
    acknowledged(flag)
    handed_in(key())
    study = school["flagged"]
    assert "0.93" in text_of(signed_in("reader").get(reverse("study", kwargs={"study": study.pk})))
    page = text_of(signed_in("reader").get(reverse("viewer", kwargs={"study": study.pk}), follow=True))
    assert "alarp-viewer__shape" in page


def test_a_tool_without_a_module_is_shown_as_before(school: Day, flag: Deployment) -> None:
    study = school["contoured"]
    page = text_of(signed_in("reader").get(reverse("study", kwargs={"study": study.pk})))
    assert "Liver" in page and "not shown to you" not in page


def test_a_file_is_taken_in_on_the_page_and_a_wrong_one_is_refused_in_a_sentence(flag: Deployment) -> None:
    client = signed_in("radiographer")
    data = files("alarp.demo").joinpath("cases", "training-livercontour.yaml").read_bytes()
    page = text_of(client.post(reverse("modules"), {"file": SimpleUploadedFile("m.yaml", data)}, follow=True))
    assert "1 module added." in page and "LiverContour 1.4.2 for people who edit its contours" in page
    page = text_of(client.post(reverse("modules"), {"file": SimpleUploadedFile("m.yaml", b"modules: 3")}))
    assert "no list under &#39;modules&#39;" in page


def test_users_are_named_and_removed_and_the_picture_has_its_table(flag: Deployment) -> None:
    client = signed_in("radiographer")
    url = reverse("training", kwargs={"slug": "flag"})
    text_of(client.post(url, {"person": "clinical-lead", "role": "clinical-lead"}, follow=True))
    page = text_of(client.get(url))
    assert "0 of 2 users (0%) are entitled" in page and "<svg" in page and "Users entitled, by role" in page
    row = flag.users.get(person=person("clinical-lead"), until=None)
    client.post(url, {"user": row.pk})
    assert "0 of 1 users" in text_of(client.get(url))


def test_training_done_elsewhere_is_recorded_and_a_low_score_is_not(flag: Deployment) -> None:
    url = reverse("record-training", kwargs={"slug": "flag"})
    given = {
        "person": "reader", "module": Module.objects.get().pk, "dated": "2026-01-05", "correct": 7, "items": 8,
        "caught": 3, "failures": 3, "certificate": "NF-1",
    }  # fmt: skip
    client = signed_in("radiographer")
    page = text_of(client.post(url, given | {"correct": 5, "caught": 1}))
    assert "5 of 8 cases judged rightly is below the pass mark of 6 of 8" in page
    assert client.post(url, given).status_code == 302
    assert TrainingRecord.objects.get().certificate == "NF-1"


def test_my_work_names_what_i_must_learn_and_grows_no_queries_with_the_users(flag: Deployment) -> None:
    client = signed_in("reader")
    page = plain(text_of(client.get(reverse("my-work"))))
    assert "1 thing waits for you" in page and "Pass “NoduleFlag 2.1.0 for people who read its films”" in page

    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(reverse("my-work"))
        return len(seen)

    before = cost()
    for role in ("clinical-lead", "radiographer", "lead-physicist"):
        commands.add_user(flag, person(role), role, by=person("service-manager"))
    assert cost() == before


def test_an_administrator_gives_and_ends_a_role_and_writes_down_an_interest(flag: Deployment) -> None:
    client = signed_in("administrator")
    url = reverse("person", kwargs={"person": person("reader").pk})
    page = text_of(client.post(url, {"role": "statistician", "organisation": "riverside"}, follow=True))
    assert "holds the role from today on" in page
    holding = person("reader").holdings.get(role="statistician")
    page = text_of(
        client.post(url, {"holding": holding.pk, "last_day": holding.since.isoformat()}, follow=True)
    )
    assert "the last day is" in page
    client.post(url, {"supplier": "brightlung", "nature": "Paid advice"})
    interest = Interest.objects.get(person=person("reader"))
    client.post(url, {"interest": interest.pk})
    interest.refresh_from_db()
    assert interest.ended_at is not None


def test_one_declares_and_ends_ones_own_interest_and_nobody_elses(flag: Deployment) -> None:
    client = signed_in("reader")
    url = reverse("interests")
    assert "Paid advice" in text_of(
        client.post(url, {"supplier": "brightlung", "nature": "Paid advice"}, follow=True)
    )
    row = Interest.objects.get()
    assert signed_in("radiographer").post(url, {"interest": row.pk}).status_code == 404
    client.post(url, {"interest": row.pk})
    row.refresh_from_db()
    assert row.ended_at is not None
