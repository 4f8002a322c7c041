"""Many contour cases by one process, by two, and by Dask's two: the same bytes, in how much less time?

The standing question is 500 cases of 20 organs. The run here is smaller, so that the bench ends; the environment
variable ALARP_BENCH_CASES asks for more. Starting the processes is counted, as a user waits for it too.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import nibabel
import numpy as np
import yaml

from alarp.cli.evaluating import Crew, evaluate_protocol
from bench.measuring import Row, faster, not_measured

CASES = int(os.environ.get("ALARP_BENCH_CASES", "60"))
ORGANS = 20
SHAPE = (224, 224, 60)
SPACING_MM = (1.5, 1.5, 3.0)
DIFFERENT_FILES = 4  # cases share files: the disk of the bench is not what is measured


def organs(shift: float) -> np.ndarray:
    """A label map of twenty ellipsoids on a grid of places, moved by `shift` voxels."""
    volume = np.zeros(SHAPE, dtype=np.uint8)
    axes = [np.arange(n, dtype=np.float32) for n in SHAPE]
    for number in range(ORGANS):
        column, row = number % 5, number // 5
        centre = (24 + 44 * column + shift, 30 + 54 * row, 20 + 4 * (number % 6))
        radii = (14 + number % 5, 17 + number % 7, 8 + number % 6)
        x, y, z = (((a - c) / r) ** 2 for a, c, r in zip(axes, centre, radii, strict=True))
        volume[x[:, None, None] + y[None, :, None] + z[None, None, :] <= 1] = number + 1
    return volume


def lay_out(folder: Path) -> Path:
    """The protocol beside its cases."""
    affine = np.diag([*SPACING_MM, 1.0])
    for number in range(DIFFERENT_FILES):
        nibabel.save(nibabel.Nifti1Image(organs(0), affine), folder / f"r{number}.nii.gz")
        nibabel.save(nibabel.Nifti1Image(organs(0.7 + 0.6 * number), affine), folder / f"o{number}.nii.gz")
    lines = [f"c{n},r{n % DIFFERENT_FILES}.nii.gz,o{n % DIFFERENT_FILES}.nii.gz" for n in range(CASES)]
    (folder / "cases.csv").write_text("case,reference,output\n" + "\n".join(lines) + "\n", "utf-8")
    protocol = {
        "title": "Twenty organs",
        "version": 1,
        "kind": "contouring",
        "cases": "cases.csv",
        "labels": {n + 1: f"organ {n + 1}" for n in range(ORGANS)},
        "tolerance_mm": 2,
        "reference_standard": "known by construction",
        "analysis": {"names": "as written", "worst_pictures": 0},
    }
    path = folder / "protocol.yaml"
    path.write_text(yaml.safe_dump(protocol), "utf-8")
    return path


def compared_in(path: Path, out: Path, crew: Crew) -> float:
    """How many seconds do all cases take, from the first to the last, the starting of processes included?"""
    moments: dict[int, float] = {}

    def step(what: str, done: int, total: int) -> None:
        if what == "comparing outlines":
            moments.setdefault(done, time.perf_counter())

    evaluate_protocol(path, out, step=step, crew=crew)
    return moments[CASES] - moments[0]


def run() -> Iterator[Row]:
    """One process beside two, and beside Dask with two; a ratio of 2 would be the limit."""
    with tempfile.TemporaryDirectory() as place:
        path = lay_out(Path(place))
        seconds, results = {}, {}
        for name, crew in (("one", Crew(1)), ("two", Crew(2)), ("dask", Crew(2, "dask"))):
            out = Path(place) / name
            seconds[name] = compared_in(path, out, crew)
            results[name] = (out / "result.json").read_bytes()
        work = f"contours of {CASES} cases × {ORGANS} organs"
        for name, words in (("two", "with 2 processes"), ("dask", "with Dask, 2 processes")):
            if results[name] != results["one"]:
                yield not_measured(f"{work} {words}", "one process", "the results differ")
            else:
                yield faster(f"{work} {words}", "one process", seconds[name], seconds["one"], each=CASES)
