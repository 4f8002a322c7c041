"""What senders do that peers stumbled over: slowly, one by one, with names that are paths, two hospitals' numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from faketool import deliver
from house import House, wait_for
from pictures import CR, files, image, patient, series, uid
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.presentation import build_context
from test_receiving import data_set_of, send_bytes


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A hospital whose tool nobody has connected yet: every study is prepared and waits."""
    made = House(tmp_path_factory.mktemp("senders"), quiet_s=1)
    try:
        for program in ("listener", "worker"):
            made.start(program)
        yield made
        balance = made.balance()
        assert balance["balanced"], balance["sentence"]
    finally:
        made.close()


def rounds(house: House, study: str) -> list[int]:
    """How many objects are in each round of this study?"""
    return house.ask(
        f"[d.items.count() for d in Dispatch.objects.filter(study__study_uid={study!r}).order_by('number')]"
    )


@pytest.mark.need("G01")
def test_the_quiet_timer_fires_in_the_middle_of_a_transfer_and_the_association_goes_on(house: House) -> None:
    first, slow = series(2, Rows=1500, Columns=1000, PixelData=bytes(1_500_000))
    study = str(first.StudyInstanceUID)
    link = AE(ae_title="SCANNER").associate(
        "127.0.0.1", house.port, contexts=[build_context(CR, ExplicitVRLittleEndian)], ae_title="ALARP"
    )
    assert link.send_c_store(first).Status == 0
    wire, sent = link.dul.socket, 0
    assert wire is not None
    hand_on = wire.send
    complete = f"Study.objects.get(study_uid={study!r}).completed_at is not None"

    def halting(data: bytes) -> None:
        nonlocal sent
        if sent < 700_000 <= sent + len(data):
            house.until(complete)  # the timer has fired while half of the object is here
            assert house.ask(f"Instance.objects.filter(study__study_uid={study!r}).count()") == 1
        sent += len(data)
        hand_on(data)

    wire.send = halting  # type: ignore[method-assign]
    assert link.send_c_store(slow).Status == 0
    assert sent > 1_500_000 and link.is_established
    link.release()
    wait_for(lambda: rounds(house, study) == [1, 1])


@pytest.mark.need("G01")
def test_a_sender_that_opens_an_association_for_each_image_makes_one_study_sent_once(house: House) -> None:
    images = series(15)
    study = str(images[0].StudyInstanceUID)
    for one in images:
        assert deliver([one], house.port, "SCANNER") == [0]
    house.until(f"Dispatch.objects.filter(study__study_uid={study!r}, phase='connect').count()", 1)
    assert rounds(house, study) == [15]


@pytest.mark.need("G02", "G06")
def test_one_patient_number_of_two_hospitals_is_two_patients(house: House) -> None:
    number = patient()
    north, south = (image(PatientID=number, IssuerOfPatientID=issuer) for issuer in ("NORTH", "SOUTH"))
    house.ask(
        f"o = OptOut.objects.create(organisation=Organisation.objects.get(slug='trust'), patient_id={number!r}, "
        "issuer='SOUTH', recorded_by=Person.objects.first(), "
        "recorded_at=__import__('django.utils.timezone').utils.timezone.now())"
    )
    other = image(PatientID=number, IssuerOfPatientID="EAST")
    assert deliver([north, south, other], house.port, "SCANNER") == [0, 0, 0]
    house.until(
        f"Dispatch.objects.filter(study__patient_id={number!r}, state__in=['held', 'opted-out']).count()", 3
    )
    found = house.ask(
        "from alarp.gateway import keys\n"
        f"every = Dispatch.objects.filter(study__patient_id={number!r}).order_by('study__issuer')\n"
        f"answer = [(d.study.issuer, d.state, keys.of_dispatch(d).patient({number!r})) for d in every]"
    )
    assert [(issuer, state) for issuer, state, _ in found] == [
        ("EAST", "held"),
        ("NORTH", "held"),
        ("SOUTH", "opted-out"),
    ]
    assert len({outside for *_, outside in found}) == 3
    assert house.ask(f"Quarantine.objects.filter(instance__study__patient_id={number!r}).count()") == 0


@pytest.mark.need("G02")
def test_one_patient_number_gets_two_names_outside_when_only_the_senders_tell_its_hospitals_apart(
    house: House,
) -> None:
    number = patient()
    for hospital in ("NORTH", "SOUTH"):
        house.ask(
            f"p = Peer.objects.create(aet='CT{hospital}', name='CT', kind='source', patient_issuer={hospital!r}, "
            "site=Organisation.objects.get(slug='north'))"
        )
        assert deliver([image(PatientID=number)], house.port, f"CT{hospital}") == [0]
    house.until(f"Dispatch.objects.filter(study__patient_id={number!r}).count()", 2)
    found = house.ask(
        "from alarp.gateway import keys\n"
        f"every = Dispatch.objects.filter(study__patient_id={number!r}).order_by('study__issuer')\n"
        f"answer = [(d.study.issuer, keys.of_dispatch(d).patient({number!r})) for d in every]"
    )
    assert [issuer for issuer, _ in found] == ["NORTH", "SOUTH"]
    assert found[0][1] != found[1][1]


@pytest.mark.need("G02")
def test_one_study_uid_of_two_hospitals_is_never_one_study(house: House) -> None:
    number, study = patient(), uid()
    north, south = (
        image(PatientID=number, StudyInstanceUID=study, IssuerOfPatientID=issuer)
        for issuer in ("NORTH", "SOUTH")
    )
    assert deliver([north, south], house.port, "SCANNER") == [0, 0]
    assert "another patient" in quarantined(house, str(south.SOPInstanceUID))


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"])
def test_a_uid_that_is_a_path_is_quarantined_and_names_no_file(
    house: House, tmp_path: Path, keyword: str
) -> None:
    hostile, announced = image(), uid()
    setattr(hostile, keyword, "../../../outside")
    content = data_set_of(files([hostile], tmp_path)[0])
    before = set(house.folder.parent.rglob("*"))
    answered = send_bytes(house.port, content, sop_class=CR, sop_uid=announced, syntax=ExplicitVRLittleEndian)
    assert answered == 0
    assert "UID" in quarantined(house, announced)
    fresh = {file.name for file in set(house.folder.parent.rglob("*")) - before if file.is_file()}
    assert [name for name in fresh if len(name) != 64 and not name.startswith("alarp.sqlite3")] == []


def test_a_path_announced_as_the_name_of_an_object_is_quarantined_and_names_no_file(
    house: House, tmp_path: Path
) -> None:
    content = data_set_of(files([image()], tmp_path)[0])
    wanted = "../../../../outside"
    answered = send_bytes(house.port, content, sop_class=CR, sop_uid=wanted, syntax=ExplicitVRLittleEndian)
    assert answered == 0
    assert "announced" in quarantined(house, wanted)
    assert list(house.folder.parent.rglob("outside*")) == []


def quarantined(house: House, sop_uid: str) -> str:
    """Why was the one object that was announced under this name kept apart?"""
    (reason,) = house.ask(
        f"list(Quarantine.objects.filter(instance__sop_uid={sop_uid!r}).values_list('reason', flat=True))"
    )
    return str(reason)
