"""Does the simulator agree with what can be worked out with a pencil?"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from alarp.phantom.anatomy import Chest, Organ
from alarp.phantom.ct import paint, reconstruct
from alarp.phantom.film import film_axes, line_integral
from alarp.phantom.physics import MU_LUNG_PER_MM, MU_SOFT_PER_MM, attenuate, ct_noise_hu, detect, kernel_noise
from alarp.phantom.scan import Nodule
from alarp.phantom.scanners import SCANNERS
from alarp.phantom.shapes import Column, Ellipsoid, RibPair, Tube, length_mm, uncovered_mm
from alarp.phantom.union import outlines, polygon_area_mm2, union_volume_mm3

EMPTY = Chest((Column((0, 0), (150, 100)),), (), (), (), (), (), ())


def point(x: float, z: float) -> tuple[np.ndarray, np.ndarray]:
    return np.array([[x]], np.float32), np.array([[z]], np.float32)


@pytest.mark.parametrize("off_mm", [0.0, 3.0, 8.0, 11.0])
def test_a_sphere_is_projected_to_its_chord_times_mu(off_mm: float) -> None:
    x, z = film_axes(SCANNERS[0].film, 256)
    columns = np.abs(x[0] - off_mm).argmin()
    rows = np.abs(z[:, 0] - 95.0).argmin()
    ball = (Nodule((0.0, 0.0, 95.0), 20.0),)
    added = line_integral(EMPTY, ball, x, z) - line_integral(EMPTY, (), x, z)
    d2 = float(x[0, columns] ** 2 + (z[rows, 0] - 95.0) ** 2)
    chord = 2 * math.sqrt(max(100.0 - d2, 0.0))
    assert added[rows, columns] == pytest.approx((MU_SOFT_PER_MM - MU_LUNG_PER_MM) * chord, abs=2e-5)


def test_a_homogeneous_body_is_projected_to_its_thickness_times_mu() -> None:
    integral = line_integral(EMPTY, (), *point(0, 50))
    assert integral[0, 0] == pytest.approx(MU_SOFT_PER_MM * 200, rel=1e-5)


def test_a_lung_takes_away_what_air_lacks_except_where_the_heart_fills_it() -> None:
    lung, heart = Ellipsoid((0, 0, 0), (60, 60, 60)), Ellipsoid((0, 20, 0), (20, 20, 20))
    chest = replace(EMPTY, lungs=(lung,), within_lungs=(heart,))
    expected = MU_SOFT_PER_MM * (200 - 80) + MU_LUNG_PER_MM * 80
    x, z = film_axes(SCANNERS[0].film, 1024)
    rows, columns = int(np.abs(z[:, 0]).argmin()), int(np.abs(x[0]).argmin())
    assert line_integral(chest, (), x, z)[rows, columns] == pytest.approx(expected, rel=1e-3)


def test_overlapping_covers_are_counted_once() -> None:
    ray = tuple(np.float32([v]) for v in (0, 100))
    covers = [tuple(np.float32([v]) for v in c) for c in ((60, 80), (10, 30), (20, 40), (90, 200), (-9, -1))]
    assert uncovered_mm(ray, covers)[0] == pytest.approx(100 - 30 - 20 - 10)


def test_a_level_rib_is_crossed_twice_by_its_thickness() -> None:
    rib = RibPair(0.0, (140.0, 90.0), thickness_mm=7.0, half_height_mm=1000.0, front_mm=1e3)
    assert rib.chord_mm(*point(0, 0))[0, 0] == pytest.approx(14.0, abs=1e-3)


def test_an_oblique_tube_is_longer_by_its_obliquity() -> None:
    tube = Tube((-50, -50, 0), (50, 50, 0), 5.0)
    assert tube.chord_mm(*point(0, 3))[0, 0] == pytest.approx(2 * math.sqrt(25 - 9) * math.sqrt(2), rel=1e-4)


def test_beer_lambert_halves_the_beam_at_ln_two() -> None:
    unit = SCANNERS[0].film
    assert attenuate(np.float32([math.log(2)]), unit)[0] == pytest.approx(unit.quanta_per_pixel / 2, rel=1e-5)


def test_film_noise_falls_with_the_root_of_the_dose() -> None:
    unit = replace(SCANNERS[0].film, blur_mm=1e-6, read_noise=0.0)
    flat = np.full((400, 400), 5000, np.float32)
    low, high = (detect(flat, unit, np.random.default_rng(1), dose=d).std() for d in (1.0, 4.0))
    assert low == pytest.approx(math.sqrt(5000), rel=0.02)
    assert low / high == pytest.approx(2.0, rel=0.02)


def test_film_blur_is_the_scanners_point_spread() -> None:
    unit = replace(SCANNERS[0].film, blur_mm=1.2, read_noise=0.0, quanta_per_pixel=1e12)
    edge = np.zeros((64, 64), np.float32)
    edge[:, 32:] = 1e12
    spread = np.diff(detect(edge, unit, np.random.default_rng(0))[32].astype(float))
    steps = np.arange(spread.size) * unit.pixel_spacing_mm
    mean = (spread * steps).sum() / spread.sum()
    assert math.sqrt((spread * (steps - mean) ** 2).sum() / spread.sum()) == pytest.approx(1.2, rel=0.03)


@pytest.mark.parametrize("scanner", SCANNERS, ids=lambda s: s.station)
def test_ct_noise_in_water_is_as_stated_and_falls_with_the_root_of_dose_and_thickness(scanner) -> None:
    water = np.zeros((6, 256, 256), np.float32)
    reconstruct(water, scanner.ct, np.random.default_rng(2), pixel_mm=1.5, thickness_mm=5.0, dose=1.0)
    assert water.std() == pytest.approx(scanner.ct.noise_hu, rel=0.02)
    assert ct_noise_hu(scanner.ct, thickness_mm=1.25, dose=0.25) == pytest.approx(4 * scanner.ct.noise_hu)


def test_ct_noise_power_peaks_where_the_kernel_says() -> None:
    rng, power = np.random.default_rng(3), 0.0
    for _ in range(60):
        image = kernel_noise((256, 256), pixel_mm=0.8, peak_per_mm=0.22, rng=rng)
        power = power + np.abs(np.fft.fft2(image)) ** 2
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(256, 0.8), np.fft.fftfreq(256, 0.8)))
    edges = np.arange(0, 0.6, 0.02)
    radial = [power[(frequency >= low) & (frequency < low + 0.02)].mean() for low in edges]
    assert edges[int(np.argmax(radial))] + 0.01 == pytest.approx(0.22, abs=0.03)
    assert radial[0] < 0.15 * max(radial)


@pytest.mark.parametrize(
    "solid",
    [Ellipsoid((3, -5, 2), (40, 28, 33)), Column((4, 1), (25, 35), (-40, 30))],
    ids=["ellipsoid", "column"],
)
def test_voxels_fill_the_volume_of_the_solid(solid: Ellipsoid | Column) -> None:
    axis = np.arange(-60, 60, 1.5, dtype=np.float32)
    volume = np.zeros((axis.size,) * 3, np.float32)
    paint(volume, Organ("it", solid, 1.0), axis, axis, axis, pixel_mm=1.5)
    assert volume.sum() * 1.5**3 == pytest.approx(solid.volume_mm3, rel=0.01)


def test_one_ellipsoids_outline_encloses_its_section() -> None:
    ball = Ellipsoid((0, 0, 0), (60, 40, 30))
    (outline,) = outlines((ball,), 15.0, points=720)
    assert polygon_area_mm2(outline) == pytest.approx(math.pi * 60 * 40 * (1 - 0.25), rel=1e-4)


def test_the_union_of_two_balls_has_the_volume_of_the_lens_formula() -> None:
    r, d = 30.0, 36.0
    balls = (Ellipsoid((0, 0, 0), (r, r, r)), Ellipsoid((d, 0, 0), (r, r, r)))
    lens = math.pi * (4 * r + d) * (2 * r - d) ** 2 / 12
    assert union_volume_mm3(balls) == pytest.approx(2 * 4 / 3 * math.pi * r**3 - lens, rel=2e-3)


def test_two_solids_apart_keep_two_outlines() -> None:
    balls = (Ellipsoid((-40, 0, 0), (20, 20, 20)), Ellipsoid((40, 0, 0), (20, 20, 20)))
    assert len(outlines(balls, 0.0)) == 2
    assert outlines(balls, 25.0) == []


def test_a_ray_beside_the_solid_crosses_nothing() -> None:
    assert length_mm(Ellipsoid((0, 0, 0), (5, 5, 5)).chord(*point(6, 0)))[0, 0] == 0
