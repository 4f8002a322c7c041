"""Two hospitals use one number: is it two patients when only the sender tells them apart?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from alarp.kernel import BadInput
from alarp.records import clock, objects
from alarp.records.ledger import commands, opt_outs
from alarp.records.ledger.arrivals import ANOTHER_PATIENT, Arrival, Described, receive
from alarp.records.ledger.models import Instance, OptOut, Peer, Quarantine, Study
from alarp.records.ledger.opt_outs import PatientIds
from alarp.records.messages.models import Merge, Message

pytestmark = pytest.mark.need("G02")

HEADER = Described(study_uid="1.2.3", patient_id="H42", birth_date="19610509", modality="CT")


def sender(deployment: Any, aet: str, issuer: str = "", **more: Any) -> Peer:
    return commands.register_peer(
        aet=aet, name=aet, kind="source", site=deployment.site, patient_issuer=issuer, by="set-up", **more
    )


def arrives(peer: Peer, number: int, study: Described = HEADER) -> Instance:
    sha256 = objects.put(f"object {peer.aet} {number}".encode())
    arrival = Arrival(
        sha256, 10, f"1.2.3.{number}", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1", study=study
    )
    return Instance.objects.get(pk=receive(peer, arrival).instance)


@pytest.mark.need("G06")
def test_an_opt_out_of_one_hospital_s_patient_does_not_bar_the_other_s(deployment: Any) -> None:
    north, south = sender(deployment, "CTN", "NORTH"), sender(deployment, "CTS", "SOUTH")
    ours = arrives(north, 1).study
    theirs = arrives(south, 2, replace(HEADER, study_uid="1.2.4")).study
    assert ours and theirs and (ours.issuer, theirs.issuer) == ("NORTH", "SOUTH")
    row = OptOut.objects.create(
        organisation=deployment.site,
        patient_id="h42",
        issuer="south",
        recorded_at=clock.now(),
        recorded_by=_anybody(),
    )

    def barred(study: Study) -> bool:
        return opt_outs.find(PatientIds.of(study), deployment=None, since=study.first_received_at) is not None

    assert (barred(ours), barred(theirs)) == (False, True)
    OptOut.objects.filter(pk=row.pk).update(issuer="")  # whoever does not say whose number it is means both
    assert (barred(ours), barred(theirs)) == (True, True)


def _anybody() -> Any:
    from alarp.records.people.models import Person

    return Person.objects.first()


@pytest.mark.need("G06")
def test_a_merge_of_one_hospital_s_number_does_not_reach_the_other_s(deployment: Any) -> None:
    ours = arrives(sender(deployment, "CTN", "NORTH"), 1).study
    theirs = arrives(sender(deployment, "CTS", "SOUTH"), 2, replace(HEADER, study_uid="1.2.4")).study
    told = Message.objects.create(
        way="hl7", sender="PAS|SOUTH", control_id="1", sha256="0" * 64, size_bytes=1, received_at=clock.now()
    )
    Merge.objects.create(
        message=told, kind=Merge.MERGED, patient_id="h7", issuer="south", old_patient_id="h42", old_issuer="south",
        at=clock.now(),
    )  # fmt: skip
    assert ours and theirs
    assert PatientIds("h7", "south") in opt_outs.known_as(PatientIds.of(theirs))
    assert opt_outs.known_as(PatientIds.of(ours)) == (PatientIds("h42", "north"),)


def test_one_study_uid_from_two_hospitals_with_one_number_is_kept_apart(deployment: Any) -> None:
    first = arrives(sender(deployment, "CTN", "NORTH"), 1)
    second = arrives(sender(deployment, "CTS", "SOUTH"), 2)

    assert first.study is not None and second.study is None
    assert Quarantine.objects.get(instance=second).reason == ANOTHER_PATIENT


def test_an_issuer_in_the_object_goes_before_the_sender_s(deployment: Any) -> None:
    relay = sender(deployment, "CTN", "NORTH")
    said = arrives(relay, 1, replace(HEADER, issuer="EAST")).study
    nobody = arrives(relay, 2, replace(HEADER, study_uid="1.2.5", patient_id="")).study

    assert said is not None and said.issuer == "EAST"
    assert nobody is not None and nobody.issuer == ""


def test_a_study_that_began_before_the_issuer_was_entered_goes_on_as_one(deployment: Any) -> None:
    first = arrives(sender(deployment, "CTN"), 1)
    late = arrives(sender(deployment, "CTN", "NORTH"), 2)
    after = arrives(Peer.objects.get(aet="CTN"), 3, replace(HEADER, study_uid="1.2.6"))

    assert first.study_id == late.study_id
    assert late.study is not None and late.study.issuer == ""
    assert after.study is not None and after.study.issuer == "NORTH"


@pytest.mark.parametrize("issuer", ["N" * 65, "NOR\\TH", "NOR\nTH"])
def test_an_issuer_that_no_header_can_hold_is_refused(deployment: Any, issuer: str) -> None:
    with pytest.raises(BadInput, match="CTN: the issuer"):
        sender(deployment, "CTN", issuer)
    assert not Peer.objects.filter(aet="CTN").exists()


def test_a_tool_has_no_issuer_of_its_own(deployment: Any) -> None:
    with pytest.raises(BadInput, match="pseudonyms"):
        commands.register_peer(
            aet="AI",
            name="AI",
            kind="tool",
            host="h",
            port=104,
            deployment=deployment,
            patient_issuer="X",
            by="set-up",
        )
