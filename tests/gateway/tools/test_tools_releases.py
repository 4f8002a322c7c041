"""What does another release of a tool change, and does it say so wherever a version is written?"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from pydicom import Dataset
from tool_readback import measurement_groups, score_of

from alarp.demo.tools.__main__ import TOOLS, make
from alarp.phantom import SCANNERS, Nodule, Scan, chest_film, fictional_patient

WHEN = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def film() -> Scan:
    return chest_film(
        patient=fictional_patient(1003),
        scanner=SCANNERS[0],
        nodules=(Nodule((-74.0, 0.0, 110.0), 12.0),),
        when=WHEN,
        rng=np.random.default_rng(3),
        accession="F3",
    )


def texts(item: Dataset) -> list[str]:
    """Every text of the report, at whatever depth."""
    own = [str(item.TextValue)] if item.get("ValueType") == "TEXT" else []
    return own + [text for child in item.get("ContentSequence", []) for text in texts(child)]


def test_without_a_wish_the_oldest_release_runs() -> None:
    assert [make(tool).maker.version for tool in TOOLS] == ["2.1.0", "1.4.2", "0.9.0"]


def test_another_release_is_named_in_every_place_and_the_earlier_one_in_none(film: Scan) -> None:
    report = make("noduleflag", "2.2.0").analyse(list(film.datasets))
    assert report.SoftwareVersions == "2.2.0"
    assert report.SeriesDescription == "NoduleFlag 2.2.0"
    said = texts(report)
    assert "NoduleFlag 2.2.0" in said  # the device's model name
    assert said.count("2.2.0") == len(measurement_groups(report))  # the algorithm of every group
    assert "2.1.0" not in str(report)


def test_the_newer_release_scores_the_same_film_higher_but_not_otherwise(film: Scan) -> None:
    older, newer = (score_of(make("noduleflag", v).analyse(list(film.datasets))) for v in ("2.1.0", "2.2.0"))
    assert 0 < older < newer < 1


def test_an_unknown_release_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"noduleflag has no release 3\.0\. Give --version one of 2\.1\.0, 2\.2\.0\."
    ):
        make("noduleflag", "3.0")
