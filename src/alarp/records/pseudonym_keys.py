"""Under which secret does a deployment's tool know our patients? One file a key, versions side by side, never changed.

The newest version names what is sent from now on. The older ones stay: without its key nobody can give a result its
patient back. The files lie in the data folder, readable by their owner alone, and belong into the backup.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from pathlib import Path

from django.db import transaction

from alarp.identity import Pseudonyms
from alarp.kernel import BadInput, BrokenEvidence
from alarp.records import permissions
from alarp.records.audit.commands import record
from alarp.records.configuration import configuration
from alarp.records.deployments.models import Deployment
from alarp.records.people.models import Person

KEY_BYTES = 32
_FILE = re.compile(r"deidentify-(?P<deployment>.+)-v(?P<version>[1-9][0-9]*)\.key")


def path_of(deployment: str, version: int) -> Path:
    """Where does this key lie (whether or not it is there)? `deployment` is the short name."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", deployment, re.IGNORECASE):
        raise BadInput(f"The deployment's short name {deployment!r} cannot name a key file.")
    return configuration().keys / f"deidentify-{deployment}-v{version}.key"


def versions(deployment: str) -> list[int]:
    """Which versions of this deployment's key are there? In rising order."""
    found = (_FILE.fullmatch(file.name) for file in _files())
    return sorted(int(match["version"]) for match in found if match and match["deployment"] == deployment)


def current(deployment: str) -> int:
    """Under which version does a new dispatch leave?"""
    return max(versions(deployment), default=1)


def load(deployment: str, version: int) -> Pseudonyms:
    """The pseudonyms under this version of the key. The first version is made when it is first asked for.

    Raises BadInput for a key that is missing, that others can read, or that is weak.
    """
    file = path_of(deployment, version)
    if version == 1 and not versions(deployment):
        with contextlib.suppress(FileExistsError):  # whoever comes first wins; nobody overwrites
            _make(file)
    return _read(file, version)


def check_all() -> None:
    """Raises BadInput, naming the file, unless every key is there for its owner alone and cannot be guessed."""
    for file in _files():
        match = _FILE.fullmatch(file.name)
        if match:
            _read(file, int(match["version"]))


def rotate(deployment: Deployment, *, by: Person) -> int:
    """Have this deployment's tool know our patients under new names from now on; answers the key's version.

    What was sent before keeps its names, and so do later images of a study that was: see the gateway's keys.
    """
    permissions.check(by, "rotate_key", deployment)
    with transaction.atomic():
        Deployment.objects.select_for_update().get(pk=deployment.pk)
        load(deployment.slug, current(deployment.slug))  # a broken key is repaired, not passed over
        version = current(deployment.slug) + 1
        record(by, "key rotated", f"pseudonyms of {deployment.slug}", stream=deployment.slug, version=version)
        try:
            _make(path_of(deployment.slug, version))
        except FileExistsError:
            raise BadInput(
                "Somebody else is rotating this key at this moment; look at its version."
            ) from None
    return version


def _files() -> list[Path]:
    folder = configuration().keys
    return sorted(folder.glob("deidentify-*.key")) if folder.is_dir() else []


def _make(file: Path) -> None:
    """A new key of random bytes, durable before it has its name. Raises FileExistsError when there is one."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = file.with_suffix(f".{os.getpid()}-{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        handle.write(secrets.token_bytes(KEY_BYTES))
        handle.flush()
        os.fsync(handle.fileno())
    try:
        os.link(fresh, file)
    finally:
        fresh.unlink()
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(file: Path, version: int) -> Pseudonyms:
    try:
        key = file.read_bytes()
        mode = file.stat().st_mode
    except FileNotFoundError:
        raise BrokenEvidence(
            f"The key file {file.name} is missing; restore it from the backup, or results cannot find their patient."
        ) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadInput(
            f"Others can read the key file {file.name}; run chmod 600 on it, then think of rotating it."
        )
    if len(key) != KEY_BYTES:
        raise BadInput(
            f"The key file {file.name} has {len(key)} bytes instead of {KEY_BYTES}; restore it from the backup."
        )
    try:
        return Pseudonyms(key=key, key_version=version)
    except BadInput as error:
        raise BadInput(f"The key file {file.name} is not safe to use. {error}") from None
