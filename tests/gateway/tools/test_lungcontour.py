"""How well does a plain threshold find lungs, and where must it fail? Against outlines known by construction."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from tool_readback import dice, mask_of, reason_of

from alarp.demo.tools.ct import Grid
from alarp.demo.tools.lungcontour import LungContour
from alarp.demo.tools.lungcontour.threshold import find_lungs
from alarp.demo.tools.results import to_bytes
from alarp.phantom import SCANNERS, Scan, abdomen_ct, fictional_patient

WHEN = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
GRID = Grid(5.0, 2.0, 2.0)


def ct() -> Scan:
    return abdomen_ct(
        patient=fictional_patient(2001),
        scanner=SCANNERS[1],
        when=WHEN,
        rng=np.random.default_rng(1),
        accession="C1",
    )


@pytest.fixture(scope="module")
def scan() -> Scan:
    return ct()


@pytest.fixture(scope="module")
def drawn(scan: Scan) -> np.ndarray:
    return mask_of(LungContour().analyse(list(scan.datasets)), "lungs", scan.datasets)


@pytest.fixture(scope="module")
def true(scan: Scan) -> np.ndarray:
    return mask_of(scan.truth.structure_set, "lungs", scan.datasets)


def test_the_lungs_themselves_are_found(drawn: np.ndarray, true: np.ndarray) -> None:
    assert (drawn & true).sum() / true.sum() > 0.97
    assert dice(drawn, true) > 0.9


def test_gas_below_the_lungs_is_drawn_as_lung(scan: Scan, drawn: np.ndarray, true: np.ndarray) -> None:
    below = ~true.any(axis=(1, 2))
    assert below.sum() >= 5
    wrong = drawn[below]
    assert wrong.any()
    hu = np.stack([image.pixel_array for image in scan.datasets])[below].astype(float) - 1024
    assert np.median(hu[wrong]) < -600  # it is gas that was drawn, not tissue


def test_the_room_around_the_patient_is_not_drawn(drawn: np.ndarray) -> None:
    assert not drawn[:, 0].any()
    assert not drawn[:, :, 0].any()
    assert drawn.mean() < 0.2


def body() -> np.ndarray:
    """A block of water in air, with nothing inside."""
    hu = np.full((10, 60, 60), -1000, np.float32)
    hu[:, 5:55, 5:55] = 0
    return hu


def test_two_lungs_in_water_are_found_to_the_voxel() -> None:
    hu, lungs = body(), np.zeros((10, 60, 60), bool)
    lungs[2:8, 20:40, 10:25] = lungs[2:8, 20:40, 35:50] = True
    hu[lungs] = -850
    assert np.array_equal(find_lungs(hu, GRID), lungs)


def test_a_trachea_is_taken_for_lung_and_a_bubble_is_not() -> None:
    hu = body()
    hu[:, 20:30, 28:34] = -950  # 12 ml
    hu[4, 50:53, 50:53] = -950  # 0.2 ml
    found = find_lungs(hu, GRID)
    assert found[:, 20:30, 28:34].all()
    assert not found[4, 50:53, 50:53].any()


def test_a_consolidated_lung_is_missed() -> None:
    hu = body()
    hu[2:8, 20:40, 10:25] = -850
    hu[2:8, 20:40, 35:50] = 30
    assert not find_lungs(hu, GRID)[:, :, 30:].any()


def test_a_body_without_air_is_answered_with_the_reason() -> None:
    images = list(ct().datasets)
    for image in images:
        image.PixelData = np.full((image.Rows, image.Columns), 1024, np.uint16).tobytes()
    report = LungContour().analyse(images)
    assert (report.Modality, reason_of(report)) == ("SR", "NO-LUNGS")


def test_the_same_ct_gives_the_same_bytes(scan: Scan) -> None:
    one, again = (to_bytes(LungContour().analyse(list(s.datasets))) for s in (scan, ct()))
    assert one == again


@pytest.mark.need("G14")
def test_the_structure_set_names_maker_and_release_and_keeps_the_frame_of_reference(scan: Scan) -> None:
    result = LungContour().analyse(list(scan.datasets))
    assert (result.Manufacturer, result.ManufacturerModelName) == ("Bold Claims AI Ltd", "LungContour")
    assert result.SoftwareVersions == "0.9.0"
    assert [roi.ROIName for roi in result.StructureSetROISequence] == ["Lungs"]
    assert result.FrameOfReferenceUID == scan.datasets[0].FrameOfReferenceUID
