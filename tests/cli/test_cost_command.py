"""`alarp cost` says what a tool costs from one file, or in one sentence what is wrong with the file."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "src" / "alarp" / "demo" / "cases"
LIVER = CASES / "cost-livercontour.yaml"


def alarp(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alarp.cli", "cost", *map(str, words)],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "140"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.need("P04", "P05")
def test_it_prints_whole_life_and_licence_at_three_volumes_and_both_break_evens() -> None:
    answer = alarp(LIVER)
    assert answer.returncode == 0, answer.stderr
    for words in (
        "Low: 1,000 a year",
        "Expected: 1,400 a year",
        "High: 1,800 a year",
        "Whole-life cost",
        "Licence only",
        "it costs £110,355, not the £58,285 of the licence",
        "The licence alone pays from 11.9 minutes really saved per plan; everything pays from 22.8.",
    ):
        assert words in answer.stdout


def test_json_holds_every_figure_with_its_source_and_reads_back() -> None:
    found = json.loads(alarp(LIVER, "--json").stdout)
    assert found["schema"] == "alarp.cost/1"
    assert all(figure["source"] for figure in found["figures"])
    whole = found["volumes"]["expected"]["break_even"][2]
    assert (whole["counts"], round(whole["minutes_a_study"], 1)) == ("whole life", 22.8)


def test_the_report_names_every_source_and_fetches_nothing(tmp_path: Path) -> None:
    page, paper = tmp_path / "cost.html", tmp_path / "cost.pdf"
    answer = alarp(LIVER, "--html", page, "--pdf", paper)
    assert answer.returncode == 0, answer.stderr
    text = page.read_text("utf-8")
    for figure in json.loads(alarp(LIVER, "--json").stdout)["figures"]:
        assert figure["source"].replace("'", "&#39;").replace("&#39;", "'") in text.replace("&#39;", "'")
    assert not re.search(r"(?:src|href)=[\"']http", text)
    assert text.count("<svg") == 5
    assert not paper.exists() or paper.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("value: 42,", "value: 10000,", "wages: dosimetrist is 10,000 £/hour, more than the 400"),
        ("years: 5", "years: 400", "years is 400"),
        ("value: 1400,", "value: -1400,", "a negative figure"),
        ("line: exit", "line: extra", "is not a line we know"),
        ("  - {line: exit", "# - {line: exit", "has no line 'exit'"),
        ("title: LiverContour", "title: A\ntitle: B", "has 'title' twice"),
        ("value: 1,", "value: 1.5,", "write 3.5 % as 0.035"),
    ],
)
def test_a_case_that_cannot_be_used_is_one_sentence_and_leaves_no_report(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    bad = tmp_path / "bad.yaml"
    text = LIVER.read_text("utf-8")
    assert old in text
    bad.write_text(text.replace(old, new, 1), "utf-8")
    answer = alarp(bad, "--html", tmp_path / "never.html")
    assert answer.returncode == 2
    assert answer.stdout == "" and len(answer.stderr.strip().splitlines()) == 1
    assert says in answer.stderr and answer.stderr.startswith("bad.yaml: ")
    assert not (tmp_path / "never.html").exists()


def test_a_file_that_is_not_there_or_not_text_is_said_so(tmp_path: Path) -> None:
    assert "does not exist" in alarp(tmp_path / "none.yaml").stderr
    (tmp_path / "case.yaml").write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in alarp(tmp_path / "case.yaml").stderr


@pytest.mark.parametrize("case", sorted(CASES.glob("cost-*.yaml")), ids=lambda p: p.stem)
def test_the_cases_of_the_demonstration_are_whole(case: Path) -> None:
    answer = alarp(case, "--json")
    assert answer.returncode == 0, answer.stderr
    assert len(json.loads(answer.stdout)["tornado"]) >= 5


def test_the_worked_case_of_the_how_to_is_computed_as_it_says() -> None:
    page = (ROOT / "docs" / "how-to" / "cost-a-tool.md").read_text("utf-8")
    cases = re.findall(r"```yaml\n(title:.*?)```", page, re.DOTALL)
    assert len(cases) == 1
    from alarp.economics import answer, appraise, pays, read_case, read_text
    from alarp.standards.economics import load_economics

    rules = load_economics()
    found = appraise(read_case(read_text(cases[0]), rules), rules).as_dict()
    said = " ".join(page.replace("\n>", "\n").split())
    assert answer(found) in said and pays(found) in said
