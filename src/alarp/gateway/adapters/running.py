"""`python -m alarp.gateway.adapters.running FOLDER`: run one tool's program on one study, and write down how it ended.

A process of its own, so that a program that takes an hour holds up no worker and outlives one that is started again. It
gets no shell, no standard input, none of Alarp's environment (so none of its settings and keys), and its own process
group, which is ended whole at the time limit. What it prints is kept up to a megabyte.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any

from alarp.gateway.adapters.folders import OUTPUT, held, slots_of

MOST_SAID = 2**20
LOOK_S = 0.1
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def main() -> int:
    folder = Path(sys.argv[1])
    with ExitStack() as locks:
        try:
            locks.enter_context(held(folder / "lock"))
        except (BlockingIOError, FileNotFoundError):
            return 0  # somebody else runs it, or it was taken away
        if (folder / "outcome.json").exists():
            return 0
        job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
        if not _turn(locks, folder, int(job["at_once"])):
            return 0
        outcome = _run(folder, job)
        fresh = folder / "outcome.part"
        with fresh.open("w", encoding="ascii") as handle:
            json.dump(outcome, handle)
            handle.flush()
            os.fsync(handle.fileno())
        fresh.replace(folder / "outcome.json")
    return 0


def _turn(locks: ExitStack, folder: Path, at_once: int) -> bool:
    for slot in slots_of(folder.parent, at_once):
        with suppress(BlockingIOError):
            locks.enter_context(held(slot))
            return True
    return False


def _run(folder: Path, job: dict[str, Any]) -> dict[str, Any]:
    _end_container(job)  # one of the same name that an earlier run left behind
    output = str(job["output"])
    for left in (*folder.glob(f"{OUTPUT}*"), folder / "tmp"):
        shutil.rmtree(left, ignore_errors=True)
    for name in (output, "tmp"):
        (folder / name).mkdir(mode=0o700)
    (folder / "stop").unlink(missing_ok=True)
    begun = time.monotonic()
    try:
        process = subprocess.Popen(
            job["run"],
            cwd=folder / output,
            env={"PATH": PATH, "LANG": "C.UTF-8", "HOME": str(folder / "tmp"), "TMPDIR": str(folder / "tmp")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,
        )
    except OSError as error:
        (folder / "said").write_text(f"{type(error).__name__}\n", encoding="ascii")
        return {"ended": "not started", "code": 0, "seconds": 0.0, "output": output}
    assert process.stdout is not None
    listening = threading.Thread(target=_listen, args=(process.stdout, folder / "said"), daemon=True)
    listening.start()
    ended = _wait(process, folder, begun + float(job["time_limit_s"]))
    with suppress(ProcessLookupError):  # what it started and left behind ends with it
        os.killpg(process.pid, signal.SIGKILL)
    if ended != "exited":
        _end_container(job)
    process.wait()
    listening.join(timeout=1)
    shutil.rmtree(folder / "tmp", ignore_errors=True)
    seconds = round(time.monotonic() - begun, 3)
    return {"ended": ended, "code": process.returncode, "seconds": seconds, "output": output}


def _wait(process: subprocess.Popen[bytes], folder: Path, until: float) -> str:
    while True:
        try:
            process.wait(timeout=LOOK_S)
            return "exited"
        except subprocess.TimeoutExpired:
            if time.monotonic() >= until:
                return "time limit"
            if (folder / "stop").exists():
                return "stopped"


def _listen(said: IO[bytes], file: Path) -> None:
    """Keep what it prints up to a limit, and read on, so that nothing waits for a full pipe."""
    left = MOST_SAID
    with file.open("wb") as out:
        while data := os.read(said.fileno(), 65536):
            out.write(data[:left])
            left = max(0, left - len(data))


def _end_container(job: dict[str, Any]) -> None:
    if job["end"]:
        subprocess.run(
            job["end"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )


if __name__ == "__main__":
    sys.exit(main())
