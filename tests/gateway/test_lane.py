"""Do the bytes that come in on an association become the object that was sent, and nothing else ever?

The lane is held against pynetdicom: the same units give the same file, the same request the same answer.
"""

from __future__ import annotations

import functools
import socket
import tempfile
import threading
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import UID, ExplicitVRLittleEndian
from pynetdicom import _config, dimse_messages
from pynetdicom.dimse_messages import C_ECHO_RQ, C_STORE_RQ, C_STORE_RSP, DIMSEMessage
from pynetdicom.dimse_primitives import C_ECHO, C_STORE
from pynetdicom.dsutils import create_file_meta, encode
from pynetdicom.pdu import P_DATA_TF

from alarp.gateway.receiving.incoming import Incoming
from alarp.gateway.receiving.lane import CANNOT_UNDERSTAND, Lane
from alarp.gateway.receiving.messages import StoreRequest, store_request
from alarp.gateway.receiving.wire import FRAGMENT_HEAD, HEAD, P_DATA, Lost, Malformed, Wire
from alarp.identity.objects import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

CT, NAME = "1.2.840.10008.5.1.4.1.1.2", "1.2.826.0.1.3680043.10.1500.7.1"
CONTEXT, LARGEST = 5, 4096
COMMAND, LAST = 0x01, 0x02
RELEASE = HEAD.pack(0x05, 4) + bytes(4)
ABORT = HEAD.pack(0x07, 4) + bytes(4)
Fragments = Sequence[tuple[int, bytes]]


def unit(*fragments: tuple[int, bytes], context: int = CONTEXT) -> bytes:
    """One P-DATA unit of these fragments: (control header, data)."""
    body = b"".join(FRAGMENT_HEAD.pack(len(data) + 2, context, control) + data for control, data in fragments)
    return HEAD.pack(P_DATA, len(body)) + body


def announcement(name: str = NAME, message_id: int = 7) -> bytes:
    """The command set of a C-STORE request, as pynetdicom writes it."""
    asked = C_STORE()
    asked.MessageID, asked.Priority = message_id, 2
    asked.AffectedSOPClassUID, asked.AffectedSOPInstanceUID = UID(CT), UID(name)
    asked.DataSet = BytesIO(b"something")
    message = C_STORE_RQ()
    message.primitive_to_message(asked)
    return bytes(encode(message.command_set, True, True) or b"")


class Party:
    """A lane at one end of a connection; the test is at the other."""

    def __init__(self, folder: Path, *, status: int = 0, answer_most: int = 0) -> None:
        self.folder = folder
        self.ours, theirs = socket.socketpair()
        self.kept: list[bytes] = []
        self.checksums: list[str] = []
        self.status = status
        self.lane = Lane(
            Wire(theirs, largest=LARGEST, silence_s=5),
            syntax_of=lambda number: str(ExplicitVRLittleEndian) if number == CONTEXT else "",
            folder=folder,
            keep=self._keep,
            answer_most=answer_most,
        )

    def _keep(self, received: Incoming) -> int:
        received.close()
        self.kept.append(received.file.read_bytes())
        self.checksums.append(received.checksum)
        received.discard()
        return self.status

    def hear(self, *units: bytes) -> list[bytes]:
        """Send these units and close; answers what the lane hands on."""
        sender = threading.Thread(target=self._send, args=(b"".join(units),))
        sender.start()
        try:
            return self.lane.run()
        finally:
            sender.join()

    def _send(self, data: bytes) -> None:
        try:
            self.ours.sendall(data)
            self.ours.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def answer(self) -> bytes:
        """The command set of the first answer, whole."""
        received = self.ours.recv(65536)
        found, position = b"", 0
        while position < len(received):
            _, length = HEAD.unpack_from(received, position)
            found += received[position + HEAD.size + FRAGMENT_HEAD.size : position + HEAD.size + length]
            position += HEAD.size + length
        return found


@pytest.fixture
def party(tmp_path: Path) -> Iterator[Party]:
    made = Party(tmp_path)
    yield made
    made.ours.close()


def as_pynetdicom_writes_it(units: Sequence[bytes]) -> bytes:
    """The file that pynetdicom makes of these units, under our file meta."""
    association = SimpleNamespace(
        _accepted_cx={CONTEXT: SimpleNamespace(transfer_syntax=[ExplicitVRLittleEndian])}
    )
    before = dimse_messages.create_file_meta, _config.STORE_RECV_CHUNKED_DATASET
    _config.STORE_RECV_CHUNKED_DATASET = True
    dimse_messages.create_file_meta = functools.partial(  # type: ignore[assignment]
        create_file_meta,
        implementation_uid=UID(IMPLEMENTATION_CLASS_UID),
        implementation_version=IMPLEMENTATION_VERSION_NAME,
    )
    try:
        message = DIMSEMessage()
        for one in units:
            found = P_DATA_TF()
            found.decode(one)
            complete = message.decode_msg(found.to_primitive(), association)  # type: ignore[arg-type]
        assert complete
        assert message._data_set_file is not None
        message._data_set_file.close()
        path = Path(message._data_set_file.name)
        data = path.read_bytes()
        path.unlink()
        return data
    finally:
        dimse_messages.create_file_meta, _config.STORE_RECV_CHUNKED_DATASET = before  # type: ignore[assignment]


def pieces(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    """The data in pieces of these sizes, the rest in a last one."""
    found, position = [], 0
    for cut in cuts:
        if position + cut >= len(data):
            break
        found.append(data[position : position + cut])
        position += cut
    return [*found, data[position:]]


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=9000),
    command_cuts=st.lists(st.integers(1, 90), max_size=3),
    data_cuts=st.lists(st.integers(0, 3000), max_size=6),
    together=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_the_same_stream_gives_the_same_file_as_pynetdicom(
    data: bytes, command_cuts: list[int], data_cuts: list[int], together: list[bool]
) -> None:
    commands, parts = pieces(announcement(), command_cuts), pieces(data, data_cuts)
    fragments = [(COMMAND | LAST * (n == len(commands)), part) for n, part in enumerate(commands, 1)]
    for number, part in enumerate(parts, 1):
        for start in range(0, max(len(part), 1), LARGEST // 2):
            ends = number == len(parts) and start + LARGEST // 2 >= len(part)
            fragments.append((LAST * ends, part[start : start + LARGEST // 2]))
    units, waiting = [], list(fragments)
    for joined in (*together, *[False] * len(fragments)):
        if waiting:
            taken, waiting = waiting[: 1 + joined], waiting[1 + joined :]
            size = sum(len(part) + FRAGMENT_HEAD.size for _, part in taken)
            units += [unit(*taken)] if size <= LARGEST else [unit(one) for one in taken]
    with tempfile.TemporaryDirectory() as folder:
        party = Party(Path(folder))
        assert party.hear(*units, RELEASE) == [RELEASE]
        assert party.kept == [as_pynetdicom_writes_it(units)]
        assert list(Path(folder).iterdir()) == []
        party.ours.close()


@given(
    message_id=st.integers(0, 65535),
    status=st.sampled_from([0, 0xA700, 0xC000, 0x0124]),
    digits=st.integers(0, 10**30),
)
def test_a_request_is_read_and_answered_as_pynetdicom_does(message_id: int, status: int, digits: int) -> None:
    name = f"1.2.826.{digits}"
    request = store_request(announcement(name, message_id))
    assert request == StoreRequest(message_id, CT, name, has_data_set=True)
    answered = C_STORE()
    answered.MessageIDBeingRespondedTo, answered.Status = message_id, status
    answered.AffectedSOPClassUID, answered.AffectedSOPInstanceUID = UID(CT), UID(name)
    message = C_STORE_RSP()
    message.primitive_to_message(answered)
    assert request is not None
    assert request.answer(status) == encode(message.command_set, True, True)


def test_several_objects_come_one_after_the_other(party: Party) -> None:
    images = [bytes([number]) * 5000 for number in range(3)]
    units = []
    for number, image in enumerate(images):
        units += [unit((COMMAND | LAST, announcement(f"{NAME}.{number + 1}")))]
        units += [unit((0, image[:3000])), unit((LAST, image[3000:]))]
    assert party.hear(*units, RELEASE) == [RELEASE]
    assert [kept[-5000:] for kept in party.kept] == images and len(set(party.checksums)) == 3


def test_a_command_and_its_data_may_share_a_unit(party: Party) -> None:
    party.hear(unit((COMMAND | LAST, announcement()), (0, b"abcd"), (LAST, b"efgh")), RELEASE)
    assert [kept[-8:] for kept in party.kept] == [b"abcdefgh"]


def test_a_data_set_of_no_bytes_is_handed_in_as_it_came(party: Party) -> None:
    party.hear(unit((COMMAND | LAST, announcement())), unit((LAST, b"")), RELEASE)
    (kept,) = party.kept
    assert kept[128:132] == b"DICM" and len(kept) < 500


def test_a_request_without_a_data_set_is_answered_and_nothing_is_kept(party: Party) -> None:
    command = announcement()
    without = command.replace(b"\x00\x08\x02\x00\x00\x00\x01\x00", b"\x00\x08\x02\x00\x00\x00\x01\x01")
    assert without != command
    assert party.hear(unit((COMMAND | LAST, without)), RELEASE) == [RELEASE]
    assert party.kept == [] and CANNOT_UNDERSTAND.to_bytes(2, "little") in party.answer()


def test_whatever_is_no_image_is_handed_on_unit_by_unit(party: Party) -> None:
    asked = C_ECHO()
    asked.MessageID = 3
    echo = C_ECHO_RQ()
    echo.primitive_to_message(asked)
    command = bytes(encode(echo.command_set, True, True) or b"")
    first, second = unit((COMMAND, command[:20])), unit((COMMAND | LAST, command[20:]))
    assert party.hear(first, second) == [first, second]


def test_data_that_belongs_to_another_command_is_handed_on(party: Party) -> None:
    identifier = unit((LAST, b"a query's identifier"))
    assert party.hear(identifier) == [identifier]


@pytest.mark.parametrize("end", [ABORT, RELEASE], ids=["abort", "release"])
def test_an_abort_in_the_middle_of_an_object_leaves_nothing(party: Party, end: bytes) -> None:
    assert party.hear(unit((COMMAND | LAST, announcement())), unit((0, b"half")), end) == [end]
    assert party.kept == [] and list(party.folder.iterdir()) == []


@pytest.mark.parametrize("cut", [1, 5, 9, 40])
def test_a_connection_that_ends_anywhere_leaves_nothing(party: Party, cut: int) -> None:
    stream = unit((COMMAND | LAST, announcement())) + unit((0, b"x" * 2000)) + unit((LAST, b"y" * 100))
    with pytest.raises(Lost):
        party.hear(stream[:-cut])
    assert party.kept == [] and list(party.folder.iterdir()) == []


BAD = {
    "a context that was not accepted": unit((COMMAND | LAST, announcement()), context=9),
    "data under another context": unit((COMMAND | LAST, announcement())) + unit((LAST, b"x"), context=9),
    "a command inside a data set": unit((COMMAND | LAST, announcement())) + unit((COMMAND, b"x")),
    "data before the command is complete": unit((COMMAND, announcement()[:30])) + unit((LAST, b"x")),
    "a fragment longer than its unit": unit((COMMAND | LAST, announcement()))
    + HEAD.pack(P_DATA, 10)
    + FRAGMENT_HEAD.pack(60, CONTEXT, LAST)
    + b"abcd",
    "a fragment too short for its head": HEAD.pack(P_DATA, 6) + FRAGMENT_HEAD.pack(1, CONTEXT, LAST),
    "half a fragment's head": HEAD.pack(P_DATA, 3) + b"\0\0\0",
    "an empty unit": HEAD.pack(P_DATA, 0),
    "a unit longer than was announced": HEAD.pack(P_DATA, LARGEST + 1) + bytes(LARGEST + 1),
    "a unit of no known kind": HEAD.pack(0x63, 4) + bytes(4),
    "fragments behind the end": unit((COMMAND | LAST, announcement())) + unit((LAST, b"x"), (0, b"y")),
    "a command set that is cut off": unit((COMMAND | LAST, announcement()[:-3])),
}


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_follow_the_standard_ends_the_association_and_leaves_nothing(
    party: Party, name: str
) -> None:
    with pytest.raises(Malformed):
        party.hear(BAD[name])
    assert party.kept == [] and list(party.folder.iterdir()) == []


def test_an_answer_keeps_to_the_unit_length_that_the_sender_announced(tmp_path: Path) -> None:
    party = Party(tmp_path, answer_most=40, status=0xA700)
    party.hear(unit((COMMAND | LAST, announcement()), (LAST, b"data")), RELEASE)
    received = party.ours.recv(65536)
    position, lengths = 0, []
    while position < len(received):
        lengths.append(HEAD.unpack_from(received, position)[1])
        position += HEAD.size + lengths[-1]
    assert len(lengths) > 2 and max(lengths) <= 40
    party.ours.close()


def test_a_disk_that_does_not_take_an_object_is_told_at_its_end_and_leaves_nothing(tmp_path: Path) -> None:
    missing = tmp_path / "is not there"
    object_ = Incoming(missing, sop_class=CT, sop_uid=NAME, transfer_syntax=str(ExplicitVRLittleEndian))
    object_.write(b"data")
    with pytest.raises(OSError, match="No such file"):
        object_.close()
    object_.discard()
