"""Ten organs compared on one scan: ours, both definitions from one call; the peers, each by its own recipe.

A peer is given the whole masks, as its own documentation gives them. Processor time adds up all threads.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from alarp.evaluation.contouring.surface import PairMeasures, compare_labels
from bench.measuring import Row, faster, not_measured, wall_and_processor

SHAPE, SPACING, TOLERANCE_MM, ROUNDS = (120, 512, 512), (3.0, 1.0, 1.0), 2.0, 3
ORGANS = {  # semi-axes and centre in mm: slice, row, column
    1: ((60, 90, 75), (180, 150, 150)), 2: ((45, 55, 50), (180, 150, 370)),
    3: ((30, 32, 31), (90, 330, 130)), 4: ((30, 32, 31), (90, 330, 380)),
    5: ((54, 40, 35), (250, 250, 256)), 6: ((45, 30, 40), (100, 120, 300)),
    7: ((36, 20, 20), (60, 250, 256)), 8: ((24, 15, 15), (300, 380, 180)),
    9: ((12, 12, 12), (300, 380, 330)), 10: ((20, 8, 8), (310, 100, 256)),
}  # fmt: skip
WORK = "10 organs, 512 x 512 x 120 at 1 x 1 x 3 mm, all surface measures"


def organs() -> tuple[np.ndarray, np.ndarray]:
    """Label maps of reference and output: ellipsoids, moved by about 1.5 mm and scaled by about 3 %."""
    draw = np.random.default_rng(20260101)
    maps = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    for label, (semi, centre) in ORGANS.items():
        moved = np.array(centre) + draw.normal(0, 1.5, 3), np.array(semi) * (1 + draw.normal(0, 0.03, 3))
        here = np.array(centre) + draw.uniform(-0.5, 0.5, 3), np.array(semi, dtype=float)
        for labels, (middle, size) in zip(maps, (here, moved), strict=True):
            low = np.floor((middle - size) / SPACING).astype(int) - 1
            high = np.ceil((middle + size) / SPACING).astype(int) + 2
            low, high = np.maximum(low, 0), np.minimum(high, SHAPE)
            axes = [
                (np.arange(a, b) * step - m) / s
                for a, b, step, m, s in zip(low, high, SPACING, middle, size, strict=True)
            ]
            inside = (
                axes[0][:, None, None] ** 2 + axes[1][None, :, None] ** 2 + axes[2][None, None, :] ** 2 <= 1
            )
            block = labels[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
            block[inside & (block == 0)] = label
    return maps


def by_surface_distance(package: Any, one: np.ndarray, two: np.ndarray) -> dict[str, float]:
    found = package.compute_surface_distances(one, two, SPACING)
    there, back = package.compute_average_surface_distance(found)
    return {
        "dice": package.compute_dice_coefficient(one, two),
        "surface_dice_voxel": package.compute_surface_dice_at_tolerance(found, TOLERANCE_MM),
        "hd95_mm_voxel": package.compute_robust_hausdorff(found, 95),
        "hd_mm_voxel": package.compute_robust_hausdorff(found, 100),
        "mean_from_reference_mm_voxel": there,
        "mean_from_output_mm_voxel": back,
    }


def by_monai(package: Any, one: np.ndarray, two: np.ndarray) -> dict[str, float]:
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    metrics = importlib.import_module("monai.metrics")
    y, p = (torch.from_numpy(mask[None, None]) for mask in (one, two))
    kind = {"include_background": True, "spacing": list(SPACING)}
    return {
        "dice": float(metrics.compute_dice(p, y, include_background=True)),
        "hd95": float(metrics.compute_hausdorff_distance(p, y, percentile=95, **kind)),
        "hd": float(metrics.compute_hausdorff_distance(p, y, **kind)),
        "mean": float(metrics.compute_average_surface_distance(p, y, symmetric=True, **kind)),
        "surface_dice": float(metrics.compute_surface_dice(p, y, [TOLERANCE_MM], use_subvoxels=True, **kind)),
    }


def by_simpleitk(package: Any, one: np.ndarray, two: np.ndarray) -> dict[str, float]:
    """The recipe of the project's own notebook: distance maps of the whole volume, read at the other's contour."""
    images = []
    for mask in (one, two):
        image = package.GetImageFromArray(mask.astype(np.uint8))
        image.SetSpacing(SPACING[::-1])
        images.append(image)
    overlap = package.LabelOverlapMeasuresImageFilter()
    overlap.Execute(*images)
    distances = []
    for here, there in (images, images[::-1]):
        away = package.Abs(package.SignedMaurerDistanceMap(here, squaredDistance=False, useImageSpacing=True))
        contour = package.GetArrayViewFromImage(package.LabelContour(there)).astype(bool)
        distances.append(package.GetArrayViewFromImage(away)[contour])
    both = np.concatenate(distances)
    return {"dice": overlap.GetDiceCoefficient(), "hd": float(both.max()), "mean": float(both.mean())}


def by_segauge(package: Any, one: np.ndarray, two: np.ndarray) -> dict[str, float]:
    found = dict(package.surface_metrics(two, one, SPACING, nsd_tolerance=TOLERANCE_MM))
    return found | {"dice": package.dice(two, one)}


SLOW = (  # package, what its row says, its recipe
    ("segauge", "segauge, one thread (a mesh's distances; Dice agrees)", by_segauge),
    ("monai", "MONAI on the CPU, one thread (Dice agrees)", by_monai),
    ("SimpleITK", "SimpleITK notebook recipe, its own threads (Dice agrees; no surface Dice)", by_simpleitk),
)


def peer(name: str) -> Any | None:
    """The package, or None; the packages of before numpy 2 get back the one name they miss."""
    if not hasattr(np, "Inf"):
        np.Inf = np.inf  # type: ignore[attr-defined]
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


Recipe = Callable[..., dict[str, float]]
Maps = tuple[np.ndarray, np.ndarray]


def each_of(maps: Maps, how: Recipe, package: Any) -> list[dict[str, float]]:
    """The peer's answer for each organ; taking its mask from the label map counts, for the peer as for us."""
    reference, output = maps
    return [how(package, reference == label, output == label) for label in ORGANS]


def in_turn(ours: Callable[[], object], how: Recipe, package: Any, maps: Maps) -> tuple[Any, ...]:
    """What a slow peer found; then wall and processor time of ours, of the peer, and of ours once more."""
    found: list[dict[str, float]] = []
    works: tuple[Callable[[], object], ...] = (
        ours,
        lambda: found.extend(each_of(maps, how, package)),
        ours,
    )
    return found, *(wall_and_processor([work], rounds=1)[0] for work in works)


def run() -> Iterator[Row]:
    """Every peer on all ten organs; the quick one several times, those that take half a minute or more once."""
    maps = organs()

    def ours(threads: int = 1) -> dict[int, PairMeasures]:
        return compare_labels(*maps, SPACING, TOLERANCE_MM, ORGANS, threads=threads)

    if (package := peer("surface_distance")) is None:
        yield not_measured(WORK, "surface-distance", "not installed")
    else:
        must_agree(ours(), each_of(maps, by_surface_distance, package))
        one, two, other = wall_and_processor(
            [ours, lambda: ours(threads=2), lambda: each_of(maps, by_surface_distance, package)],
            rounds=ROUNDS,
        )
        label = "surface-distance 0.1, one thread (same figures; one definition)"
        yield faster(f"{WORK}, one thread, processor time", label, one[1], other[1])
        yield faster(f"{WORK}, one thread", label, one[0], other[0])
        yield faster(f"{WORK}, two threads", label, two[0], other[0])
    for name, label, how in SLOW:
        if (package := peer(name)) is None:
            yield not_measured(WORK, label, "not installed")
            continue
        found, before, other, after = in_turn(ours, how, package, maps)
        for pair, said in zip(ours().values(), found, strict=True):
            if abs(said["dice"] - pair.dice) > 1e-5:
                raise AssertionError(f"{name} gives Dice {said['dice']}, ours {pair.dice}")
        mine = [(x + y) / 2 for x, y in zip(before, after, strict=True)]
        yield faster(f"{WORK}, one thread, processor time, once", label, mine[1], other[1])
        yield faster(f"{WORK}, one thread, once", label, mine[0], other[0])


def must_agree(ours: dict[int, PairMeasures], theirs: list[dict[str, float]]) -> None:
    """A speed means nothing where the answers differ."""
    for (label, pair), found in zip(ours.items(), theirs, strict=True):
        for name, value in found.items():
            if abs(getattr(pair, name) - value) > 1e-5:
                raise AssertionError(f"organ {label}, {name}: ours {getattr(pair, name)}, theirs {value}")
