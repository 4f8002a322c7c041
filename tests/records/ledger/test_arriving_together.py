"""Are several arrivals in one transaction judged as they would be one after the other?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from valley import connected

from alarp.records import clock, permissions
from alarp.records.assurance import alarms
from alarp.records.ledger import commands, dispatches
from alarp.records.ledger.arrivals import Arrival, Described, receive_all
from alarp.records.ledger.models import Instance, Peer, Quarantine, Study, Work
from alarp.records.people.models import Person

STUDY = Described(study_uid="1.2.3", patient_id="H42", issuer="NORTH", birth_date="19610509", modality="CT")


@pytest.fixture
def scanner(deployment: Any) -> Peer:
    return commands.register_peer(aet="CT1", name="CT one", kind="source", site=deployment.site, by="set-up")


def image(number: int, **more: Any) -> Arrival:
    bare = Arrival(
        sha256=f"{number:064x}",
        size_bytes=1000 + number,
        sop_uid=f"1.2.{number}",
        sop_class="1.2.840.10008.5.1.4.1.1.2",
        transfer_syntax="1.2.840.10008.1.2.1",
        modality="CT",
        study=STUDY,
    )
    return replace(bare, **more)


COMING = [
    image(1),
    image(2),
    image(1),
    image(3, sop_uid="1.2.2"),
    image(4, study=replace(STUDY, patient_id="H43")),
    image(5, study=replace(STUDY, birth_date="19991231")),
    image(6, trouble="The header cannot be read."),
    image(7, study=replace(STUDY, study_uid="1.2.4", held_because="A phantom.")),
    image(8, study=replace(STUDY, study_uid="1.2.4", modality="SR"), modality="SR"),
    image(2),
    image(9, study=None),
]


def told() -> dict[str, Any]:
    """Everything that the ledger says of what came."""
    return {
        "instances": list(
            Instance.objects.order_by("sop_uid", "sha256").values_list(
                "sop_uid", "sha256", "times_received", "study__study_uid", "quarantine__reason", "size_bytes"
            )
        ),
        "studies": list(
            Study.objects.order_by("study_uid").values_list(
                "study_uid", "patient_id", "modality", "held_because"
            )
        ),
        "work": sorted(Work.objects.values_list("kind", "state")),
    }


@pytest.mark.parametrize("size", [1, 2, 3, 5, len(COMING)])
def test_a_batch_of_any_size_says_what_one_at_a_time_says(scanner: Peer, size: int) -> None:
    outcomes = []
    for start in range(0, len(COMING), size):
        outcomes += [r.outcome for r in receive_all([(scanner, one) for one in COMING[start : start + size]])]
    assert outcomes == [
        "new",
        "new",
        "repeat",
        *["quarantined"] * 4,
        "new",
        "new",
        "repeat",
        "quarantined",
    ]
    found = told()
    assert [(sop, times) for sop, _, times, *_ in found["instances"]][:2] == [("1.2.1", 2), ("1.2.2", 2)]
    assert found["studies"] == [("1.2.3", "H42", "CT", ""), ("1.2.4", "H42", "CT", "A phantom.")]
    assert found["work"] == [("complete", "ready")] * 2
    reasons = dict(Quarantine.objects.values_list("instance__sha256", "reason"))
    assert "other content" in reasons[f"{3:064x}"]
    assert "another patient" in reasons[f"{4:064x}"] and "another patient" in reasons[f"{5:064x}"]
    assert reasons[f"{6:064x}"] == "The header cannot be read." and "no study" in reasons[f"{9:064x}"]


def test_an_image_tells_of_the_equipment_that_a_report_before_it_did_not(scanner: Peer) -> None:
    receive_all([(scanner, image(1, modality="SR", study=replace(STUDY, modality="SR")))])
    receive_all([(scanner, image(2, study=replace(STUDY, model="Discovery", station="CT7")))])
    assert list(Study.objects.values_list("modality", "model", "station")) == [("CT", "Discovery", "CT7")]


@pytest.mark.need("G06")
@pytest.mark.parametrize("together", [True, False])
def test_a_no_by_a_number_that_only_a_later_object_states_bars_the_study(
    deployment: Any, scanner: Peer, together: bool
) -> None:
    desk = next(p for p in Person.objects.all() if permissions.allowed(p, "record_opt_out", deployment.site))
    commands.record_opt_out(nhs_number="9434765870", organisation=deployment.site, by=desk)
    coming = [
        (scanner, image(1)),
        (scanner, image(2, study=replace(STUDY, nhs_number="9434765870"))),
        (scanner, image(3)),
    ]
    for some in [coming] if together else [[one] for one in coming]:
        receive_all(some)
    assert "opted out" in dispatches.opted_out_here(Study.objects.get(), deployment)


@pytest.mark.need("G02")
@pytest.mark.parametrize(
    ("name", "first", "other"),
    [("nhs_number", "9434765870", "9434765919"), ("birth_date", "19610509", "20010101")],
)
def test_an_object_of_another_person_is_kept_apart_though_the_first_object_said_little(
    scanner: Peer, name: str, first: str, other: str
) -> None:
    little = replace(STUDY, nhs_number="", birth_date="")
    said = [little, replace(little, **{name: first}), little, replace(little, **{name: other})]
    receive_all([(scanner, image(number, study=one)) for number, one in enumerate(said, start=1)])
    assert [q.instance.sop_uid for q in Quarantine.objects.all()] == ["1.2.4"]
    assert "another patient" in Quarantine.objects.get().reason


def test_a_study_that_was_done_is_looked_at_again_after_a_late_image(scanner: Peer) -> None:
    receive_all([(scanner, image(1))])
    Work.objects.update(state=Work.DONE, attempts=3, trouble="x")
    receive_all([(scanner, image(2))])
    assert list(Work.objects.values_list("state", "attempts", "trouble")) == [("ready", 0, "")]


def test_an_object_that_was_kept_apart_is_an_alert_until_somebody_has_looked(
    deployment: Any, scanner: Peer
) -> None:
    connected(deployment)
    receive_all([(scanner, image(1)), (scanner, image(3, sop_uid="1.2.1"))])
    alarms.look_at_what_was_kept_apart(clock.now())
    alert = deployment.alerts.get(monitor="objects-kept-apart")
    assert alert.role == "pacs-manager" and "1" in alert.sentence
    Quarantine.objects.update(resolved_at=clock.now())
    alarms.look_at_what_was_kept_apart(clock.now())
    assert deployment.alerts.get(monitor="objects-kept-apart").end.because == alarms.BACK[alarms.APART]
