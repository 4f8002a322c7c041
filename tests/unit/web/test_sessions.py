"""Signed out after a while without activity, and at the end of a shift, whatever happened."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace as Fact
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from alarp.web.account import sessions
from unit.web.board_facts import NOON

ARRIVED = HttpResponse("the page")


class Session(dict[str, Any]):
    def flush(self) -> None:
        self.clear()


def visit(
    monkeypatch: pytest.MonkeyPatch, session: Session, *, minutes: float, signed_in: bool = True
) -> HttpResponse:
    monkeypatch.setattr(sessions.clock, "now", lambda: NOON + timedelta(minutes=minutes))
    request = RequestFactory().get("/")
    request.user = Fact(is_authenticated=signed_in)
    request.session = session
    return sessions.SessionLimits(lambda _: ARRIVED)(request)


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sessions, "settings", Fact(ALARP=Fact(session_idle_min=15, session_most_h=12), LOGIN_URL="/in/")
    )
    monkeypatch.setattr(sessions.auth, "logout", lambda request: request.session.flush())
    monkeypatch.setattr(sessions, "redirect", lambda url: HttpResponse(status=302))


@pytest.mark.usefixtures("limits")
def test_sixteen_minutes_without_activity_end_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    assert visit(monkeypatch, session, minutes=0) is ARRIVED
    assert visit(monkeypatch, session, minutes=14) is ARRIVED
    assert visit(monkeypatch, session, minutes=30.1).status_code == 302
    assert sessions.SIGNED_IN not in session


@pytest.mark.usefixtures("limits")
def test_activity_does_not_stretch_a_session_beyond_a_shift(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    answers = [visit(monkeypatch, session, minutes=m).status_code for m in range(0, 12 * 60 + 20, 10)]
    assert answers[:72] == [200] * 72
    assert 302 in answers[72:]


@pytest.mark.usefixtures("limits")
def test_reading_pages_writes_the_session_at_most_twice_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    visit(monkeypatch, session, minutes=0)
    seen = session[sessions.SEEN]
    visit(monkeypatch, session, minutes=0.4)
    assert session[sessions.SEEN] == seen
    visit(monkeypatch, session, minutes=0.6)
    assert session[sessions.SEEN] > seen


@pytest.mark.usefixtures("limits")
def test_a_visitor_who_has_not_signed_in_has_no_session_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    assert visit(monkeypatch, session, minutes=0, signed_in=False) is ARRIVED
    assert session == {}
