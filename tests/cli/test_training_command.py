"""`alarp training`: files come in whole or not at all; status counts, and names nobody."""

from __future__ import annotations

import json
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from alarp.cli.__main__ import app
from alarp.kernel import BadInput
from alarp.records import clock

pytestmark = pytest.mark.django_db
CASES = Path(str(files("alarp.demo"))) / "cases"
HEADER = "username,module,dated,correct,items,failures_caught,failures,certificate"


def run(*words: Any) -> Result:
    return CliRunner().invoke(app, ["training", *map(str, words)])


@pytest.fixture
def trust(db: None) -> None:
    from alarp.records.people.commands import set_up

    set_up(
        {
            "organisations": [
                {"slug": "valley", "name": "Valley NHS Trust", "tier": "trust"},
                {"slug": "river", "name": "River Hospital", "tier": "site", "parent": "valley"},
                {"slug": "vision", "name": "Vision Ltd", "tier": "supplier"},
            ],
            "products": [
                {
                    "slug": slug,
                    "name": name,
                    "supplier": "vision",
                    "kind": kind,
                    "versions": [{"number": number}],
                }
                for slug, name, kind, number in (
                    ("noduleflag", "NoduleFlag", "detection", "2.1.0"),
                    ("livercontour", "LiverContour", "contouring", "1.4.2"),
                )
            ],
            "people": [
                {"username": name, "full_name": name.title(), "organisation": "valley", "roles": [role]}
                for name, role in (
                    ("dana", "radiographer"),
                    ("erik", "reader"),
                    ("bethan", "service-manager"),
                )
            ],
        }
    )


@pytest.fixture
def tool(trust: None) -> Any:
    from alarp.records.deployments.commands import propose
    from alarp.records.people.models import Organisation, Person
    from alarp.records.products.models import Version
    from alarp.records.training.commands import add_user

    dana = Person.objects.get(username="dana")
    made = propose(
        Version.objects.get(number="2.1.0"), Organisation.objects.get(slug="river"), "flag-river", "Read first",
        "Films wait", by=dana,
    )  # fmt: skip
    add_user(made, Person.objects.get(username="erik"), "reader", by=dana)
    return made


@pytest.mark.need("H10")
@pytest.mark.parametrize(("name", "cases", "failures"), [("noduleflag", 8, 3), ("livercontour", 5, 2)])
def test_the_demonstrations_modules_come_in_with_the_failures_of_their_tools(
    trust: None, name: str, cases: int, failures: int
) -> None:
    from alarp.records.training.models import Module

    result = run("import", CASES / f"training-{name}.yaml", "--by", "dana", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["modules"][0]["edition"] == 1
    items = Module.objects.get().items
    assert (items.count(), items.filter(ai_right=False).count()) == (cases, failures)


def test_records_come_in_and_status_counts_without_a_name(tool: Any, tmp_path: Path) -> None:
    assert run("import", CASES / "training-noduleflag.yaml", "--by", "dana").output == "1 module added.\n"
    day = (clock.now().date() - timedelta(days=3)).isoformat()
    file = tmp_path / "records.csv"
    file.write_text(f"{HEADER}\nerik,noduleflag-2-1-0,{day},7,8,3,3,NF-1\n")
    assert run("import", file, "--by", "bethan").output == "1 training record added.\n"
    said = run("status").output
    assert said.startswith("flag-river: 0 of 1 users (0%) are entitled to NoduleFlag 2.1.0; the aim is 80%")
    (found,) = json.loads(run("status", "flag-river", "--json").output)
    assert (found["reached"], found["measures"][0]["events"], found["measures"][0]["n"]) == (False, 0, 1)
    assert "erik" not in run("status", "--json").output.lower()


def test_what_cannot_be_taken_in_is_one_sentence_and_leaves_nothing(tool: Any, tmp_path: Path) -> None:
    from alarp.records.training.models import TrainingRecord

    run("import", CASES / "training-noduleflag.yaml", "--by", "dana")
    file = tmp_path / "records.csv"
    file.write_text(f"{HEADER}\nghost,noduleflag-2-1-0,2026-01-02,7,8,3,3,NF-1\n")
    for words, sentence in (
        (("import", file, "--by", "dana"), "records.csv, line 2: There is nobody with the username 'ghost'"),
        (("import", file, "--by", "nobody"), "nobody with the username 'nobody'"),
        (("import", tmp_path / "absent.yaml", "--by", "dana"), "cannot be read"),
        (("status", "absent"), "no deployment 'absent'"),
    ):
        result = run(*words)
        assert isinstance(result.exception, BadInput)
        assert sentence in str(result.exception)
    assert not TrainingRecord.objects.exists()
