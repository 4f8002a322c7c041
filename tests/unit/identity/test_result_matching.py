"""Is any result filed under a patient it does not belong to?"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from dicom_makers import KEY, as_bytes, image, read, structure_set, structured_report
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from alarp.identity import (
    Deidentified,
    Header,
    Pseudonyms,
    SentStudy,
    deidentify,
    disagreements,
    read_header,
)
from alarp.standards.deidentification import load_profile

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning")

NAMES = Pseudonyms(KEY, 1)


def study(number: int) -> tuple[SentStudy, Dataset]:
    """What was sent of study `number` (three slices), and one of the sent objects."""
    sent: list[Deidentified] = []
    for slice_number in range(3):
        root = f"1.2.826.0.1.3680043.10.99.{number}"
        original = image(
            PatientID=f"RX1-{number}",
            AccessionNumber=f"ACC-{number}",
            StudyInstanceUID=root,
            SeriesInstanceUID=root + ".1",
            FrameOfReferenceUID=root + ".9",
            SOPInstanceUID=f"{root}.1.{slice_number + 1}",
        )
        sent.append(deidentify(as_bytes(original), profile=load_profile(), pseudonyms=NAMES))
    return (
        SentStudy(
            sent[0].patient_pseudonym,
            sent[0].accession_pseudonym,
            sent[0].study_uid,
            frozenset(part.series_uid for part in sent),
            frozenset(part.sop_instance_uid for part in sent),
            frozenset(part.frame_of_reference_uid for part in sent),
        ),
        read(sent[0].part10),
    )


STUDIES = [study(number) for number in range(1, 4)]


def report_on(number: int) -> Header:
    sent, dataset = STUDIES[number]
    return read_header(as_bytes(structured_report(dataset, sorted(sent.sop_instance_uids))))


def structures_on(number: int, **changes: str) -> Header:
    sent, dataset = STUDIES[number]
    return read_header(as_bytes(structure_set(dataset, sorted(sent.sop_instance_uids), **changes)))


REPORTS = [report_on(number) for number in range(3)]
STRUCTURES = [structures_on(number) for number in range(3)]
FIELDS = {
    "patient_id": "patient",
    "study_uid": "study UID",
    "accession": "accession",
    "referenced_sop_uids": "referenced objects",
    "referenced_study_uids": "referenced studies",
    "referenced_series_uids": "referenced series",
}


@pytest.mark.need("G02", "G14")
@pytest.mark.parametrize("number", range(3))
def test_a_result_on_the_study_that_was_sent_agrees_in_everything(number: int) -> None:
    assert disagreements(REPORTS[number], STUDIES[number][0]) == ()
    assert disagreements(STRUCTURES[number], STUDIES[number][0]) == ()


@pytest.mark.need("G02")
@given(
    mine=st.integers(0, 2),
    other=st.integers(0, 2),
    swapped=st.sets(st.sampled_from(sorted(FIELDS)), min_size=1),
    results=st.sampled_from([REPORTS, STRUCTURES]),
)
def test_a_result_with_anything_of_another_study_disagrees_in_just_that(
    mine: int, other: int, swapped: set[str], results: list[Header]
) -> None:
    result = replace(results[mine], **{field: getattr(results[other], field) for field in swapped})
    fields = {problem.field for problem in disagreements(result, STUDIES[mine][0])}

    assert fields == (set() if mine == other else {FIELDS[field] for field in swapped})


@pytest.mark.need("G02")
@given(
    field=st.sampled_from(sorted(FIELDS)),
    forged=st.text(alphabet="0123456789.ABCDEFALRP", max_size=40),
    drop=st.booleans(),
)
def test_a_forged_or_stale_value_never_agrees(field: str, forged: str, drop: bool) -> None:
    sent, right = STUDIES[0][0], REPORTS[0]
    value: object = forged
    if isinstance(getattr(right, field), frozenset):
        value = frozenset({forged}) if drop else getattr(right, field) | {forged}
    result = replace(right, **{field: value})

    assert (disagreements(result, sent) == ()) == (result == right)


def tampered(chance: random.Random) -> tuple[Header, int | None]:
    """A result as a faulty tool might send it, and to whose study all of it belongs; None: to nobody's."""
    results = chance.choice([REPORTS, STRUCTURES])
    mine, other = chance.randrange(3), chance.randrange(3)
    right, strange = results[mine], results[other]
    fault = chance.choice(
        ["none", "partial", "swapped", "mixed", "stale", "forged", "no reference", "overwrites"]
    )
    if fault == "partial":
        part = chance.sample(sorted(STUDIES[mine][0].sop_instance_uids), chance.randint(1, 2))
        return replace(right, referenced_sop_uids=frozenset(part)), mine
    if fault == "swapped":  # anything of this study under the names of that one
        fields = chance.sample(sorted(FIELDS), chance.randint(1, len(FIELDS)))
        changed = replace(right, **{field: getattr(strange, field) for field in fields})
        wholly = (
            len(fields) == len(FIELDS) and results is REPORTS
        )  # structures also lie in a frame of reference
        return changed, mine if mine == other else other if wholly else None
    if fault == "mixed":
        both = right.referenced_sop_uids | strange.referenced_sop_uids
        return replace(right, referenced_sop_uids=both), mine if mine == other else None
    if fault == "stale":  # named under a key that is no longer the one it was sent with
        old = Pseudonyms(KEY[::-1], 2)
        uids = frozenset(old.uid(uid) for uid in right.referenced_sop_uids)
        return replace(right, referenced_sop_uids=uids), None
    if fault == "forged":
        field = chance.choice(["patient_id", "study_uid", "accession"])
        genuine = getattr(right, field)
        return replace(right, **{field: genuine[:-1] + ("1" if genuine[-1] != "1" else "2")}), None
    if fault == "no reference":
        return replace(right, referenced_sop_uids=frozenset()), None
    if fault == "overwrites":
        return replace(right, sop_instance_uid=min(STUDIES[mine][0].sop_instance_uids)), None
    return right, mine


@pytest.mark.need("G02")
def test_of_ten_thousand_swapped_partial_stale_and_forged_results_none_is_misfiled() -> None:
    chance = random.Random(20261122)
    filed = refused = 0
    for _ in range(10_000):
        result, belongs = tampered(chance)
        homes = [number for number, (sent, _) in enumerate(STUDIES) if not disagreements(result, sent)]
        assert homes == ([] if belongs is None else [belongs])
        filed, refused = filed + bool(homes), refused + (not homes)
    assert filed > 2_000 and refused > 5_000


@pytest.mark.need("G02")
def test_one_stranger_among_many_references_is_enough_and_none_at_all_too() -> None:
    sent, dataset = STUDIES[0]
    mixed = sorted(sent.sop_instance_uids) + sorted(STUDIES[1][0].sop_instance_uids)[:1]
    stranger = read_header(as_bytes(structured_report(dataset, mixed)))
    empty = read_header(as_bytes(structured_report(dataset, [])))

    assert [problem.field for problem in disagreements(stranger, sent)] == ["referenced objects"]
    assert "referenced objects" in {problem.field for problem in disagreements(empty, sent)}


@pytest.mark.need("G02")
def test_a_result_that_would_replace_an_object_we_sent_disagrees() -> None:
    sent = STUDIES[0][0]
    result = replace(REPORTS[0], sop_instance_uid=min(sent.sop_instance_uids))

    assert [problem.field for problem in disagreements(result, sent)] == ["SOP Instance UID"]


@pytest.mark.need("G14")
def test_a_structure_set_in_another_frame_of_reference_or_in_none_disagrees() -> None:
    sent = STUDIES[0][0]
    elsewhere = structures_on(0, frame=min(STUDIES[1][0].frame_of_reference_uids))
    nowhere = replace(
        STRUCTURES[0], referenced_frame_of_reference_uids=frozenset(), frame_of_reference_uid=""
    )

    assert [problem.field for problem in disagreements(elsewhere, sent)] == ["frame of reference"]
    assert [problem.field for problem in disagreements(nowhere, sent)] == ["frame of reference"]


@pytest.mark.need("G14")
def test_a_segmentation_must_lie_in_the_frame_of_the_images() -> None:
    sent = STUDIES[0][0]
    frame = min(sent.frame_of_reference_uids)
    segmentation = replace(
        REPORTS[0], sop_class_uid="1.2.840.10008.5.1.4.1.1.66.4", frame_of_reference_uid=frame
    )
    elsewhere = replace(segmentation, frame_of_reference_uid="2.25.1")
    unplaced = replace(segmentation, frame_of_reference_uid="")

    assert disagreements(segmentation, sent) == ()
    assert [problem.field for problem in disagreements(elsewhere, sent)] == ["frame of reference"]
    assert [problem.field for problem in disagreements(unplaced, sent)] == ["frame of reference"]


def test_two_empty_names_are_no_agreement() -> None:
    nothing = SentStudy("", "", "", frozenset(), frozenset(), frozenset())
    result = replace(REPORTS[0], patient_id="", study_uid="", accession="")

    assert {"patient", "study UID"} <= {problem.field for problem in disagreements(result, nothing)}


def test_a_real_name_in_a_result_is_not_repeated_in_the_disagreement() -> None:
    problems = disagreements(replace(REPORTS[0], patient_id="SANDRINGHAM", accession="ACC-1"), STUDIES[0][0])

    assert "SANDRINGHAM" not in repr(problems) and "ACC-1" not in repr(problems)
    assert len(problems) == 2
