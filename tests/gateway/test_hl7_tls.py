"""HL7 over TLS, in and out: who has not the right certificate is not heard, and is not told either."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from authority import Authority
from house import House, free_port, wait_for
from ris import SET_UP, Ris

from alarp.gateway.messages.correspondents import read_senders
from alarp.gateway.messages.framing import Frames, framed
from alarp.kernel import BadInput
from hl7_words import order

pytestmark = pytest.mark.need("G15", "G18")


class Place:
    """A hospital whose HL7 listener asks for TLS, the Trust's authority, and another one."""

    def __init__(self, folder: Path, secured: str, senders: str) -> None:
        self.trust, self.strangers = Authority(folder / "trust"), Authority(folder / "other", "strangers")
        certificate, key = self.trust.issue("ALARP", address="127.0.0.1")
        self.port = free_port()
        self.house = House(
            folder, hl7_port=self.port, hl7_senders=senders, hl7_secured=secured, gateway_certificate=certificate,
            gateway_private_key=key, gateway_authorities=self.trust.file,
        )  # fmt: skip
        log = (folder / "messages.log").open("a")
        process = subprocess.Popen(
            [sys.executable, "-m", "alarp.gateway.messages"],
            env=self.house.env, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
        log.close()
        self.house.running.append(process)
        self.house.ready(process, "messages")

    def told(self, data: bytes, context: ssl.SSLContext | None) -> str:
        """MSA-1 of the answer; empty when the connection ended without one."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=10) as plain:
                link = context.wrap_socket(plain, server_hostname="127.0.0.1") if context else plain
                with link:
                    link.sendall(framed(data))
                    frames, found = Frames(64_000), []
                    while not found and (came := link.recv(4096)):
                        found = frames.feed(came)
        except OSError:
            return ""
        return found[0].decode().split("\r")[1].split("|")[1] if found else ""

    def kept(self, number: str) -> int:
        return int(
            self.house.ask(
                "from alarp.records.messages.models import Message\n"
                f"answer = Message.objects.filter(control_id={number!r}).count()"
            )
        )

    def refusals(self) -> list[str]:
        return list(
            self.house.ask(
                "[e.details['why'] for e in AuditEvent.objects.filter(action='message sender refused').order_by('pk')]"
            )
        )


@pytest.fixture(scope="module")
def mutual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    senders = "RIS|NORTH@127.0.0.1 =ris.north.example; PAS|NORTH@127.0.0.1 =pas.north.example"
    made = Place(tmp_path_factory.mktemp("mutual"), "mutual", senders)
    yield made
    made.house.close()


def test_a_sender_that_shows_its_own_certificate_is_heard(mutual: Place) -> None:
    context = mutual.trust.trusting(*mutual.trust.issue("ris.north.example"))
    assert mutual.told(order("T1"), context) == "AA" and mutual.kept("T1") == 1


def test_the_certificate_of_another_sender_opens_nothing_and_is_written_down(mutual: Place) -> None:
    context = mutual.trust.trusting(*mutual.trust.issue("pas.north.example"))
    assert mutual.told(order("T2"), context) == "AR" and mutual.kept("T2") == 0
    assert any("certificate is not this sender's" in why for why in mutual.refusals())


@pytest.mark.filterwarnings("ignore:.*TLSv1_1 is deprecated")
@pytest.mark.parametrize("how", ["plain", "without", "stranger", "expired", "old"])
def test_who_cannot_show_what_is_asked_for_gets_no_connection(mutual: Place, how: str) -> None:
    context: ssl.SSLContext | None = None
    if how == "without":
        context = mutual.trust.trusting()
    elif how == "stranger":
        context = mutual.trust.trusting(*mutual.strangers.issue("ris.north.example"))
    elif how == "expired":
        context = mutual.trust.trusting(*mutual.trust.issue("ris.north.example", days=-1, began_days_ago=9))
    elif how == "old":
        context = mutual.trust.trusting(*mutual.trust.issue("ris.north.example"))
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")

    assert mutual.told(order(f"T3{how}"), context) == "" and mutual.kept(f"T3{how}") == 0
    wait_for(lambda: any("no TLS with it" in why for why in mutual.refusals()))


def test_many_messages_in_one_connection_are_each_answered_over_tls(mutual: Place) -> None:
    context = mutual.trust.trusting(*mutual.trust.issue("ris.north.example"))
    with (
        socket.create_connection(("127.0.0.1", mutual.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as link,
    ):
        link.sendall(b"".join(framed(order(f"M{n}")) for n in range(30)))
        frames, found = Frames(64_000), []
        while len(found) < 30 and (data := link.recv(65536)):
            found += frames.feed(data)
    assert len(found) == 30 and all(b"MSA|AA" in one for one in found)


def test_a_caller_that_never_begins_its_handshake_holds_up_nobody(mutual: Place) -> None:
    with socket.create_connection(("127.0.0.1", mutual.port), timeout=10):
        context = mutual.trust.trusting(*mutual.trust.issue("ris.north.example"))
        assert mutual.told(order("T5"), context) == "AA"


def test_with_tls_alone_no_certificate_is_asked_for(tmp_path: Path) -> None:
    place = Place(tmp_path, "tls", "RIS|NORTH@127.0.0.1")
    try:
        assert place.told(order("T4"), place.trust.trusting()) == "AA"
        assert place.told(order("T6"), None) == "" and place.kept("T6") == 0
    finally:
        place.house.close()


@pytest.mark.need("G11")
def test_the_ris_is_told_over_mutual_tls_and_a_false_one_is_told_nothing(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    trust, strangers = Authority(tmp_path / "trust"), Authority(tmp_path / "other", "strangers")

    def server(issuer: Authority, name: str) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=trust.file)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(*issuer.issue(name))
        return context

    ours, other, false = (
        Ris(server(trust, "RIS")), Ris(server(trust, "PAS")), Ris(server(strangers, "RIS"))
    )  # fmt: skip
    certificate, key = trust.issue("ALARP")
    secured = {
        "gateway_certificate": certificate,
        "gateway_private_key": key,
        "gateway_authorities": trust.file,
    }

    def outcome(ris: Ris, **more: Any) -> tuple[str, str]:
        house = new_house(
            hl7_ris=f"RIS|NORTH@127.0.0.1:{ris.port}", hl7_ris_secured="mutual", **secured | more
        )
        house.ask(SET_UP)
        key = house.ask("result(1)")
        worker = house.start("worker")
        steps = f"list(Work.objects.filter(kind='tell-ris', key='1:{key}').values_list('state', 'attempts', 'trouble'))"
        wait_for(lambda: house.ask(steps)[0][0] == "done" or house.ask(steps)[0][1] > 1)
        state, _, trouble = house.ask(steps)[0]
        house.end(worker)
        return state, trouble

    assert outcome(ours) == ("done", "") and len(ours.heard) == 1
    state, trouble = outcome(other)
    assert state != "done" and "does not name it" in trouble and not other.heard
    state, trouble = outcome(false)
    assert state != "done" and "cannot be reached" in trouble and not false.heard
    for one in (ours, other, false):
        one.close()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hl7_secured": "ssl"}, "hl7_secured is 'ssl'"),
        ({"hl7_secured": "mutual"}, "what the certificate of RIS|NORTH is called"),
        ({"hl7_secured": "tls"}, "gateway_certificate"),
        ({"hl7_ris": "RIS|N@127.0.0.1:9", "hl7_ris_secured": "yes"}, "hl7_ris_secured is 'yes'"),
    ],
)
def test_a_listener_whose_tls_cannot_be_had_does_not_start(
    new_house: Callable[..., House], settings: dict[str, str], said: str
) -> None:
    house = new_house(hl7_port=free_port(), hl7_senders="RIS|NORTH@127.0.0.1", **settings)
    done = subprocess.run(
        [sys.executable, "-m", "alarp.gateway.messages"],
        env=house.env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr


def test_a_certificate_that_is_named_without_tls_is_a_setting_that_cannot_be_meant() -> None:
    with pytest.raises(BadInput, match="hl7_secured is empty"):
        read_senders("RIS|NORTH@127.0.0.1 =ris.north.example")
    with pytest.raises(BadInput, match="after the @"):
        read_senders("RIS|NORTH =ris.north.example", secured="tls")
