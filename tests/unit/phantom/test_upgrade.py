"""What does a scanner upgrade change on the film, and what does it leave alone?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from alarp.phantom import SCANNERS, chest_film, fictional_patient, upgraded
from alarp.phantom.physics import detect, mottle

WHEN = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)


def film(scanner, seed=1):
    return chest_film(
        patient=fictional_patient(7),
        scanner=scanner,
        nodules=(),
        when=WHEN,
        rng=np.random.default_rng(seed),
        accession="ACC0001",
        pixels=512,
    ).datasets[0]


@pytest.mark.parametrize("scanner", SCANNERS, ids=lambda s: s.station)
def test_the_station_stays_and_the_software_is_newer(scanner) -> None:
    before, after = film(scanner), film(upgraded(scanner))
    assert (after.StationName, after.DeviceSerialNumber) == (before.StationName, before.DeviceSerialNumber)
    assert (after.Manufacturer, after.ManufacturerModelName) == (
        before.Manufacturer,
        before.ManufacturerModelName,
    )
    assert float(after.SoftwareVersions.split()[1]) > float(before.SoftwareVersions.split()[1])
    assert upgraded(scanner).ct == scanner.ct


def test_every_part_of_the_film_is_noisier_than_before() -> None:
    noise = []
    for scanner in (SCANNERS[1], upgraded(SCANNERS[1])):
        one, other = (film(scanner, seed).pixel_array.astype(float) for seed in (1, 2))
        noise.append(
            [(one - other)[place].std() for place in (np.s_[200:260, 100:160], np.s_[420:, 230:290])]
        )
    (lung, belly), (lung_after, belly_after) = noise
    assert lung_after > 1.4 * lung
    assert belly_after > 1.4 * belly


def test_structure_noise_goes_with_the_signal_where_quantum_noise_goes_with_its_root() -> None:
    unit = replace(SCANNERS[0].film, blur_mm=1e-6, read_noise=0.0, structure_noise=0.05)
    for expected in (1e7, 4e7):
        flat = np.full((300, 300), expected, np.float32)
        assert detect(flat, unit, np.random.default_rng(1)).std() / expected == pytest.approx(0.05, rel=0.02)


def test_mottle_has_blotches_of_the_stated_size() -> None:
    unit = replace(SCANNERS[0].film, structure_noise=0.05, structure_mm=2.0)
    grain = mottle((600, 600), unit, np.random.default_rng(2))
    assert grain.std() == pytest.approx(1.0, rel=1e-3)
    shift = round(4.0 / unit.pixel_spacing_mm)  # white noise under a Gaussian of 2 mm: exp(-1) at 4 mm
    assert np.mean(grain * np.roll(grain, shift, axis=1)) == pytest.approx(np.exp(-1), abs=0.03)


def test_a_scanner_without_structure_noise_takes_the_films_it_always_took() -> None:
    unit = SCANNERS[0].film
    flat = np.full((50, 50), 5000, np.float32)
    reading = detect(flat, unit, np.random.default_rng(1))
    noise = np.random.default_rng(1).standard_normal((50, 50), dtype=np.float32)
    assert np.allclose(reading, flat + noise * np.sqrt(flat + unit.read_noise**2), rtol=1e-6)
