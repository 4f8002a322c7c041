"""Numbers are merged and parted after a study has left: does the proof say what was known then, and what is known now?"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

from alarp.cli.opt_outs import _told
from alarp.gateway.receiving.describing import described
from alarp.records import clock, egress, objects, pseudonym_keys
from alarp.records.assurance import proofs
from alarp.records.assurance.models import OptOutProof
from alarp.records.ledger.arrivals import receive
from alarp.records.ledger.commands import record_opt_out, register_peer
from alarp.records.ledger.models import Instance, Study, Work
from alarp.records.messages import commands
from alarp.records.messages.models import Message
from alarp.records.messages.reading.segments import header_of
from hl7_words import NHS, OTHER_NHS, changed, merge

pytestmark = [pytest.mark.django_db, pytest.mark.need("G06", "G08")]


@pytest.fixture(autouse=True)
def _record_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from alarp.records.configuration import configuration

    here = dataclasses.replace(configuration(), data=tmp_path)
    monkeypatch.setattr(egress, "configuration", lambda: here)
    monkeypatch.setattr(egress, "_JOURNALS", [])
    yield


@pytest.fixture
def desk(deployment: Any) -> Any:
    import valley

    return valley.person("radiographer")


def tell(data: bytes) -> Message:
    header = header_of(data)
    assert header is not None
    return commands.receive_hl7(data, header)


def arrives(
    deployment: Any, number: str, *, issuer: str = "NORTH", stated: bool = True, aet: str = "CT1"
) -> Study:
    """A film of this patient, by a sender with this issuer; the film states it, or leaves it to its sender."""
    peer = register_peer(
        aet=aet, name=aet, kind="source", site=deployment.site, patient_issuer=issuer, by="set-up"
    )
    film = Dataset()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.SOPClassUID, film.Modality = ComputedRadiographyImageStorage, "CR"
    film.SOPInstanceUID, film.SeriesInstanceUID, film.StudyInstanceUID = (generate_uid() for _ in range(3))
    film.PatientID, film.IssuerOfPatientID = number, issuer if stated else ""
    file = io.BytesIO()
    film.save_as(file, enforce_file_format=True)
    named = {"sop_uid": film.SOPInstanceUID, "sop_class": film.SOPClassUID}
    came = described(
        file.getvalue(), objects.put(file.getvalue()), **named, transfer_syntax=ExplicitVRLittleEndian
    )
    study = Instance.objects.get(pk=receive(peer, came).instance).study
    assert study is not None
    return study


def leaves(study: Study, deployment: Any) -> None:
    """Its object goes to the tool's socket; what the ledger says of it does not matter here."""
    keys = pseudonym_keys.load(deployment.slug, pseudonym_keys.current(deployment.slug))
    name = keys.uid(study.instances.get().sop_uid)
    egress.leaving(b"without a name", peer="TOOL", deployment=deployment.slug, sop_uid=name)


def proof() -> OptOutProof:
    return proofs.prove(clock.now() - timedelta(hours=1), clock.now() + timedelta(hours=1))


def opted_out(desk: Any, **numbers: str) -> Any:
    return record_opt_out(**numbers, organisation=desk.organisation, by=desk)


def test_what_left_before_the_hospital_said_that_both_numbers_are_one_person_is_no_breach_and_is_named(
    deployment: Any, desk: Any
) -> None:
    row, study = opted_out(desk, patient_id="H1", issuer="NORTH"), arrives(deployment, "H2")
    leaves(study, deployment)
    assert proof().body["merged"] == []
    said = tell(merge("M1", "H2", "H1"))

    found = proof()
    (left,) = found.body["merged"]
    assert found.proven and not found.body["stood"] and not found.body["before"]
    assert (left["study"], left["images"], left["said_no"]) == (study.pk, 1, f"opt-out {row.pk}")
    assert f"Message {said.pk}, ADT^A40 said on" in left["because"]
    assert found.body["rows"] == [{"study": study.pk, "instances": 1, "left": 1}]
    told = "\n".join(_told(found))
    assert (
        f"Study {study.pk}: 1 to" in told and "under another number" in told and "was known to stand" in told
    )
    assert Work.objects.filter(kind="recall", key=f"{row.pk} after message {said.pk}").exists()


def test_what_left_after_the_hospital_had_said_so_is_a_breach(deployment: Any, desk: Any) -> None:
    opted_out(desk, patient_id="H1", issuer="NORTH")
    study = arrives(deployment, "H2")
    tell(merge("M1", "H2", "H1"))
    leaves(study, deployment)

    found = proof()
    assert not found.proven and not found.body["merged"]
    assert [(row["study"], row["because"]) for row in found.body["stood"]] == [(study.pk, "")]


def test_a_pairing_that_is_corrected_afterwards_does_not_undo_the_breach(deployment: Any, desk: Any) -> None:
    opted_out(desk, nhs_number=NHS)
    study = arrives(deployment, "H2")
    tell(changed("M1", "H2", NHS))
    leaves(study, deployment)
    tell(changed("M2", "H2", OTHER_NHS, at="20261122111500"))

    found = proof()
    (left,) = found.body["stood"]
    assert not found.proven and left["study"] == study.pk and "said since" in left["because"]


def test_a_pairing_that_was_corrected_before_it_left_binds_nobody(deployment: Any, desk: Any) -> None:
    opted_out(desk, nhs_number=NHS)
    study = arrives(deployment, "H2")
    tell(changed("M1", "H2", NHS))
    tell(changed("M2", "H2", OTHER_NHS, at="20261122111500"))
    leaves(study, deployment)

    found = proof()
    assert found.proven and not any(found.body[name] for name in ("stood", "merged", "before"))


def test_a_number_paired_after_the_study_left_recalls_it_and_is_named(deployment: Any, desk: Any) -> None:
    row, study = opted_out(desk, nhs_number=NHS), arrives(deployment, "H2")
    leaves(study, deployment)
    said = tell(changed("M1", "H2", NHS))

    (left,) = proof().body["merged"]
    assert left["study"] == study.pk and f"Message {said.pk}, ADT^A08" in left["because"]
    assert Work.objects.filter(kind="recall", key=f"{row.pk} after message {said.pk}").exists()


def test_a_no_that_was_said_after_it_left_is_earlier_whatever_was_merged(deployment: Any, desk: Any) -> None:
    study = arrives(deployment, "H2")
    leaves(study, deployment)
    tell(merge("M1", "H2", "H1"))
    opted_out(desk, patient_id="H1", issuer="NORTH")

    found = proof()
    assert found.proven and not found.body["merged"]
    assert [row["study"] for row in found.body["before"]] == [study.pk]


@pytest.mark.need("G02")
def test_the_other_hospital_s_patient_of_the_same_number_is_nobody_s_breach(
    deployment: Any, desk: Any
) -> None:
    opted_out(desk, patient_id="H2", issuer="SOUTH")
    ours = arrives(deployment, "H2", stated=False)
    theirs = arrives(deployment, "H2", issuer="SOUTH", stated=False, aet="CT2")
    leaves(ours, deployment)
    assert proof().proven
    leaves(theirs, deployment)

    assert [row["study"] for row in proof().body["stood"]] == [theirs.pk]
