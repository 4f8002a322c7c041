"""A person at a browser: signs in, opens a page, fills in its form, reads the answer."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

from alarp.kernel import NotNow, NotPermitted

Files = dict[str, tuple[str, bytes, str]]


@dataclass
class Form:
    """One form of a page: where it goes and what it already holds."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    """Collects the forms of a page with their hidden and pre-filled fields."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select = ""
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
        elif not self.forms:
            return
        elif tag == "input" and given.get("name"):
            kind = given.get("type", "text")
            if kind in {"checkbox", "radio"} and "checked" not in given:
                return
            if kind not in {"submit", "file", "password"}:
                self.forms[-1].fields.setdefault(given["name"], given.get("value", ""))
        elif tag == "textarea":
            self._area = given.get("name", "")
            self.forms[-1].fields.setdefault(self._area, "")
        elif tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and self._select and "selected" in given:
            self.forms[-1].fields[self._select] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1].fields[self._area] += data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""


def _complaint(page: str) -> str:
    """What did the page say was wrong? The sentences of its error summary."""
    found = re.search(r'class="[^"]*nhsuk-error-summary__list.*?</ul>', page, re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", found.group(0).split(">", 1)[1])) if found else ""


class Visitor:
    """One signed-in person. `submit` raises NotPermitted or NotNow with the page's own sentence."""

    def __init__(self, address: str, username: str, password: str) -> None:
        self.username, self.password = username, password
        # Each page on a connection of its own: people pause for longer than a server keeps one open.
        alone = httpx.Limits(max_keepalive_connections=0)
        self.client = httpx.Client(base_url=address, timeout=60, trust_env=False, limits=alone)

    def sign_in(self) -> Visitor:
        self.submit("/accounts/login/", {"login": self.username, "password": self.password})
        return self

    def read(self, url: str) -> str:
        """The page's text; follows the redirects a browser follows."""
        answer = self.client.get(url, follow_redirects=True)
        if answer.status_code == 403:
            raise NotPermitted(f"{self.username} may not open {url}.")
        answer.raise_for_status()
        return answer.text

    def choices(self, url: str, name: str) -> dict[str, str]:
        """What does this page's list or set of radio buttons offer: label to value?"""
        page = self.read(url)
        select = re.search(rf'<select[^>]*name="{name}".*?</select>', page, re.DOTALL)
        if select:
            found = re.findall(r'<option[^>]*value="([^"]*)"[^>]*>(.*?)</option>', select.group(0), re.DOTALL)
            return {html.unescape(label).strip(): value for value, label in found}
        radios = re.findall(
            rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"[^>]*>\s*<label[^>]*>(.*?)</label>',
            page,
            re.DOTALL,
        )
        return {html.unescape(re.sub(r"<[^>]+>", "", label)).strip(): value for value, label in radios}

    def form(self, url: str, having: str) -> Form:
        """The form on this page that has a field of this name, or that goes to this place."""
        forms = _Forms()
        forms.feed(self.read(url))
        for one in forms.forms:
            if having in one.fields or one.action.endswith(having):
                return Form(one.action or url, dict(one.fields))
        raise NotNow(f"{url} offers {self.username} no form with {having!r}.")

    def submit(
        self,
        url: str,
        values: dict[str, str],
        *,
        having: str = "csrfmiddlewaretoken",
        files: Files | None = None,
        to: str = "",
    ) -> str:
        """Fill in the form on this page and send it; answers where the browser is taken next.

        `to` sends it elsewhere than the page says, as somebody would who is not offered the form.
        """
        answer = self._send(url, values, having, files, to)
        if answer.status_code in (301, 302, 303):
            return answer.headers["location"]
        said = " ".join(_complaint(answer.text).split())
        raise NotNow(said or f"{url} answered {answer.status_code} to {self.username}.")

    def ask(self, url: str, values: dict[str, str], *, having: str) -> str:
        """Fill in a form that is answered with a page of its own, such as a confirmation."""
        answer = self._send(url, values, having, None, "")
        if _complaint(answer.text):
            raise NotNow(" ".join(_complaint(answer.text).split()))
        return answer.text

    def _send(
        self, url: str, values: dict[str, str], having: str, files: Files | None, to: str
    ) -> httpx.Response:
        form = self.form(url, having)
        if to:
            form = Form(to, {"csrfmiddlewaretoken": form.fields["csrfmiddlewaretoken"]})
        answer = self.client.post(
            form.action,
            data={**form.fields, **values},
            files=files,
            headers={"Referer": str(self.client.base_url.join(url))},
        )
        if answer.status_code == 403:
            raise NotPermitted(_sentence(answer.text) or f"{self.username} may not send this form on {url}.")
        return answer


def _sentence(page: str) -> str:
    """The first sentence of an error page."""
    found = re.search(r"<main.*?<p[^>]*>(.*?)</p>", page, re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", found.group(1))).split()) if found else ""
