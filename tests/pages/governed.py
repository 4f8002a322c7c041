"""Governance for the small hospital: every record of it written once, so that each page has something to show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

PATIENTS_READ = {
    "images": "chest X-rays",
    "does": "marks places that may be a lung nodule, so that these X-rays are looked at first",
    "condition": "a lung nodule",
    "decides": "a radiologist (a doctor who is trained to read X-rays)",
    "benefit": "An X-ray that needs attention may be looked at sooner.",
    "risk": "The tool can miss something, or mark something that is harmless.",
    "data": "your X-ray and your age, without your name",
    "training": "Your X-ray is not used to train the tool.",
    "object": "Tell the staff at the desk, or ring 01234 567890.",
    "complain": "Talk to our Patient Advice and Liaison Service on 01234 567891.",
}
HERE = {
    "user": "The reporting radiologist or radiographer",
    "trust": "PACS and IT team, Valley NHS Trust",
    "supplier": "Brightlung Ltd, service desk",
    "physics-expert": "Medical physics, AI lead physicist",
    "safety-officer": "Clinical safety officer of the Trust",
}


def govern(deployment: Any, person: Callable[[str], Any]) -> None:
    """Matrix, data flow, assessment, checklist, log and a published text for this deployment."""
    from alarp.pathway import StepUp
    from alarp.records import clock
    from alarp.records.governance import commands, queries
    from alarp.records.governance.models import Readiness, Responsibilities
    from alarp.standards import governance as standard

    today = clock.now().date()
    commands.set_responsibilities(
        deployment,
        [
            {
                "step": s.slug,
                "accountable": s.accountable,
                "here": HERE[s.accountable],
                "consulted": s.consulted,
            }
            for s in standard.load_responsibilities().steps
        ],
        by=person("digital-lead"),
    )
    current = queries.latest(Responsibilities, deployment)
    for role in ("reader", "pacs-manager", "information-governance"):
        commands.acknowledge(deployment, read=current.digest, by=person(role))
    form = standard.load_data_flow()
    whole = {leg.slug: {field.slug: field.example for field in form.fields} for leg in form.legs}
    commands.set_data_flow(deployment, whole, by=person("information-governance"))
    parts = {
        "screening": "Pseudonymised chest films leave the Trust's network zone; a full assessment is needed."
    }
    commands.write_assessment(deployment, parts, by=person("information-governance"))
    commands.log_involvement(
        deployment,
        today - timedelta(days=60),
        "Chest clinic patient group, 8 people",
        "May a computer tool choose which X-rays are looked at first?",
        "Yes, if a person looks at every X-ray and we are told.",
        "The leaflet now begins with who decides; a poster hangs at the desk.",
        by=person("patient-representative"),
    )
    answers = {i.slug: {"state": "ready", "note": "", "due": ""} for i in standard.load_readiness()}
    due = (today + timedelta(days=30)).isoformat()
    answers["support"] = {"state": "planned", "note": "Night cover is agreed with the supplier", "due": due}
    commands.set_readiness(deployment, answers, by=person("pacs-manager"))
    checklist = queries.latest(Readiness, deployment)
    commands.sign_readiness(
        deployment,
        read=checklist.digest,
        step_up=StepUp("password", clock.now()),
        by=person("pacs-manager"),
    )
    commands.write_patient_information(deployment, PATIENTS_READ, by=person("information-governance"))
    commands.publish_patient_information(deployment, by=person("information-governance"))
    tested(deployment, person)


def tested(deployment: Any, person: Callable[[str], Any]) -> None:
    """A self-test with the report of a worker that found one side down."""
    from alarp.records import clock
    from alarp.records.governance import commands
    from alarp.records.ledger import work

    test = commands.ask_self_test(deployment, by=person("digital-lead"))
    (step,) = (s for s in work.claim("a worker", 50) if s.kind == "self-test")

    def finding(
        phase: str,
        about: str,
        passed: bool | None,
        sentence: str,
        figure: float | None = None,
        unit: str = "",
        n: int = 0,
    ) -> dict[str, Any]:
        return {"phase": phase, "about": about, "passed": passed, "sentence": sentence, "figure": figure, "unit": unit, "n": n}  # fmt: skip

    commands.report_self_test(
        step,
        test,
        [
            finding("receive", "Gateway: port", True, "127.0.0.1 answers on port 11112.", 0.4, "ms", 1),
            finding("send", "AI tool NODULE: C-ECHO", True, "NODULE answered 5 of 5 C-ECHO; the slowest took 4.1 ms.", 2.2, "ms (median)", 5),
            finding("file", "PACS MAIN: port", False, "PACS MAIN: 10.1.2.3 does not answer on port 104; start it, or ask for the firewall opening."),
            finding("send", "Throughput by DICOM", None, "16 synthetic test images of 512 KB went by C-STORE to a private receiver on this machine.", 38.5, "MB/s", 16),
        ],
        measured_at=clock.now(),
    )  # fmt: skip
