"""People at browsers, on the shipped web server. `pytest tests/journeys --screenshots` also writes docs/images."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from journeys.somebody import Somebody
from pages.chromium import chromium
from pages.served import Site, running_site


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", action="store_true", help="write the pictures of the documentation")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A hospital that journeys may change."""
    yield from running_site(tmp_path_factory, "journeys")


@pytest.fixture(scope="session")
def browser() -> Browser:
    return chromium()


@pytest.fixture
def somebody(
    site: Site, browser: Browser, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Somebody]]:
    """`somebody("radiographer")` is signed in at a browser of their own; at the end nobody's console complained."""
    people: list[Somebody] = []
    pictures = bool(request.config.getoption("screenshots", default=False))

    def arrives(username: str, *, signed_in: bool = True) -> Somebody:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
        context.set_default_timeout(20_000)
        person = Somebody(username, context, site, pictures=pictures)
        people.append(person)
        if signed_in:
            person.signs_in()
        return person

    yield arrives
    complaints = [f"{p.username}: {c}" for p in people for c in p.complaints]
    for person in people:
        person.context.close()
    # A refused page is a failed load for the browser, and it says so.
    assert [c for c in complaints if "status of 403" not in c] == []
