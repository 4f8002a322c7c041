"""What a product's page says first: may it be used, what runs out, what was claimed."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date, timedelta
from types import SimpleNamespace as Fact
from typing import Any

import pytest

from alarp.records.products.diligence import Asked
from alarp.records.products.queries import Owed
from alarp.standards.products import load_document_kinds, load_question_set
from alarp.web.claims import presenters as claims
from alarp.web.products import presenters

TODAY = date(2026, 11, 22)
KINDS = {kind.slug: kind for kind in load_document_kinds()}


def paper(kind: str, days: int | None, *, since: int = -100) -> Any:
    until = None if days is None else TODAY + timedelta(days=days)
    begins = TODAY + timedelta(days=since)
    return Fact(
        pk=1, kind=kind, reference="A1", issuing_body="Body", checked_against="its list", valid_from=begins,
        valid_to=until, document_sha256="", document_name="",
        holds=lambda day: begins <= day and (until is None or until >= day),
    )  # fmt: skip


def owed(kind: str, *days: int | None) -> Owed:
    rows = tuple(paper(kind, one) for one in days)
    return Owed((KINDS[kind],), rows, TODAY, "Flag 1.0", "Lungco Ltd")


@pytest.mark.parametrize(
    ("days", "state", "left"),
    [
        ((300,), "holds", "300 days left"),
        ((60,), "soon", "60 days left"),
        ((61,), "holds", "61 days left"),
        ((-1,), "lapsed", "expired 1 day ago"),
        ((), "missing", "missing"),
        ((-30, 200), "holds", "200 days left"),
        ((None,), "holds", "no end"),
    ],
)
def test_a_paper_holds_runs_out_has_lapsed_or_is_missing(
    days: tuple[int | None, ...], state: str, left: str
) -> None:
    line = presenters.paper_line(owed("ukca-certificate", *days))
    assert (line.state, line.left) == (state, left)


def card(*found: Owed) -> presenters.VersionCard:
    version = Fact(
        pk=1, number="1.0", released_on=None, fingerprint="", intended_use=Fact(rules={}, indication="Nodules"),
        evidence=Fact(all=list), deployments=Fact(all=list),
    )  # fmt: skip
    return presenters.version_card(version, TODAY, readable=lambda e: True, owed=found)


def test_the_first_paper_to_run_out_is_one_that_blocks_and_still_holds() -> None:
    found = card(owed("ukca-certificate", 90), owed("insurance", 30), owed("dspt", -4), owed("iso-13485", 3))
    assert found.first_end is not None and found.first_end.title == "Insurance or indemnity"
    assert [line.title for line in found.to_buy] == ["Data Security and Protection Toolkit"]


@pytest.mark.need("E13")
def test_a_missing_statement_carries_its_question_and_how_rare_it_is() -> None:
    statements = {s.name: s for s in card().statements}
    assert not statements["What for"].missing
    assert statements["Where"].missing
    assert statements["Where"].question.startswith("In which setting")
    assert statements["Where"].rarity == "17 % of 139 radiology AI products state it"
    assert card().stated == "1 of 6 statements of intended use"


def asked(outcomes: list[str]) -> tuple[Asked, ...]:
    questions = load_question_set().questions
    return tuple(
        Asked(
            question,
            tuple(
                Fact(outcome=o, text="x", said_by="", given_by="V", given_at=None, acceptances=Fact(all=list))
                for o in said.split()
            ),
        )  # type: ignore[arg-type]
        for question, said in zip(questions, outcomes, strict=False)
    )


@pytest.mark.need("P13")
def test_the_sentence_counts_answered_declined_and_not_asked() -> None:
    found = claims.diligence(asked(["answered", "declined", "", "answered declined"]))
    assert found.sentence == "2 of 4 answered, 1 declined, 1 not asked."
    assert found.open == 2


@pytest.mark.need("P13")
def test_suppliers_are_compared_question_by_question() -> None:
    one, other = asked(["answered", "declined"]), asked(["declined", "declined"])
    found = claims.compared([("a", "A 1", "X"), ("b", "B 1", "Y")], [one, other])
    assert [[cell.outcome for cell in row] for row in found.rows] == [
        ["answered", "declined"],
        ["declined"] * 2,
    ]
    assert found.declined == (1, 2)


def test_nothing_to_compare_makes_an_empty_table() -> None:
    assert claims.compared([], []).rows == ()


def test_the_forms_offer_exactly_the_words_of_the_grading() -> None:
    from alarp.evaluation import KINDS, grading
    from alarp.evaluation.grading import About, Comparator, Finding, Independence, Population
    from alarp.records.products.doors.claiming import ABOUT
    from alarp.web.claims.forms import LinkForm
    from alarp.web.products.forms import KINDS as OFFERED
    from alarp.web.products.forms import ClaimForm

    link = {
        name: {key for key, _ in LinkForm.base_fields[name].choices} - {""}
        for name in ("population", "independence", "comparator", "finding")
    }
    assert link == {
        "population": set(Population),
        "independence": set(Independence),
        "comparator": set(Comparator),
        "finding": set(Finding),
    }
    assert {key for key, _ in ClaimForm.base_fields["about"].choices} == set(About) == set(ABOUT)
    assert set(OFFERED) == set(KINDS) - {"reader-study"}
    assert grading.LEAST_CASES == 20


def test_looking_at_certificates_brings_no_evaluation_into_the_gateway() -> None:
    """A route is decided for every study: the process that decides must not wait for evaluations or charts."""
    code = (
        "import django, sys; django.setup(); import alarp.records.products.checks, alarp.records.people.commands; "
        "print(sorted({'alarp.evaluation', 'altair'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "alarp.records.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
