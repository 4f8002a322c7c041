"""A hospital for a test: its own data folder and database, the gateway's processes, a tool, a PACS."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from throwaway_postgres import free_port

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parent.parent / "src"

SET_UP = """
from django.utils import timezone
now = timezone.now()
trust = Organisation.objects.create(slug="trust", name="Test Trust", tier="trust")
site = Organisation.objects.create(slug="north", name="North", tier="site", parent=trust)
supplier = Organisation.objects.create(slug="supplier", name="Supplier", tier="supplier")
person = Person.objects.create(username="pat", full_name="Pat Test", organisation=trust)
product = Product.objects.create(slug="reader", name="Reader", supplier=supplier, kind="detection")
version = Version.objects.create(product=product, number="1.0", added_at=now)
IntendedUse.objects.create(version=version, rules={})
deployment = Deployment.objects.create(slug="reader", version=version, site=site, use="test", problem="test",
    pathway="national-2026.1", stage_since=now, eligibility={}, proposed_by=person, proposed_at=now)
Peer.objects.create(aet="SCANNER", name="Scanner", kind="source", site=site)
Peer.objects.create(aet="SCANNER2", name="Scanner 2", kind="source", site=site)
"""


@cache
def _template() -> str:
    """A migrated and set-up SQLite file that every house of this session is copied from."""
    folder = tempfile.mkdtemp(prefix="alarp-template-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return f"{folder}/alarp.sqlite3"


def database_on(server: str) -> str:
    """The address of a fresh database on this PostgreSQL server."""
    name = f"house_{time.monotonic_ns()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.rsplit("/", 1)[0] + f"/{name}"


class House:
    """Everything a test of the gateway needs; `close` ends all of it."""

    def __init__(self, folder: Path, *, database_url: str = "", **settings: Any) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.running: list[subprocess.Popen[str]] = []
        values = {
            "data": self.data,
            "gateway_port": self.port,
            "quiet_s": 0.3,
            "poll_s": 0.05,
            "retry_first_s": 0.1,
            "retry_most_s": 0.5,
            "peer_timeout_s": 5,
            "lease_s": 3,
            "least_free_mb": 1,
        } | settings
        if database_url:
            values["database_url"] = database_url
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("ALARP_", "DJANGO_SETTINGS"))}
        self.env = clean | {f"ALARP_{name.upper()}": str(value) for name, value in values.items()}
        self.env["PYTHONPATH"] = f"{SOURCES}{os.pathsep}{HERE}"
        self.routes: dict[str, list[str]] = {}
        self.route("reader", "live")
        made = "" if database_url else _template()
        if made and Path(made).exists():
            shutil.copy(made, self.data / "alarp.sqlite3")
            self._probe = self.start("probe", "ready", stdin=True)
            return
        self._probe = self.start("probe", stdin=True)
        self.ask(SET_UP)
        if made:
            self.ask(f"with connection.cursor() as c:\n    c.execute('VACUUM INTO %s', [{made!r}])")

    def start(
        self, program: str, *arguments: str, stdin: bool = False, wait: bool = True
    ) -> subprocess.Popen[str]:
        """Start one program and wait until it says that it is ready."""
        script = HERE / (
            "programs.py"
            if program in ("listener", "worker", "dicomweb", "probe", "nursery")
            else f"{program}.py"
        )
        command = [
            sys.executable,
            str(script),
            *([program] if script.name == "programs.py" else []),
            *arguments,
        ]
        log = (self.folder / f"{program}.log").open("a")
        process = subprocess.Popen(
            command,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=log,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            text=True,
        )
        log.close()
        self.running.append(process)
        if wait:
            self.ready(process, program)
        return process

    def ready(self, process: subprocess.Popen[str], program: str) -> dict[str, Any]:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            said = (self.folder / f"{program}.log").read_text()[-3000:]
            raise AssertionError(f"{program} did not start: {said}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, source: str) -> Any:
        """Run Python beside the database; an expression's value, or what was put into `answer`, comes back.

        What a listener has taken in by now is in the ledger first.
        """
        self._written_down()
        assert self._probe.stdin is not None and self._probe.stdout is not None
        self._probe.stdin.write(json.dumps(source) + "\n")
        self._probe.stdin.flush()
        reply = json.loads(self._probe.stdout.readline())
        if "error" in reply:
            raise AssertionError(reply["error"])
        return reply["answer"]

    def _written_down(self) -> None:
        spool, end = self.data / "objects" / "spool", time.monotonic() + 20
        while self._listens() and time.monotonic() < end:
            if not spool.exists() or all(file.suffix in (".aside", ".written") for file in spool.iterdir()):
                return
            time.sleep(0.005)

    def _listens(self) -> bool:
        return any("listener" in process.args and process.poll() is None for process in self.running)

    def route(self, slug: str, state: str, reason: str = "test") -> None:
        self.routes[slug] = [state, reason]
        fresh = self.data / "routes.new"
        fresh.write_text(json.dumps(self.routes))
        fresh.rename(self.data / "routes.json")

    def peer(self, aet: str, kind: str, port: int) -> None:
        owner = "Deployment.objects.get(slug='reader')" if kind == "tool" else "None"
        self.ask(
            f"p = Peer.objects.create(aet={aet!r}, name={aet!r}, kind={kind!r}, host='127.0.0.1', port={port}, "
            f"deployment={owner}, site=Organisation.objects.get(slug='north'))"
        )

    def run_with_a_silent_tool(self, folder: Path) -> None:
        """Listener, worker, and the tool READER, which keeps what it is sent in this folder and never answers."""
        tool = free_port()
        self.peer("READER", "tool", tool)
        for program in ("listener", "worker"):
            self.start(program)
        self.start("faketool", str(tool), str(self.port), "READER", str(folder), "9999")

    def token(self, aet: str) -> str:
        """A fresh token with which this peer uses the services over HTTP."""
        return str(
            self.ask(
                "from alarp.records import permissions\n"
                "from alarp.records.ledger import peers\n"
                "checked, permissions.check = permissions.check, lambda *a: None\n"
                f"answer = peers.issue_token(Peer.objects.get(aet={aet!r}), by=Person.objects.get(username='pat'))\n"
                "permissions.check = checked"
            )
        )

    def until(self, source: str, expected: Any = True, *, seconds: float = 20) -> Any:
        """Wait until the question has this answer."""
        end, answer = time.monotonic() + seconds, None
        while time.monotonic() < end:
            answer = self.ask(source)
            if answer == expected:
                return answer
            time.sleep(0.05)
        raise AssertionError(f"{source} is {answer!r} after {seconds} s, not {expected!r}\n{self.where()}")

    def where(self) -> str:
        """Where does everything stand? For the message of a failed test."""
        rows = {
            "dispatches": "list(Dispatch.objects.values_list('pk','state','phase','reason'))",
            "work": "list(Work.objects.exclude(state='done').values_list('kind','key','state','attempts','trouble'))",
            "quarantine": "list(Quarantine.objects.values_list('instance_id','reason','disagreements'))",
        }
        text = "\n".join(f"{name}: {self.ask(source)}" for name, source in rows.items())
        logs = [self.folder / f"{name}.log" for name in ("worker", "listener", "faketool", "fakepacs")]
        return text + "".join(f"\n--{log.name}\n{log.read_text()[-1500:]}" for log in logs if log.exists())

    def storescu(
        self, files: Iterable[Path], *options: str, calling: str = "SCANNER", called: str = "ALARP"
    ) -> subprocess.CompletedProcess[str]:
        """Send with dcmtk, as a scanner would."""
        command = ["storescu", "-aet", calling, "-aec", called, *options, "127.0.0.1", str(self.port)]
        return subprocess.run(
            [*command, *map(str, files)], capture_output=True, text=True, timeout=120, check=False
        )

    def balance(self) -> dict[str, Any]:
        """Today's reconciliation."""
        return self.ask(
            "import dataclasses, datetime\n"
            "from django.utils import timezone\n"
            "from alarp.records.ledger.queries import reconcile\n"
            "r = reconcile(timezone.localdate())\n"
            "answer = dataclasses.asdict(r) \n"
        )

    def end(self, process: subprocess.Popen[str], how: int = signal.SIGTERM) -> None:
        if process.poll() is None:
            process.send_signal(how)
            process.wait(timeout=30)
        if process in self.running:
            self.running.remove(process)

    def close(self) -> None:
        for process in list(self.running):
            self.end(process, signal.SIGKILL)


def wait_for(what: Callable[[], bool], *, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return
        time.sleep(0.05)
    raise AssertionError(f"not true after {seconds} s")
