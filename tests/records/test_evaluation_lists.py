"""Lists of protocols, runs, test sets and openings stay as long as a page, however long the history is."""

from __future__ import annotations

import re
from typing import Any

import chest_evaluation as chest
import pytest
import valley
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from alarp.kernel import Unavailable
from alarp.records import clock
from alarp.records.protocols import queries
from alarp.records.protocols.models import EvaluationRun, Opening
from alarp.web.protocols.paging import PAGE, newest_first

MANY = int(2.5 * PAGE)


@pytest.fixture(autouse=True)
def quiet(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No PDF, which takes seconds, and no built assets: only what the pages say."""

    def missing(html: str) -> bytes:
        raise Unavailable("no PDF here", phase="pdf")

    monkeypatch.setattr("alarp.report.to_pdf", missing)
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


@pytest.fixture
def run(deployment: Any) -> EvaluationRun:
    """A locked protocol that was run once."""
    protocol, test_set = chest.begun(deployment), chest.cases(deployment)
    chest.locked(protocol)
    return chest.done(chest.asked(protocol, test_set))


def lengthened(run: EvaluationRun, *, first: int = 2, last: int = MANY, **more: Any) -> None:
    """Runs of the same protocol on the same cases: two pages and a half, if not told otherwise."""
    EvaluationRun.objects.bulk_create(
        EvaluationRun(
            deployment=run.deployment,
            number=number,
            revision=run.revision,
            test_set=run.test_set,
            exploratory=False,
            by=run.by,
            at=clock.now(),
            **more,
        )
        for number in range(first, last + 1)
    )


class Physicist:
    """The lead physicist, signed in, reading this tool's evaluations."""

    def __init__(self, deployment: Any) -> None:
        self.client, self.root = Client(), f"/deployments/{deployment.slug}/evaluation/"
        self.client.force_login(valley.person("lead-physicist"))

    def reads(self, rest: str = "") -> str:
        answer = self.client.get(self.root + rest)
        assert answer.status_code == 200
        return answer.content.decode()


def numbers_in(page: str, pattern: str) -> list[int]:
    return [int(found) for found in re.findall(pattern, page)]


def newest(run: EvaluationRun, address: str) -> Any:
    return newest_first(
        queries.runs_of(run.deployment), RequestFactory().get(address), "runs", anchor="the-runs"
    )


def test_following_the_older_ones_shows_every_run_once_newest_first(run: EvaluationRun) -> None:
    lengthened(run)
    seen, address = [], "/evaluation/"
    while address:
        part = newest(run, address)
        assert len(part.rows) <= PAGE
        assert bool(part.newest) == ("before" in address)
        seen += [row.number for row in part.rows]
        address = part.older
    assert seen == list(range(MANY, 0, -1))


@pytest.mark.parametrize("address", ["/?runs_before=", "/?runs_before=x", f"/?runs_before={'9' * 20}"])
def test_an_address_that_names_no_run_shows_the_newest(run: EvaluationRun, address: str) -> None:
    lengthened(run)
    assert newest(run, address).rows[0].number == MANY


def test_a_page_shows_ten_runs_of_many_and_asks_the_database_no_more_often(run: EvaluationRun) -> None:
    physicist = Physicist(run.deployment)
    physicist.reads()
    lengthened(run, last=PAGE)
    with CaptureQueriesContext(connection) as short:
        page = physicist.reads()
    assert "Older runs" not in page
    lengthened(run, first=PAGE + 1)
    with CaptureQueriesContext(connection) as long:
        page = physicist.reads()
    assert numbers_in(page, r'">Run (\d+)</a>') == list(range(MANY, MANY - PAGE, -1))
    assert f"?runs_before={MANY - PAGE + 1}#the-runs" in page
    assert "locked, 1 run done, 0 signed as evidence." in page
    assert len(long) == len(short)
    protocol = physicist.reads(f"protocols/{run.revision.protocol.number}/?runs_before=6")
    assert numbers_in(protocol, r'">Run (\d+)</a>') == [5, 4, 3, 2, 1]
    assert "The newest runs" in protocol


def test_the_openings_of_a_truth_keep_their_numbers_on_every_page(run: EvaluationRun) -> None:
    lengthened(run)
    first = run.opening
    Opening.objects.bulk_create(
        Opening(
            test_set=first.test_set,
            number=later.number,
            run=later,
            truth=first.truth,
            version=first.version,
            by=first.by,
            at=first.at,
        )
        for later in EvaluationRun.objects.filter(number__gt=1).order_by("number")
    )
    physicist, place = Physicist(run.deployment), f"data/{first.test_set.number}/"
    page = physicist.reads(place)
    ordinal = r'<th scope="row"[^>]*>(\d+)</th>'
    assert numbers_in(page, ordinal) == list(range(MANY, MANY - PAGE, -1))
    older = re.search(r"\?openings_before=\d+", page)
    assert older is not None
    page = physicist.reads(place + older.group())
    assert numbers_in(page, ordinal) == list(range(MANY - PAGE, MANY - 2 * PAGE, -1))
    assert "The newest openings" in page


def test_a_plan_that_is_run_for_years_is_compared_with_its_newest_runs(
    run: EvaluationRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_COMPARED", 4)
    lengthened(run, state=EvaluationRun.DONE, result_sha256="0" * 64)
    found = queries.comparable(run)
    assert found[0] == run
    assert len(found) == 5
