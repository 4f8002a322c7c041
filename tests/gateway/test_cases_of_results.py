"""What tools return that peers stumbled over: revised, in part, twice, on something that was never sent.

The tool of these tests takes what it is sent and says nothing by itself; each test returns what it wants to.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from faketool import COMPREHENSIVE_SR, deliver, report
from house import House, free_port
from pictures import files, series, uid
from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset


@dataclass
class Route:
    house: House
    tool: Path
    tmp: Path

    def send(self, images: list[Dataset], *, number: int = 1) -> list[Dataset]:
        """Send these as one round of their study; answers all that the tool holds of it, under its pseudonyms."""
        assert self.house.storescu(files(images, self.tmp / uid())).returncode == 0
        study = str(images[0].StudyInstanceUID)
        of_study = f"Dispatch.objects.filter(study__study_uid={study!r})"
        self.house.until(
            f"{of_study}.filter(number={number}, sent_at__isnull=False, state__in=['sent', 'returned']).count()",
            1,
        )
        names = self.house.ask(
            f"list(DispatchInstance.objects.filter(dispatch__study__study_uid={study!r})"
            ".order_by('pk').values_list('sop_uid_sent', flat=True))"
        )
        return [dcmread(self.tool / "in" / f"{name}.dcm") for name in names]

    def returned(self, result: Dataset) -> str:
        """Return this result; answers where it stands when the gateway has looked at it."""
        assert deliver([result], self.house.port, "READER") == [0]
        name = str(result.SOPInstanceUID)
        self.house.until("Work.objects.filter(kind='match', state__in=['ready', 'leased']).count()", 0)
        states = self.house.ask(
            f"list(Result.objects.filter(instance__sop_uid={name!r}).values_list('state', flat=True)) + "
            f"list(Quarantine.objects.filter(instance__sop_uid={name!r}).values_list('reason', flat=True))"
        )
        (state,) = states
        return str(state)

    def restored(self, result: Dataset) -> Dataset:
        """The result as it goes to the PACS."""
        sha256 = self.house.ask(
            f"Result.objects.get(instance__sop_uid={str(result.SOPInstanceUID)!r}).restored_sha256"
        )
        return dcmread(io.BytesIO((self.house.data / "objects" / sha256[:2] / sha256).read_bytes()))


@pytest.fixture(scope="module")
def route(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Route]:
    folder = tmp_path_factory.mktemp("results")
    house, tool = House(folder), free_port()
    house.peer("READER", "tool", tool)
    try:
        for program in ("listener", "worker"):
            house.start(program)
        house.start("faketool", str(tool), str(house.port), "READER", str(folder / "tool"), "600")
        yield Route(house, folder / "tool", folder / "sent")
        balance = house.balance()
        assert balance["balanced"], balance["sentence"]
    finally:
        house.close()


def revising(before: Dataset, images: list[Dataset]) -> Dataset:
    """A report on these images that says which report it takes the place of (PS3.3 C.17.2)."""
    revised = report(images, score=0.9)
    revised.SOPInstanceUID = revised.file_meta.MediaStorageSOPInstanceUID = uid()
    document, in_series, study = Dataset(), Dataset(), Dataset()
    document.ReferencedSOPClassUID = COMPREHENSIVE_SR
    document.ReferencedSOPInstanceUID = before.SOPInstanceUID
    in_series.SeriesInstanceUID, in_series.ReferencedSOPSequence = before.SeriesInstanceUID, [document]
    study.StudyInstanceUID, study.ReferencedSeriesSequence = before.StudyInstanceUID, [in_series]
    revised.PredecessorDocumentsSequence = [study]
    return revised


def revised_uid(dataset: Dataset) -> str:
    (study,) = dataset.PredecessorDocumentsSequence
    return str(study.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID)


@pytest.mark.need("G01", "G02")
def test_a_revised_result_on_late_images_is_filed_and_still_names_its_predecessor(route: Route) -> None:
    first, late = series(2)
    before = report(route.send([first]))
    assert route.returned(before) == "filing"
    revised = revising(before, route.send([late], number=2))
    assert route.returned(revised) == "filing"
    filed = route.restored(revised)
    assert revised_uid(filed) == str(before.SOPInstanceUID) == str(route.restored(before).SOPInstanceUID)
    assert filed.PredecessorDocumentsSequence[0].StudyInstanceUID == first.StudyInstanceUID
    study = str(first.StudyInstanceUID)
    of_study = f"Dispatch.objects.filter(study__study_uid={study!r})"
    assert (
        route.house.ask(f"list({of_study}.order_by('number').values_list('state', flat=True))")
        == ["returned"] * 2
    )


@pytest.mark.need("G02")
def test_a_result_that_revises_another_patients_result_or_names_no_image_is_quarantined(route: Route) -> None:
    mine, other = route.send(series(1)), route.send(series(1))
    own, strange = report(mine), report(other)
    assert [route.returned(one) for one in (own, strange)] == ["filing", "filing"]
    assert "referenced objects" in route.returned(revising(strange, mine))
    empty = revising(own, mine)
    del empty.CurrentRequestedProcedureEvidenceSequence
    assert "referenced objects" in route.returned(empty)


@pytest.mark.need("G02")
def test_a_result_with_one_study_s_header_and_another_s_content_is_quarantined(route: Route) -> None:
    mine, other = route.send(series(1)), route.send(series(1))
    strange = other[0]
    for what, item, where in (
        ("patient named inside", {"TextValue": f"Subject {strange.PatientID}"}, "ContentSequence"),
        ("patient named inside", {"PatientID": strange.PatientID}, "OtherPatientIDsSequence"),
        ("accession named inside", {"AccessionNumber": strange.AccessionNumber}, "ReferencedRequestSequence"),
        ("UIDs named inside", {"UID": strange.SOPInstanceUID}, "ContentSequence"),
    ):
        mixed, added = report(mine, score=0.9), Dataset()
        mixed.SOPInstanceUID = mixed.file_meta.MediaStorageSOPInstanceUID = uid()
        for name, value in item.items():
            setattr(added, name, value)
        mixed[where] = DataElement(where, "SQ", [*mixed.get(where, []), added])
        assert what in route.returned(mixed)
    assert route.returned(report(mine)) == "filing"


@pytest.mark.need("G01", "G02")
def test_the_same_bytes_returned_twice_are_one_result(route: Route) -> None:
    result = report(route.send(series(2)))
    assert [route.returned(result), route.returned(result)] == ["filing", "filing"]
    name = str(result.SOPInstanceUID)
    assert route.house.ask(
        f"list(Instance.objects.filter(sop_uid={name!r}).values_list('times_received', flat=True))"
    ) == [2]


@pytest.mark.need("G02")
def test_another_result_under_the_uid_of_the_first_is_kept_apart(route: Route) -> None:
    images = route.send(series(2))
    assert route.returned(report(images)) == "filing"
    assert deliver([report(images, score=0.1)], route.house.port, "READER") == [0]
    name = str(report(images).SOPInstanceUID)
    reasons = route.house.ask(
        f"list(Quarantine.objects.filter(instance__sop_uid={name!r}).values_list('reason', flat=True))"
    )
    assert len(reasons) == 1 and "other content" in reasons[0]
    assert route.house.ask(f"Result.objects.filter(instance__sop_uid={name!r}).count()") == 1


@pytest.mark.need("G01")
def test_a_result_that_is_looked_at_again_after_it_was_matched_stays_as_it_is(route: Route) -> None:
    result = report(route.send(series(1)))
    assert route.returned(result) == "filing"
    name = str(result.SOPInstanceUID)
    again = f"Work.objects.filter(kind='match', key=str(Instance.objects.get(sop_uid={name!r}).pk))"
    assert route.house.ask(f"{again}.update(state='ready', done_at=None, attempts=0)") == 1
    route.house.until(f"{again}.get().state", "done")
    assert route.house.ask(f"Result.objects.filter(instance__sop_uid={name!r}).count()") == 1


@pytest.mark.need("G01")
def test_a_result_that_leaves_out_one_of_three_images_says_so_where_it_is_read(route: Route) -> None:
    images = route.send(series(3))
    whole, partial = report(images), report(images[:2])
    assert whole.SOPInstanceUID != partial.SOPInstanceUID
    assert [route.returned(one) for one in (partial, whole)] == ["filing", "filing"]
    counted = [
        route.house.ask(
            f"[Result.objects.get(instance__sop_uid={str(one.SOPInstanceUID)!r}).summary.get(name) "
            "for name in ('images_named', 'images_sent')]"
        )
        for one in (partial, whole)
    ]
    assert counted == [[2, 3], [None, None]]
    told = route.house.ask(
        "from alarp.records.ledger.queries import journey\n"
        f"result = Result.objects.get(instance__sop_uid={str(partial.SOPInstanceUID)!r})\n"
        "answer = ' '.join(step.sentence for step in journey(result.dispatch.study))"
    )
    assert told.count("It names 2 of the 3 images that were sent.") == 1


@pytest.mark.need("G01")
def test_a_second_report_with_another_score_is_no_repeat_of_the_first(route: Route) -> None:
    images = route.send(series(1))
    first, other, again = report(images, score=0.1), report(images, score=0.9), report(images, score=0.9)
    for one in (other, again):
        one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = uid()
    assert [route.returned(one) for one in (first, other, again)] == ["filing", "filing", "kept"]


@pytest.mark.need("G02", "G11")
def test_a_report_that_claims_a_persons_verification_is_kept_apart_with_the_clause(route: Route) -> None:
    claiming = report(route.send(series(1)))
    claiming.VerificationFlag = "VERIFIED"
    assert "says that a person has verified it (PS3.3 C.17.2)" in route.returned(claiming)
    said = route.house.ask(
        "from alarp.records import clock\nfrom alarp.records.ledger.answers import answer\n"
        f"i = Instance.objects.get(sop_uid={str(claiming.SOPInstanceUID)!r})\n"
        "a = answer(i.study.dispatches.get(), now=clock.now())\nanswer = [a.kind, a.sentence]"
    )
    assert said[0] == "awaited" and "kept apart until a person has looked" in said[1]


@pytest.mark.need("G11")
def test_what_a_result_leaves_out_is_told_beside_it_and_keeps_nothing_back(route: Route) -> None:
    made = report(route.send(series(1)))
    del made.CompletionFlag
    assert route.returned(made) == "filing"
    told = route.house.ask(
        f"Result.objects.get(instance__sop_uid={str(made.SOPInstanceUID)!r}).summary['checks']"
    )
    assert {"completion", "equipment", "contributing-equipment"} <= {one["id"] for one in told["short_of"]}
    assert all(one["source"] and one["found"] for one in told["short_of"])
