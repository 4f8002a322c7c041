"""A PostgreSQL whose power fails: its processes die at once, and its folder is what it had synced (power.py).

Its own folder under the library that forgets, with `fsync` on, WAL segments of one megabyte and a checkpoint every few
of them, so that cuts also fall into checkpoints.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

from actors import PATIENCE_S
from house import wait_for
from power import Disk

from throwaway_postgres import ThrowawayPostgres, binaries


class Cluster:
    """A cluster that runs on a disk that keeps only what was synced."""

    def __init__(self, server: ThrowawayPostgres, library: Path, *, fsync: bool = True) -> None:
        self._server, self._fsync = server, "on" if fsync else "off"
        account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        self._as = ["runuser", "-u", "postgres", "--"] if account else []
        self._run("pg_ctl", "-m", "fast", "-w", "stop")
        self._run("pg_resetwal", "--wal-segsize=1")
        owner = (account.pw_uid, account.pw_gid) if account else None
        self.disk = Disk(server.cluster, server.folder / "platter", owner=owner)
        preloaded = shutil.copy(library, server.folder / "power.so")  # where its account may read it
        self._environment = os.environ | self.disk.environment(Path(preloaded), names_with_files=True)
        self.start()

    def start(self) -> None:
        """Raises when it does not come up: then what was synced is no cluster."""
        folder, port = self._server.folder, self._server.port
        options = (
            f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} "
            f"-c fsync={self._fsync} -c synchronous_commit=on -c max_wal_size=4MB -c min_wal_size=2MB -c checkpoint_timeout=30s"
        )
        self._run("pg_ctl", "-l", str(folder / "log"), "-w", "-t", "120", "-o", options, "start", under=True)

    def dies(self) -> None:
        """Every process of it, before one of them can write down that another has died."""
        first = int((self._server.cluster / "postmaster.pid").read_text().split()[0])
        os.kill(first, signal.SIGSTOP)  # it begins no others meanwhile
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        everybody = [*map(int, children), first]
        for pid in everybody:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        # Gone, not only dead: the next server would take what nobody has collected yet for another that runs.
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in everybody), seconds=PATIENCE_S)

    def _run(self, program: str, *words: str, under: bool = False) -> None:
        with (self._server.folder / "set-up.log").open("a+") as out:
            done = subprocess.run(
                [*self._as, str(binaries() / program), "-D", str(self._server.cluster), *words],
                cwd="/", stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=180, check=False,
                env=self._environment if under else None,
            )  # fmt: skip
        if done.returncode:
            said = [(self._server.folder / name).read_text()[-3000:] for name in ("set-up.log", "log")]
            raise AssertionError("\n".join((f"{program} {words[-1]}: {done.returncode}", *said)))
