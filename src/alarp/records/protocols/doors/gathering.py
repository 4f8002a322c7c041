"""How do cases with their truth come in? As uploaded files, or as a folder that lies on the server already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from django.db import transaction

from alarp.kernel import BadInput, digest, sha256_hex
from alarp.records import objects, permissions
from alarp.records.configuration import configuration
from alarp.records.deployments.doors.moving import locked, moment
from alarp.records.deployments.models import Deployment
from alarp.records.people.models import Person
from alarp.records.protocols.doors.witnessing import told
from alarp.records.protocols.models import TestFile, TestSet
from alarp.records.protocols.queries import next_number

MOST_BYTES = 50 * 2**20  # of one uploaded table
MOST_FILES = 200_000  # in a server folder
_ENDING = ".csv"


def add_uploaded(deployment: Deployment, title: str, files: Mapping[str, bytes], *, by: Person) -> TestSet:
    """Keep these CSV files as one test set, each under its own digest. Nothing of them is read here."""
    permissions.check(by, "prepare_evaluation", deployment)
    if not files:
        raise BadInput("Choose at least one CSV file.")
    for name, content in files.items():
        _check_file(name, content)
    kept = [
        TestFile(name=name, sha256=objects.put(c), size_bytes=len(c)) for name, c in sorted(files.items())
    ]
    return _keep(deployment, title, "", kept, by)


def _check_file(name: str, content: bytes) -> None:
    if "/" in name or "\\" in name or name.startswith(".") or not name.lower().endswith(_ENDING):
        raise BadInput(
            f"'{name}' is not a CSV file; cases that are scans are given as a folder on the server."
        )
    if len(content) > MOST_BYTES:
        raise BadInput(
            f"'{name}' is larger than {MOST_BYTES // 2**20} MB; put it into a folder on the server."
        )
    if not content.strip():
        raise BadInput(f"'{name}' is empty; choose the file again.")


def add_folder(deployment: Deployment, title: str, folder: str, *, by: Person) -> TestSet:
    """Take a folder below the evaluation folder as a test set: its tables are kept, its scans known by name and size.

    Scans stay where they are; every run records the digest of each one that it read.
    """
    permissions.check(by, "prepare_evaluation", deployment)
    place = folder_of(folder)
    kept = []
    for path in _files_in(place):
        name, size = path.relative_to(place).as_posix(), path.stat().st_size
        table = path.parent == place and name.lower().endswith(_ENDING)
        if table and size > MOST_BYTES * 20:
            raise BadInput(f"'{name}' is larger than {MOST_BYTES * 20 // 2**20} MB; split it.")
        sha256 = objects.put(path.read_bytes()) if table else ""
        kept.append(TestFile(name=name, sha256=sha256, size_bytes=size))
    if not any(f.sha256 for f in kept):
        raise BadInput(f"The folder '{folder}' holds no CSV file: the cases are listed in one.")
    return _keep(deployment, title, folder.strip().strip("/"), kept, by)


def folder_of(folder: str) -> Path:
    """Which folder on the server is this? Below the evaluation folder, never elsewhere."""
    top = configuration().evaluation_folder
    if not top:
        raise BadInput(
            "No evaluation folder is set up on this server; set ALARP_EVALUATION_FOLDER or upload the tables."
        )
    root = Path(top).expanduser().resolve()
    wanted = folder.strip().strip("/")
    place = (root / wanted).resolve()
    if not wanted or not place.is_relative_to(root) or not place.is_dir():
        raise BadInput(f"There is no folder '{wanted}' in the evaluation folder; name one that lies there.")
    return place


def _files_in(place: Path) -> Iterable[Path]:
    found = []
    for path in sorted(place.rglob("*")):
        if path.name.startswith("."):
            continue
        if not path.resolve().is_relative_to(place):
            raise BadInput(
                f"'{path.relative_to(place)}' leads out of its folder; copy the file itself there."
            )
        if path.is_file():
            found.append(path)
        if len(found) > MOST_FILES:
            raise BadInput(f"The folder holds more than {MOST_FILES:,} files; split the test set.")
    return found


def _keep(deployment: Deployment, title: str, folder: str, files: list[TestFile], by: Person) -> TestSet:
    if not title.strip() or len(title.strip()) > 200:
        raise BadInput("A test set needs a title of 1 to 200 characters.")
    seal = digest([[f.name, f.sha256, f.size_bytes] for f in files])
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        row = TestSet(
            deployment=deployment,
            number=next_number(TestSet, deployment),
            title=title.strip(),
            folder=folder,
            digest=seal,
            by=by,
            at=at,
        )
        row.save()
        for file in files:
            file.test_set = row
        TestFile.objects.bulk_create(files, batch_size=500)
        facts = {"test_set": row.number, "digest": row.digest, "files": len(files), "folder": row.folder}
        told(by, "test set added", row, at=at, **facts)
    return row


def unchanged(test_set: TestSet) -> None:
    """Does a server folder still hold what it held? BadInput names the first file that does not."""
    if not test_set.folder:
        return
    place = folder_of(test_set.folder)
    for file in test_set.files.all():
        path = place / file.name
        if not path.is_file() or path.stat().st_size != file.size_bytes:
            raise BadInput(
                f"'{file.name}' in the folder '{test_set.folder}' has changed since test set {test_set.number} was added; add the folder anew."
            )
        if file.sha256 and sha256_hex(path.read_bytes()) != file.sha256:
            raise BadInput(
                f"'{file.name}' in the folder '{test_set.folder}' has changed since test set {test_set.number} was added; add the folder anew."
            )
