"""Things that take long to make: made by whoever asks first in a run, and copied by everybody who asks after."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all workers of this run of pytest share; gone when pytest clears its old runs away."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def copy_of(original: Path, make: Callable[[Path], None], copy: Path) -> None:
    """Lay a copy of `original` at `copy`; `make` it first when nobody has, while the other workers wait.

    What a failed `make` left is cleared away, and the next who asks tries again.
    """
    with original.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        whole = original.with_suffix(".whole")
        if not whole.exists():
            shutil.rmtree(original, ignore_errors=True)
            original.mkdir(mode=0o700)
            make(original)
            whole.touch()
    shutil.copytree(original, copy, dirs_exist_ok=True)
