"""De-identify one CT image, file to file: beside a plain copy, and beside dcmtk's editor doing much less."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

from alarp.identity import Pseudonyms, deidentify
from alarp.standards.deidentification import load_profile
from bench.measuring import Row, faster, medians, not_measured

IMAGES, ROUNDS, SIDE_PX = 20, 7, 512
ERASED = ("PatientID", "PatientBirthDate", "AccessionNumber", "InstitutionName", "ReferringPhysicianName")


def make_images(folder: Path) -> list[Path]:
    """A CT series of 512 x 512 pixels, grown from the small CT that pydicom carries for tests."""
    image = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    times = SIDE_PX // image.Rows
    image.PixelData = (
        np.kron(image.pixel_array, np.ones((times, times), dtype=np.int16)).astype("<i2").tobytes()
    )
    image.Rows = image.Columns = SIDE_PX
    paths = []
    for number in range(IMAGES):
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        paths.append(folder / f"image-{number:02}.dcm")
        image.save_as(paths[-1])
    return paths


def run() -> Iterator[Row]:
    profile, pseudonyms = load_profile(), Pseudonyms(secrets.token_bytes(32), 1)
    with tempfile.TemporaryDirectory(prefix="alarp-bench-") as name:
        folder = Path(name)
        (source := folder / "source").mkdir()
        (out := folder / "out").mkdir()
        paths = make_images(source)

        def ours() -> None:
            for path in paths:
                clean = deidentify(path.read_bytes(), profile=profile, pseudonyms=pseudonyms)
                (out / path.name).write_bytes(clean.part10)

        def copied() -> None:
            subprocess.run(["cp", *map(str, paths), str(out)], check=True)

        def edited() -> None:
            copied()
            tags = [part for tag in ERASED for part in ("-ea", tag)]
            command = [
                "dcmodify",
                "-nb",
                "-ie",
                "-imt",
                *tags,
                "-ep",
                *(str(out / path.name) for path in paths),
            ]
            subprocess.run(command, check=True, capture_output=True)

        work = f"de-identify a CT image ({SIDE_PX} x {SIDE_PX}), file to file, one of {IMAGES}"
        floor, editor = (
            "cp (the floor: no work at all)",
            f"cp + dcmodify, {len(ERASED)} tags and private ones only",
        )
        if shutil.which("dcmodify"):
            ours_s, copy_s, edit_s = medians([ours, copied, edited], rounds=ROUNDS)
            yield faster(work, floor, ours_s, copy_s, each=IMAGES)
            yield faster(work, editor, ours_s, edit_s, each=IMAGES)
        else:
            ours_s, copy_s = medians([ours, copied], rounds=ROUNDS)
            yield faster(work, floor, ours_s, copy_s, each=IMAGES)
            yield not_measured(work, editor, "dcmtk is not installed")
