"""What studies consist of that peers stumbled over: reports and localisers between the images, two modalities.

Real processes, without a tool: every study that may leave is prepared, and waits for somebody to take it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from faketool import deliver
from house import House
from pictures import CT, image, patient, series, uid
from pydicom.dataset import Dataset

DOSE_REPORT = "1.2.840.10008.5.1.4.1.1.88.67"
PRESENTATION_STATE = "1.2.840.10008.5.1.4.1.1.11.1"
PET = "1.2.840.10008.5.1.4.1.1.128"
RULES = {"modalities": ["CT"], "body_parts": ["CHEST"], "age_min_years": 18, "instances_min": 3}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("studies"), quiet_s=0.6)
    try:
        made.ask(f"n = IntendedUse.objects.update(rules={RULES!r})")
        for program in ("listener", "worker"):
            made.start(program)
        yield made
        balance = made.balance()
        assert balance["balanced"], balance["sentence"]
    finally:
        made.close()


def study_of(n: int, **values: Any) -> tuple[dict[str, Any], list[Dataset]]:
    """A CT of `n` slices, and the names that every other object of its study shares."""
    shared = {"StudyInstanceUID": uid(), "PatientID": patient(), "AccessionNumber": "S1"}
    slices = series(n, **(shared | {"Modality": "CT", "SOPClassUID": CT} | values))
    return shared, slices


def beside(shared: dict[str, Any], sop_class: str, modality: str, **values: Any) -> Dataset:
    """An object without pixels, body part or age, as reports and presentation states are."""
    made = image(**shared, SOPClassUID=sop_class, Modality=modality, **values)
    for name in ("PixelData", "BodyPartExamined", "ViewPosition", "PatientAge", "PatientBirthDate"):
        delattr(made, name)
    return made


def outcome(house: House, study: str, *, number: int = 1) -> tuple[str, str, list[str]]:
    """Where this round of the study stands, why, and the modalities of what it would send."""
    one = f"Dispatch.objects.filter(study__study_uid={study!r}, number={number}).exclude(state='ready')"
    house.until(f"{one}.count()", 1)
    state, reason = house.ask(f"list({one}.values_list('state', 'reason'))")[0]
    sent = f"DispatchInstance.objects.filter(dispatch__study__study_uid={study!r}, dispatch__number={number})"
    return state, reason, sorted(house.ask(f"list({sent}.values_list('instance__modality', flat=True))"))


@pytest.mark.need("G10")
@pytest.mark.parametrize("first", [True, False], ids=["before the images", "after them"])
def test_a_dose_report_and_a_presentation_state_neither_stop_a_study_nor_leave_with_it(
    house: House, first: bool
) -> None:
    shared, slices = study_of(3)
    others = [beside(shared, DOSE_REPORT, "SR"), beside(shared, PRESENTATION_STATE, "PR")]
    coming = [*others, *slices] if first else [*slices, *others]
    assert set(deliver(coming, house.port, "SCANNER")) == {0}
    state, reason, sent = outcome(house, shared["StudyInstanceUID"])
    assert (state, sent) == ("held", ["CT"] * 3) and "No AI tool is connected" in reason


@pytest.mark.need("G10")
def test_reports_are_not_counted_where_a_tool_needs_so_many_images(house: House) -> None:
    shared, slices = study_of(2)
    report = beside(shared, DOSE_REPORT, "SR")
    assert set(deliver([*slices, report], house.port, "SCANNER")) == {0}
    state, reason, _ = outcome(house, shared["StudyInstanceUID"])
    assert (state, reason) == ("refused", "The study has 2 images; the tool needs 3.")


@pytest.mark.need("G10")
def test_a_localiser_that_comes_first_and_states_little_does_not_decide_for_the_study(house: House) -> None:
    frame = uid()
    shared, slices = study_of(3, FrameOfReferenceUID=frame, ImageType=["ORIGINAL", "PRIMARY", "AXIAL"])
    localiser = image(
        **shared,
        Modality="CT",
        SOPClassUID=CT,
        FrameOfReferenceUID=frame,
        ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"],
        BodyPartExamined="",
        PatientAge="",
        PatientBirthDate="",
    )
    assert set(deliver([localiser, *slices], house.port, "SCANNER")) == {0}
    state, reason, sent = outcome(house, shared["StudyInstanceUID"])
    assert (state, sent) == ("held", ["CT"] * 4) and "No AI tool is connected" in reason


@pytest.mark.need("G03")
@pytest.mark.parametrize("naming", [0, 1, 2])
def test_a_name_that_only_one_image_states_is_found_in_another(house: House, naming: int) -> None:
    shared, slices = study_of(3, PatientName="ANON", ReferringPhysicianName="")
    slices[naming].PatientName = "Sorrowfield^Quentin"
    slices[1 if naming != 1 else 2].FilterType = "SORROWFIELD"
    assert set(deliver(slices, house.port, "SCANNER")) == {0}
    state, reason, _ = outcome(house, shared["StudyInstanceUID"])
    assert state == "failed" and "patient name, at (0018,1160)" in reason and "Sorrowfield" not in reason


@pytest.mark.need("G10")
def test_of_a_study_of_two_modalities_from_two_senders_each_tool_gets_its_own_part(house: House) -> None:
    shared, slices = study_of(3)
    pet = series(2, **shared, Modality="PT", SOPClassUID=PET)
    assert set(deliver(pet, house.port, "SCANNER2")) == set(deliver(slices, house.port, "SCANNER")) == {0}
    state, _, sent = outcome(house, shared["StudyInstanceUID"])
    assert (state, sent) == ("held", ["CT"] * 3)
    assert house.ask(f"Study.objects.filter(study_uid={shared['StudyInstanceUID']!r}).count()") == 1
    late = image(**shared, Modality="PT", SOPClassUID=PET)
    assert deliver([late], house.port, "SCANNER2") == [0]
    state, reason, _ = outcome(house, shared["StudyInstanceUID"], number=2)
    assert (state, reason) == ("refused", "The modality is PT; the tool takes CT.")
    assert outcome(house, shared["StudyInstanceUID"])[0] == "held"


@pytest.mark.need("G10")
@pytest.mark.parametrize(
    "values",
    [
        {"PatientName": "PHANTOM01^CATPHAN"},
        {"PatientName": "ACRPhantom"},
        {"PatientID": "CATPHAN600"},
        {"StudyDescription": "Daily QC"},
        {"StudyDescription": "Monthly_constancy water phantom"},
        {"StudyDescription": "QUALITY_CONTROL"},
        {"StudyDescription": "Daily calibration"},
        {"PatientName": "CALIBRATION^AIR"},
    ],
    ids=lambda values: next(iter(values.values())),
)
def test_a_phantom_and_a_quality_study_go_to_no_tool_however_they_are_labelled(
    house: House, values: dict[str, str]
) -> None:
    shared, slices = study_of(3, **values)
    assert set(deliver(slices, house.port, "SCANNER")) == {0}
    state, reason, _ = outcome(house, shared["StudyInstanceUID"])
    assert (state, reason) == ("refused", "A phantom or quality-assurance study, not a patient.")


@pytest.mark.need("G10")
@pytest.mark.parametrize(
    "description",
    ["CT chest, calcium quantification", "CT chest repeat (poor quality)", "Pelvis with calibration ball"],
)
def test_a_patient_whose_name_number_or_study_holds_such_letters_is_a_patient(
    house: House, description: str
) -> None:
    shared, slices = study_of(
        3, PatientName="Aqaba^Qasim", PatientID=f"QA{patient()}", StudyDescription=description
    )
    assert set(deliver(slices, house.port, "SCANNER")) == {0}
    assert outcome(house, shared["StudyInstanceUID"])[0] == "held"
