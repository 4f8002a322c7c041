"""Which images of a study go to the tool, and does everything that stays have its reason?"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, JPEG2000Lossless, generate_uid

from alarp.gateway.receiving.describing import described
from alarp.identity import Gaps, Plane, gaps, planes
from alarp.kernel import Unavailable
from alarp.records import clock, objects
from alarp.records.audit.models import AuditEvent
from alarp.records.deployments.models import Deployment
from alarp.records.ledger import choosing, commands, dispatches, eligibility, work
from alarp.records.ledger.arrivals import receive
from alarp.records.ledger.eligibility import Item, choose
from alarp.records.ledger.models import Dispatch, Instance, Study
from alarp.records.products.models import IntendedUse

pytestmark = pytest.mark.need("G04")

CT, SECONDARY = str(CTImageStorage), "1.2.840.10008.5.1.4.1.1.7"
PLAIN, J2K = str(ExplicitVRLittleEndian), str(JPEG2000Lossless)


def items(*kinds: tuple[str, str, str, str]) -> list[Item]:
    return [Item(pk, *kind) for pk, kind in enumerate(kinds, start=1)]


THIN, THICK, SCREEN, DOSE = (
    ("CT", "thin", CT, PLAIN),
    ("CT", "thick", CT, PLAIN),
    ("CT", "screen", SECONDARY, PLAIN),
    ("SR", "dose", "1.2.840.10008.5.1.4.1.1.88.67", PLAIN),
)
KNOWN = {"thin": Gaps(1.0, 1.0), "thick": Gaps(5.0, 5.0), "screen": None}


@pytest.mark.parametrize(
    ("rules", "goes", "refused", "stays"),
    [
        ({}, {1, 2, 3, 4, 5}, "", ""),
        ({"modalities": ["CT"]}, {1, 2, 3, 4}, "", ""),
        ({"sop_classes": [CT]}, {1, 2, 3}, "", ""),
        ({"sop_classes": ["CT Image Storage"]}, {1, 2, 3}, "", ""),
        ({"sop_classes": ["CTImageStorage"]}, {1, 2, 3}, "", ""),
        ({"modalities": ["CT"], "sop_classes": ["MR Image Storage"]}, set(),
         "The SOP class is CT Image Storage, Secondary Capture Image Storage; the tool takes MR Image Storage.", ""),
        ({"sop_classes": [CT], "slice_spacing_max_mm": 3}, {1, 2}, "",
         "The slice spacing of a series of 1 image (CT) is 5 mm; the tool takes up to 3 mm."),
        ({"sop_classes": [CT], "slice_spacing_min_mm": 1.5}, {3}, "",
         "The slice spacing of a series of 2 images (CT) is 1 mm; the tool takes 1.5 mm and more."),
        ({"sop_classes": [CT], "slice_spacing_max_mm": 0.5}, set(), "up to 0.5 mm", "up to 0.5 mm"),
        ({"sop_classes": [SECONDARY], "slice_spacing_max_mm": 3}, set(), "is not stated; the tool has a limit.",
         "is not stated"),
        ({"transfer_syntaxes": [PLAIN]}, {1, 2, 3, 4, 5}, "", ""),
        ({"modalities": ["CT"], "transfer_syntaxes": ["Implicit VR Little Endian"]}, set(),
         "The transfer syntax of 4 of 4 images is Explicit VR Little Endian; the tool takes Implicit VR Little Endian.",
         ""),
    ],
)  # fmt: skip
def test_the_rules_choose_the_images(rules: dict[str, Any], goes: set[int], refused: str, stays: str) -> None:
    found = choose([rules, {}], items(THIN, THIN, THICK, SCREEN, DOSE), KNOWN)

    assert found.taken == goes
    assert (refused in " ".join(found.refusals)) and bool(refused) == bool(found.refusals)
    assert stays in " ".join((*found.stays, *found.refusals)) and (bool(stays) or not found.stays)


def test_one_image_in_another_transfer_syntax_keeps_the_whole_study_here() -> None:
    mixed = items(THIN, THIN, ("CT", "thin", CT, J2K))
    found = choose([{"transfer_syntaxes": ["ExplicitVRLittleEndian"]}], mixed)

    assert found.taken == frozenset()
    assert found.refusals == (
        f"The transfer syntax of 1 of 3 images is {UID(J2K).name}; the tool takes ExplicitVRLittleEndian.",
    )


def test_both_rule_sets_have_to_let_an_image_through() -> None:
    found = choose([{"sop_classes": [CT]}, {"slice_spacing_max_mm": 3}], items(THIN, THICK, SCREEN), KNOWN)
    assert found.taken == {1} and len(found.stays) == 1


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ({"slice_spacing_max": 3}, "The rule 'slice_spacing_max' is unknown."),
        ({"slice_spacing_max_mm": "3"}, "The rule 'slice_spacing_max_mm' is '3'; give a number."),
        ({"age_min_years": True}, "The rule 'age_min_years' is True; give a number."),
        ({"sop_classes": CT}, f"The rule 'sop_classes' is '{CT}'; give a list of words."),
        ({"modalities": [1]}, "The rule 'modalities' is [1]; give a list of words."),
    ],
)
def test_a_rule_that_cannot_be_read_lets_nothing_through(rules: dict[str, Any], sentence: str) -> None:
    assert eligibility.faults(rules) == (sentence,)
    assert sentence in eligibility.refusals(rules, eligibility.Candidate(frozenset({"CT"})))


# How far apart slices lie


@pytest.mark.shared
@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("ct_abdomen_rtstruct/ct", (2.0, 2.0)),
        ("ct_head_phantom_philips", (5.0, 5.0)),
        ("geometry_faults/ct_gantry_tilt_siemens", (4.8515, 4.8515)),
        ("mr/hitachi_echelon_iso2022", (4.0, 4.0)),
        ("mr/philips_intera", (0.6, 0.6)),
        ("geometry_faults/mr_mixed_orientation_philips", None),
        ("cxr", None),
    ],
)
def test_the_spacing_of_real_series_is_read(
    shared: Path, folder: str, expected: tuple[float, float] | None
) -> None:
    """By hand: the distances of the positions that dcmdump shows, along the normal of the planes."""
    files = [f for f in (shared / "data" / folder).iterdir() if f.suffix in ("", ".dcm")]
    found = gaps(plane for file in files for plane in planes(file.read_bytes()))
    assert (found and (found.smallest_mm, found.largest_mm)) == (
        expected and pytest.approx(expected, abs=1e-3)
    )


@pytest.mark.shared
def test_the_frames_of_one_object_are_read_as_slices(shared: Path) -> None:
    apart = {}
    for file in (shared / "data/enhanced").rglob("*.dcm"):
        found = planes(file.read_bytes())
        apart[file.name] = (len(found), gaps(found))
    assert apart["5.dcm"] == (2, Gaps(10.0, 10.0)) and apart["mf.dcm"] == (3, Gaps(2.5, 2.5))
    assert apart["IM-0001-9600-0001.dcm"][0] == 32  # a private sequence repeats each position


def test_a_missing_slice_shows_and_two_phases_do_not() -> None:
    axial = (1.0, 0, 0, 0, 1.0, 0)
    at = [Plane((0.0, 0.0, z), axial) for z in (0.0, 2.0, 2.0, 6.0)]
    assert gaps(at) == Gaps(2.0, 4.0)
    assert gaps(at[:1]) is None and gaps([at[0], at[0]]) is None
    assert gaps([at[0], Plane((0, 0, 2.0), (1.0, 0, 0, 1.0, 0, 0))]) is None  # no plane at all


# In the ledger


def slice_at(z: float, study: str, series: str, *, spacing: bool = True) -> bytes:
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID, made.Modality = CT, generate_uid(), "CT"
    made.StudyInstanceUID, made.SeriesInstanceUID, made.PatientID = study, series, "H7"
    if spacing:
        made.ImagePositionPatient, made.ImageOrientationPatient = [0, 0, z], [1, 0, 0, 0, 1, 0]
    file = io.BytesIO()
    made.save_as(file, enforce_file_format=True)
    return file.getvalue()


@pytest.fixture
def study(deployment: Any) -> Study:
    """Three thin slices, two thick ones, and a localiser that states no position."""
    peer = commands.register_peer(aet="CT1", name="CT", kind="source", site=deployment.site, by="set-up")
    uid, thin, thick = (generate_uid() for _ in range(3))
    every = [slice_at(z, uid, thin) for z in (0, 1, 2)] + [slice_at(z, uid, thick) for z in (0, 5)]
    every.append(slice_at(0, uid, generate_uid(), spacing=False))
    for data in every:
        name = dcmread(io.BytesIO(data)).SOPInstanceUID
        receive(peer, described(data, objects.put(data), sop_uid=name, sop_class=CT, transfer_syntax=PLAIN))
    return Study.objects.get(study_uid=uid)


def rule(deployment: Any, **rules: Any) -> None:
    IntendedUse.objects.update_or_create(version=deployment.version, defaults={"rules": rules})


def decided(study: Study, deployment: Any) -> Dispatch:
    work.ask("decide", str(study.pk), {"study": study.pk})
    step = next(s for s in work.claim("test", 9) if s.kind == "decide")
    dispatches.decide(step, study.pk)
    return Dispatch.objects.get(study=study, deployment=deployment)


@pytest.mark.django_db
def test_thin_slices_go_and_the_others_stay_with_their_reasons_in_the_audit(
    study: Study, deployment: Any
) -> None:
    rule(deployment, slice_spacing_max_mm=3)
    found = decided(study, deployment)

    assert found.state == Dispatch.READY and found.items.count() == 3
    assert "The slice spacing of a series of 2 images (CT) is 5 mm" in found.reason
    assert (
        "The slice spacing of a series of 1 image (CT) is not stated" in found.reason
        and "stays here" in found.reason
    )
    told = AuditEvent.objects.get(action="dispatch ready").details["reason"]
    assert told == found.reason


@pytest.mark.django_db
def test_a_study_without_a_fitting_series_is_not_sent_and_says_why(study: Study, deployment: Any) -> None:
    rule(deployment, slice_spacing_max_mm=0.5)
    found = decided(study, deployment)

    assert (found.state, found.phase) == (Dispatch.REFUSED, "eligible")
    assert "1 mm; the tool takes up to 0.5 mm" in found.reason and "5 mm; the tool" in found.reason


@pytest.mark.django_db
def test_rules_that_have_no_image_in_common_refuse_the_study(study: Study, deployment: Any) -> None:
    rule(deployment, modalities=["CT"])
    Deployment.objects.filter(pk=deployment.pk).update(eligibility={"modalities": ["MR"]})
    Instance.objects.filter(pk__in=Instance.objects.filter(study=study)[:1]).update(modality="MR")
    found = decided(study, deployment)

    assert (found.state, found.reason) == (Dispatch.REFUSED, choosing.NEITHER)


@pytest.mark.django_db
def test_an_image_that_came_while_the_others_were_read_is_not_judged_unread(
    study: Study, deployment: Any
) -> None:
    rule(deployment, slice_spacing_max_mm=3)
    known = choosing.spacings(study, [deployment])
    late = slice_at(9, study.study_uid, generate_uid())
    Instance.objects.create(
        study=study, direction="source", peer=study.peer, sop_uid="1.9", sha256=objects.put(late), modality="CT",
        size_bytes=1, received_at=clock.now(),
    )  # fmt: skip
    with pytest.raises(Unavailable, match="came while it was read"):
        choosing.choose(study, deployment, Instance.objects.filter(study=study), known)


def test_without_a_rule_about_spacing_no_image_is_opened(
    study: Study, deployment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(deployment, modalities=["CT"])
    monkeypatch.setattr(choosing, "_planes", lambda sha256: pytest.fail("an image was opened"))
    assert choosing.spacings(study, [deployment]).read == frozenset()
