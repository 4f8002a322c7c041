"""A small hospital for tests of pages: one person per role, three deployments at three places on the pathway.

Run as a program it writes the hospital into the data folder that ALARP_DATA names and prints, as one JSON line,
where things are: the examples from which the tests fill in addresses.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

PASSWORD = "three green kettles sing"

# username = role, so that a test reads as a sentence
PEOPLE = {
    "clinical-lead": ("Dr Amara Okafor", "Consultant radiologist", "GMC 0000001"),
    "service-manager": ("Bethan Price", "Radiology service manager", ""),
    "lead-physicist": ("Dr Chidi Eze", "Consultant clinical scientist", "HCPC CS00001"),
    "radiographer": ("Dana Kowalska", "Lead radiographer", "HCPC RA00001"),
    "reader": ("Dr Erik Lindqvist", "Consultant radiologist", "GMC 0000002"),
    "data-analyst": ("Fatima Rahman", "Data analyst", ""),
    "pacs-manager": ("Gareth Hughes", "PACS manager", ""),
    "clinical-safety-officer": ("Dr Helen Marsh", "Clinical safety officer", "GMC 0000003"),
    "information-governance": ("Imran Shah", "Head of information governance", ""),
    "digital-lead": ("Joy Mensah", "Digital lead", ""),
    "executive": ("Karen Doyle", "Chief operating officer", ""),
    "procurement": ("Liam Byrne", "Procurement lead", ""),
    "statistician": ("Dr Mei Tanaka", "Medical statistician", ""),
    "patient-representative": ("Noor Haddad", "Patient representative", ""),
    "administrator": ("Olu Adeyemi", "System administrator", ""),
}
OUTSIDERS = {
    "region-lead": ("Priya Nair", "north", "region-lead"),
    "supplier": ("Quentin Vale", "brightlung", "supplier"),
    "rival": ("Rosa Keller", "contourworks", "supplier"),
    "stranger": ("Dr Stefan Ilić", "hill", "lead-physicist"),
    "writer": ("Wren Abbott", "valley", "data-analyst"),
    "nobody": ("Uma Field", "valley", None),
}
ROLES = (*PEOPLE, "region-lead", "supplier")  # one person each: the columns of the permission matrix

USE_NODULE = {
    "indication": "Suspected lung nodule on a chest film taken for any reason",
    "body_part": "Chest, postero-anterior view",
    "population": "Adults of 18 years and over",
    "user": "Radiologists and reporting radiographers, who read every film themselves",
    "environment": "Hospital radiology departments, behind the Trust's own gateway",
    "principle": "Blob detection at several scales; fixed, does not learn in use",
    "rules": {"modalities": ["CR", "DX"], "body_parts": ["CHEST"], "views": ["PA"], "age_min_years": 18},
}
USE_LIVER = USE_NODULE | {
    "indication": "Organ-at-risk contouring of the liver",
    "body_part": "Abdomen",
    "environment": "",
    "rules": {"modalities": ["CT"], "body_parts": ["ABDOMEN"]},
}


def table() -> dict[str, Any]:
    """The Trust in the form that `alarp setup` reads."""
    people = [
        {
            "username": role,
            "full_name": name,
            "profession": profession,
            "registration": registration,
            "organisation": "valley",
            "roles": [role],
            "password": PASSWORD,
        }
        for role, (name, profession, registration) in PEOPLE.items()
    ]
    people += [
        {
            "username": username,
            "full_name": name,
            "organisation": organisation,
            "roles": [role] if role else [],
            "password": PASSWORD,
        }
        for username, (name, organisation, role) in OUTSIDERS.items()
    ]
    return {
        "organisations": [
            {"slug": "nation", "name": "National programme", "tier": "national"},
            {"slug": "north", "name": "Northern region", "tier": "region", "parent": "nation"},
            {"slug": "valley", "name": "Valley NHS Trust", "tier": "trust", "parent": "north"},
            {"slug": "riverside", "name": "Riverside Hospital", "tier": "site", "parent": "valley"},
            {"slug": "moorgate", "name": "Moorgate Hospital", "tier": "site", "parent": "valley"},
            {"slug": "hill", "name": "Hill NHS Trust", "tier": "trust", "parent": "north"},
            {"slug": "brightlung", "name": "Brightlung Ltd", "tier": "supplier"},
            {"slug": "contourworks", "name": "Contourworks GmbH", "tier": "supplier"},
        ],
        "people": people,
        "products": [
            _product("noduleflag", "NoduleFlag", "brightlung", "detection", "2.1.0", USE_NODULE,
                     "Marks possible lung nodules on chest films, so that suspicious films are read first."),
            _product("livercontour", "LiverContour", "contourworks", "contouring", "1.4.2", USE_LIVER,
                     "Draws the liver on planning CT, for a clinician to edit and approve."),
        ],
        "peers": [
            {"aet": "ROOMA", "name": "X-ray room A", "kind": "source", "site": "riverside"},
        ],
    }  # fmt: skip


def _product(
    slug: str, name: str, supplier: str, kind: str, number: str, use: dict[str, Any], summary: str
) -> dict[str, Any]:
    version = {"number": number, "released_on": date(2026, 6, 15), "intended_use": use}
    return {
        "slug": slug,
        "name": name,
        "supplier": supplier,
        "kind": kind,
        "summary": summary,
        "versions": [version],
    }


class Hospital:
    """Writes the hospital through the records' own doors."""

    def build(self) -> dict[str, Any]:
        from appraised import appraise
        from assured import assure
        from evaluated import evaluate
        from governed import govern
        from hazards_logged import log_hazards
        from supplied import supply
        from taught import teach
        from watched import watch

        from alarp.records.people.commands import set_up

        set_up(table())
        live = self.deployment(
            "nodule-riverside", "noduleflag", "riverside", "Read suspicious chest films first"
        )
        for gate in ("need", "appraise", "evaluate", "procure", "integrate", "live"):
            self.pass_gate(live, gate)
        answered = self.hold(live, "Two films of the same patient had different scores on the same day.")
        self.answer_hold(answered)
        govern(live, self.person)
        logged = log_hazards(live, self.person)
        costs = appraise(live, self.person)
        planned = evaluate(live, self.person)
        silent = self.deployment(
            "liver-riverside", "livercontour", "riverside", "Draw the liver on planning CT"
        )
        for gate in ("need", "appraise", "evaluate", "procure"):
            self.pass_gate(silent, gate)
        closure = self.close(silent)
        early = self.deployment(
            "nodule-moorgate", "noduleflag", "moorgate", "Read suspicious films first", without={"reader"}
        )
        held = self.hold(early, "The supplier's claim was tested on films of one manufacturer only.")
        ready = self.deployment(
            "liver-moorgate", "livercontour", "moorgate", "Draw the liver for adaptive plans"
        )
        self.answer_gate(ready, "need")
        self.trust_criterion()
        evaluation = self.evidence_of("evaluation")
        return {
            "slug": live.slug,
            "gate": "need",
            "criterion": "baseline",
            "early": early.slug,
            "silent": silent.slug,
            "ready": ready.slug,
            "number": answered.number,
            "open_hold": held.number,
            "closure": closure.pk,
            "sha256": evaluation.sha256,
            "product": "noduleflag",
            **costs,
            **planned,
            **logged,
            **teach(live, self.person),
            **supply(live, self.person),
            **self.monitored(live),
            **watch(live, self.person),
            **self.ledger(),
            **assure(live, self.person),
        }

    # The spine

    def person(self, username: str) -> Any:
        from alarp.records.people.models import Person

        return Person.objects.get(username=username)

    def deployment(self, slug: str, product: str, site: str, use: str, *, without: Iterable[str] = ()) -> Any:
        from alarp.records.deployments import commands
        from alarp.records.people.models import Organisation
        from alarp.records.permissions import PROFESSIONS
        from alarp.records.products.models import Version

        made = commands.propose(
            version=Version.objects.filter(product__slug=product).earliest("pk"),
            site=Organisation.objects.get(slug=site),
            slug=slug,
            use=use,
            problem="Films with a nodule wait as long as all others; the median wait is six days.",
            baseline="38 % of chest films reported within 48 hours, RIS audit May 2026",
            raised_by_role="Reporting radiographer",
            supply_led=False,
            eligibility={},
            by=self.person("clinical-lead"),
            pathway="national-2026.1",
        )
        for role in PEOPLE:
            if role in PROFESSIONS and role not in without:
                hours = 0 if role == "digital-lead" else 4
                commands.join_team(made, role, self.person(role), hours, by=self.person("service-manager"))
        return made

    def answer_gate(self, deployment: Any, gate: str) -> Any:
        from alarp.records.deployments import commands, queries

        deployment.refresh_from_db()
        found = queries.pathway_of(deployment).gate(gate)
        for criterion in found.criteria:
            paper = self.paper(deployment, criterion)
            commands.answer(deployment, gate, criterion.slug, paper, by=self.person("writer"))
        return found

    def pass_gate(self, deployment: Any, gate: str) -> None:
        from alarp.records import clock
        from alarp.records.deployments import commands, queries
        from alarp.records.deployments.commands import StepUp

        for role in self.answer_gate(deployment, gate).roles:
            digest = queries.gate_view(deployment, gate).evidence_digest
            commands.decide(
                deployment, gate, role, "approve", "", digest, StepUp("password", clock.now()),
                by=self.person(role),
            )  # fmt: skip

    def paper(self, deployment: Any, criterion: Any) -> Any:
        from alarp.records import clock
        from alarp.records.evidence import commands

        today = clock.now().date()
        is_evaluation = criterion.evidence_kind == "evaluation"
        body = evaluation_result() if is_evaluation else {}
        if criterion.slug == "stop-rule":
            from watched import stop_rule

            body = stop_rule()
        document = json.dumps(body).encode() if body else f"{criterion.asks}\n".encode()
        return commands.record(
            kind=criterion.evidence_kind,
            title=criterion.asks.split(",")[0].split(":")[0][:80],
            version=deployment.version,
            organisation=self.person("writer").organisation,
            design="retrospective" if is_evaluation else "document",
            dated=today - timedelta(days=9),
            expires_on=today + timedelta(days=40) if criterion.slug == "dtac" else None,
            body=body,
            document=document,
            document_name=f"{criterion.slug}.{'json' if body else 'txt'}",
            document_type="application/json" if body else "text/plain",
            supersedes=None,
            by=self.person("writer"),
        )

    def hold(self, deployment: Any, concern: str) -> Any:
        from alarp.records.deployments import commands

        return commands.raise_hold(
            deployment,
            concern=concern,
            exit_criterion="The cause is found and a test shows that it cannot come back.",
            officer=self.person("clinical-safety-officer"),
            by=self.person("radiographer"),
        )

    def answer_hold(self, hold: Any) -> None:
        from alarp.records import clock
        from alarp.records.deployments import commands
        from alarp.records.deployments.commands import StepUp

        commands.answer_hold(
            hold,
            answer="One film was a lateral view; the gateway now refuses it. Tested with both films.",
            step_up=StepUp("password", clock.now()),
            by=self.person("clinical-safety-officer"),
        )

    def close(self, deployment: Any) -> Any:
        from alarp.records.deployments import commands

        return commands.close_route(
            deployment, reason="The planning network is down for repair.", by=self.person("pacs-manager")
        )

    def trust_criterion(self) -> None:
        from alarp.records.deployments import commands
        from alarp.records.people.models import Organisation

        commands.add_criterion(
            pathway="national-2026.1",
            organisation=Organisation.objects.get(slug="valley"),
            gate="live",
            slug="night-cover",
            asks="Who reads without the tool at night, and how they learn that it is down.",
            evidence_kind="night-cover",
            role="radiographer",
            source="Valley NHS Trust, incident review 12",
            reason="An outage at night went unnoticed for five hours in 2025.",
            by=self.person("clinical-safety-officer"),
        )

    def evidence_of(self, kind: str) -> Any:
        from alarp.records.evidence.models import Evidence

        return Evidence.objects.filter(kind=kind).order_by("pk").first()

    # The gateway's side

    def monitored(self, live: Any) -> dict[str, Any]:
        """Some weeks of the live tool in use, so that its monitors have something to say."""
        import monitored_days

        from alarp.records.ledger.models import Peer

        return monitored_days.build(live, Peer.objects.get(aet="ROOMA"))

    def ledger(self) -> dict[str, Any]:
        """One film that arrived, one object in quarantine, one opted-out patient."""
        import counted_anew

        from alarp.records.ledger import arrivals, commands
        from alarp.records.ledger.models import Instance, Peer, Quarantine
        from alarp.records.people.models import Organisation

        peer = Peer.objects.get(aet="ROOMA")
        receipt = arrivals.receive(peer, film("1"))
        spoilt = arrivals.receive(peer, film("2", trouble="The header could not be read to its end."))
        opt_out = commands.record_opt_out(
            patient_id="V4711",
            issuer="",
            nhs_number="",
            deployment=None,
            note="Asked at the desk",
            organisation=Organisation.objects.get(slug="riverside"),
            by=self.person("radiographer"),
        )
        instance = Instance.objects.get(pk=receipt.instance)
        counted_anew.today(instance.study_id)
        return {
            "message": waiting_message(),
            "study": instance.study_id,
            "instance": instance.pk,
            "item": Quarantine.objects.get(instance=spoilt.instance).pk,
            "opt_out": opt_out.pk,
        }


def waiting_message() -> int:
    """A merge of a patient with themselves, which nobody can make."""
    from alarp.records.messages.commands import receive_hl7
    from alarp.records.messages.reading.segments import header_of

    data = (
        b"MSH|^~\\&|PAS|VALLEY|ALARP|VALLEY|20261122101500||ADT^A40|M1|P|2.5.1\r"
        b"PID|1||V4711^^^VALLEY^MR||EXAMPLE^ANNE\rMRG|V4711^^^VALLEY^MR\r"
    )
    header = header_of(data)
    assert header is not None
    return int(receive_hl7(data, header).pk)


def film(number: str, trouble: str = "") -> Any:
    """A chest film of 64 x 64 pixels, its bytes in the object store."""
    from io import BytesIO

    import numpy as np
    from pydicom import Dataset, dcmwrite
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    from alarp.records import objects
    from alarp.records.ledger.arrivals import Arrival, Described

    root = "1.2.826.0.1.3680043.10.1500.77"
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    rows, columns = np.mgrid[0:64, 0:64]
    pixels = (2000 * np.exp(-((rows - 32) ** 2 + (columns - 24) ** 2) / 200)).astype(np.uint16)
    values = {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1", "SOPInstanceUID": f"{root}.{number}.3",
        "StudyInstanceUID": f"{root}.{number}.1", "SeriesInstanceUID": f"{root}.{number}.2",
        "PatientID": f"V000{number}", "PatientName": "Sorrowfield^Quentin", "Modality": "CR",
        "BodyPartExamined": "CHEST", "ViewPosition": "PA", "Rows": 64, "Columns": 64, "BitsAllocated": 16,
        "BitsStored": 12, "HighBit": 11, "PixelRepresentation": 0, "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2", "PixelData": pixels.tobytes(),
        "WindowCenter": 1000, "WindowWidth": 2000,
    }  # fmt: skip
    for name, value in values.items():
        setattr(made, name, value)
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    buffer = BytesIO()
    dcmwrite(buffer, made, enforce_file_format=True)
    return Arrival(
        sha256=objects.put(buffer.getvalue()),
        size_bytes=len(buffer.getvalue()),
        sop_uid=made.SOPInstanceUID,
        sop_class=made.SOPClassUID,
        transfer_syntax=ExplicitVRLittleEndian,
        series_uid=made.SeriesInstanceUID,
        modality="CR",
        study=Described(
            study_uid=made.StudyInstanceUID,
            patient_id=made.PatientID,
            patient_name="Sorrowfield^Quentin",
            modality="CR",
            body_part="CHEST",
            view="PA",
            manufacturer="Philips",
        ),
        trouble=trouble,
    )


def evaluation_result() -> dict[str, Any]:
    """A real evaluation of 60 invented cases at two scanners, as `alarp evaluate` would write it."""
    from alarp.evaluation import assemble, detection, lock, read_csv

    protocol = detection.parse(
        {
            "title": "NoduleFlag on our chest films",
            "version": 1,
            "kind": "detection",
            "product": {"name": "NoduleFlag", "version": "2.1.0"},
            "cases": "cases.csv",
            "columns": {"case": "case", "truth": "truth", "score": "score"},
            "subgroups": ["scanner"],
            "positive": "nodule",
            "negative": "none",
            "higher_means": "disease",
            "threshold": 0.5,
            "failure_rule": "counted as wrong",
            "level": 0.95,
            "reference_standard": "two radiologists and a third to adjudicate",
            "design": "retrospective",
            "claims": [{"measure": "sensitivity", "at_least": 0.8, "on": "low"}],
        }
    )
    rows = []
    for number in range(60):
        ill = number % 3 == 0
        score = (
            ""
            if number == 41
            else f"{(0.9 if ill else 0.1) + (0.45 if number % 13 == 0 and not ill else 0):.2f}"
        )
        if number == 27:
            score = "0.20"
        rows.append(f"c{number},{'nodule' if ill else 'none'},{score},{'A' if number % 2 else 'B'}")
    text = "case,truth,score,scanner\n" + "\n".join(rows) + "\n"
    findings = detection.evaluate(protocol, detection.parse_cases(protocol, read_csv(text, name="cases.csv")))
    held = lock(protocol.common, None, now="2026-11-01T09:00:00+00:00", code_version="alarp 0.1.0")
    result = assemble(
        protocol.common, findings, lock=held, data={"cases.csv": "0" * 64}, code_version="alarp 0.1.0"
    )
    return dict(json.loads(result.as_json()))


def main() -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "alarp.web.settings"
    import django

    django.setup()
    print(json.dumps(Hospital().build()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
