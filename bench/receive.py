"""Receive CT images by C-STORE: durable like ours (Orthanc), and not durable at all (storescp), tuned and as shipped.

One sender for all, quicker than any receiver: images lie in its memory, whole 128 kB PDUs go out in one write, new
SOP Instance UIDs each round. Ours: file and name synced to disk before each Success, ledger row and place in the store
afterwards (a row of their own; the processor time holds both). Orthanc: file synced (its default). storescp: written, never synced; it is a reference for speed and no rival in safety.
`python -m bench.receive IMAGE`: the sender; a line `PORT IMAGES` in, the seconds out.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from pydicom import dcmread
from pydicom.uid import UID
from pynetdicom.dsutils import split_dataset
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    MaximumLengthNotification,
)
from pynetdicom.presentation import build_context

from bench.deidentify import make_images
from bench.measuring import Row, faster, most_memory_mb, not_measured, processor_s

IMAGES, ROUNDS, STUDY = 120, 3, 2000
PDU = 131072
HEAD, FRAGMENT = struct.Struct(">BxL"), struct.Struct(">LBB")
ALARP_PEER = (
    "from alarp.records import boot; boot()\n"
    "from alarp.records import tables; tables.lay()\n"
    "from alarp.records.ledger.models import Peer\n"
    "Peer.objects.create(aet='SENDER', name='Sender', kind='source')\n"
)
PROCESSES = 2


class Sender:
    """Sends one image over and over under new SOP Instance UIDs, as quickly as a socket takes it."""

    def __init__(self, file: Path) -> None:
        meta, start = split_dataset(file)
        self.data = file.read_bytes()[start:]
        self.sop_class, self.syntax = str(meta.MediaStorageSOPClassUID), str(meta.TransferSyntaxUID)
        self.sop_uid = str(dcmread(file, specific_tags=["SOPInstanceUID"]).SOPInstanceUID)
        self.at = self.data.index(self.sop_uid.encode())

    def send(self, port: int, images: int) -> float:
        """The seconds from the first byte of the first image to the last Success."""
        with socket.create_connection(("127.0.0.1", port)) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            most = self._associate(link)
            began = time.perf_counter()
            for number in range(images):
                for unit in self._units(self._new_uid(), number + 1, most):
                    link.sendall(unit)
                if _status(_unit(link)) != 0:
                    raise RuntimeError("an image was not taken")
            spent = time.perf_counter() - began
            link.sendall(HEAD.pack(0x05, 4) + bytes(4))  # A-RELEASE-RQ
            _unit(link)
            return spent

    def _associate(self, link: socket.socket) -> int:
        asked = A_ASSOCIATE()
        asked.application_context_name = UID("1.2.840.10008.3.1.1.1")
        asked.calling_ae_title, asked.called_ae_title = "SENDER", "ALARP"
        context = build_context(self.sop_class, self.syntax)
        context.context_id = 1
        asked.presentation_context_definition_list = [context]
        longest = MaximumLengthNotification()
        longest.maximum_length_received = PDU
        implementation = ImplementationClassUIDNotification()
        implementation.implementation_class_uid = UID("1.2.826.0.1.3680043.10.1500.9")
        asked.user_information = [longest, implementation]
        request = A_ASSOCIATE_RQ()
        request.from_primitive(asked)
        link.sendall(request.encode())
        answer = A_ASSOCIATE_AC()
        answer.decode(_unit(link))
        theirs = answer.user_information.maximum_length
        return min(theirs or PDU, PDU)

    def _new_uid(self) -> bytes:
        digits = len(self.sop_uid) - len("1.2.826.0.1.")
        return b"1.2.826.0.1." + b"".join(b"%d" % (secrets.randbelow(9) + 1) for _ in range(digits))

    def _units(self, uid: bytes, message_id: int, most: int) -> Iterator[bytes]:
        command = _command(self.sop_class.encode(), uid, message_id)
        head = FRAGMENT.pack(len(command) + 2, 1, 0x03)
        yield HEAD.pack(0x04, len(head) + len(command)) + head + command
        data = b"".join((self.data[: self.at], uid, self.data[self.at + len(uid) :]))
        room = most - FRAGMENT.size
        for start in range(0, len(data), room):
            part = data[start : start + room]
            head = FRAGMENT.pack(len(part) + 2, 1, 0x02 if start + room >= len(data) else 0x00)
            yield HEAD.pack(0x04, len(head) + len(part)) + head + part


def _command(sop_class: bytes, uid: bytes, message_id: int) -> bytes:
    def element(number: int, value: bytes) -> bytes:
        value += b"\0" * (len(value) % 2)
        return struct.pack("<HHL", 0, number, len(value)) + value

    body = b"".join(
        [
            element(0x0002, sop_class),
            element(0x0100, b"\x01\x00"),
            element(0x0110, struct.pack("<H", message_id % 65536)),
            element(0x0700, b"\0\0"),
            element(0x0800, b"\0\0"),
            element(0x1000, uid),
        ]
    )
    return element(0x0000, struct.pack("<L", len(body))) + body


def _unit(link: socket.socket) -> bytes:
    """One whole unit from the other side."""
    unit = b""
    while len(unit) < HEAD.size or len(unit) < HEAD.size + HEAD.unpack_from(unit)[1]:
        got = link.recv(65536)
        if not got:
            raise RuntimeError("the receiver closed the connection")
        unit += got
    return unit


def _status(unit: bytes) -> int:
    # The last such bytes: with message 521, its number and what stands around it read like this element too.
    at = unit.rindex(struct.pack("<HHL", 0, 0x0900, 2)) + 8
    return int(struct.unpack_from("<H", unit, at)[0])


@dataclass
class Receiver:
    """A program that receives: where, and under which process."""

    name: str
    port: int
    pid: int
    spool: Path | None = None
    wall_s: list[float] = field(default_factory=list)
    written_s: list[float] = field(default_factory=list)
    used_s: list[float] = field(default_factory=list)

    def take(self, senders: Sequence[subprocess.Popen[str]], images: int) -> None:
        """Let all of these senders send so many images each; remember the time that it took, and the processor's.

        Before that everything is written back: whoever syncs would pay for what another left unsynced. And nobody
        leaves work behind for the turn of the next: what was taken in is in the store and the ledger, and has left the
        spool, which the clerk does when all is written.
        """
        os.sync()
        before, began = processor_s(self.pid), time.perf_counter()
        self.wall_s.append(_send(senders, self.port, images))
        self._written_down()
        self.written_s.append(time.perf_counter() - began)
        self._let_go()
        self.used_s.append(processor_s(self.pid) - before)

    def _written_down(self) -> None:
        while self.spool is not None and any(file.suffix != ".written" for file in self.spool.iterdir()):
            time.sleep(0.001)

    def _let_go(self) -> None:
        while self.spool is not None and any(self.spool.iterdir()):
            time.sleep(0.01)

    def forget(self) -> None:
        for times in (self.wall_s, self.written_s, self.used_s):
            times.clear()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(stack: ExitStack, name: str, command: list[str], port: int, **env: str) -> Receiver:
    process = subprocess.Popen(
        command, env=os.environ | env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    stack.callback(process.wait)
    stack.callback(process.terminate)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return Receiver(name, port, process.pid)
        time.sleep(0.1)
    raise RuntimeError(f"{command[0]} does not listen")


def _alarp(stack: ExitStack, folder: Path) -> Receiver:
    port, data = free_port(), folder / "alarp"
    env = {
        "ALARP_DATA": str(data),
        "ALARP_GATEWAY_PORT": str(port),
        "ALARP_GATEWAY_PROCESSES": str(PROCESSES),
        "ALARP_LEAST_FREE_MB": "1",
    }
    subprocess.run([sys.executable, "-c", ALARP_PEER], env=os.environ | env, check=True, capture_output=True)
    found = _start(stack, "ours", [sys.executable, "-m", "alarp.gateway"], port, **env)
    found.spool = data / "objects" / "spool"
    return found


def _orthanc(stack: ExitStack, folder: Path, name: str, **env: str) -> Receiver:
    port, store = free_port(), folder / f"orthanc-{len(env)}"
    store.mkdir()
    settings = {
        "StorageDirectory": str(store),
        "IndexDirectory": str(store),
        "DicomPort": port,
        "HttpServerEnabled": False,
        "DicomAet": "ALARP",
        "SyncStorageArea": True,
        "Plugins": [],
    }
    (store / "settings.json").write_text(json.dumps(settings))
    command = [shutil.which("Orthanc") or "Orthanc", str(store / "settings.json")]
    return _start(stack, name, command, port, **env)


def _storescp(stack: ExitStack, folder: Path, name: str, *options: str, **env: str) -> Receiver:
    port, store = free_port(), folder / f"storescp-{len(options)}"
    store.mkdir()
    # The system's dcmtk, not the pynetdicom programs of the same name in our virtual environment.
    path = os.pathsep.join(["/usr/bin", os.environ["PATH"]])
    command = [shutil.which("storescp", path=path) or "storescp", "--fork", "-od", str(store), "+uf"]
    return _start(stack, name, [*command, *options, str(port)], port, **env)


def _senders(stack: ExitStack, file: Path, n: int) -> list[subprocess.Popen[str]]:
    started = []
    for _ in range(n):
        command = [sys.executable, "-m", "bench.receive", str(file)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        stack.callback(process.wait)
        stack.callback(process.kill)
        started.append(process)
    return started


def _send(senders: Sequence[subprocess.Popen[str]], port: int, images: int) -> float:
    """Let all of these send at once; answers the seconds of the slowest."""
    for sender in senders:
        assert sender.stdin is not None
        sender.stdin.write(f"{port} {images}\n")
        sender.stdin.flush()
    took = []
    for sender in senders:
        assert sender.stdout is not None
        took.append(float(sender.stdout.readline()))
    return max(took)


def _receivers(stack: ExitStack, folder: Path) -> list[Receiver]:
    found = [
        _alarp(stack, folder),
        _storescp(stack, folder, "storescp as shipped (not durable)"),
        _storescp(
            stack,
            folder,
            "storescp tuned: no delay, 128 kB PDUs (not durable)",
            "-pdu",
            str(PDU),
            TCP_NODELAY="1",
        ),
    ]
    if shutil.which("Orthanc"):
        found.append(_orthanc(stack, folder, "Orthanc as shipped (file synced)"))
        found.append(_orthanc(stack, folder, "Orthanc tuned: no delay (file synced)", TCP_NODELAY="1"))
    return found


def run() -> Iterator[Row]:
    if not shutil.which("storescp", path="/usr/bin"):
        yield not_measured("receive a CT image", "Orthanc, storescp", "dcmtk is not installed")
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="alarp-bench-")))
        (source := folder / "source").mkdir()
        file = make_images(source)[0]
        senders = _senders(stack, file, 4)
        receivers = _receivers(stack, folder)
        for associations in (1, 4):
            yield from _together(receivers, senders[:associations])
        yield from _alone(senders, receivers[0])


def _together(receivers: Sequence[Receiver], senders: Sequence[subprocess.Popen[str]]) -> Iterator[Row]:
    """All receivers in turn, by the clock and by the processor time of their processes."""
    images = IMAGES // len(senders)
    work = f"{len(senders)} association(s): receive a CT image (0.5 MB), synced before Success"
    for receiver in receivers:
        receiver.take(senders, images)  # unmeasured: connections, caches
        receiver.forget()
    for _ in range(ROUNDS):
        for receiver in receivers:
            receiver.take(senders, images)
    times = [statistics.median(one.wall_s) for one in receivers]
    written = [statistics.median(one.written_s) for one in receivers]
    used = [statistics.median(one.used_s) for one in receivers]
    theirs = zip(receivers[1:], times[1:], written[1:], used[1:], strict=True)
    for receiver, theirs_s, theirs_written_s, theirs_used_s in theirs:
        yield faster(work, receiver.name, times[0], theirs_s, each=IMAGES)
        yield faster(
            f"{work}; until all are in the ledger", receiver.name, written[0], theirs_written_s, each=IMAGES
        )
        row = faster(f"{work}; processor time", receiver.name, used[0], max(theirs_used_s, 0.01), each=IMAGES)
        yield row


def _alone(senders: Sequence[subprocess.Popen[str]], ours: Receiver) -> Iterator[Row]:
    """What one large study costs the gateway in processor time and memory."""
    began = processor_s(ours.pid)
    ours.take(senders, STUDY // len(senders))
    used_ms = 1000 * (processor_s(ours.pid) - began) / STUDY
    for what, seconds in (
        ("acknowledged", ours.wall_s[-1]),
        ("all in store and ledger", ours.written_s[-1]),
    ):
        work = f"receive a study of {STUDY} CT images by 4 associations: {what}, an image"
        each_ms = round(1000 * seconds / STUDY, 2)
        yield Row(work=work, peer="(ours alone)", ours=each_ms, theirs=None, unit="ms", ratio=None)
    work = f"receive a study of {STUDY} CT images: processor time of all its processes, an image"
    yield Row(work=work, peer="(ours alone)", ours=round(used_ms, 2), theirs=None, unit="ms", ratio=None)
    work = f"receive a study of {STUDY} CT images: the most memory of any process"
    yield Row(
        work=work,
        peer="the limit of 300 MB",
        ours=round(most_memory_mb(ours.pid), 1),
        theirs=300.0,
        unit="MB",
        ratio=round(300.0 / most_memory_mb(ours.pid), 2),
    )


def main() -> None:
    """Be a sender."""
    sender = Sender(Path(sys.argv[1]))
    for line in sys.stdin:
        port, images = map(int, line.split())
        print(sender.send(port, images), flush=True)


if __name__ == "__main__":
    main()
