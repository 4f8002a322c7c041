"""Whatever becomes of a study at a tool: a result, that it was not analysed and why, or that it is awaited or late.

One table of everything that can become of a study. Each line is looked at where people look: the study's page and the
list of studies. Absence of a result must never read like a finding of nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from alarp.records import clock
from alarp.records.assurance.models import Recall
from alarp.records.deployments.models import Deployment
from alarp.records.ledger import answers
from alarp.records.ledger.models import Dispatch, Instance, Peer, Quarantine, Result, Study
from pages.ledger_day import Day
from pages.test_gateway_pages import day, plain, signed_in, static_files_as_they_lie, text_of, written  # noqa: F401

pytestmark = pytest.mark.django_db
WITHOUT_RESULT = (answers.NOT_ANALYSED, answers.AWAITED, answers.OVERDUE)


@dataclass
class Case:
    """What the gateway has left of one study at one tool, and what must be read of it."""

    name: str
    kind: str
    says: str
    sign: str
    state: str = ""
    reason: str = ""
    sent: bool = False
    due_in_min: int = 60
    results: list[dict[str, Any]] = field(default_factory=list)
    fate: str = Result.FILED
    recalled: bool = False
    apart: bool = False
    study: dict[str, Any] = field(default_factory=dict)


CLOSED = "Came while the route was closed: "
OUT_OF_SCOPE = "The patient is 9 years old; this tool is for 18 and over."
CASES = [
    Case("a result in the PACS", "result", "filed to PACS", "Result returned", "returned", sent=True,
         results=[{"score": 0.1}]),
    Case("a result that is kept", "result", "kept here, not filed", "Result returned", "returned", sent=True,
         results=[{"score": 0.1}], fate=Result.KEPT),
    Case("declined by the tool", "not analysed", "could not analyse it: No lungs", "Not analysed", "returned",
         sent=True, results=[{"not_analysed": "No lungs"}]),
    Case("declined first and read then", "result", "filed to PACS", "Result returned", "returned", sent=True,
         results=[{"not_analysed": "No lungs"}, {"score": 0.4}]),
    Case("awaited", "awaited", "No result yet", "Result awaited", "sent", sent=True),
    Case("late, before anybody has marked it", "overdue", "No result has come back in time", "Result overdue",
         "sent", sent=True, due_in_min=-5),
    Case("late", "overdue", "No result has come back in time", "Result overdue", "sent", "The result is overdue.",
         sent=True, due_in_min=-5),
    Case("awaited, with one in quarantine", "awaited", "kept apart until a person has looked", "Result awaited", "sent",
         sent=True, apart=True),
    Case("about to be sent", "awaited", "Not analysed yet: it is about to be sent", "On its way", "ready"),
    Case("waits to be fetched", "awaited", "Not analysed yet: it waits for the tool", "Waiting", "waiting"),
    Case("the tool is down", "not analysed", "Not analysed. READER does not answer", "Held", "held",
         "READER does not answer; tried again later."),
    Case("no route", "not analysed", f"Not analysed. {CLOSED}Hold 1", "Held", "held", f"{CLOSED}Hold 1."),
    Case("retired", "not analysed", f"Not analysed. {CLOSED}The tool was retired", "Held", "held",
         f"{CLOSED}The tool was retired."),
    Case("out of scope", "not analysed", f"Not analysed. {OUT_OF_SCOPE}", "Not for this tool", "refused",
         OUT_OF_SCOPE),
    Case("opted out", "not analysed", "Not analysed. The patient has opted out of AI", "Opted out", "opted-out",
         "The patient has opted out of AI."),
    Case("recalled, no result yet", "not analysed", "opted out after it was sent", "Opted out", "sent", sent=True,
         recalled=True),
    Case("recalled after a result", "not analysed", "opted out after it was sent", "Opted out", "returned",
         sent=True, results=[{"score": 0.9}], recalled=True),
    Case("failed before it left", "not analysed", "Not analysed. Text is burned into the picture", "Failed",
         "failed", "Text is burned into the picture."),
    Case("failed at the tool", "not analysed", "Not analysed. The program of READER ended with code 3", "Failed",
         "failed", "The program of READER ended with code 3 after 2 s.", sent=True),
    Case("a phantom", "not analysed", "Not analysed. A phantom", "", study={"held_because": "A phantom."}),
    Case("not complete", "awaited", "Not analysed yet: more images may come", "", study={"completed_at": None}),
    Case("no tool", "not analysed", "no tool that is in use here takes it", ""),
]  # fmt: skip


def write(case: Case, like: Study) -> Study:
    now = clock.now()
    study = Study.objects.get(pk=like.pk)
    study.pk, study.study_uid = None, f"{like.study_uid}.9"
    study.held_because = ""
    for name, value in case.study.items():
        setattr(study, name, value)
    study.save(force_insert=True)
    if not case.state:
        return study
    tool = Deployment.objects.get(slug="flag")
    times = {"sent_at": now, "due_at": now + timedelta(minutes=case.due_in_min)} if case.sent else {}
    dispatch = Dispatch.objects.create(
        study=study, deployment=tool, state=case.state, phase="send", reason=case.reason,
        created_at=now, changed_at=now, route_when_sent="live" if case.sent else "", **times,
    )  # fmt: skip
    for number, summary in enumerate(case.results):
        instance = Instance.objects.create(
            study=study, direction=Instance.RESULT, peer=Peer.objects.get(deployment=tool), modality="SR",
            sop_uid=f"2.25.77{number}", sha256=f"{number:064d}", size_bytes=1, received_at=now,
        )  # fmt: skip
        Result.objects.create(
            instance=instance,
            dispatch=dispatch,
            modality="SR",
            state=case.fate,
            summary=summary,
            matched_at=now,
        )
    if case.apart:
        stray = Instance.objects.create(
            study=study, direction=Instance.RESULT, peer=Peer.objects.get(deployment=tool), modality="SR",
            sop_uid="2.25.79", sha256="9" * 64, size_bytes=1, received_at=now,
        )  # fmt: skip
        Quarantine.objects.create(
            instance=stray, phase="match", reason="Verified by a tool.", deployment=tool, at=now
        )
    if case.recalled:
        Recall.objects.create(dispatch=dispatch, images=1, asked_at=now, due_at=now, letter="Please delete.")
    return study


@pytest.mark.need("G01", "G11")
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_study_says_what_ai_said_of_it_wherever_it_is_looked_at(case: Case, day: Day) -> None:  # noqa: F811
    study = write(case, day["overdue"])
    client = signed_in("pacs-manager")
    page = plain(text_of(client.get(reverse("study", args=[study.pk]))))
    row = row_of(client, study)
    for shown in (page, row):
        assert case.says in shown and case.sign in shown
        if case.kind in WITHOUT_RESULT:
            assert not re.search(r"negative|nothing found|no finding|normal", shown, re.IGNORECASE)
            assert "Result returned" not in shown
    dispatch = study.dispatches.first()
    said = answers.answer(dispatch, now=clock.now()) if dispatch else answers.answer_without_a_tool(study)
    assert said.kind == case.kind


def row_of(client: Client, study: Study) -> str:
    """The study's row in the list of every day."""
    page = text_of(client.get(reverse("studies"), {"day": ""}))
    found = re.search(rf'<tr[^>]*id="study-{study.pk}".*?</tr>', page, re.DOTALL)
    assert found is not None
    return plain(found.group())


def test_every_state_of_a_dispatch_stands_in_the_table() -> None:
    assert {case.state for case in CASES if case.state} == set(Dispatch.STATES)
    assert {case.kind for case in CASES} == set(answers.KINDS)


@pytest.mark.need("G11")
def test_what_a_result_falls_short_of_is_told_beside_it_with_its_clause(day: Day) -> None:  # noqa: F811
    short = {
        "id": "completion",
        "asks": "a",
        "found": "its completion flag is not COMPLETE",
        "source": "PS3.3 C.17.2",
    }
    said = {"score": 0.2, "checks": {"version": "t", "short_of": [short]}}
    case = Case("told", "result", "", "", "returned", sent=True, results=[said])
    study = write(case, day["overdue"])
    page = plain(text_of(signed_in("pacs-manager").get(reverse("study", args=[study.pk]))))
    assert "1 remark" in page and "Its completion flag is not COMPLETE (PS3.3 C.17.2)" in page
