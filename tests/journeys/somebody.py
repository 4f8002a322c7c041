"""One person at one browser, in the words of a journey."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, Page, expect

from pages.served import Site
from pages.small_hospital import PASSWORD

IMAGES = Path(__file__).resolve().parent.parent.parent / "docs" / "images"
expect.set_options(timeout=10_000)


class Somebody:
    """One person at one browser."""

    def __init__(self, username: str, context: BrowserContext, site: Site, *, pictures: bool) -> None:
        self.username, self.context, self.site, self.pictures = username, context, site, pictures
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def opens(self, path: str) -> None:
        self.page.goto(self.site.address + path)

    def signs_in(self, password: str = PASSWORD) -> None:
        self.opens("/accounts/login/")
        self.fills(Username=self.username, Password=password)
        self.presses("Sign in")

    def fills(self, **fields: str) -> None:
        for label, text in fields.items():
            self.field(label.replace("_", " ")).fill(text)

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(label, exact=True)

    def chooses(self, label: str, option: str) -> None:
        self.field(label).select_option(label=option)

    def ticks(self, label: str) -> None:
        self.page.get_by_label(label, exact=True).check()

    def presses(self, name: str) -> None:
        self.page.get_by_role("main").get_by_role("button", name=name, exact=True).click()

    def follows(self, name: str) -> None:
        self.page.get_by_role("main").get_by_role("link", name=name, exact=True).first.click()

    def reads(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_role("main")).to_contain_text(text)

    def does_not_read(self, text: str) -> None:
        expect(self.page.get_by_role("main")).not_to_contain_text(text)

    def shows_the_documentation(self, name: str) -> None:
        """A picture for the documentation, when pictures are asked for."""
        if self.pictures:
            IMAGES.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=IMAGES / f"{name}.png")
