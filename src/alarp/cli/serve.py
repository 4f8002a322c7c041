"""`alarp serve`: web, gateway and worker as supervised processes, with nothing else to install."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

import typer

from alarp.cli import answers
from alarp.cli.setup import migrate

ROOMS = {"web": "alarp.web", "gateway": "alarp.gateway", "worker": "alarp.gateway.worker"}
STOP_WITHIN_S = 15.0
QUICK_DEATH_S = 5.0
LONGEST_WAIT_S = 30.0


@dataclass
class Supervised:
    """One process that is started again when it dies, sooner when it had lived for a while."""

    name: str
    module: str
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    wait_s: float = 0.5
    start_at: float = field(default=0.0)

    def tend(self, now: float) -> None:
        """Start it when it should run and does not."""
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return
            lived_s = now - self.started_at
            self.wait_s = 0.5 if lived_s > QUICK_DEATH_S else min(self.wait_s * 2, LONGEST_WAIT_S)
            self.start_at = now + self.wait_s
            self.process = None
            answers.complain(
                f"{self.name} stopped with code {code} after {lived_s:.0f} s; starting it again in {self.wait_s:.1f} s."
            )
        if now >= self.start_at:
            self.process = subprocess.Popen([sys.executable, "-m", self.module])
            self.started_at = now

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def make_stop(self, deadline: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def serve(
    workers: int = typer.Option(1, min=1, help="How many workers to run (more than one needs PostgreSQL)."),
) -> None:
    """Run the whole of Alarp on this machine: web, gateway and worker, started again when they die."""
    from alarp.records.configuration import configuration

    settings = configuration()
    if workers > 1 and settings.database.startswith("sqlite"):
        answers.complain("Several workers need PostgreSQL: set ALARP_DATABASE_URL, or run with --workers 1.")
        raise typer.Exit(2)
    migrate()
    family = [Supervised(name, module) for name, module in ROOMS.items() if name != "worker"]
    if settings.hl7_port:
        family.append(Supervised("messages", "alarp.gateway.messages"))
    if settings.dicomweb_port:
        family.append(Supervised("dicomweb", "alarp.gateway.dicomweb"))
    if settings.fhir_port:
        family.append(Supervised("fhir", "alarp.gateway.fhir"))
    family += [Supervised(f"worker {n + 1}", ROOMS["worker"]) for n in range(workers)]
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    typer.echo(f"Alarp is on http://{settings.web_host}:{settings.web_port}/ ; stop it with Ctrl-C.")
    while not stopping:
        now = time.monotonic()
        for one in family:
            one.tend(now)
        time.sleep(0.2)
    for one in family:
        one.ask_to_stop()
    deadline = time.monotonic() + STOP_WITHIN_S
    for one in family:
        one.make_stop(deadline)
