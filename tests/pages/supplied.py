"""What the supplier of the small hospital's live tool brought, claimed, answered and declined."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any


def supply(live: Any, person: Callable[[str], Any]) -> dict[str, Any]:
    """Papers (one running out, one lapsed, one missing), claims of every level, answers; another version."""
    from alarp.records import clock
    from alarp.records.products import commands

    today = clock.now().date()
    version, buyer = live.version, person("procurement")
    papers = [_bring(version, today, *row, by=buyer) for row in PAPERS]
    commands.state_device(
        version, "IIa", "ukca", gmdn="00001", udi="(01)00000000020417", registration="20417", by=buyer
    )
    claims = [commands.add_claim(version, promise, by=buyer) for promise in _promises()]
    evaluation = version.evidence.filter(kind="evaluation").order_by("pk").first()
    for claim in claims[:2]:
        commands.link_claim(claim, evaluation, commands.Respects(population="same"), by=buyer)
    commands.mark_unsupported(
        claims[2], "Searched PubMed and asked them in writing: no study.", by=person("clinical-lead")
    )
    _answer(version, buyer)
    declined = version.answers.get(question="bias")
    commands.accept_declined(declined, "We measure subgroups ourselves.", by=person("clinical-lead"))
    commands.register_version(
        version.product,
        "2.2.0",
        statements={
            "indication": "Suspected lung nodule",
            "rules": {"modalities": ["CR"], "body_parts": ["CHEST"]},
        },
        by=buyer,
    )
    return {"version": version.pk, "document": papers[0].pk, "claim": claims[3].pk, "question": "price"}


PAPERS = (
    ("ukca-certificate", "UKCA 0000-NF-21", "Approved Body 0000", 41),
    ("mhra-registration", "20417", "", None),
    ("dspt", "8HX21, standards met", "", 190),
    ("cyber-essentials", "CE-20417", "A certifier", -6),
    ("ico-fee", "ZF20417", "", 250),
    ("insurance", "PI-20417, GBP 10 million a claim", "An insurer", 600),
    ("iso-13485", "QM-20417", "A certifier", 900),
)


def _bring(
    version: Any, today: date, kind: str, reference: str, body: str, days: int | None, *, by: Any
) -> Any:
    from alarp.records.products import commands

    paper = commands.Paper(
        kind=kind,
        reference=reference,
        issuing_body=body,
        checked_against="the body's own list",
        valid_from=today - timedelta(days=300),
        valid_to=None if days is None else today + timedelta(days=days),
        document=b"certificate\n",
        document_name=f"{kind}.txt",
        document_type="text/plain",
    )
    return commands.record_document(version, paper, by=by)


def _promises() -> tuple[Any, ...]:
    from alarp.records.products.commands import Promise

    sheet = "Brightlung, product sheet 2026, page 2"
    return (
        Promise(
            "Finds at least four of five films with a nodule",
            sheet,
            "sensitivity",
            0.8,
            threshold="score 0.5",
        ),
        Promise("Calls no healthy film ill more often than once in a hundred", sheet, "specificity", 0.99),
        Promise(
            "Suspicious films are reported a day earlier", "Brightlung, web page, May 2026", about="effect"
        ),
        Promise("Works on every maker's detectors alike", "Brightlung, sales talk, May 2026"),
    )


def _answer(version: Any, by: Any) -> None:
    from alarp.records.products import commands
    from alarp.standards.products import load_question_set

    for question in load_question_set().questions[:14]:
        outcome = "declined" if question.slug == "bias" else "answered"
        commands.answer_question(
            version, question.slug, outcome, "A trade secret." if outcome == "declined" else question.least,
            said_by="Quentin Vale, product manager", by=by,
        )  # fmt: skip
    commands.answer_question(
        version, "price", "declined", "Only after a letter of intent.", said_by="Quentin Vale", by=by
    )
