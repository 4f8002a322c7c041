"""A peer that takes objects by DICOMweb gets them by STOW-RS, and what it answers is believed only where it is clear."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from house import House, free_port
from pictures import files, series

TOKEN = "a-token-of-the-peer"


class Peer(http.server.BaseHTTPRequestHandler):
    """An HTTP server that answers as it is told and keeps what it was sent."""

    got: list[tuple[dict[str, str], bytes]]
    answer: Callable[[bytes], tuple[int, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((dict(self.headers), body))
        status, answer = type(self).answer(body)
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Not in a test's output."""


@pytest.fixture
def peer() -> Iterator[tuple[type[Peer], int]]:
    made = type("Made", (Peer,), {"got": [], "answer": staticmethod(lambda body: (200, {}))})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), made)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made, server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("stow-out"))
    made.peer("WEBPACS", "pacs", free_port())
    keys = made.data / "keys"
    keys.mkdir(exist_ok=True)
    (keys / "dicomweb-WEBPACS.token").write_text(TOKEN)
    yield made
    made.close()


def send(house: House, port: int, file: Path) -> str:
    """'taken', or the kind of refusal and its sentence."""
    house.ask(
        f"Peer.objects.filter(aet='WEBPACS').update(way='dicomweb', url='http://127.0.0.1:{port}/dicom-web')"
    )
    return house.ask(
        "from pathlib import Path\n"
        "from alarp.gateway import associations, ways\n"
        "from alarp.kernel import AlarpError\n"
        "p = Peer.objects.get(aet='WEBPACS')\n"
        f"item = associations.Outgoing.of(Path({str(file)!r}))\n"
        "try:\n"
        "    with ways.open_to(p, [item]) as store:\n"
        "        store(item, 0)\n"
        "    answer = 'taken'\n"
        "except AlarpError as error:\n"
        "    answer = f'{type(error).__name__}: {error}'"
    )


def one_file(house: House) -> tuple[Path, str]:
    (image,) = series(1)
    return files([image], house.folder / "out")[0], str(image.SOPInstanceUID)


def named(tag: str, uid: str, reason: int | None = None) -> dict[str, Any]:
    item: dict[str, Any] = {"00081155": {"vr": "UI", "Value": [uid]}}
    if reason is not None:
        item["00081197"] = {"vr": "US", "Value": [reason]}
    return {tag: {"vr": "SQ", "Value": [item]}}


@pytest.mark.need("G18")
def test_the_file_leaves_byte_for_byte_with_the_peers_token(
    house: House, peer: tuple[type[Peer], int]
) -> None:
    file, uid = one_file(house)
    peer[0].answer = staticmethod(lambda body: (200, named("00081199", uid)))  # type: ignore[assignment]
    assert send(house, peer[1], file) == "taken"
    ((headers, body),) = peer[0].got
    assert headers["Authorization"] == f"Bearer {TOKEN}" and int(headers["Content-Length"]) == len(body)
    assert file.read_bytes() in body and body.endswith(b"--\r\n")


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (409, lambda uid: named("00081198", uid, 0xA900), "Rejected: WEBPACS rejects the content (HTTP 409, reason A900)"),
        (409, lambda uid: named("00081198", uid, 0xA700), "Unavailable: WEBPACS cannot take it now"),
        (202, lambda uid: named("00081198", uid, 0xC000), "Rejected: WEBPACS rejects the content (reason C000)"),
        (415, lambda uid: {}, "Rejected: WEBPACS rejects the content (HTTP 415)"),
        (503, lambda uid: {}, "Unavailable: WEBPACS cannot take it now (HTTP 503)"),
        (401, lambda uid: {}, "Unavailable: WEBPACS cannot take it now (HTTP 401)"),
        (302, lambda uid: {}, "Unavailable: WEBPACS cannot take it now (HTTP 302)"),
        (200, lambda uid: named("00081199", "1.2.3"), "Unavailable: WEBPACS answers for another object"),
        (200, lambda uid: {}, "Unavailable: WEBPACS answers without naming what it has taken"),
        (200, lambda uid: {"00081199": {"vr": "SQ"}, "00081198": {"vr": "SQ"}}, "Unavailable: WEBPACS answers without"),
    ],
)  # fmt: skip
def test_only_a_clear_answer_is_taken_for_success_and_only_the_content_is_rejected(
    house: House, peer: tuple[type[Peer], int], status: int, answer: Callable[[str], Any], said: str
) -> None:
    file, uid = one_file(house)
    peer[0].answer = staticmethod(lambda body: (status, answer(uid)))  # type: ignore[assignment]
    assert send(house, peer[1], file).startswith(said)


def test_a_peer_that_is_down_is_tried_again_later(house: House) -> None:
    file, _ = one_file(house)
    assert send(house, free_port(), file).startswith("Unavailable: WEBPACS gave no answer (ConnectError)")


FINDINGS = """
from alarp.gateway import connectivity
p = Peer.objects.get(aet="WEBPACS")
answer = [[f.about, f.passed, f.sentence] for f in connectivity.of_peer(p, None)]
"""


@pytest.mark.need("G13")
def test_the_self_test_asks_a_peers_web_service_and_our_own_takes_what_is_filed(
    house: House, new_house: Callable[..., House]
) -> None:
    """Alarp's own service stands for the PACS: it files to it, asks whether the object is there, and is known by a token."""
    port = free_port()
    pacs = new_house(quiet_s=60, dicomweb_port=port)
    pacs.ask("Peer.objects.filter(aet='SCANNER').update(may_pull=True)")
    pacs.ask(
        "import hashlib\n"
        f"Peer.objects.filter(aet='SCANNER').update(token_sha256=hashlib.sha256({TOKEN!r}.encode()).hexdigest())"
    )
    pacs.start("dicomweb")
    file, uid = one_file(house)
    assert send(house, port, file) == "taken"
    assert pacs.ask(f"Instance.objects.filter(sop_uid={uid!r}).count()") == 1
    study, series_uid = pacs.ask(
        f"list(Instance.objects.filter(sop_uid={uid!r}).values_list('study__study_uid', 'series_uid'))"
    )[0]
    there = (
        "from alarp.gateway import ways\n"
        f"answer = ways.has(Peer.objects.get(aet='WEBPACS'), study_uid={study!r}, series_uid={series_uid!r}, sop_uid="
    )
    assert house.ask(f"{there}{uid!r})") is True
    assert house.ask(f"{there}'1.2.3.4')") is False
    found = {about: (passed, sentence) for about, passed, sentence in house.ask(FINDINGS)}
    assert found["PACS WEBPACS: DICOMweb"] == (True, "WEBPACS answers a search.")
    assert found["PACS WEBPACS: encryption"][0] is None
    pacs.ask("Peer.objects.filter(aet='SCANNER').update(token_sha256='')")
    _, passed, sentence = house.ask(FINDINGS)[-1]
    assert passed is False and "does not let us in (HTTP 401)" in sentence
