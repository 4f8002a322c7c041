"""A merge of patients while their studies are on the way, and one message twice at once: SQLite and PostgreSQL."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from house import House, database_on
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pictures import files, patient, series
from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, evt
from test_hl7 import SENDERS, answers, call, listen, rows, told

from alarp.gateway.messages.framing import framed
from hl7_words import NHS, changed, merge, order, report
from throwaway_postgres import free_port

COMPUTED_RADIOGRAPHY = "1.2.840.10008.5.1.4.1.1.1"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def hospital(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Receiving, sending and hearing HL7, on each database."""
    url = ""
    if request.param == "postgresql":
        url = database_on(request.getfixturevalue("postgres_url"))
    house = House(
        tmp_path_factory.mktemp(request.param), database_url=url, hl7_port=free_port(), hl7_senders=SENDERS
    )
    for program in ("listener", "worker"):
        house.start(program)
    listen(house)
    yield house
    house.close()


class Tool:
    """A tool that, while it is handed the image of this number, hears of a merge before it says Success."""

    def __init__(self, house: House, nth: int, news: bytes) -> None:
        self.house, self.nth, self.news = house, nth, news
        self.taken: list[str] = []
        self.answer = ""
        entity = AE(ae_title="READER")
        entity.add_supported_context(COMPUTED_RADIOGRAPHY, ALL_TRANSFER_SYNTAXES)
        self.server = entity.start_server(
            ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, self._take)]
        )
        self.port = int(self.server.server_address[1])

    def _take(self, event: evt.Event) -> int:
        self.taken.append(str(event.request.AffectedSOPInstanceUID))
        if len(self.taken) == self.nth:
            self.answer = told(self.house, self.news)
        return 0x0000


@pytest.mark.need("G06", "G08")
def test_a_merge_with_an_opted_out_patient_stops_the_very_next_image_of_a_study_that_is_leaving(
    hospital: House, tmp_path: Path
) -> None:
    old, kept = patient(), patient()
    hospital.ask(
        f"OptOut.objects.create(organisation=Organisation.objects.get(slug='trust'), patient_id={kept!r}, "
        "recorded_by=Person.objects.first(), recorded_at=__import__('django.utils.timezone').utils.timezone.now()).pk"
    )
    tool = Tool(hospital, 3, merge(f"LEAVING{old}", kept, old, sender="PAS|NORTH"))
    hospital.peer("READER", "tool", tool.port)
    hospital.storescu(files(series(8, PatientID=old), tmp_path))
    hospital.until("Dispatch.objects.filter(state='opted-out').count()", 1)
    tool.server.shutdown()
    assert tool.answer == "AA" and len(tool.taken) == 3
    reason = hospital.ask("Dispatch.objects.get(state='opted-out').reason")
    assert "opted out" in reason and "3 of 8 images had been sent before" in reason
    hospital.ask("Peer.objects.filter(aet='READER').update(enabled=False)")


@pytest.mark.need("G02")
def test_a_result_that_comes_after_the_merge_is_restored_to_the_identity_its_study_came_with(
    hospital: House, tmp_path: Path
) -> None:
    old, kept, port = patient(), patient(), free_port()
    hospital.ask(f"Peer.objects.filter(aet='READER').update(enabled=True, port={port})")
    hospital.storescu(files(series(2, PatientID=old), tmp_path))
    hospital.until(f"Dispatch.objects.filter(study__patient_id={old!r}, phase='connect').count()", 1)
    assert told(hospital, merge(f"AWAY{old}", kept, old, sender="PAS|NORTH")) == "AA"
    hospital.start("faketool", str(port), str(hospital.port), "READER", str(tmp_path / "tool"))
    hospital.until(f"Result.objects.filter(dispatch__study__patient_id={old!r}).count()", 1)
    found = hospital.ask(
        "from alarp.identity import read_header\nfrom alarp.records import objects\n"
        f"digest = Result.objects.get(dispatch__study__patient_id={old!r}).restored_sha256\n"
        "answer = read_header(objects.get(digest)).patient_id"
    )
    assert found == old, "the PACS merges for itself: it gets what it sent"
    numbers = hospital.ask(
        "from alarp.records.ledger.identities import PatientIds, known_as\n"
        f"answer = [name.patient_id for name in known_as(PatientIds({kept.lower()!r}))]"
    )
    assert old.lower() in numbers, "and an opt-out of the kept number is one of this study"


@pytest.mark.need("G18")
def test_one_message_on_many_connections_at_once_is_done_once_and_answered_alike(hospital: House) -> None:
    said = _at_once(hospital, [merge("RACE", "H8", "H9", sender="PAS|NORTH")] * 8)
    assert len(said) == 8 and len(set(said)) == 1 and b"MSA|AA|RACE" in said[0]
    assert rows(hospital, "RACE") == [["taken", 8]]
    assert hospital.ask(_count("Merge.objects.filter(patient_id='h8')")) == 1


@pytest.mark.need("G18")
def test_two_contents_under_one_control_id_at_once_are_both_kept_and_one_is_done(hospital: House) -> None:
    said = _at_once(hospital, [order("TWO", control=control) for control in ("NW", "CA") * 3])
    assert sum(b"MSA|AA|TWO" in one for one in said) == 3 and sum(b"MSA|AE|TWO" in one for one in said) == 3
    assert sorted(rows(hospital, "TWO")) == [["taken", 3], ["waiting", 3]]
    assert hospital.ask(_count("Order.objects.filter(message__control_id='TWO')")) == 1


WHOLE = st.one_of(
    st.binary(max_size=200),
    st.binary(max_size=120).map(lambda b: b"MSH|^~\\&|RIS|NORTH|" + b),
    st.tuples(
        st.sampled_from([report("F1"), order("F2"), changed("F3", "H2", NHS), merge("F4", "H1", "H2")]),
        st.integers(0, 400),
        st.binary(min_size=1, max_size=4),
        st.booleans(),
    ).map(lambda edit: edit[0][: edit[1]] + edit[2] + edit[0][edit[1] + len(edit[2]) * edit[3] :]),
).filter(lambda content: b"\x1c" not in content)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WHOLE)
def test_every_whole_message_is_answered_so_that_none_holds_up_a_queue(
    hospital: House, content: bytes
) -> None:
    with call(hospital) as link:
        link.sendall(framed(content))
        (answer,) = answers(link)
    assert answer.startswith(b"MSH") and b"MSA" in answer


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes_are_answered_or_end_the_connection(hospital: House, data: bytes) -> None:
    with call(hospital) as link:
        link.sendall(data)
        link.shutdown(socket.SHUT_WR)
        assert all(answer.startswith(b"MSH") for answer in answers(link, 50))


def _count(what: str) -> str:
    return f"from alarp.records.messages.models import Merge, Order\nanswer = {what}.count()"


def _at_once(house: House, messages: list[bytes]) -> list[bytes]:
    """What each of these is answered, all sent at one moment on connections of their own."""
    go, said = threading.Barrier(len(messages)), list[bytes]()

    def send(data: bytes) -> None:
        with call(house) as link:
            go.wait()
            link.sendall(framed(data))
            said.extend(answers(link))

    threads = [threading.Thread(target=send, args=(data,)) for data in messages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said
