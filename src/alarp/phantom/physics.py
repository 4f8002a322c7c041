"""What does matter do to X-rays, and a detector to what is left?

Attenuation at an effective 70 keV (a 120 kV beam), interpolated between 60 and 80 keV from NIST's
tables of mass attenuation (doi:10.18434/T4D01F) times density: soft tissue 0.20 /cm, inflated lung
0.05 /cm, rib as a whole (cortex and marrow) 0.36 /cm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from alarp.phantom.scanners import CtUnit, FilmUnit
from alarp.phantom.shapes import Array

MU_SOFT_PER_MM = 0.0200
MU_LUNG_PER_MM = 0.0050
MU_BONE_PER_MM = 0.0360


def attenuate(line_integral: Array, unit: FilmUnit) -> Array:
    """How many quanta does each pixel expect behind this line integral (Beer-Lambert)?"""
    return np.asarray(unit.quanta_per_pixel * np.exp(-line_integral), dtype=np.float32)


def add_scatter(primary: Array, unit: FilmUnit, *, pixel_mm: float, spread_mm: float = 30.0) -> Array:
    """What reaches the detector when a broad veil of scatter is added behind the body?

    The veil is the primary picture blurred by `spread_mm` and scaled so that it makes up
    `scatter_fraction` of the whole; open beam adds little, as it is clipped at half of the full beam.
    """
    step = 16
    coarse = np.minimum(primary[::step, ::step], np.float32(unit.quanta_per_pixel / 2))
    veil = ndimage.gaussian_filter(coarse, spread_mm / (pixel_mm * step), mode="nearest")
    ratio = (primary.shape[0] / veil.shape[0], primary.shape[1] / veil.shape[1])
    fine = ndimage.zoom(veil, ratio, order=1, grid_mode=True, mode="nearest")
    share = unit.scatter_fraction / (1 - unit.scatter_fraction)
    return np.asarray(primary + share * fine, dtype=np.float32)


def detect(expected: Array, unit: FilmUnit, rng: np.random.Generator, *, dose: float = 1.0) -> Array:
    """What does the detector read? Blur first, then structure, quantum and read-out noise.

    Their standard deviations go as N, sqrt(N) and 1, as in the noise-component analysis of detectors.
    Quantum noise is the Gaussian limit of Poisson's law: right to a per cent at the hundreds of quanta of
    the densest part. Relative to the signal it falls as 1/sqrt(dose). The reading is divided by the dose,
    so that pictures at several doses compare.
    """
    quanta = ndimage.gaussian_filter(expected, unit.blur_mm / unit.pixel_spacing_mm, mode="nearest") * dose
    if unit.structure_noise > 0:
        quanta *= 1 + np.float32(unit.structure_noise) * mottle((quanta.shape[0], quanta.shape[1]), unit, rng)
    noise = rng.standard_normal(quanta.shape, dtype=np.float32)
    return np.asarray(
        (quanta + noise * np.sqrt(np.maximum(quanta, 0) + unit.read_noise**2)) / dose, dtype=np.float32
    )


def mottle(shape: tuple[int, int], unit: FilmUnit, rng: np.random.Generator) -> Array:
    """What does a plate's own grain of standard deviation 1 look like? Another for every plate."""
    blotch = unit.structure_mm / unit.pixel_spacing_mm
    grain = ndimage.gaussian_filter(rng.standard_normal(shape, dtype=np.float32), blotch, mode="wrap")
    return np.asarray(grain / grain.std(), dtype=np.float32)


def grey_levels(reading: Array, unit: FilmUnit) -> NDArray[np.uint16]:
    """Which 12-bit values are stored? Logarithmic, four decades over the range, as CR readers do."""
    dense = np.log10(unit.quanta_per_pixel / np.maximum(reading, 1.0))
    levels = np.clip(400 + 900 * dense, 0, 4095)
    if unit.photometric == "MONOCHROME1":
        levels = 4095 - levels
    return np.asarray(np.round(levels), dtype=np.uint16)


def kernel_noise(
    shape: tuple[int, int], *, pixel_mm: float, peak_per_mm: float, rng: np.random.Generator
) -> Array:
    """What does one slice of CT noise of standard deviation 1 look like?

    White noise filtered so that its power is proportional to f exp(-f^2 / (2 p^2)), with its peak at
    f = p: the ramp of filtered back-projection held down by a smooth kernel (Riederer et al. 1978,
    doi:10.1088/0031-9155/23/3/008, for the ramp at low frequency).
    """
    fy = np.fft.fftfreq(shape[0], pixel_mm)[:, None]
    fx = np.fft.rfftfreq(shape[1], pixel_mm)[None, :]
    power = np.hypot(fx, fy) * np.exp(-(fx**2 + fy**2) / (2 * peak_per_mm**2))
    full = np.hypot(np.fft.fftfreq(shape[1], pixel_mm)[None, :], fy)
    mean_power = float(np.mean(full * np.exp(-(full**2) / (2 * peak_per_mm**2))))
    white = np.fft.rfft2(rng.standard_normal(shape, dtype=np.float32))
    return np.asarray(np.fft.irfft2(white * np.sqrt(power / mean_power), s=shape), dtype=np.float32)


def ct_noise_hu(unit: CtUnit, *, thickness_mm: float, dose: float = 1.0) -> float:
    """Which noise (standard deviation, HU) do dose and slice thickness give? It goes as 1/sqrt of both."""
    return unit.noise_hu * float(np.sqrt((200.0 / (unit.mas * dose)) * (5.0 / thickness_mm)))
