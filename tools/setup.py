"""What does this machine still need before Alarp runs? Do exactly that, and say how long each step took.

Standard library only: it runs with the system's Python before anything is installed. Each step keeps the
digest of its inputs as a stamp in `.venv/stamps`; a step whose stamp is current is not done again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"
LOG = ROOT / "build" / "setup.log"
BUILT_ASSETS = ROOT / "src" / "alarp" / "web" / "static" / "built"

RUNTIME_PACKAGES = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-liberation")
TEST_PACKAGES = (
    *("chromium", "dcmtk", "orthanc", "orthanc-dicomweb", "postgresql", "poppler-utils"),
    *("podman", "runc", "busybox-static"),  # a tool in a container
)
TICK_S = 10


class StepFailed(Exception):
    """A step could not be done; the text says what to do."""


@dataclass(frozen=True)
class Step:
    """One thing to have: what it is called, whether it is already there, how to get it."""

    name: str
    is_current: Callable[[], bool]
    do: Callable[[], str | None]
    first_time: str = ""


def digest(inputs: Iterable[Path]) -> str:
    """Do these files still read as they did when the step was done?"""
    total = hashlib.sha256(sys.version.encode())
    for path in sorted(inputs):
        total.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def stamped(name: str, inputs: Callable[[], list[Path]], product: Path) -> Callable[[], bool]:
    stamp = STAMPS / name
    return lambda: product.exists() and stamp.exists() and stamp.read_text() == digest(inputs())


def write_stamp(name: str, inputs: list[Path]) -> None:
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / name).write_text(digest(inputs))


def run(command: Sequence[str | Path], *, env: dict[str, str] | None = None) -> None:
    """Run a command with its output in build/setup.log, with a sign of life every ten seconds."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with LOG.open("ab") as log:
        log.write(f"\n$ {' '.join(map(str, command))}\n".encode())
        log.flush()
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(env or {})},
        )
        while True:
            try:
                code = process.wait(timeout=TICK_S)
                break
            except subprocess.TimeoutExpired:
                print(f"      … still working, {time.monotonic() - began:.0f} s", flush=True)
    if code:
        tail = LOG.read_text(errors="replace").splitlines()[-15:]
        raise StepFailed(
            f"`{Path(command[0]).name}` ended with {code}. Its last lines:\n      " + "\n      ".join(tail)
        )


def missing_system_packages(wanted: Sequence[str]) -> list[str]:
    """Which of these Debian packages are not installed? Empty where there is no dpkg: then we cannot tell."""
    if not shutil.which("dpkg-query"):
        return []
    answer = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Abbrev}\n", *wanted],
        capture_output=True,
        text=True,
        check=False,
    )
    present = {line.split()[0] for line in answer.stdout.splitlines() if line.split()[1:2] == ["ii"]}
    return [name for name in wanted if name not in present]


def install_system_packages(names: Sequence[str]) -> None:
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-q"], env=quiet)
    run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *names], env=quiet)


def is_root() -> bool:
    return os.geteuid() == 0


def have_system_packages(wanted: Sequence[str]) -> str | None:
    missing = missing_system_packages(wanted)
    command = f"apt-get install -y --no-install-recommends {' '.join(missing)}"
    if not is_root() or not shutil.which("apt-get"):
        return f"NOT installed, only root can; go on without PDF and peers, or run: sudo {command}"
    try:
        install_system_packages(missing)
    except StepFailed as failure:  # Alarp runs without them: no PDF, and the tests that need a peer say so
        return f"NOT installed; going on without. {failure}\n      Later: {command}"
    return None


def make_venv() -> str | None:
    if subprocess.run(
        [sys.executable, "-c", "import ensurepip, venv"], capture_output=True, check=False
    ).returncode:
        package = f"python3.{sys.version_info.minor}-venv"
        if not is_root() or not shutil.which("apt-get"):
            raise StepFailed(
                f"Python's venv module is missing. Please run: sudo apt-get install -y {package}"
            )
        install_system_packages([package])
    run([sys.executable, "-m", "venv", "--clear", VENV])
    return None


def venv_is_current() -> bool:
    if not VENV_PYTHON.exists():
        return False
    probe = [VENV_PYTHON, "-c", "import sys; print(sys.version)"]
    answer = subprocess.run(probe, capture_output=True, text=True, check=False)
    return answer.returncode == 0 and answer.stdout.strip() == sys.version.strip()


BOOTSTRAP = [ROOT / "tools" / "bootstrap.lock"]
LOCK = [ROOT / "requirements.lock"]
PEER_LOCK = [ROOT / "bench" / "peers.lock"]
SITE_PACKAGES = VENV / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
PEERS = VENV / "peers"  # apart from the project's packages, which must never lean on them
PROJECT = [ROOT / "pyproject.toml"]


def asset_inputs() -> list[Path]:
    sources = [path for path in (ROOT / "assets").rglob("*") if path.is_file()]
    return [*sources, ROOT / "package.json", ROOT / "package-lock.json", ROOT / "tools" / "build_assets.py"]


def install_uv() -> str | None:
    run(
        [
            VENV_PYTHON,
            "-m",
            "pip",
            "install",
            "--require-hashes",
            "--only-binary",
            ":all:",
            "-r",
            BOOTSTRAP[0],
        ]
    )
    write_stamp("uv", BOOTSTRAP)
    return None


def install_locked_packages() -> str | None:
    """uv first, for its speed; pip where uv has no way to the index that pip is set up for."""
    wanted = ["install", "--require-hashes", "-r", LOCK[0]]
    try:
        run([VENV / "bin" / "uv", "pip", *wanted, "--python", VENV_PYTHON])
        note = None
    except StepFailed:
        run([VENV_PYTHON, "-m", "pip", *wanted])
        note = "by pip, because uv could not (build/setup.log says why)"
    write_stamp("packages", LOCK)
    return note


def install_peers() -> str | None:
    """The packages that the benches compare with; a bench without its peer says 'not measured'."""
    shutil.rmtree(PEERS, ignore_errors=True)
    wanted = ["install", "--require-hashes", "-r", PEER_LOCK[0], "--target", PEERS]
    note = None
    try:
        run([VENV / "bin" / "uv", "pip", *wanted, "--python", VENV_PYTHON])
    except StepFailed:
        try:
            run([VENV_PYTHON, "-m", "pip", *wanted])
        except StepFailed as failure:
            return f"NOT installed, their rows will say 'not measured'. {failure}"
        note = "by pip, because uv could not (build/setup.log says why)"
    write_stamp("peers", PEER_LOCK)
    return note


def source_files() -> list[Path]:
    return sorted((ROOT / "src" / "alarp").rglob("*.py"))


COMPILE: list[str | Path] = [VENV_PYTHON, "-m", "compileall", "-q", "-j", "0"]


def compile_packages() -> str | None:
    """Compile every module once, for all commands to come: uncompiled, each start of a command takes seconds longer.

    Neither uv nor an editable install compiles, and many container images forbid Python to do so as it runs.
    """
    with suppress(StepFailed):  # a package may hold a template that is no module; all others are compiled
        run([*COMPILE, "-x", r"/tests?/", SITE_PACKAGES])
    write_stamp("compiled-packages", LOCK)
    return None


def compile_ours() -> str | None:
    run([*COMPILE, ROOT / "src" / "alarp"])
    write_stamp("compiled-ours", source_files())
    return None


def install_project() -> str | None:
    run([VENV / "bin" / "uv", "pip", "install", "--offline", "--no-deps", "--no-build-isolation",
         "--python", VENV_PYTHON, "-e", ROOT])  # fmt: skip
    write_stamp("project", PROJECT)
    return None


def build_assets() -> str | None:
    run([VENV_PYTHON, ROOT / "tools" / "build_assets.py"])
    write_stamp("assets", asset_inputs())
    return None


def steps(purpose: str) -> list[Step]:
    wanted = RUNTIME_PACKAGES + (() if purpose == "runtime" else TEST_PACKAGES)
    peers = Step(
        "packages to compare with",
        stamped("peers", lambda: PEER_LOCK, PEERS),
        install_peers,
        "about a minute",
    )
    plan = [
        Step(
            "system packages",
            lambda: not missing_system_packages(wanted),
            lambda: have_system_packages(wanted),
            f"{len(missing_system_packages(wanted))} from Debian, a minute or two",
        ),
        Step("virtual environment", venv_is_current, make_venv),
        Step("installer (uv)", stamped("uv", lambda: BOOTSTRAP, VENV / "bin" / "uv"), install_uv),
        Step(
            "locked Python packages",
            stamped("packages", lambda: LOCK, SITE_PACKAGES / "django"),
            install_locked_packages,
            "about a minute",
        ),
        Step("Alarp itself", stamped("project", lambda: PROJECT, VENV / "bin" / "alarp"), install_project),
        Step(
            "compiled packages",
            stamped("compiled-packages", lambda: LOCK, SITE_PACKAGES / "django" / "__pycache__"),
            compile_packages,
            "a quarter of a minute",
        ),
        Step(
            "compiled modules of Alarp",
            stamped("compiled-ours", source_files, ROOT / "src" / "alarp" / "__pycache__"),
            compile_ours,
        ),
        Step(
            "style sheet and scripts",
            stamped("assets", asset_inputs, BUILT_ASSETS / "built.json"),
            build_assets,
            "half a minute",
        ),
    ]
    return [*plan, peers] if purpose == "bench" else plan


def main(arguments: Sequence[str]) -> int:
    purpose = arguments[0] if arguments else "runtime"
    if purpose not in ("runtime", "test", "bench"):
        print(f"'{purpose}' is not a purpose of set-up: say runtime, test or bench.", file=sys.stderr)
        return 2
    if sys.version_info[:2] < (3, 11):  # noqa: UP036, whoever runs this may have any Python
        print(
            f"Alarp needs Python 3.11; this is {sys.version.split()[0]}. Try PYTHON=/path make setup.",
            file=sys.stderr,
        )
        return 2
    began, plan = time.monotonic(), steps(purpose)
    for number, step in enumerate(plan, start=1):
        label = f"[{number}/{len(plan)}] {step.name}"
        if step.is_current():
            print(f"{label}: already there", flush=True)
            continue
        print(f"{label}: getting it" + (f" ({step.first_time})" if step.first_time else ""), flush=True)
        step_began = time.monotonic()
        try:
            note = step.do()
        except StepFailed as failure:
            print(
                f"{label}: FAILED after {time.monotonic() - step_began:.0f} s. {failure}",
                file=sys.stderr,
                flush=True,
            )
            return 1
        print(f"{label}: {note or 'done'}, {time.monotonic() - step_began:.0f} s", flush=True)
    print(f"Ready after {time.monotonic() - began:.0f} s.", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
