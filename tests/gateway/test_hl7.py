"""HL7 over real sockets: answered when durable, done once, refused to strangers, and nothing bad brings it down."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import hl7.client
import pytest
from house import House
from hypothesis import given
from hypothesis import strategies as st

from alarp.gateway.messages.correspondents import read_receiver, read_senders
from alarp.gateway.messages.framing import BrokenFrame, Frames, framed
from alarp.kernel import BadInput
from alarp.records.messages.reading.hl7v2 import WishField
from hl7_words import changed, merge, order
from throwaway_postgres import free_port

SENDERS = "RIS|NORTH@127.0.0.1 ::1; PAS|NORTH@127.0.0.0/8; FAR|AWAY@192.0.2.7"


def listen(house: House) -> subprocess.Popen[str]:
    """Start the HL7 listener as it is shipped."""
    log = (house.folder / "messages.log").open("a")
    process = subprocess.Popen(
        [sys.executable, "-m", "alarp.gateway.messages"],
        env=house.env, stdout=subprocess.PIPE, stderr=log, text=True,
    )  # fmt: skip
    log.close()
    house.running.append(process)
    house.ready(process, "messages")
    return process


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("hl7"), hl7_port=free_port(), hl7_senders=SENDERS, hl7_most_kb=64)
    listen(house)
    yield house
    house.close()


def port(house: House) -> int:
    return int(house.env["ALARP_HL7_PORT"])


def call(house: House) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port(house)), timeout=10)
    link.settimeout(10)
    return link


def answers(link: socket.socket, count: int = 1) -> list[bytes]:
    """So many answers, or fewer when the other side ends the connection."""
    frames, found = Frames(64_000), []
    while len(found) < count:
        data = link.recv(4096)
        if not data:
            break
        found += frames.feed(data)
    return found


def told(house: House, data: bytes) -> str:
    """MSA-1 of the answer to one message."""
    with call(house) as link:
        link.sendall(framed(data))
        (answer,) = answers(link)
    return answer.decode().split("\r")[1].split("|")[1]


def rows(house: House, number: str) -> list[Any]:
    return house.ask(
        "from alarp.records.messages.models import Message, Order, Merge, Report\n"
        f"answer = list(Message.objects.filter(control_id={number!r}).values_list('outcome', 'times_received'))"
    )


@given(st.lists(st.binary(max_size=40).filter(lambda b: b"\x1c" not in b), max_size=5), st.randoms())
def test_messages_come_whole_however_the_network_cuts_them(contents: list[bytes], chance: Any) -> None:
    wire, frames, found = b"\n".join(framed(content) for content in contents), Frames(64), []
    while wire:
        cut = chance.randint(1, len(wire))
        found += frames.feed(wire[:cut])
        wire = wire[cut:]
    assert found == contents


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_any_bytes_are_frames_or_a_broken_frame_and_never_held_beyond_the_limit(chunks: list[bytes]) -> None:
    frames = Frames(100)
    try:
        for chunk in chunks:
            assert all(len(one) <= 100 for one in frames.feed(chunk))
    except BrokenFrame:
        return
    assert len(frames._held) <= 102


@pytest.mark.need("G18")
def test_a_message_that_was_answered_is_there_after_the_listener_was_killed(
    new_house: Callable[..., House],
) -> None:
    house = new_house(hl7_port=free_port(), hl7_senders=SENDERS)
    process = listen(house)
    with hl7.client.MLLPClient("127.0.0.1", port(house)) as client:
        said = client.send_message(order("M1"))
    house.end(process, signal.SIGKILL)
    assert b"MSA|AA|M1" in said
    assert (
        rows(house, "M1") == [["taken", 1]]
        and house.ask("__import__('alarp.records.messages.models', fromlist=['Order']).Order.objects.count()")
        == 1
    )
    listen(house)
    with hl7.client.MLLPClient("127.0.0.1", port(house)) as client:
        assert client.send_message(order("M1")) == said, "the same message has the same answer"
    assert rows(house, "M1") == [["taken", 2]]


def test_several_messages_in_one_packet_are_answered_in_order(hospital: House) -> None:
    with call(hospital) as link:
        link.sendall(b"\r\n".join(framed(changed(f"P{n}", f"H{n}")) for n in range(5)))
        said = answers(link, 5)
    assert [one.split(b"MSA|")[1][:5] for one in said] == [f"AA|P{n}".encode() for n in range(5)]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (order("S1", sender="NOBODY|NORTH"), "AR"),
        (order("S2", sender="RIS|SOUTH"), "AR"),
        (order("S3", sender="FAR|AWAY"), "AR"),
        (order("S4", version="9.9"), "AR"),
        (merge("S5", "H1", "H1"), "AE"),
        (b"no message at all", "AR"),
        (b"MSH||||", "AR"),
        (b"", "AR"),
    ],
)
def test_strangers_and_nonsense_are_refused_and_what_cannot_be_used_is_kept(
    hospital: House, data: bytes, code: str
) -> None:
    assert told(hospital, data) == code
    kept = rows(hospital, data.split(b"|")[9].decode()) if data.count(b"|") > 9 else []
    known = data.startswith(b"MSH") and b"RIS|NORTH" in data
    assert len(kept) == (1 if known else 0), "of strangers nothing is kept"


def test_a_stranger_is_an_event_of_the_audit_trail(hospital: House) -> None:
    told(hospital, order("S9", sender="CURIOUS|X"))
    found = hospital.ask(
        "list(AuditEvent.objects.filter(action='message sender refused').values_list('subject', flat=True))"
    )
    assert "sender CURIOUS|X" in found


def test_who_makes_up_names_fills_no_audit_trail(hospital: House) -> None:
    count = "AuditEvent.objects.filter(action='message sender refused').count()"
    with call(hospital) as link:
        link.sendall(b"".join(framed(order("S", sender=f"NAME{n}|X")) for n in range(40)))
        assert len(answers(link, 40)) == 40
    assert hospital.ask(count) <= 20


def test_a_message_over_the_limit_ends_the_connection_and_others_go_on(hospital: House) -> None:
    with call(hospital) as link:
        link.sendall(b"\x0bMSH|^~\\&|RIS|NORTH|" + b"x" * 70_000)
        assert link.recv(10) == b""
    assert told(hospital, order("AFTER-BIG")) == "AA"


def test_who_hangs_half_way_keeps_nobody_else_waiting(hospital: House) -> None:
    with call(hospital) as stuck:
        stuck.sendall(b"\x0bMSH|^~\\&|RIS|NOR")
        began = time.monotonic()
        assert [told(hospital, order(f"BESIDE-{n}")) for n in range(3)] == ["AA"] * 3
        assert time.monotonic() - began < 10
        stuck.sendall(order("HALF")[len(b"MSH|^~\\&|RIS|NOR") :] + b"\x1c\r")
        assert b"MSA|AA|HALF" in answers(stuck)[0]


def test_after_all_that_the_listener_still_takes_a_message_and_its_log_names_nobody(hospital: House) -> None:
    assert told(hospital, order("LAST")) == "AA"
    log = (hospital.folder / "messages.log").read_text()
    assert "EXAMPLE" not in log and "H2" not in log and "Traceback" not in log


def test_without_room_nothing_is_answered_so_that_the_sender_sends_again(
    new_house: Callable[..., House],
) -> None:
    house = new_house(hl7_port=free_port(), hl7_senders=SENDERS, least_free_mb=10**9)
    listen(house)
    with call(house) as link:
        link.sendall(framed(order("M1")))
        assert answers(link) == []
    assert rows(house, "M1") == []


def test_who_is_at_no_known_address_has_the_connection_ended(new_house: Callable[..., House]) -> None:
    house = new_house(hl7_port=free_port(), hl7_senders="RIS|NORTH@192.0.2.7")
    listen(house)
    with call(house) as link:
        assert link.recv(10) == b""


def test_a_silent_sender_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    from alarp.gateway.messages import listener

    monkeypatch.setattr(listener, "MESSAGE_WITHIN_S", 0.3)
    monkeypatch.setattr(listener.Listener, "enters", lambda *_: True)
    monkeypatch.setattr(listener.Listener, "leaves", lambda *_: None)
    served = listener.Listener()
    number = served.start()
    threading.Thread(target=served.serve, daemon=True).start()
    with socket.create_connection(("127.0.0.1", number), timeout=10) as link:
        for _ in range(20):  # a byte now and then does not buy more time
            try:
                link.sendall(b"\x0bMSH" if _ == 0 else b"x")
            except OSError:
                break
            time.sleep(0.05)
        assert link.recv(10) == b""
    served.stop()


@pytest.mark.parametrize(
    ("read", "value", "said"),
    [
        (read_senders, "RIS@10.1.2.3", "RIS|NORTH"),
        (read_senders, "RIS|NORTH@somewhere", "address"),
        (read_receiver, "RIS|NORTH@host", "host and port"),
        (read_receiver, "RIS@host:1", "MSH-3 and MSH-4"),
        (WishField.read, "ZAI-1", "field=ZAI-1"),
        (WishField.read, "field=ZAI", "field=ZAI-1"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named_with_how_to_write_it(
    read: Any, value: str, said: str
) -> None:
    with pytest.raises(BadInput, match=re.escape(said)) as refusal:
        read(value)
    assert repr(value) in str(refusal.value)


def test_a_listener_with_a_setting_that_cannot_be_read_does_not_start(
    new_house: Callable[..., House],
) -> None:
    house = new_house(hl7_port=free_port(), hl7_senders="RIS")
    done = subprocess.run(
        [sys.executable, "-m", "alarp.gateway.messages"],
        env=house.env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1 and "does not start" in done.stderr and "Traceback" not in done.stderr
