"""An AI tool that speaks no DICOM service: it takes images by STOW-RS, and a test posts what it found as JSON."""

from __future__ import annotations

import http.server
import io
import json
import threading
from typing import Any

import httpx
from pydicom import dcmread
from pydicom.dataset import Dataset

from alarp.gateway.dicomweb.multipart import Parts, media_type


class WebTool:
    """A STOW-RS service on a free port that keeps what it is sent."""

    def __init__(self) -> None:
        self.images: list[Dataset] = []
        tool = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = io.BytesIO(self.rfile.read(int(self.headers["Content-Length"])))
                boundary = media_type(self.headers["Content-Type"]).parameters["boundary"]
                kept = [dcmread(io.BytesIO(b"".join(c))) for _, c in Parts(body, boundary, most_bytes=2**30)]
                tool.images += kept
                named = [{"00081155": {"vr": "UI", "Value": [str(one.SOPInstanceUID)]}} for one in kept]
                answer = json.dumps({"00081199": {"vr": "SQ", "Value": named}}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                """Not in a test's output."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def of_study(self, study_uid: str) -> list[Dataset]:
        return [one for one in self.images if study_uid == one.StudyInstanceUID]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def finding(images: list[Dataset], /, **changed: Any) -> dict[str, Any]:
    """What the tool says of these images, under the names they came with; any field may be changed."""
    first = images[0]
    said: dict[str, Any] = {
        "result_id": "reading-1",
        "study_uid": str(first.StudyInstanceUID),
        "patient_id": str(first.PatientID),
        "accession": str(first.AccessionNumber),
        "images": [str(one.SOPInstanceUID) for one in images],
        "algorithm": {"name": "Reader", "version": "1.0"},
        "made_at": "2026-06-03T14:05:00+01:00",
        "statements": [
            {"name": "Probability of cancer", "value": 0.75},
            {"name": "Diameter", "value": 12.5, "unit": "mm"},
            {"name": "Decision", "says": "Flagged"},
        ],
    }
    return said | changed


def post(port: int, said: Any, token: str, **headers: str) -> httpx.Response:
    """Post it as an ordinary HTTP client does."""
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"} | headers
    return httpx.post(f"http://127.0.0.1:{port}/findings", content=body, headers=sent, timeout=30)
