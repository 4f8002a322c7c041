"""A tool that speaks no DICOM: images out by STOW-RS, its finding back as JSON, and in the PACS as a report."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from house import House, free_port
from orthanc import Orthanc
from pictures import files, series, uid
from pydicom.dataset import Dataset
from webtool import WebTool, finding, post

TOKEN = "the-tools-own-token"


@dataclass
class Site:
    house: House
    pacs: Orthanc
    tool: WebTool
    http: int
    tmp: Path
    images: dict[str, list[Dataset]] = field(default_factory=dict)

    def send(self, n: int = 2) -> list[Dataset]:
        """Send a study; answers its images as the tool has them. The originals are under the tool's study UID."""
        images = series(n)
        assert self.house.storescu(files(images, self.tmp / uid())).returncode == 0
        study = str(images[0].StudyInstanceUID)
        self.house.until(f"Dispatch.objects.filter(study__study_uid={study!r}, state='sent').count()", 1)
        sent = self.house.ask(f"Dispatch.objects.get(study__study_uid={study!r}).study_uid_sent")
        self.images[sent] = images
        return self.tool.of_study(sent)

    def fate(self, sop_uid: str) -> str:
        """Where the result stands when the gateway has looked at it: its state, or why it is in quarantine."""
        self.house.until(
            "Work.objects.filter(kind__in=['match', 'file'], state__in=['ready', 'leased']).count()", 0
        )
        (found,) = self.house.ask(
            f"list(Result.objects.filter(instance__sop_uid={sop_uid!r}).values_list('state', flat=True)) + "
            f"list(Quarantine.objects.filter(instance__sop_uid={sop_uid!r}).values_list('reason', flat=True))"
        )
        return str(found)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, http, tool = tmp_path_factory.mktemp("posted"), free_port(), WebTool()
    house = House(folder, dicomweb_port=http)
    pacs = Orthanc(folder / "orthanc")
    try:
        house.peer("PACS", "pacs", pacs.port)
        house.peer("READER", "tool", free_port())
        digest = hashlib.sha256(TOKEN.encode()).hexdigest()
        house.ask(
            f"n = Peer.objects.filter(aet='READER').update(way='dicomweb', token_sha256={digest!r}, "
            f"url='http://127.0.0.1:{tool.port}/dicom-web')"
        )
        for program in ("listener", "worker", "dicomweb"):
            house.start(program)
        yield Site(house, pacs, tool, http, folder / "sent")
        balance = house.balance()
        assert balance["balanced"], balance["sentence"]
    finally:
        house.close()
        pacs.close()
        tool.close()


@pytest.mark.need("G02", "G11")
def test_a_posted_finding_is_a_report_in_the_pacs_under_the_original_patient_and_study(site: Site) -> None:
    images = site.send(2)
    answer = post(site.http, finding(images), TOKEN)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "new")
    assert site.fate(answer.json()["sop_instance_uid"]) == "filed"
    originals = site.images[str(images[0].StudyInstanceUID)]
    (filed,) = site.pacs.instances(str(originals[0].StudyInstanceUID))
    assert filed["SOPClassUID"] == "1.2.840.10008.5.1.4.1.1.88.33" and filed["Modality"] == "SR"
    assert (filed["PatientID"], filed["PatientName"]) == (originals[0].PatientID, "Sorrowfield^Quentin")
    assert filed["AccessionNumber"] == originals[0].AccessionNumber
    named = filed["CurrentRequestedProcedureEvidenceSequence"][0]["ReferencedSeriesSequence"][0]
    assert {one["ReferencedSOPInstanceUID"] for one in named["ReferencedSOPSequence"]} == {
        one.SOPInstanceUID for one in originals
    }
    summary = site.house.ask(
        f"Result.objects.get(instance__sop_uid={answer.json()['sop_instance_uid']!r}).summary"
    )
    assert (summary["score"], summary["decision"], summary["version"]) == (0.75, "Flagged", "1.0")
    assert {"name": "Diameter", "value": "12.5", "unit": "mm"} in summary["lines"]


@pytest.mark.need("G01")
def test_a_finding_that_is_posted_again_is_one_result_and_a_changed_one_under_its_id_is_kept_apart(
    site: Site,
) -> None:
    said = finding(site.send(1))
    first, again = post(site.http, said, TOKEN), post(site.http, said, TOKEN)
    assert [one.json()["outcome"] for one in (first, again)] == ["new", "repeat"]
    assert first.json()["sop_instance_uid"] == again.json()["sop_instance_uid"]
    said["statements"][0]["value"] = 0.01
    changed = post(site.http, said, TOKEN)
    assert (changed.status_code, changed.json()["outcome"]) == (202, "quarantined")
    uid_of = first.json()["sop_instance_uid"]
    assert site.house.ask(f"Result.objects.filter(instance__sop_uid={uid_of!r}).count()") == 1


@pytest.mark.need("G02")
@pytest.mark.parametrize(
    ("field", "about"),
    [("patient_id", "patient"), ("accession", "accession"), ("images", "referenced objects"),
     ("study_uid", "referenced objects")],
)  # fmt: skip
def test_a_finding_that_disagrees_anywhere_is_quarantined_and_never_filed(
    site: Site, field: str, about: str
) -> None:
    mine, other = site.send(1), site.send(1)
    said = finding(mine, **{field: finding(other)[field]}, result_id=f"wrong {field}")
    answer = post(site.http, said, TOKEN)
    assert answer.status_code == 200  # it is durable; whether it fits is judged where every result is
    assert about in site.fate(answer.json()["sop_instance_uid"])


@pytest.mark.need("G11")
def test_a_finding_for_a_route_that_has_closed_meanwhile_is_kept_and_not_filed(site: Site) -> None:
    images = site.send(1)
    site.house.route("reader", "closed", "Hold 1.")
    answer = post(site.http, finding(images, result_id="after the hold"), TOKEN)
    assert site.fate(answer.json()["sop_instance_uid"]) == "kept"
    site.house.route("reader", "live")
    original = site.images[str(images[0].StudyInstanceUID)][0]
    assert site.pacs.instances(str(original.StudyInstanceUID)) == []


@pytest.mark.need("G11")
def test_a_tool_that_could_not_read_a_study_says_so_and_the_study_reads_not_analysed(site: Site) -> None:
    said = finding(site.send(1), statements=[], not_analysed="No lungs in the picture")
    uid_of = post(site.http, said, TOKEN).json()["sop_instance_uid"]
    assert site.fate(uid_of) == "filed"
    told = site.house.ask(
        "from alarp.records import clock\nfrom alarp.records.ledger.answers import answer\n"
        f"a = answer(Result.objects.get(instance__sop_uid={uid_of!r}).dispatch, now=clock.now())\n"
        "answer = [a.kind, a.sentence]"
    )
    assert told == ["not analysed", "The tool could not analyse it: No lungs in the picture."]


@pytest.mark.need("G02")
def test_a_finding_on_images_that_were_never_sent_is_kept_whole_in_quarantine(site: Site) -> None:
    said = finding(site.send(1), images=["2.25.4711"], result_id="strange images")
    answer = post(site.http, said, TOKEN)
    assert (answer.status_code, answer.json()["outcome"]) == (202, "quarantined")
    assert "never sent" in site.fate(answer.json()["sop_instance_uid"])


@pytest.mark.need("G15")
def test_only_the_tool_with_its_own_token_may_post_and_a_stranger_is_an_event(site: Site) -> None:
    said = finding(site.send(1), result_id="stranger")
    before = site.house.ask("AuditEvent.objects.filter(action='association refused').count()")
    assert post(site.http, said, "a guess").status_code == 401
    after = site.house.ask("AuditEvent.objects.filter(action='association refused').count()")
    assert after == before + 1
    source = hashlib.sha256(b"the scanner's").hexdigest()
    site.house.ask(f"n = Peer.objects.filter(aet='SCANNER').update(token_sha256={source!r})")
    assert post(site.http, said, "the scanner's").status_code == 403
    assert post(site.http, said, TOKEN, **{"Content-Type": "text/plain"}).status_code == 415


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{", "no JSON"),
        (b'{"result_id": "a", "result_id": "b"}', "twice"),
        (b'{"a": NaN}', "NaN"),
        ({"patient": "SORROWFIELD"}, "not known"),
        ({"images": []}, "no images"),
        ({"images": ["../../etc/passwd"]}, "no UID"),
        ({"made_at": "yesterday"}, "made_at"),
        ({"made_at": "2026-06-03T14:05:00"}, "time zone"),
        ({"statements": []}, "has to say something"),
        ({"not_analysed": "No lungs"}, "not both"),
        ({"statements": [{"name": "Score", "value": "0.7"}]}, "no number"),
        ({"statements": [{"name": "Score", "value": True}]}, "no number"),
        ({"statements": [{"name": "Score"}]}, "either a number"),
        ({"statements": [{"name": "Score", "value": 1, "images": ["2.25.9"]}]}, "does not name"),
        ({"statements": [{"name": "x" * 65, "value": 1}]}, "at most 64"),
        ({"algorithm": {"name": "Reader"}}, "version"),
    ],
)  # fmt: skip
def test_a_finding_that_cannot_be_read_is_refused_with_one_sentence_that_repeats_nothing_of_it(
    site: Site, body: Any, sentence: str
) -> None:
    fake = Dataset()
    fake.StudyInstanceUID, fake.SOPInstanceUID, fake.PatientID, fake.AccessionNumber = (
        "2.25.1",
        "2.25.2",
        "P",
        "",
    )
    said = body if isinstance(body, bytes) else finding([fake], **body)
    before = site.house.ask("Instance.objects.count()")
    answer = post(site.http, said, TOKEN)
    assert answer.status_code == 400 and sentence in answer.text
    assert answer.text.count("\n") == 1 and "SORROWFIELD" not in answer.text and "passwd" not in answer.text
    assert site.house.ask("Instance.objects.count()") == before
