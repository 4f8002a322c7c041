"""A contouring study in small: label maps of two organs with their table, and its protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np

PROTOCOL = """\
title: Livers outlined
version: 1
kind: contouring
product: {{name: {name}, version: "{number}"}}
cases: cases.csv
labels: {{1: Liver, 2: Spleen}}
tolerance_mm: 2
reference_standard: known by construction
design: retrospective
data_source: made label maps
intended_use: outlining the liver before a person corrects it
claims:
  - {{measure: dice, subgroup: Liver, at_least: 0.2}}
"""


def blocks(shift: int, size: int = 1) -> Any:
    """Two organs as blocks of voxels, both moved by `shift`; `size` times as many voxels along each side."""
    volume = np.zeros((28, 24, 8), dtype=np.uint8)
    volume[4 + shift : 12 + shift, 6:18, 2:6] = 1
    volume[17 + shift : 22 + shift, 8:16, 2:6] = 2
    return np.kron(volume, np.ones((size, size, size), dtype=np.uint8))


def write(volume: Any, path: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(volume, np.diag([1.0, 1.0, 3.0, 1.0])), path)


def study(folder: Path, cases: int, shifts: tuple[int, ...] = (0, 1, 2), size: int = 1) -> Path:
    """`cases` pairs of label maps with their table; the last case has no output."""
    folder.mkdir(parents=True)
    rows = ["case,reference,output"]
    for n in range(cases):
        write(blocks(0, size), folder / f"r{n}.nii.gz")
        write(blocks(shifts[n % len(shifts)], size), folder / f"o{n}.nii.gz")
        rows.append(f"c{n},r{n}.nii.gz," + (f"o{n}.nii.gz" if n < cases - 1 else ""))
    (folder / "cases.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder
