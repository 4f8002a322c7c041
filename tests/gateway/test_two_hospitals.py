"""One patient number at two hospitals: orders, reports, merges and wishes reach the patient whom their sender means."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from faketool import deliver
from house import House, free_port
from pictures import image, patient, uid
from test_fhir import imaging_study, serve
from test_hl7 import listen, told

from alarp.gateway.messages.correspondents import read_senders
from alarp.kernel import BadInput
from alarp.records.messages.reading.issuers import Issuers
from hl7_words import changed, merge, order, report

NORTH, SOUTH = "https://north.example/mrn", "https://south.example/mrn"
SENDERS = "RIS|NORTH@127.0.0.1 issuer=NORTH; RIS|SOUTH@ issuer=SOUTH; PAS|BOTH@127.0.0.1"
READ = (
    "from alarp.records.messages import queries\n"
    "from alarp.records.ledger.identities import PatientIds, known_as\n"
    "def of(row): return {'order': getattr(queries.order_of(row), 'procedure', None),\n"
    "    'reports': [one.text for one in queries.reports_of(row)],\n"
    "    'names': sorted(name.patient_id for name in known_as(PatientIds.of(row))),\n"
    "    'expected': row.expected_instances}\n"
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(
        tmp_path_factory.mktemp("two"),
        hl7_port=free_port(),
        hl7_senders=SENDERS,
        hl7_opt_out="field=ZAI-1",
        fhir_port=free_port(),
        fhir_senders="EPRNORTH, EPRSOUTH",
        fhir_issuers=f"{NORTH} NORTH; {SOUTH} SOUTH",
        opt_outs_by="pat",
        quiet_s=60,
    )
    try:
        for hospital in ("NORTH", "SOUTH"):
            for kind in ("CT", "EPR"):
                made.ask(
                    f"p = Peer.objects.create(aet='{kind}{hospital}', name={kind!r}, kind='source', "
                    f"patient_issuer={hospital!r}, site=Organisation.objects.get(slug='north'))"
                )
        made.ask(
            "from alarp.records.people.models import RoleHolding\n"
            "import datetime\n"
            "r = RoleHolding.objects.create(person=Person.objects.get(username='pat'), role='radiographer', "
            "organisation=Organisation.objects.get(slug='trust'), since=datetime.date(2020, 1, 1))"
        )
        made.start("listener")
        listen(made)
        serve(made)
        yield made
    finally:
        made.close()


class Two:
    """The studies of one number, one at each hospital, under one accession number."""

    def __init__(self, house: House) -> None:
        self.house, self.number, self.accession = house, patient(), f"A{uid()[-8:]}"
        self.uids = {hospital: uid() for hospital in ("NORTH", "SOUTH")}
        for hospital, study in self.uids.items():
            film = image(PatientID=self.number, AccessionNumber=self.accession, StudyInstanceUID=study)
            assert deliver([film], house.port, f"CT{hospital}") == [0]

    def hears(self, build: Any, *words: str, sender: str, issuer: str = "", **more: Any) -> None:
        """One message of this sender, whose patient number names this issuer or none; it is taken."""
        data = build(uid()[-12:], *words, sender=sender, **more).replace(
            b"^^^NORTH^MR", f"^^^{issuer}^MR".encode()
        )
        assert told(self.house, data) == "AA"

    def posts(self, hospital: str, system: str | None, *, instances: int) -> int:
        identifier = {"value": self.number} | ({"system": system} if system else {})
        body = imaging_study(
            identifier=[
                {"system": "urn:dicom:uid", "value": f"urn:oid:{uid()}"},
                {"type": {"coding": [{"code": "ACSN"}]}, "value": self.accession},
            ],
            subject={"identifier": identifier},
            description=f"told {instances}",
            numberOfInstances=instances,
        )
        token = self.house.token(f"EPR{hospital}")
        url = f"http://127.0.0.1:{self.house.env['ALARP_FHIR_PORT']}/fhir/ImagingStudy"
        headers = {"Content-Type": "application/fhir+json", "Authorization": f"Bearer {token}"}
        return httpx.post(url, json=body, headers=headers, timeout=30).status_code

    def at(self, hospital: str) -> dict[str, Any]:
        """What is known of this hospital's study and patient."""
        return dict(
            self.house.ask(READ + f"answer = of(Study.objects.get(study_uid={self.uids[hospital]!r}))")
        )


@pytest.mark.need("G11", "G18")
def test_a_report_and_an_order_without_an_authority_are_their_senders_and_one_with_it_is_whose_it_says(
    house: House,
) -> None:
    two = Two(house)
    words = {"patient": two.number, "accession": two.accession}
    two.hears(order, sender="RIS|SOUTH", **words)
    two.hears(report, "Of the north.", sender="RIS|NORTH", **words)
    two.hears(report, "Of the south, told by the north.", sender="RIS|NORTH", issuer="SOUTH", **words)
    two.hears(report, "Of nobody knows whom.", sender="PAS|BOTH", **words)
    north, south = two.at("NORTH"), two.at("SOUTH")
    assert (north["order"], south["order"]) == (None, "Chest X-ray")
    assert north["reports"] == ["Of the north.", "Of nobody knows whom."]
    assert south["reports"] == ["Of the south, told by the north.", "Of nobody knows whom."]


@pytest.mark.need("G06", "A07")
def test_a_merge_and_a_wish_reach_the_number_of_their_own_hospital_alone(house: House) -> None:
    two, other = Two(house), patient()
    two.hears(merge, other, two.number, sender="RIS|NORTH")
    names = sorted(name.casefold() for name in (other, two.number))
    assert (two.at("NORTH")["names"], two.at("SOUTH")["names"]) == (names, [two.number.casefold()])
    wish = (
        changed("W" + uid()[-12:], other, sender="RIS|NORTH").replace(b"^^^NORTH^MR", b"^^^^MR") + b"ZAI|Y\r"
    )
    assert told(house, wish) == "AA"
    barred = house.ask(
        "from alarp.records import clock\nfrom alarp.records.ledger import opt_outs\n"
        "answer = {s.issuer: opt_outs.find(opt_outs.PatientIds.of(s), deployment=None, since=clock.now()) is not None "
        f"for s in Study.objects.filter(patient_id={two.number!r})}}"
    )
    assert barred == {"NORTH": True, "SOUTH": False}


@pytest.mark.need("G18")
def test_a_posted_study_is_its_systems_hospital_then_its_senders_and_in_an_unknown_system_either(
    house: House,
) -> None:
    two = Two(house)
    assert two.posts("SOUTH", None, instances=5) == 201
    assert (two.at("NORTH")["order"], two.at("SOUTH")["order"]) == (None, "told 5")
    assert two.posts("SOUTH", NORTH, instances=7) == 201
    assert (two.at("NORTH")["order"], two.at("SOUTH")["order"]) == ("told 7", "told 5")
    assert two.posts("SOUTH", "https://elsewhere.example/mrn", instances=9) == 201
    assert (two.at("NORTH")["order"], two.at("SOUTH")["order"]) == ("told 9", "told 9")


@pytest.mark.parametrize("text", ["RIS|NORTH@ issuer=", "RIS|NORTH@ issuer=A issuer=B", "RIS|N issuer=A"])
def test_a_senders_issuer_that_cannot_be_used_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(BadInput, match="issuer=NORTH"):
        read_senders(text)


@pytest.mark.parametrize("text", [NORTH, f"{NORTH} A; {NORTH} B", f"{NORTH} {'A' * 65}"])
def test_systems_that_cannot_be_used_keep_the_service_from_starting(text: str, house: House) -> None:
    with pytest.raises(BadInput, match="fhir_issuers"):
        Issuers.read(text)
    done = subprocess.run(
        [sys.executable, "-m", "alarp.gateway.fhir"],
        env=house.env | {"ALARP_FHIR_ISSUERS": text, "ALARP_FHIR_PORT": str(free_port())},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "fhir_issuers" in done.stderr and "Traceback" not in done.stderr
