"""Receive CT images by C-STORE: durable like ours (Orthanc), and not durable at all (storescp), tuned and as shipped.

The same sender (dcmtk's storescu, without Nagle's delay, 128 kB PDUs, new SOP Instance UIDs each round)
sends to all in turn. Ours: bytes and ledger row synced to disk before each Success. Orthanc: file synced
(its default). storescp: written, never synced; it is a reference for speed and no rival in safety.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from bench.deidentify import make_images
from bench.measuring import Row, faster, medians, not_measured

IMAGES, ROUNDS = 20, 3
PDU = "131072"
ALARP_PEER = (
    "from alarp.records import boot; boot()\n"
    "from alarp.records import tables; tables.lay()\n"
    "from alarp.records.ledger.models import Peer\n"
    "Peer.objects.create(aet='SENDER', name='Sender', kind='source')\n"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(stack: ExitStack, command: list[str], port: int, **env: str) -> int:
    process = subprocess.Popen(
        command, env=os.environ | env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    stack.callback(process.wait)
    stack.callback(process.kill)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return port
        time.sleep(0.1)
    raise RuntimeError(f"{command[0]} does not listen")


def _alarp(stack: ExitStack, folder: Path, processes: int) -> int:
    port, data = free_port(), folder / f"alarp-{processes}"
    env = {"ALARP_DATA": str(data), "ALARP_GATEWAY_PORT": str(port), "ALARP_LEAST_FREE_MB": "1"}
    subprocess.run([sys.executable, "-c", ALARP_PEER], env=os.environ | env, check=True, capture_output=True)
    for _ in range(processes):
        _start(stack, [sys.executable, "-m", "alarp.gateway"], port, **env)
    time.sleep(2 if processes > 1 else 0)  # the second listens on the same port: there is nothing to probe
    return port


def _orthanc(stack: ExitStack, folder: Path, **env: str) -> int:
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
    return _start(stack, [shutil.which("Orthanc") or "Orthanc", str(store / "settings.json")], port, **env)


def _storescp(stack: ExitStack, folder: Path, *options: str, **env: str) -> int:
    port, store = free_port(), folder / f"storescp-{len(options)}"
    store.mkdir()
    command = [shutil.which("storescp") or "storescp", "-od", str(store), "+uf", *options, str(port)]
    return _start(stack, command, port, **env)


def _sender(paths: list[Path], port: int, associations: int) -> Callable[[], None]:
    command = ["storescu", "-aet", "SENDER", "-aec", "ALARP", "+II", "--max-send-pdu", PDU, "-pdu", PDU]
    halves = [[str(path) for path in paths[n::associations]] for n in range(associations)]

    def send() -> None:
        running = [
            subprocess.Popen(
                [*command, "127.0.0.1", str(port), *half],
                env=os.environ | {"TCP_NODELAY": "1"},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            for half in halves
        ]
        for process in running:
            _, said = process.communicate()
            if process.returncode:
                raise RuntimeError(f"storescu failed: {said.decode()[-200:]}")

    return send


def run() -> Iterator[Row]:
    work = f"receive a CT image (0.5 MB) durably, associations: {{}}, one of {IMAGES}"
    if not shutil.which("storescu"):
        yield not_measured(work.format(1), "Orthanc, storescp", "dcmtk is not installed")
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="alarp-bench-")))
        (source := folder / "source").mkdir()
        paths = make_images(source)
        # The system's dcmtk, not the pynetdicom programs of the same name in our virtual environment.
        os.environ["PATH"] = os.pathsep.join(["/usr/bin", os.environ["PATH"]])
        peers = {
            "storescp as shipped (not durable)": _storescp(stack, folder),
            "storescp tuned: no delay, 128 kB PDUs (not durable)": _storescp(
                stack, folder, "-pdu", PDU, TCP_NODELAY="1"
            ),
        }
        if shutil.which("Orthanc"):
            peers["Orthanc as shipped (durable)"] = _orthanc(stack, folder)
            peers["Orthanc tuned: no delay (durable)"] = _orthanc(stack, folder, TCP_NODELAY="1")
        else:
            yield not_measured(work.format(1), "Orthanc", "it is not installed")
        for associations, processes in ((1, 1), (2, 2)):
            ports = [_alarp(stack, folder, processes), *peers.values()]
            times = medians([_sender(paths, port, associations) for port in ports], rounds=ROUNDS)
            for peer, theirs in zip(peers, times[1:], strict=True):
                yield faster(work.format(associations), peer, times[0], theirs, each=IMAGES)
