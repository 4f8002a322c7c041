"""One Chromium for the whole run: Playwright starts only once in a process, whichever folder asks first."""

from __future__ import annotations

import atexit
from functools import cache

from playwright.sync_api import Browser, sync_playwright


@cache
def chromium() -> Browser:
    """The browser, started when the first test wants it and stopped with the process."""
    playwright = sync_playwright().start()
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])

    def stop() -> None:
        browser.close()
        playwright.stop()

    atexit.register(stop)
    return browser
