"""De-identify CT images, file to file: beside a plain copy, and beside the packages that do the same work (or part of it).

The peers leave more behind than ours does, each something else (docs/explanation/de-identification.md); none of them
scans what it wrote by other code, so ours is measured without that scan and, in rows of their own, with it.
Processor time counts this process and its children, and is what a crowded machine disturbs least.
"""

from __future__ import annotations

import secrets
import shutil
import statistics
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import numpy as np
import pydicom
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from alarp.identity import Pseudonyms, Range, deidentify, identifiers_of, scan
from alarp.records import copies
from alarp.standards.deidentification import load_coded_words, load_profile
from bench.measuring import Row, faster, not_measured, used_s

IMAGES, MANY, ROUNDS, SIDE_PX = 20, 60, 7, 512

Work = Callable[[Path], object]
"""De-identifies every image of the bench into this folder."""


def make_images(folder: Path, count: int = IMAGES) -> list[Path]:
    """A CT series of 512 x 512 pixels, grown from the small CT that pydicom carries for tests."""
    image = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    times = SIDE_PX // image.Rows
    image.PixelData = (
        np.kron(image.pixel_array, np.ones((times, times), dtype=np.int16)).astype("<i2").tobytes()
    )
    image.Rows = image.Columns = SIDE_PX
    paths = []
    for number in range(count):
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        paths.append(folder / f"image-{number:02}.dcm")
        image.save_as(paths[-1])
    return paths


def ours(paths: list[Path], *, scanned: bool) -> Work:
    """As `alarp deid` does it: one copy is written while the next header is treated, (read back, scanned) and named."""
    profile, pseudonyms = load_profile(), Pseudonyms(secrets.token_bytes(32), 1)

    def written(path: Path, target: Path, segments: tuple[bytes | Range, ...]) -> Path:
        with copies.opened(path) as source:
            return copies.write_beside(target, source, segments)

    def named(path: Path, target: Path, temporary: Path) -> None:
        if scanned:
            known = identifiers_of(path.read_bytes())
            assert not scan(temporary.read_bytes(), known, coded_words=load_coded_words())
        copies.settle(temporary, target)

    def work(out: Path) -> None:
        under_way: deque[tuple[Path, Path, Future[Path]]] = deque()
        with ThreadPoolExecutor(1) as behind:
            for path in paths:
                with copies.opened(path) as source:
                    cleaned = deidentify(source, profile=profile, pseudonyms=pseudonyms)
                target = out / path.name
                under_way.append((path, target, behind.submit(written, path, target, cleaned.segments)))
                if len(under_way) > 1:
                    path, target, temporary = under_way.popleft()
                    named(path, target, temporary.result())
            for path, target, temporary in under_way:
                named(path, target, temporary.result())

    return work


def copied(paths: list[Path]) -> Work:
    """The floor: the same bytes, copied by the kernel, no work at all."""
    command = ["cp", "--reflink=never", *map(str, paths)]
    return lambda out: subprocess.run([*command, str(out)], check=True)


def by_dcmanon(paths: list[Path]) -> Work:
    anonymizer = import_module("dcmanon").Anonymizer()

    def work(out: Path) -> None:
        for path in paths:
            (out / path.name).write_bytes(anonymizer.anonymize(str(path)))

    return work


def by_dicognito(paths: list[Path]) -> Work:
    anonymizer = import_module("dicognito.anonymizer").Anonymizer()

    def work(out: Path) -> None:
        for path in paths:
            image = pydicom.dcmread(path)
            anonymizer.anonymize(image)
            image.save_as(out / path.name)

    return work


def by_dicom_anonymizer(paths: list[Path]) -> Work:
    anonymize = import_module("dicomanonymizer.simpledicomanonymizer").anonymize_dicom_file

    def work(out: Path) -> None:
        for path in paths:
            anonymize(str(path), str(out / path.name))

    return work


PEERS: tuple[tuple[str, Callable[[list[Path]], Work]], ...] = (
    ("cp (the floor: no work at all)", copied),
    ("dcmanon 0.3.1 (Rust)", by_dcmanon),
    ("dicognito 0.19.0", by_dicognito),
    ("dicom-anonymizer 2.1.0", by_dicom_anonymizer),
)


def run() -> Iterator[Row]:
    work = f"de-identify a CT image ({SIDE_PX} x {SIDE_PX}), file to file, one of {MANY}"
    with tempfile.TemporaryDirectory(prefix="alarp-bench-") as name:
        folder = Path(name)
        (source := folder / "source").mkdir()
        paths = make_images(source, MANY)
        contenders = {"ours": ours(paths, scanned=False), "scanned": ours(paths, scanned=True)}
        for peer, make in PEERS:
            try:
                contenders[peer] = make(paths)
            except ImportError:
                yield not_measured(work, peer, "run `make bench` once to install it")
        measured = _measured(contenders, folder / "out")
    for kind, position in (("", 0), (", processor time", 1)):
        for peer in contenders.keys() - {"ours", "scanned"}:
            theirs = measured[peer][position]
            yield faster(work + kind, peer, measured["ours"][position], theirs, each=MANY)
            yield faster(
                work + kind,
                f"{peer}; ours with its second scan",
                measured["scanned"][position],
                theirs,
                each=MANY,
            )


def _measured(contenders: dict[str, Work], out: Path) -> dict[str, tuple[float, float]]:
    """Wall and processor time of each in seconds: in turn, the middle value, into an empty folder each time."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for number in range(ROUNDS + 1):
        for name, work in contenders.items():
            out.mkdir()
            began, wall = used_s(), time.perf_counter()
            work(out)
            wall, used = time.perf_counter() - wall, used_s() - began
            shutil.rmtree(out)
            if number:  # the first round warms up
                taken[name].append((wall, used))
    return {
        name: (statistics.median(wall for wall, _ in times), statistics.median(cpu for _, cpu in times))
        for name, times in taken.items()
    }
