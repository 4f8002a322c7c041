"""FHIR R4 over HTTP as a hospital's integration engine posts it: durable before 201, done once, and nothing to strangers."""

from __future__ import annotations

import base64
import json
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from authority import Authority
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome
from house import House, database_on, free_port

from alarp.records.messages.reading.fhir import NHS_SYSTEM, UID_SYSTEM
from hl7_words import NHS

FHIR_JSON = "application/fhir+json"
WHOM = {"identifier": {"system": NHS_SYSTEM, "value": NHS}}
PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [
        {"system": NHS_SYSTEM, "value": NHS},
        {"value": "H2", "type": {"coding": [{"code": "MR"}]}, "assigner": {"display": "NORTH"}},
    ],
}


def imaging_study(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "ImagingStudy",
        "status": "available",
        "identifier": [
            {"system": UID_SYSTEM, "value": "urn:oid:1.2.3.4"},
            {"type": {"coding": [{"code": "ACSN"}]}, "value": "A1"},
        ],
        "subject": WHOM,
        "numberOfInstances": 12,
    } | more


def report(text: str = "No lesion.", **more: Any) -> dict[str, Any]:
    form = {"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}
    return {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": {"coding": [{"code": "XCHES"}]},
        "subject": WHOM,
        "identifier": [{"type": {"coding": [{"code": "ACSN"}]}, "value": "A1"}],
        "presentedForm": [form],
    } | more


def consent(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [{"code": "treatment"}]},
        "category": [{"coding": [{"code": "ai-reading"}]}],
        "patient": WHOM,
        "policyRule": {"text": "AI reading"},
        "provision": {"type": "deny"},
    } | more


def batch(*entries: dict[str, Any], kind: str = "batch") -> dict[str, Any]:
    asked = [{"resource": one, "request": {"method": "POST", "url": one["resourceType"]}} for one in entries]
    return {"resourceType": "Bundle", "type": kind, "entry": asked}


def serve(house: House, *, wait: bool = True) -> subprocess.Popen[str]:
    """Start the FHIR service as it is shipped."""
    log = (house.folder / "fhir.log").open("a")
    process = subprocess.Popen(
        [sys.executable, "-m", "alarp.gateway.fhir"],
        env=house.env,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    log.close()
    house.running.append(process)
    if wait:
        house.ready(process, "fhir")
    return process


class Door:
    """The service, an integration engine that may post (SCANNER), and a tool and a scanner that may not."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.port = free_port()
        self.house = House(
            folder,
            fhir_port=self.port,
            fhir_senders="EPR, SCANNER",
            fhir_most_kb=64,
            opt_outs_by="pat",
            **settings,
        )
        self.house.peer("READER", "tool", free_port())
        self.house.ask(
            "from alarp.records.people.models import RoleHolding\n"
            "import datetime\n"
            "r = RoleHolding.objects.create(person=Person.objects.get(username='pat'), role='radiographer', "
            "organisation=Organisation.objects.get(slug='trust'), since=datetime.date(2020, 1, 1))"
        )
        self.tokens = {aet: self.house.token(aet) for aet in ("SCANNER", "SCANNER2", "READER")}
        self.process = serve(self.house)
        self.url = f"http://127.0.0.1:{self.port}/fhir"

    def post(
        self, body: Any, path: str = "", *, aet: str = "SCANNER", kind: str = FHIR_JSON
    ) -> httpx.Response:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        address = f"{self.url}/{path or body['resourceType']}".removesuffix("/Bundle")
        headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {self.tokens[aet]}"} if aet else {})
        return httpx.post(address, content=data, headers=headers, timeout=30)

    def rows(self, kind: str, model: str = "Message") -> list[Any]:
        return self.house.ask(
            "from alarp.records.messages.models import Message, Order, Report\n"
            f"answer = list({model}.objects.filter({'' if model == 'Message' else 'message__'}kind={kind!r})"
            ".order_by('pk').values())"
        )


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    made = Door(tmp_path_factory.mktemp("fhir"))
    try:
        yield made
    finally:
        made.house.close()


def said(answer: httpx.Response) -> str:
    """The one sentence of an answer that is a valid OperationOutcome."""
    assert answer.headers["content-type"].startswith(FHIR_JSON)
    (issue,) = OperationOutcome.model_validate_json(answer.content).issue
    return str(issue.diagnostics)


@pytest.mark.need("G11", "G18")
def test_a_study_is_durable_when_201_is_said_and_the_same_again_is_done_once(door: Door) -> None:
    first = door.post(imaging_study())
    door.house.end(door.process, signal.SIGKILL)
    (order,) = door.rows("ImagingStudy", "Order")
    assert first.status_code == 201 and said(first) == "Taken in."
    assert (order["study_uid"], order["accession"], order["expected_instances"]) == ("1.2.3.4", "A1", 12)
    assert order["nhs_number"] == NHS
    door.process = serve(door.house)
    again = door.post(imaging_study())

    assert again.status_code == 200 and again.headers["location"] == first.headers["location"]
    assert len(door.rows("ImagingStudy", "Order")) == 1
    (message,) = door.rows("ImagingStudy")
    assert (message["sender"], message["times_received"]) == ("FHIR SCANNER", 2)


@pytest.fixture(params=["sqlite", "postgresql"])
def on_either(request: pytest.FixtureRequest, door: Door, tmp_path: Path) -> Iterator[Door]:
    """The door on either database."""
    if request.param == "sqlite":
        yield door
        return
    made = Door(tmp_path, database_url=database_on(request.getfixturevalue("postgres_url")))
    yield made
    made.house.close()


@pytest.mark.need("G11")
def test_a_report_that_many_connections_bring_at_once_is_one_and_a_corrected_one_stands_beside_it(
    on_either: Door,
) -> None:
    door = on_either
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: door.post(report()), range(12)))
    corrected = door.post(report("A lesion.", status="corrected"))

    assert sorted(answer.status_code for answer in answers) == [200] * 11 + [201]
    assert corrected.status_code == 201
    found = door.rows("DiagnosticReport", "Report")
    assert [row["status"] for row in found] == ["F", "C"] and len({row["key"] for row in found}) == 1


@pytest.mark.need("G06", "A07")
def test_a_consent_bars_from_the_moment_it_is_answered_and_its_end_lifts_it(door: Door) -> None:
    barred = (
        "from alarp.records.ledger import opt_outs\nfrom alarp.records import clock\n"
        f"ids = opt_outs.PatientIds(nhs_number={NHS!r})\n"
        "answer = opt_outs.find(ids, deployment=None, since=clock.now()) is not None"
    )
    assert not door.house.ask(barred)
    assert door.post(consent()).status_code == 201 and door.house.ask(barred)
    assert door.post(consent(status="inactive")).status_code == 201 and not door.house.ask(barred)
    other = door.post(consent(category=[{"coding": [{"code": "research"}]}]))
    assert other.status_code == 200 and "nothing that is used here" in said(other)


@pytest.mark.need("G18")
def test_one_version_of_a_resource_with_two_contents_is_kept_and_waits(door: Door) -> None:
    numbered = {"id": "d7", "meta": {"versionId": "1"}}
    assert door.post(report("One.", **numbered)).status_code == 201
    other = door.post(report("Another.", **numbered))

    assert other.status_code == 422 and "other content" in said(other)
    mine = [row for row in door.rows("DiagnosticReport") if row["control_id"] == "DiagnosticReport/d7/1"]
    assert [(row["outcome"], row["content_kept"]) for row in mine] == [("taken", True), ("waiting", True)]


@pytest.mark.need("G18")
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"code": None}, "DiagnosticReport.code is missing"),
        ({"colour": "red"}, "DiagnosticReport.colour is not valid"),
        ({"subject": None}, "The subject is not named"),
        ({"identifier": []}, "names neither an accession"),
        ({"subject": {"reference": "#p"}, "contained": [{"resourceType": "Patient", "id": "p", "identifier": "x"}]},
         "is not valid"),
    ],
)  # fmt: skip
def test_a_resource_that_cannot_be_used_is_kept_waits_and_is_refused_in_one_sentence(
    door: Door, change: dict[str, Any], sentence: str
) -> None:
    odd = {name: value for name, value in report(str(change), **change).items() if value is not None}
    before = len(door.rows("DiagnosticReport"))
    answer = door.post(odd)

    assert answer.status_code == 422 and sentence in said(answer) and NHS not in answer.text
    rows = door.rows("DiagnosticReport")
    assert len(rows) == before + 1 and rows[-1]["outcome"] == "waiting" and rows[-1]["content_kept"]


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (400, {"body": b"{", "path": "Consent"}),
        (400, {"body": b"[" * 60_000, "path": "Consent"}),
        (400, {"body": b"\xff\xfe", "path": "Consent"}),
        (400, {"body": report(), "path": "Consent"}),
        (400, {"body": batch(report()), "path": "Consent"}),
        (400, {"body": batch(report(), kind="transaction")}),
        (404, {"body": PATIENT}),
        (404, {"body": b"{}", "path": "../../etc"}),
        (413, {"body": report("x" * 70_000)}),
        (415, {"body": b"<Consent/>", "path": "Consent", "kind": "application/fhir+xml"}),
    ],
)
def test_what_is_no_fhir_r4_json_or_goes_to_the_wrong_address_is_refused_and_not_kept(
    door: Door, status: int, request_: dict[str, Any]
) -> None:
    count = "from alarp.records.messages.models import Message\nanswer = Message.objects.count()"
    before = door.house.ask(count)
    answer = door.post(**request_)

    assert answer.status_code == status and said(answer)
    assert door.house.ask(count) == before


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_read_back_changed_or_deleted(door: Door, method: str) -> None:
    location = door.post(imaging_study()).headers["location"]
    headers = {"Authorization": f"Bearer {door.tokens['SCANNER']}"}
    for address in (location, f"{door.url}/ImagingStudy", door.url):
        answer = httpx.request(method, address, headers=headers, timeout=30)
        assert answer.status_code in (404, 405) and said(answer)


@pytest.mark.need("G18")
def test_a_batch_takes_each_resource_for_itself_and_answers_in_its_order(door: Door) -> None:
    by_reference = report("Of a batch.") | {"subject": {"reference": "Patient/p1"}}
    sent = batch(PATIENT, by_reference, report(colour="red"), {"resourceType": "Observation"})
    sent["entry"].append({"resource": consent(), "request": {"method": "PUT", "url": "Consent/7"}})
    answer = door.post(sent)
    told = Bundle.model_validate_json(answer.content)

    assert answer.status_code == 200 and told.type == "batch-response"
    assert [entry.response.status[:3] for entry in told.entry] == ["200", "201", "422", "404", "405"]
    (row,) = door.rows("DiagnosticReport", "Report")[-1:]
    assert (row["patient_id"], row["issuer"], row["nhs_number"]) == ("h2", "north", NHS) or row[
        "patient_id"
    ] == "H2"


@pytest.mark.need("G15")
def test_a_stranger_a_tool_and_a_sender_that_is_not_named_are_refused_and_written_down(door: Door) -> None:
    before = len(door.rows("Consent"))
    nobody, guessed = (
        door.post(consent(), aet=""),
        httpx.post(
            f"{door.url}/Consent",
            json=consent(),
            headers={"Authorization": "Bearer guessed", "Content-Type": FHIR_JSON},
            timeout=30,
        ),
    )
    assert [nobody.status_code, guessed.status_code] == [401, 401]
    assert nobody.headers["www-authenticate"] == "Bearer"
    assert [door.post(consent(), aet=aet).status_code for aet in ("READER", "SCANNER2")] == [403, 403]
    assert len(door.rows("Consent")) == before
    told = door.house.ask(
        "[e.details['reason'] for e in AuditEvent.objects.filter(action='association refused').order_by('pk')]"
    )
    assert any("no peer has shown a valid token" in why for why in told)
    assert any("READER is not among" in why for why in told)
    assert any("SCANNER2 is not among" in why for why in told)


def test_the_service_says_what_it_takes_to_anybody_who_asks(door: Door) -> None:
    answer = httpx.get(f"{door.url}/metadata", timeout=30)
    told = CapabilityStatement.model_validate_json(answer.content)

    assert answer.status_code == 200 and told.fhirVersion == "4.0.1"
    kinds = {one.type: [i.code for i in one.interaction] for one in told.rest[0].resource}
    assert sorted(kinds) == ["Consent", "DiagnosticReport", "ImagingStudy", "ServiceRequest"]
    assert all(interactions == ["create"] for interactions in kinds.values())
    assert httpx.post(f"{door.url}/metadata", timeout=30).status_code == 405


@pytest.mark.need("G15")
def test_no_log_of_the_service_names_a_patient(door: Door) -> None:
    door.post(report(colour="Sorrowfield"))
    door.post(b'{"resourceType": "Consent", "patient": "Sorrowfield 9434765919"', "Consent")
    log = (door.house.folder / "fhir.log").read_text()
    assert not any(word in log for word in (NHS, "Sorrowfield", "H2", "A lesion"))


@pytest.mark.need("G15")
def test_over_tls_the_token_is_taken_and_a_certificate_alone_too(tmp_path: Path) -> None:
    trust, strangers = Authority(tmp_path / "trust"), Authority(tmp_path / "others", "strangers")
    certificate, key = trust.issue("ALARP", address="127.0.0.1")
    made = Door(
        tmp_path, gateway_certificate=certificate, gateway_private_key=key, gateway_authorities=trust.file
    )
    try:
        made.house.ask("Peer.objects.create(aet='EPR', name='EPR', kind='source', secured='mutual').pk")
        url = f"https://127.0.0.1:{made.port}/fhir/Consent"

        def status(verify: ssl.SSLContext, **more: Any) -> int:
            headers = {"Content-Type": FHIR_JSON, **more.pop("headers", {})}
            answer = httpx.post(url, json=consent(**more), headers=headers, verify=verify, timeout=30)
            return answer.status_code

        bearer = {"Authorization": f"Bearer {made.tokens['SCANNER']}"}
        assert status(trust.trusting(), headers=bearer) == 201
        assert status(trust.trusting()) == 401
        assert status(trust.trusting(*trust.issue("EPR")), status="inactive") == 201
        with pytest.raises(httpx.TransportError):
            status(trust.trusting(*strangers.issue("EPR")))
    finally:
        made.house.close()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [({"fhir_port": 0}, "fhir_port is 0"), ({"fhir_host": "0.0.0.0"}, "FHIR on 0.0.0.0 needs TLS")],
)
def test_it_does_not_start_without_a_port_nor_on_the_network_without_tls(
    tmp_path: Path, settings: dict[str, Any], sentence: str
) -> None:
    house = House(tmp_path, **({"fhir_port": free_port()} | settings))
    try:
        assert serve(house, wait=False).wait(30) == 1
        assert sentence in (tmp_path / "fhir.log").read_text()
    finally:
        house.close()
