"""One running site for all tests that only look, and a browser to look with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from pages.chromium import chromium
from pages.served import Site, running_site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site that tests only look at."""
    yield from running_site(tmp_path_factory, "site")


@pytest.fixture(scope="session")
def browser() -> Browser:
    return chromium()


@pytest.fixture(scope="session")
def window(site: Site, browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """A browser window of this width in which this person is signed in."""
    opened: dict[tuple[str | None, int, bool], BrowserContext] = {}

    def open_(username: str | None, width: int = 1280, *, scripts: bool = True) -> BrowserContext:
        key = (username, width, scripts)
        if key not in opened:
            context = browser.new_context(
                viewport={"width": width, "height": 900}, java_script_enabled=scripts, locale="en-GB"
            )
            context.set_default_timeout(20_000)
            cookies = site.client(username).cookies.jar
            context.add_cookies(
                [{"name": c.name, "value": c.value or "", "url": site.address} for c in cookies]
            )
            opened[key] = context
        return opened[key]

    yield open_
    for context in opened.values():
        context.close()
