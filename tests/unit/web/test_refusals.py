"""An error written for a person becomes its page and status; every other error stays an error."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from alarp.kernel import BadInput, BrokenEvidence, NotNow, NotPermitted, Unavailable
from alarp.web import refusals


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotPermitted("You may not."), 403),
        (BadInput("Not a day."), 400),
        (NotNow("Not before the need gate."), 409),
        (BrokenEvidence("It was altered."), 409),
        (Unavailable("The register does not answer."), 503),
    ],
)
def test_each_refusal_has_its_status_and_its_sentence(
    monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    shown = {}
    monkeypatch.setattr(
        refusals, "render", lambda request, name, context, status: shown.update(context) or status
    )
    found = refusals.RefusalMiddleware(lambda request: None).process_exception(
        RequestFactory().get("/"), error
    )
    assert found == status
    assert shown["sentence"] == str(error)


def test_a_defect_is_not_dressed_as_a_refusal() -> None:
    middleware = refusals.RefusalMiddleware(lambda request: None)
    assert middleware.process_exception(RequestFactory().get("/"), KeyError("defect")) is None
