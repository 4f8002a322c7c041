"""Small contouring studies on disk: spheres in NIfTI label maps, each with an output a little off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import yaml

PROTOCOL: dict[str, Any] = {
    "title": "Two organs in small scans",
    "version": 1,
    "kind": "contouring",
    "product": {"name": "Outliner", "version": "1.0"},
    "cases": "cases.csv",
    "labels": {1: "Liver", 2: "Spleen"},
    "tolerance_mm": 2,
    "reference_standard": "known by construction",
    "claims": [{"measure": "dice", "subgroup": "Liver", "at_least": 0.2}],
}


def ball(shape: tuple[int, int, int], centre: tuple[float, float, float], radius: float) -> np.ndarray:
    grid = np.indices(shape, dtype=np.float32)
    return sum((g - c) ** 2 for g, c in zip(grid, centre, strict=True)) <= radius**2


def labels(shape: tuple[int, int, int], shift: float) -> np.ndarray:
    """Two balls, both moved by `shift` voxels."""
    volume = np.zeros(shape, dtype=np.uint8)
    third = shape[0] / 3
    volume[ball(shape, (third + shift, shape[1] / 2, shape[2] / 2), shape[2] / 4)] = 1
    volume[ball(shape, (2.2 * third, shape[1] / 2 + shift, shape[2] / 2), shape[2] / 5)] = 2
    return volume


def write(volume: np.ndarray, path: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(volume, np.diag([1.0, 1.0, 3.0, 1.0])), path)


def study(folder: Path, cases: int, *, shape: tuple[int, int, int] = (36, 30, 16), **changes: Any) -> Path:
    """A protocol beside `cases` cases; the last one has no output."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["case,reference,output"]
    for number in range(cases):
        write(labels(shape, 0), folder / f"r{number}.nii.gz")
        write(labels(shape, 0.3 * (number % 5)), folder / f"o{number}.nii.gz")
        lines.append(f"c{number},r{number}.nii.gz," + (f"o{number}.nii.gz" if number < cases - 1 else ""))
    (folder / "cases.csv").write_text("\n".join(lines) + "\n", "utf-8")
    path = folder / "protocol.yaml"
    path.write_text(yaml.safe_dump(PROTOCOL | changes), "utf-8")
    return path
