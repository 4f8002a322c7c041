"""Which machine takes the picture, and how good is it?

Three simulated scanners under real manufacturers' names, so that manufacturer can be a routing rule
and a subgroup; every model says that it is simulated. The figures are chosen inside the usual
clinical range and measure no real product.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class FilmUnit:
    """How does this scanner make a chest film?

    `quanta_per_pixel` is the detected quanta behind no patient, `blur_mm` the standard deviation of the
    detector's point spread, `scatter_fraction` the scattered part of what arrives behind the body.
    `structure_noise` is the relative standard deviation of the detector's own mottle (grain of the plate,
    gain left uncorrected), whose blotches are `structure_mm` wide (standard deviation).
    """

    pixel_spacing_mm: float
    quanta_per_pixel: float
    blur_mm: float
    scatter_fraction: float
    photometric: str = "MONOCHROME2"
    kvp: int = 125
    read_noise: float = 4.0
    structure_noise: float = 0.0
    structure_mm: float = 2.0


@dataclass(frozen=True, slots=True)
class CtUnit:
    """How does this scanner make a CT?

    `noise_hu` is the standard deviation in water at 200 mAs and 5 mm slices; `kernel_peak_per_mm` is
    where the noise power of its reconstruction kernel is greatest.
    """

    noise_hu: float
    blur_mm: float
    kernel: str
    kernel_peak_per_mm: float
    mas: float = 200.0
    kvp: int = 120
    field_mm: float = 400.0


@dataclass(frozen=True, slots=True)
class Scanner:
    """One simulated scanner: who made it, which software it runs, how it sees."""

    manufacturer: str
    model: str
    software: str
    station: str
    serial: str
    film: FilmUnit
    ct: CtUnit


SCANNERS: tuple[Scanner, ...] = (
    Scanner(
        manufacturer="Siemens Healthineers",
        model="ALARP SIM A1 (simulated)",
        software="SIM-A 1.0",
        station="SIMA1",
        serial="SIM-0001",
        film=FilmUnit(0.40, 60_000.0, 0.25, 0.30),
        ct=CtUnit(11.0, 0.60, "SIM-Br40", 0.22),
    ),
    Scanner(
        manufacturer="GE HEALTHCARE",
        model="ALARP SIM B2 (simulated)",
        software="SIM-B 2.3",
        station="SIMB2",
        serial="SIM-0002",
        film=FilmUnit(0.39, 45_000.0, 0.32, 0.38),
        ct=CtUnit(14.0, 0.55, "SIM-STANDARD", 0.26),
    ),
    Scanner(
        manufacturer="Philips",
        model="ALARP SIM C3 (simulated)",
        software="SIM-C 3.1",
        station="SIMC3",
        serial="SIM-0003",
        film=FilmUnit(0.42, 36_000.0, 0.40, 0.34, photometric="MONOCHROME1"),
        ct=CtUnit(9.0, 0.80, "SIM-B", 0.18),
    ),
)
"""The three scanners of the demonstration."""


def upgraded(scanner: Scanner) -> Scanner:
    """What does this scanner become when its maker upgrades it to take films at a third of the dose?

    The same machine at the same station under the next software version: fewer quanta, a softer picture, and
    a gain map that no longer fits, so that the detector's mottle shows. Its CT stays as it was.
    """
    name, number = scanner.software.split(" ")
    film = replace(
        scanner.film,
        quanta_per_pixel=scanner.film.quanta_per_pixel / 3,
        blur_mm=scanner.film.blur_mm * 1.3,
        structure_noise=0.025,
    )
    return replace(scanner, software=f"{name} {int(number.split('.')[0]) + 1}.0", film=film)
