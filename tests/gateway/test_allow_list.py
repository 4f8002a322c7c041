"""Who is not entered does not get in, and somebody hears of it: attempts to get around the allow-list (G15)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from house import House, free_port, wait_for
from pictures import files, series
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("callers"), quiet_s=60, gateway_host="0.0.0.0", gateway_processes=2)
    made.peer("READER", "tool", free_port())
    made.ask("Peer.objects.filter(aet='SCANNER2').update(addresses='10.1.0.0/16 127.0.0.2')")
    made.ask("Peer.objects.create(aet='OLD', name='Old', kind='source', enabled=False)")
    made.start("listener")
    try:
        yield made
    finally:
        made.close()


def knock(house: House, calling: str, *, called: str = "ALARP", address: str = "127.0.0.1") -> str:
    """'in', or the reason that is given for the refusal (PS3.8 table 9-21)."""
    entity = AE(ae_title=calling)
    entity.add_requested_context(Verification)
    link = entity.associate("127.0.0.1", house.port, ae_title=called, bind_address=(address, 0))
    if link.is_established:
        link.release()
        return "in"
    answer: Any = link.acceptor.primitive
    return str(answer.reason_str) if link.is_rejected else "aborted"


def refusals(house: House) -> list[dict[str, Any]]:
    events = "AuditEvent.objects.filter(action='association refused').order_by('pk')"
    return house.ask(f"[dict(e.details, who=e.subject) for e in {events}]")


@pytest.mark.need("G15")
@pytest.mark.parametrize(
    ("calling", "called", "address", "why"),
    [
        ("STRANGER", "ALARP", "127.0.0.1", "No peer with this title"),
        ("OLD", "ALARP", "127.0.0.1", "switched off"),
        ("SCANNER2", "ALARP", "127.0.0.1", "may not call from this address"),
        ("SCANNER", "ELSEWHERE", "127.0.0.1", "calls another title"),
        ("scanner", "ALARP", "127.0.0.1", "No peer with this title"),
    ],
)
def test_title_address_and_called_title_all_have_to_fit(
    house: House, calling: str, called: str, address: str, why: str
) -> None:
    assert "not recognised" in knock(house, calling, called=called, address=address)
    wait_for(
        lambda: any(why in one["reason"] and one["who"] == f"caller {calling}" for one in refusals(house))
    )


@pytest.mark.need("G15")
def test_a_peer_gets_in_from_its_own_address(house: House) -> None:
    assert knock(house, "SCANNER2", address="127.0.0.2") == "in"
    assert knock(house, "SCANNER") == "in"


@pytest.mark.need("G15")
def test_a_refused_caller_is_an_alert_of_the_tool_and_only_one(house: House) -> None:
    for calling in ("INTRUDER1", "INTRUDER2"):
        assert knock(house, calling) != "in"
    ask = "from alarp.records.watch.models import Alert\nanswer = list(Alert.objects.filter(monitor='unexpected-caller', end__isnull=True).values_list('deployment__slug', 'reaction', 'role', 'sentence'))"
    wait_for(lambda: len(house.ask(ask)) == 1)
    ((slug, reaction, role, sentence),) = house.ask(ask)
    assert (slug, reaction, role) == ("reader", "warn", "pacs-manager")
    assert "was refused" in sentence and "127.0.0.1" in sentence
    house.ask(
        "from alarp.records.watch.models import Alert, AlertAcknowledgement\n"
        "from alarp.records.watch import commands\n"
        "from django.utils import timezone\n"
        "AlertAcknowledgement(alert=Alert.objects.get(monitor='unexpected-caller'), at=timezone.now(),"
        " by=Person.objects.get(username='pat'), in_time=True).save()\n"
        "commands.end_seen_to(timezone.now())"
    )
    assert house.ask(ask) == []
    assert knock(house, "INTRUDER3") != "in"
    wait_for(lambda: len(house.ask(ask)) == 1)  # the next one is told of again


@pytest.mark.need("G15")
def test_one_who_knocks_again_and_again_fills_no_log(house: House) -> None:
    answers = {knock(house, "PERSISTENT") for _ in range(8)}
    assert len(answers) == 1 and "aborted" not in answers  # each hears why
    wait_for(lambda: any(one["who"] == "caller PERSISTENT" for one in refusals(house)))
    # Once a minute for each receiving process, of which there are two here.
    assert len([one for one in refusals(house) if one["who"] == "caller PERSISTENT"]) <= 2


@pytest.mark.need("G15")
def test_callers_at_the_same_moment_are_each_judged_by_their_own_address(house: House) -> None:
    found: dict[str, list[str]] = {"127.0.0.1": [], "127.0.0.2": []}

    def many(address: str) -> None:
        for _ in range(8):
            found[address].append(knock(house, "SCANNER2", address=address))

    threads = [threading.Thread(target=many, args=(address,)) for address in found for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found["127.0.0.2"]) == {"in"}
    assert "in" not in found["127.0.0.1"]


def unknown(house: House) -> tuple[Dataset, int]:
    """An object of a class that nobody knows, sent; the status, or -1 where it was refused at negotiation."""
    (one,) = series(1, SOPClassUID="1.2.826.0.1.3680043.10.1500.9.9.9")
    file = files([one], house.folder / "unknown")[0]
    entity = AE(ae_title="SCANNER")
    entity.add_requested_context(one.SOPClassUID, ExplicitVRLittleEndian)
    link = entity.associate("127.0.0.1", house.port, ae_title="ALARP")
    if not link.is_established:
        return one, -1
    from pydicom import dcmread

    accepted = bool(link.accepted_contexts)
    status = link.send_c_store(dcmread(file)).get("Status", -1) if accepted else -1
    link.release()
    return one, int(status)


def test_an_object_of_an_unknown_class_is_kept_as_bytes(house: House) -> None:
    one, status = unknown(house)
    assert status == 0
    assert house.ask(f"Instance.objects.filter(sop_uid={str(one.SOPInstanceUID)!r}).count()") == 1


def test_by_policy_an_unknown_class_is_refused_at_negotiation_and_known_ones_are_not(
    new_house: Callable[..., House],
) -> None:
    house = new_house(quiet_s=60, gateway_unknown_classes="refuse")
    house.start("listener")
    assert unknown(house)[1] == -1
    images = series(1)
    assert house.storescu(files(images, house.folder / "known")).returncode == 0
    assert house.ask("Instance.objects.count()") == 1
