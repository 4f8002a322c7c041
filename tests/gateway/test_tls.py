"""Nobody reads along and nobody calls under another's name: dcmtk over TLS, as caller and as called (G15)."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from authority import Authority
from house import House, free_port, wait_for
from pictures import files, series


class Place:
    """A gateway with a certificate, its authority, a strangers' authority, and a source that has to show one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trust, self.strangers = Authority(folder / "ca"), Authority(folder / "ca", "strangers")
        certificate, key = self.trust.issue("ALARP", address="127.0.0.1", days=45)
        self.tls_port = free_port()
        self.house = House(
            folder,
            quiet_s=0.2,
            gateway_tls_port=self.tls_port,
            gateway_certificate=certificate,
            gateway_private_key=key,
            gateway_authorities=self.trust.file,
        )
        self.house.ask("Peer.objects.filter(aet='SCANNER').update(secured='mutual')")
        self.house.ask("Peer.objects.filter(aet='SCANNER2').update(secured='tls')")
        self.house.start("listener")

    def send(
        self, shown: tuple[Path, Path] | None, *, calling: str = "SCANNER", plain: bool = False
    ) -> tuple[bool, str]:
        """Send one image with storescu; answers whether it was kept, and its SOP Instance UID."""
        (image,) = series(1)
        command = ["storescu", "-aet", calling, "-aec", "ALARP"]
        if shown is not None:
            command += ["+tls", str(shown[1]), str(shown[0])]
        elif not plain:
            command += ["+tla"]
        if not plain:
            command += ["+cf", str(self.trust.file)]
        port = self.house.port if plain else self.tls_port
        file = files([image], self.folder / "sent")[0]
        subprocess.run(
            [*command, "127.0.0.1", str(port), str(file)], capture_output=True, timeout=60, check=False
        )
        kept = self.house.ask(f"Instance.objects.filter(sop_uid={str(image.SOPInstanceUID)!r}).count()")
        return kept == 1, str(image.SOPInstanceUID)

    def refusals(self) -> list[dict[str, Any]]:
        return self.house.ask(
            "[e.details for e in AuditEvent.objects.filter(action='association refused').order_by('pk')]"
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("tls"))
    try:
        yield made
    finally:
        made.house.close()


@pytest.mark.need("G15")
def test_a_source_with_the_trusts_certificate_is_received_over_tls(place: Place) -> None:
    kept, _ = place.send(place.trust.issue("SCANNER"))
    assert kept


@pytest.mark.need("G15")
def test_a_certificate_of_an_unknown_authority_is_refused_and_written_down(place: Place) -> None:
    before = len(place.refusals())
    kept, _ = place.send(place.strangers.issue("SCANNER"))
    assert not kept
    wait_for(lambda: len(place.refusals()) > before)
    assert "certificate" in place.refusals()[-1]["reason"]


@pytest.mark.need("G15")
def test_a_certificate_that_has_run_out_is_refused(place: Place) -> None:
    kept, _ = place.send(place.trust.issue("SCANNER", days=-1, began_days_ago=10))
    assert not kept


@pytest.mark.need("G15")
def test_a_good_certificate_of_somebody_else_opens_nothing(place: Place) -> None:
    kept, _ = place.send(place.trust.issue("SCANNER2"))
    assert not kept
    wait_for(lambda: any("does not name SCANNER" in one["reason"] for one in place.refusals()))


@pytest.mark.need("G15")
def test_a_peer_that_has_to_call_over_tls_is_refused_without(place: Place) -> None:
    for calling in ("SCANNER", "SCANNER2"):
        kept, _ = place.send(None, calling=calling, plain=True)
        assert not kept
    assert any("has to call over TLS" in one["reason"] for one in place.refusals())


@pytest.mark.need("G15")
def test_without_a_certificate_only_a_peer_that_need_not_show_one_gets_in(place: Place) -> None:
    assert not place.send(place.strangers.issue("NOBODY"), calling="SCANNER2")[0]
    assert not place.send(None, calling="SCANNER")[0]
    wait_for(lambda: any("has to show a certificate" in one["reason"] for one in place.refusals()))


@pytest.mark.need("G15")
def test_a_caller_that_never_shakes_hands_keeps_nobody_else_waiting(place: Place) -> None:
    silent = [socket.create_connection(("127.0.0.1", place.tls_port)) for _ in range(4)]
    try:
        kept: list[bool] = []
        sender = threading.Thread(target=lambda: kept.append(place.send(place.trust.issue("SCANNER"))[0]))
        sender.start()
        sender.join(timeout=8)
        assert kept == [True]
    finally:
        for one in silent:
            one.close()


def test_old_versions_of_tls_and_weak_ciphers_are_not_offered(place: Place) -> None:
    answer = place.house.ask(
        "import os\n"
        "from alarp.gateway import securing\n"
        "c = securing.server_context()\n"
        "answer = [c.minimum_version.name, sorted({x['name'] for x in c.get_ciphers()})]"
    )
    assert answer[0] == "TLSv1_2"
    assert all("GCM" in name or "CHACHA20" in name for name in answer[1])
    assert all(name.startswith(("TLS_", "ECDHE-")) for name in answer[1])


class Tool:
    """storescp over TLS in the place of an AI tool."""

    def __init__(self, place: Place, shown: tuple[Path, Path], port: int) -> None:
        self.folder = place.folder / f"tool-{port}"
        self.folder.mkdir()
        command = ["storescp", "-aet", "READER", "-od", str(self.folder), "+uf", "-rc"]
        command += ["+tls", str(shown[1]), str(shown[0]), "+cf", str(place.trust.file), str(port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: _listens(port))

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


SEND = """
from pathlib import Path
from alarp.gateway import associations
from alarp.kernel import AlarpError
peer = Peer.objects.get(aet="READER")
item = associations.Outgoing.of(Path({file!r}))
try:
    with associations.association(peer, associations.contexts_for([item])) as link:
        answer = link.send_c_store(str(item.file)).get("Status")
except AlarpError as error:
    answer = str(error)
"""
LOOK = """
from alarp.gateway import connectivity
peer = Peer.objects.get(aet="READER")
f = connectivity._secured("send", "AI tool READER", peer)
answer = [f.passed, f.sentence, f.figure, f.unit]
"""


@pytest.mark.need("G13", "G15")
def test_a_tool_is_sent_to_over_mutual_tls_and_the_self_test_tells_its_certificates_days(
    place: Place,
) -> None:
    port = free_port()
    place.house.peer("READER", "tool", port)
    place.house.ask("Peer.objects.filter(aet='READER').update(secured='mutual')")
    file = files(series(1), place.folder / "out")[0]
    tool = Tool(place, place.trust.issue("READER", days=20), port)
    try:
        passed, sentence, days, unit = place.house.ask(LOOK)
        assert passed is True and unit == "days" and 19 <= days <= 20
        assert "TLSv1" in sentence and "valid for 19 days more. Renew it now." in sentence
        assert place.house.ask(SEND.format(file=str(file))) == 0
        assert len(list(tool.folder.iterdir())) == 1
    finally:
        tool.close()
    for shown, why in (
        (place.strangers.issue("READER"), "not trusted here"),
        (place.trust.issue("OTHER"), "does not name it"),
    ):
        port = free_port()
        place.house.ask(f"Peer.objects.filter(aet='READER').update(port={port})")
        tool = Tool(place, shown, port)
        try:
            assert place.house.ask(LOOK)[0] is False
            assert why in place.house.ask(LOOK)[1]
            assert isinstance(place.house.ask(SEND.format(file=str(file))), str)
            assert list(tool.folder.iterdir()) == []
        finally:
            tool.close()


@pytest.mark.need("G15")
def test_by_http_a_peers_certificate_stands_for_its_token_and_another_opens_nothing(place: Place) -> None:
    port = free_port()
    certificate, key = place.trust.issue("gateway", address="127.0.0.1")
    house = House(
        place.folder / "web",
        dicomweb_port=port,
        gateway_certificate=certificate,
        gateway_private_key=key,
        gateway_authorities=place.trust.file,
    )
    try:
        house.ask("Peer.objects.filter(aet='SCANNER').update(secured='mutual', may_pull=True)")
        house.start("dicomweb")

        def status(shown: tuple[Path, Path] | None) -> int:
            context = ssl.create_default_context(cafile=place.trust.file)
            if shown is not None:
                context.load_cert_chain(*shown)
            return httpx.get(f"https://127.0.0.1:{port}/dicom-web/studies", verify=context).status_code

        assert status(place.trust.issue("SCANNER")) == 204
        assert status(place.trust.issue("SCANNER2")) == 401
        assert status(None) == 401
        with pytest.raises(httpx.TransportError):
            status(place.strangers.issue("SCANNER"))
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/dicom-web/studies")
    finally:
        house.close()


def test_a_gateway_whose_certificate_cannot_be_used_does_not_start(place: Place, tmp_path: Path) -> None:
    house = House(tmp_path, gateway_tls_port=free_port(), gateway_certificate="/nowhere.pem")
    try:
        with pytest.raises(AssertionError, match="which is not a file"):
            house.start("listener")
    finally:
        house.close()
