"""Many contour cases by one process, by two, and by Dask's two: the same bytes, in how much less time?

Five hundred cases of twenty organs on small volumes, and fewer on volumes as large as a head and neck's, both as whole
commands. Each gives two rows: comparing the outlines (from the first case to the last, the starting of processes
included) and the whole command, whose start and report nobody can share out.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
import yaml

from bench.measuring import Row, faster, not_measured

ORGANS = 20
SPACING_MM = (1.5, 1.5, 3.0)
DIFFERENT_FILES = 4  # cases share files: the disk of the bench is not what is measured
CREWS = {
    "one": ("--jobs", "1"),
    "two": ("--jobs", "2"),
    "dask": ("--jobs", "2", "--engine", "dask"),
}


@dataclass(frozen=True)
class Size:
    """How many cases, on how large a volume, and how large are the organs in it (of those of a whole head)?"""

    cases: int
    shape: tuple[int, int, int]
    scale: float

    @property
    def work(self) -> str:
        return f"contours of {self.cases} cases × {ORGANS} organs on {'×'.join(map(str, self.shape))} voxels"


SIZES = (
    Size(500, (112, 112, 30), 0.5),
    Size(int(os.environ.get("ALARP_BENCH_CASES", "40")), (224, 224, 60), 1.0),
)


def organs(size: Size, shift: float) -> np.ndarray:
    """A label map of twenty ellipsoids on a grid of places, moved by `shift` voxels."""
    volume = np.zeros(size.shape, dtype=np.uint8)
    axes = [np.arange(n, dtype=np.float32) for n in size.shape]
    for number in range(ORGANS):
        column, row = number % 5, number // 5
        centre = (24 + 44 * column, 30 + 54 * row, 20 + 4 * (number % 6))
        radii = (14 + number % 5, 17 + number % 7, 8 + number % 6)
        moved = (shift, 0.0, 0.0)
        x, y, z = (
            ((a - size.scale * c - m) / (size.scale * r)) ** 2
            for a, c, m, r in zip(axes, centre, moved, radii, strict=True)
        )
        volume[x[:, None, None] + y[None, :, None] + z[None, None, :] <= 1] = number + 1
    return volume


def lay_out(folder: Path, size: Size) -> Path:
    """The protocol beside its cases."""
    folder.mkdir(parents=True)
    affine = np.diag([*SPACING_MM, 1.0])
    for number in range(DIFFERENT_FILES):
        reference, output = organs(size, 0), organs(size, 0.7 + 0.6 * number)
        nibabel.save(nibabel.Nifti1Image(reference, affine), folder / f"r{number}.nii.gz")
        nibabel.save(nibabel.Nifti1Image(output, affine), folder / f"o{number}.nii.gz")
    names = range(DIFFERENT_FILES)
    lines = [f"c{n},r{n % len(names)}.nii.gz,o{n % len(names)}.nii.gz" for n in range(size.cases)]
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


@dataclass(frozen=True)
class Took:
    """What one command took, in seconds, and what it wrote."""

    whole_s: float
    comparing_s: float
    result: bytes


WATCHED = """
import sys, time
from pathlib import Path
from alarp.cli.evaluating import Crew, evaluate_protocol
path, out, jobs, engine = sys.argv[1:5]
seen = []
def step(what, done, total):
    if what == "comparing outlines":
        seen.append(time.perf_counter())
if __name__ == "__main__":
    evaluate_protocol(Path(path), Path(out), step=step, crew=Crew(int(jobs), engine))
    print(f"comparing {seen[-1] - seen[0]:.6f}")
"""


def run_command(path: Path, out: Path, words: tuple[str, ...]) -> Took:
    """One evaluation in a process of its own, with the steps of `alarp evaluate`."""
    shutil.rmtree(out, ignore_errors=True)
    program = path.with_name("command.py")
    program.write_text(WATCHED, "utf-8")
    options = dict(zip(words[::2], words[1::2], strict=True))
    line = [sys.executable, str(program), str(path), str(out)]
    line += [options["--jobs"], options.get("--engine", "local")]
    began = time.perf_counter()
    said = subprocess.run(line, check=True, capture_output=True, text=True).stdout
    whole_s = time.perf_counter() - began
    found = re.search(r"comparing ([\d.]+)", said)
    assert found is not None
    return Took(whole_s, float(found.group(1)), (out / "result.json").read_bytes())


def run() -> Iterator[Row]:
    """One process beside two, and beside Dask with two; a ratio of 2 would be the limit."""
    with tempfile.TemporaryDirectory() as place:
        for number, size in enumerate(SIZES):
            path = lay_out(Path(place) / str(number), size)
            took = {name: run_command(path, path.parent / name, words) for name, words in CREWS.items()}
            yield from rows(size, took)


def rows(size: Size, took: dict[str, Took]) -> Iterator[Row]:
    """Comparing alone and the whole command, with two processes and with Dask's two, beside one process."""
    one = took["one"]
    for name, words in (("two", "2 processes"), ("dask", "Dask, 2 processes")):
        this = took[name]
        if this.result != one.result:
            yield not_measured(f"{size.work}, {words}", "one process", "the results differ")
            continue
        for part, mine, other in (
            ("comparing", this.comparing_s, one.comparing_s),
            ("whole command", this.whole_s, one.whole_s),
        ):
            yield faster(f"{size.work}, {words}, {part}", "one process", mine, other, each=size.cases)
