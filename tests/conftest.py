"""What every test may ask for: the shared data, a throw-away PostgreSQL, Django on a throw-away folder."""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from throwaway_postgres import PostgresMissing, ThrowawayPostgres

ROOT = Path(__file__).resolve().parent.parent

hypothesis_settings.register_profile("house", deadline=None)  # a busy machine is not a failing test
hypothesis_settings.load_profile("house")


def _keep_compiled_modules() -> None:
    """Every process of the run reads what the first one compiled, also where the machine forbids `__pycache__`.

    Many container images set PYTHONDONTWRITEBYTECODE: each of the hundreds of processes that tests start would
    compile numpy, scipy and Django anew, ten of its twelve seconds. The folder lies in build/, beside no source.
    """
    folder = str(ROOT / "build" / "bytecode")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = folder
    sys.dont_write_bytecode = False


_keep_compiled_modules()


def _point_django_at_a_temporary_folder() -> None:
    """No test reads or writes an installation: Django's settings are loaded on an empty folder.

    The tests of the kernel and the core run without this, and before the upper floors are built.
    """
    for module in ("alarp.web.settings", "alarp.records.settings"):
        if importlib.util.find_spec(module) is not None:
            break
    else:
        return
    folder = tempfile.mkdtemp(prefix="alarp-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["ALARP_DATA"] = folder
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", module)
    os.environ.setdefault(
        "DJANGO_ALLOW_ASYNC_UNSAFE", "true"
    )  # Playwright's event loop shares the test's thread

    from django.conf import settings

    assert settings.INSTALLED_APPS  # loads them now: pytest-django starts Django only when they are loaded
    from alarp.records.configuration import configuration

    assert configuration().data == Path(folder), "somebody read the settings before this run had its folder"


_point_django_at_a_temporary_folder()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Each worker makes a folder of its own.

    A worker that inherits the name of the settings has Django read them before this file is: then all workers
    write into the folder of the process that started them, and one test takes away the keys of another.
    """
    for name in ("ALARP_DATA", "DJANGO_SETTINGS_MODULE"):
        os.environ.pop(name, None)


def shared_folder() -> Path:
    return Path(os.environ.get("ALARP_SHARED", ROOT.parent / "shared")).resolve()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("shared") is not None and not shared_folder().is_dir():
        pytest.skip(f"the shared data folder {shared_folder()} is missing (set ALARP_SHARED)")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with `data/`, `requirements.md` and so on; a test that asks is skipped by name without it."""
    folder = shared_folder()
    if not folder.is_dir():
        pytest.skip(f"the shared data folder {folder} is missing (set ALARP_SHARED)")
    return folder


@contextlib.contextmanager
def _a_cluster() -> Iterator[ThrowawayPostgres]:
    """A PostgreSQL of our own, gone afterwards. Where CI is set its absence is a failure, elsewhere a skip."""
    try:
        made = ThrowawayPostgres.start()
    except PostgresMissing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The server that all tests share."""
    with _a_cluster() as made:
        yield made.url


@pytest.fixture
def cluster() -> Iterator[ThrowawayPostgres]:
    """A server of this test's own, to be restarted."""
    with _a_cluster() as made:
        yield made
