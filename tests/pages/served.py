"""The shipped web server on a small hospital of its own: started, known, and stopped again."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from made_once import copy_of, run_folder
from pages.small_hospital import PASSWORD

ROOT = Path(__file__).resolve().parent.parent.parent
KNOWN = "known.json"
# What `python -m alarp.web` does before it listens; once here, so that no copy has to lay its styles out anew.
FIRST_START = (
    "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'alarp.web.settings';"
    "from alarp.web.server import prepare; prepare()"
)


class Site:
    """A running site: where it is, what is in it, and people who are signed in."""

    def __init__(self, address: str, known: dict[str, Any], data: Path | None = None) -> None:
        self.address, self.known, self.data = address, known, data
        self._clients: dict[str, httpx.Client] = {}

    def client(self, username: str | None) -> httpx.Client:
        """This person's browser without a window; None is somebody who has not signed in."""
        key = username or ""
        if key not in self._clients:
            # No connection is kept: the server closes an idle one just when it might be used again.
            limits = httpx.Limits(max_keepalive_connections=0)
            client = httpx.Client(base_url=self.address, timeout=60, trust_env=False, limits=limits)
            if username:
                sign_in(client, username)
            self._clients[key] = client
        return self._clients[key]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


def token_in(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found, "the page has no form"
    return found.group(1)


def without_explanations(page: str) -> str:
    """The page's own words, without the meanings that the layout lays beside technical ones."""
    return re.sub(
        r'<span class="alarp-term"><a[^>]*>(.*?)</a><span[^>]*>.*?</span></span>',
        r"\1",
        page,
        flags=re.DOTALL,
    )


def sign_in(client: httpx.Client, username: str) -> None:
    token = token_in(client.get("/accounts/login/").text)
    answer = client.post(
        "/accounts/login/",
        data={"csrfmiddlewaretoken": token, "login": username, "password": PASSWORD},
        headers={"Referer": str(client.base_url.join("/accounts/login/"))},
    )
    assert answer.status_code == 302, f"{username} could not sign in: {answer.status_code}"


def clean_environment(data: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ALARP_", "DJANGO_SETTINGS"))}
    return kept | {
        "ALARP_DATA": str(data),
        "ALARP_WEB_PORT": "0",
        "ALARP_WEB_WORKERS": "1",
        "ALARP_SESSION_IDLE_MIN": "600",
    }


def run(words: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, *words], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(words)} ended with {done.returncode}:\n{done.stderr[-3000:]}"
    return done.stdout


def small_hospital(data: Path) -> None:
    """The small hospital in this folder, as it is after its first start; known.json says where things are in it."""
    environment = clean_environment(data)
    run(["-m", "alarp.cli", "setup"], environment)
    known = run([str(ROOT / "tests" / "pages" / "small_hospital.py")], environment).splitlines()[-1]
    (data / KNOWN).write_text(known, encoding="utf-8")
    run(["-c", FIRST_START], environment)


def running_site(tmp_path_factory: pytest.TempPathFactory, name: str) -> Iterator[Site]:
    """A copy of the small hospital under this name, served with `python -m alarp.web` and stopped again."""
    data = tmp_path_factory.mktemp(name)
    copy_of(run_folder(tmp_path_factory) / "small-hospital", small_hospital, data)
    known = json.loads((data / KNOWN).read_text(encoding="utf-8"))
    (data / "alarp.toml").write_text(
        f"evaluation_folder = {json.dumps(str(data / 'test-sets'))}\n", encoding="utf-8"
    )
    environment = clean_environment(data)
    log = (data / "web.log").open("w+", encoding="utf-8")
    server = subprocess.Popen(
        [sys.executable, "-m", "alarp.web"],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        if not line:
            log.seek(0)
            pytest.fail(f"The web server did not start: {log.read()[-2000:]}")
        ready = json.loads(line)
        site = Site(f"http://127.0.0.1:{ready['port']}", known, data)
        yield site
        site.close()
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()
