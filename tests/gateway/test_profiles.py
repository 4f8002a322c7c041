"""By which profile do images leave for a tool? By the one that its data flow names, written down with each dispatch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from house import House
from pictures import files, image, uid
from pydicom import dcmread
from pydicom.dataset import Dataset

NAME_IT = """
from alarp.records.governance.models import DataFlow
deployment = Deployment.objects.get(slug="reader")
DataFlow.objects.create(deployment=deployment, number=DataFlow.objects.count() + 1, by=deployment.proposed_by,
    at=deployment.proposed_at, template="data-flow-2026.1", legs=dict(), profile={name!r}, digest="")
"""


@pytest.fixture
def house(new_house: Callable[..., House], tmp_path: Path) -> House:
    made = new_house()
    made.run_with_a_silent_tool(tmp_path / "tool")
    return made


def left(house: House, folder: Path) -> tuple[Dataset, str]:
    """Send one image; what the tool has of it, and by what the dispatch says that it left."""
    one = image(PatientAge="064Y", StudyDescription="CHEST CONTRAST MRS SMITH")
    assert house.storescu(files([one], folder / uid())).returncode == 0
    dispatch = f"Dispatch.objects.filter(study__study_uid={str(one.StudyInstanceUID)!r})"
    house.until(f"{dispatch}.values_list('state', flat=True).first()", "sent")
    sop_uid, profile = house.ask(f"{dispatch}.values_list('items__sop_uid_sent', 'profile').get()")
    return dcmread(folder / "tool" / "in" / f"{sop_uid}.dcm"), profile


@pytest.mark.need("G03")
def test_what_leaves_follows_the_profile_that_the_data_flow_names(house: House, tmp_path: Path) -> None:
    plain, by = left(house, tmp_path)
    assert by == "basic 1, Basic Application Level Confidentiality Profile 2026d, key 1"
    assert (plain.StudyDate, plain.get("PatientAge", ""), plain.get("StudyDescription", "")) == ("", "", "")

    house.ask(NAME_IT.format(name="radiotherapy"))
    kept, by = left(house, tmp_path)
    assert by == "radiotherapy 1, Basic Application Level Confidentiality Profile 2026d, key 1"
    assert len(kept.StudyDate) == 8 and kept.StudyDate < "20260105"  # moved into the past
    assert (kept.PatientAge, kept.StudyDescription) == ("064Y", "CHEST CONTRAST")
    codes = {item.CodeValue for item in kept.DeidentificationMethodCodeSequence}
    assert codes == {"113100", "113105", "113103", "113107", "113108"}

    house.ask(NAME_IT.format(name="basic"))
    again, _ = left(house, tmp_path)
    assert again.StudyDate == ""
