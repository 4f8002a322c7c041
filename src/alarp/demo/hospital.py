"""The demonstration hospital as the journey sees it: its machines, its people, its doors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import yaml
from pydicom import Dataset

from alarp.demo.modality import send
from alarp.demo.processes import Machine, await_page, free_port, is_taken
from alarp.demo.site import Visitor
from alarp.kernel import AlarpError, Unavailable

PASSWORD = "no-evidence-no-traffic"  # of every demonstration account; printed at the end
DESCRIPTION = Path(__file__).with_name("hospital.yaml")
PACS = {"aet": "PACS", "name": "PACS of the Trust", "kind": "pacs", "site": "wharfe"}
NAMES = {"noduleflag": "NoduleFlag at its supplier", "livercontour": "LiverContour at its supplier"}
TOOLS = {"noduleflag": "noduleflag-riverside", "livercontour": "livercontour-riverside"}


@dataclass
class Hospital:
    """Everything is reached from outside: web forms, DICOM, the command line."""

    folder: Path
    web_port: int
    environment: dict[str, str] = field(default_factory=dict)
    machines: dict[str, Machine] = field(default_factory=dict)
    visitors: dict[str, Visitor] = field(default_factory=dict)
    gateway_port: int = field(default_factory=free_port)
    _set_up: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.environment = {
            **self._compiled_modules(),
            "ALARP_DATA": str((self.folder / "alarp").resolve()),
            "ALARP_WEB_PORT": str(self.web_port),
            "ALARP_GATEWAY_PORT": str(self.gateway_port),
            # A department's minutes are the demonstration's seconds; nothing else differs.
            "ALARP_QUIET_S": "1",
            "ALARP_POLL_S": "0.2",
            "ALARP_SWEEP_S": "2",
            "ALARP_RETRY_FIRST_S": "0.5",
            "ALARP_RETRY_MOST_S": "2",
            "ALARP_LOG_LEVEL": "WARNING",
        }

    def _compiled_modules(self) -> dict[str, str]:
        """Where do the dozens of commands here find compiled modules, so that none compiles numpy anew?

        Where set-up put them; where it did not, in our own folder, also on a machine that forbids to write them.
        """
        if Path(cache_from_source(yaml.__file__)).is_file():
            return {}
        place = os.environ.get("PYTHONPYCACHEPREFIX") or str((self.folder / "compiled").resolve())
        return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": place}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    # Machines

    def build(self) -> None:
        """Write the Trust into the records and start Alarp and the PACS."""
        self.people = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))
        for person in self.people["people"]:
            person["password"] = PASSWORD
        try:
            self.start_pacs()
            self.set_up({**self.people, "peers": [*self.people["peers"], *self.places(PACS)]}, "trust.yaml")
        finally:
            self._set_up.set()
        self.serve()

    def await_building(self) -> None:
        """Wait until the Trust is in the records, with its key; or until that has failed, which `build` then says."""
        self._set_up.wait()

    def start_pacs(self) -> None:
        self.start("pacs", ["alarp.demo.pacs", "--ae", "PACS", "--folder", str(self.folder / "pacs")])

    def reopen(self) -> None:
        """Start the machines of a hospital that stands already, each where it was."""
        self.people = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))
        self.start_pacs()
        self.connect(PACS)
        self.serve()
        self.connect_tools()

    def connect_tools(self) -> dict[str, Machine]:
        """The suppliers' processes start, and the PACS manager enters their addresses."""
        with ThreadPoolExecutor(len(TOOLS)) as both:
            started = dict(
                zip(TOOLS, both.map(lambda tool: self.start_tool(tool, tool.upper()), TOOLS), strict=True)
            )
        self.connect(
            *(
                {"aet": tool.upper(), "name": NAMES[tool], "kind": "tool", "deployment": deployment}
                for tool, deployment in TOOLS.items()
            )
        )
        return started

    def serve(self) -> None:
        """Start Alarp itself, the way a hospital does."""
        self.start("alarp", ["alarp.cli", "serve"], says_ready=False)
        await_page(f"{self.address}/health/", self.machines["alarp"])
        self.wait("the gateway listens", lambda: is_taken(self.gateway_port))

    def start(self, name: str, arguments: list[str], *, says_ready: bool = True) -> Machine:
        machine = Machine(name, arguments, self.folder / "logs" / f"{name}.log", self.environment, says_ready)
        self.machines[name] = machine.start()
        return machine

    def start_tool(
        self, tool: str, aet: str, *, port: int = 0, faults: Sequence[str] = (), version: str = ""
    ) -> Machine:
        """Start a vendor's AI tool that returns its results to the gateway."""
        words = self.tool_arguments(tool, aet, port, self.gateway_port, "ALARP", faults)
        return self.start(aet.lower(), [*words, *(("--version", version) if version else ())])

    def tool_arguments(
        self, tool: str, aet: str, port: int, return_port: int, return_aet: str, faults: Sequence[str] = ()
    ) -> list[str]:
        words = ["alarp.demo.tools", tool, "--ae", aet, "--port", str(port), "--return-host", "127.0.0.1"]
        words += ["--return-port", str(return_port), "--return-aet", return_aet]
        words += ["--folder", str(self.folder / "tools" / aet.lower()), "--quiet-s", "0.5"]
        return [*words, *(word for fault in faults for word in ("--fault", fault))]

    def close(self) -> None:
        """Stop every machine: Alarp first, then all others together."""
        others = [machine for name, machine in self.machines.items() if name != "alarp"]
        if "alarp" in self.machines:
            self.machines["alarp"].stop()
        with ThreadPoolExecutor(max(1, len(others))) as together:
            list(together.map(Machine.stop, others))

    # The command line

    def alarp(self, *words: str, allow: Sequence[int] = (0,)) -> str:
        """Run one `alarp` command; its stdout. Raises Unavailable with the command's own complaint."""
        done = subprocess.run(
            [sys.executable, "-m", "alarp.cli", *words],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **self.environment},
        )
        if done.returncode not in allow:
            last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
            raise Unavailable(f"`alarp {' '.join(words[:2])}` ended with {done.returncode}: {last}")
        return done.stdout

    def set_up(self, table: dict[str, Any], name: str) -> None:
        file = self.folder / "set-up" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(yaml.safe_dump(table, allow_unicode=True), encoding="utf-8")
        self.alarp("setup", str(file))

    def connect(self, *peers: dict[str, Any]) -> None:
        """Tell Alarp where DICOM peers listen, now that their machines have ports."""
        self.set_up({"peers": self.places(*peers)}, f"{peers[0]['aet'].lower()}.yaml")

    def places(self, *peers: dict[str, Any]) -> list[dict[str, Any]]:
        """These peers with the addresses that their machines took."""
        return [
            {**peer, "host": "127.0.0.1", "port": self.machines[peer["aet"].lower()].port} for peer in peers
        ]

    def balance(self) -> dict[str, Any]:
        """Today's reconciliation."""
        return dict(json.loads(self.alarp("reconcile", "--json", allow=(0, 1))))

    def status(self) -> list[dict[str, Any]]:
        """Every deployment with its gates."""
        return list(json.loads(self.alarp("status", "--json")))

    def watched(self) -> dict[str, Any]:
        """Alerts, incidents and decisions so far."""
        return dict(json.loads(self.alarp("watch", "--json", allow=(0, 3))))

    def results(self, deployment: str) -> list[dict[str, Any]]:
        """What this deployment's tool said of each study, in the order in which it came back."""
        return list(json.loads(self.alarp("results", deployment, "--json")))

    # People and scanners

    def visit(self, username: str) -> Visitor:
        """This person, signed in at a browser of their own."""
        if username not in self.visitors:
            self.visitors[username] = Visitor(self.address, username, PASSWORD).sign_in()
        return self.visitors[username]

    def scan(self, images: Sequence[Dataset], station: str) -> None:
        """A scanner sends an examination; every object must be acknowledged."""
        answers = send(images, calling=station, called="ALARP", host="127.0.0.1", port=self.gateway_port)
        refused = [f"{answer:04X}" for answer in answers if answer != 0x0000]
        if refused:
            raise Unavailable(f"The gateway answered {', '.join(refused)} to {station}.", phase="receive")

    def answered_by(self, tool: str) -> int:
        """How many results has this tool's own folder as accepted by the gateway?"""
        return sum(1 for _ in (self.folder / "tools" / tool / "returned").glob("*.dcm"))

    def reached(self, tool: str) -> int:
        """How many objects have reached this tool's own folder? Counted at the vendor's, not in our books."""
        folder = self.folder / "tools" / tool
        return sum(f.is_file() for place in ("incoming", "processed") for f in (folder / place).rglob("*"))

    def in_pacs(self) -> list[str]:
        """The SOP Instance UID of every arrival at the PACS, repeats included."""
        log = self.folder / "pacs" / "arrivals.jsonl"
        if not log.is_file():
            return []
        return [json.loads(line)["sop_instance_uid"] for line in log.read_text(encoding="ascii").splitlines()]

    def wait(
        self, what: str, until: Callable[[], bool], *, seconds: float = 180.0, every_s: float = 0.25
    ) -> None:
        """Wait until this has happened. Raises Unavailable, naming it, when time runs out."""
        deadline = time.monotonic() + seconds
        while not until():
            if time.monotonic() > deadline:
                raise Unavailable(f"Waited {seconds:.0f} s in vain until {what}.")
            time.sleep(every_s)


def expect(holds: bool, sentence: str) -> None:
    """The demonstration proves something here, or fails."""
    if not holds:
        raise AlarpError(f"The demonstration did not come out right: {sentence}")
