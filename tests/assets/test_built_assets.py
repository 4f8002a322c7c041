"""The built styles and scripts hold under the site's strict policy, in a real browser."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "src" / "alarp" / "web" / "static" / "built"
POLICY = "default-src 'self'"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".json": "application/json"}

SPECIFICATION = {
    "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
    "title": "Cases per day",
    "data": {"values": [{"day": 1, "cases": 28}, {"day": 2, "cases": 55}, {"day": 3, "cases": 43}]},
    "mark": {"type": "line", "point": True},
    "encoding": {
        "x": {"field": "day", "type": "ordinal", "title": "Day"},
        "y": {"field": "cases", "type": "quantitative", "title": "Cases"},
        "tooltip": [{"field": "cases", "title": "Cases"}],
    },
}
PAGE = f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Chart</title>
<link rel="icon" href="/icons/favicon.svg"><link rel="stylesheet" href="/alarp.css"></head>
<body><main><h1>Chart</h1><p>Words</p>
<figure class="alarp-chart"><div class="alarp-chart__drawing" data-chart="spec"></div></figure>
<script type="application/json" id="spec">{json.dumps(SPECIFICATION)}</script></main>
<meta name="htmx-config" content='{{"includeIndicatorStyles":false,"allowEval":false}}'>
<script src="/htmx.min.js"></script><script src="/app.js"></script><script src="/charts.js"></script>
</body></html>"""


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        file = BUILT / self.path.lstrip("/")
        found = self.path == "/" or file.is_file()
        body = PAGE.encode() if self.path == "/" else file.read_bytes() if found else b""
        self.send_response(200 if found else 404)
        self.send_header(
            "Content-Type", "text/html" if self.path == "/" else KINDS.get(file.suffix, "text/plain")
        )
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_chart_is_drawn_with_its_words_and_the_console_stays_silent(address: str) -> None:
    from playwright.sync_api import sync_playwright

    said: list[str] = []
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        page.wait_for_selector("[data-chart] svg text", timeout=10_000)
        words = page.locator("[data-chart] svg").text_content() or ""
        page.locator("[data-chart] svg path[aria-roledescription='point']").first.hover()
        font = page.evaluate("getComputedStyle(document.body).fontFamily")
        browser.close()
    assert said == []
    assert "Cases per day" in words and "Day" in words
    assert font == 'arial, "Liberation Sans", sans-serif'
    assert [url for url in asked if not url.startswith(address)] == []


def test_hashed_static_files_find_every_picture_the_style_sheet_names(tmp_path: Path) -> None:
    from django.core.files.storage import FileSystemStorage
    from django.test.utils import override_settings
    from whitenoise.storage import CompressedManifestStaticFilesStorage

    names = [str(path.relative_to(BUILT.parent)) for path in BUILT.rglob("*") if path.is_file()]
    with override_settings(STATIC_ROOT=str(tmp_path), STATIC_URL="/static/", DEBUG=False):
        source = FileSystemStorage(BUILT.parent)
        storage = CompressedManifestStaticFilesStorage()
        for name in names:
            storage.save(name, source.open(name))
        outcomes = list(storage.post_process({name: (storage, name) for name in names}))
        assert [name for name, _hashed, done in outcomes if isinstance(done, Exception)] == []
        sheet = (tmp_path / storage.stored_name("built/alarp.css")).read_text()
    assert "nhsuk/images/nhsuk-icon-cross." in sheet
    assert "nhsuk/images/nhsuk-icon-cross.svg" not in sheet


def test_the_record_names_every_built_file_and_its_versions() -> None:
    record = json.loads((BUILT / "built.json").read_text())
    present = {str(path.relative_to(BUILT)) for path in BUILT.rglob("*") if path.is_file()}
    assert set(record["files"]) == present - {"built.json"}
    assert record["made_of"]["nhsuk-frontend"] == "10.6.1"
