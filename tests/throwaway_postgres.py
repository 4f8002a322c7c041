"""A PostgreSQL cluster of Debian's own binaries, in a temporary folder on a free loopback port."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

DEBIAN_BINARIES = Path("/usr/lib/postgresql")


class PostgresMissing(Exception):
    """There is no PostgreSQL to start here; the text says what was looked for."""


def binaries() -> Path:
    """Where do the newest installed server's programs lie?"""
    found = [path for path in DEBIAN_BINARIES.glob("*/bin") if (path / "initdb").is_file()]
    if not found:
        raise PostgresMissing(
            f"PostgreSQL is not installed ({DEBIAN_BINARIES}/*/bin/initdb): apt-get install postgresql"
        )
    return max(found, key=lambda path: float(path.parent.name))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_its_user() -> list[str]:
    """PostgreSQL refuses to run as root: then Debian's own account for it is used."""
    if os.geteuid() != 0:
        return []
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        raise PostgresMissing("the account 'postgres' is missing: apt-get install postgresql") from None
    return ["runuser", "-u", "postgres", "--"]


@dataclass(frozen=True)
class ThrowawayPostgres:
    """One running cluster: its address, and how to end it."""

    folder: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"postgresql://alarp:{self.password}@127.0.0.1:{self.port}/postgres"

    @property
    def cluster(self) -> Path:
        return self.folder / "cluster"

    @classmethod
    def start(cls) -> ThrowawayPostgres:
        programs, prefix = binaries(), _as_its_user()
        made = cls(Path(tempfile.mkdtemp(prefix="alarp-postgres-")), free_port(), secrets.token_hex(16))
        try:
            made._start(programs, prefix)
        except BaseException:
            made.stop()
            raise
        return made

    def _start(self, programs: Path, prefix: list[str]) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password, encoding="ascii")
        if prefix:
            account = pwd.getpwnam("postgres")
            for path in (self.folder, secret):
                os.chown(path, account.pw_uid, account.pw_gid)
        self._run([*prefix, programs / "initdb", "-D", self.cluster, "-U", "alarp", "-A", "scram-sha-256",
                   f"--pwfile={secret}", "-E", "UTF8", "--locale=C", "--no-sync"])  # fmt: skip
        # fsync off: the tests end this server's processes, never the machine.
        options = (
            f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self.folder} "
            "-c fsync=off -c max_connections=100"
        )
        self._run([*prefix, programs / "pg_ctl", "-D", self.cluster, "-l", self.folder / "log", "-w", "-t", "60",
                   "-o", options, "start"])  # fmt: skip

    def restart(self, mode: str = "fast") -> None:
        """End the server in this way ("fast": connections are cut; "immediate": it falls over) and start it again."""
        command = [*_as_its_user(), binaries() / "pg_ctl", "-D", self.cluster, "-l", self.folder / "log",
                   "-m", mode, "-w", "-t", "120", "restart"]  # fmt: skip
        self._run(command)

    def _run(self, command: list[str | Path]) -> None:
        log = self.folder / "set-up.log"
        with log.open("ab") as out:  # a file, not a pipe: the server would inherit the pipe and hold it open
            done = subprocess.run(
                [str(part) for part in command],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                timeout=120,
                check=False,
            )
        if done.returncode:
            server = self.folder / "log"
            said = log.read_text(errors="replace") + (
                server.read_text(errors="replace") if server.exists() else ""
            )
            raise RuntimeError(f"PostgreSQL did not start ({done.returncode}): {said[-2000:]}")

    def stop(self) -> None:
        if (self.cluster / "postmaster.pid").exists():
            command = [
                *_as_its_user(),
                binaries() / "pg_ctl",
                "-D",
                self.cluster,
                "-m",
                "immediate",
                "-w",
                "stop",
            ]
            subprocess.run(
                [str(part) for part in command], cwd="/", capture_output=True, timeout=60, check=False
            )
        shutil.rmtree(self.folder, ignore_errors=True)
