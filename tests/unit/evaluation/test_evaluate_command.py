"""`alarp evaluate`: writes whole files, says the same thing twice, and never shows a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import contour_makers
import pytest
import typer
import yaml
from contour_makers import block, headers, rtstruct, write
from detection_makers import EIGHT, protocol_values, table
from typer.testing import CliRunner

from alarp.cli import evaluate as command
from alarp.evaluation import story
from alarp.kernel import BadInput, Unavailable

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def no_pdf(monkeypatch):
    """Leave out the slow part where a test does not ask for it."""

    def missing(html):
        raise Unavailable("no PDF here", phase="pdf")

    monkeypatch.setattr("alarp.report.to_pdf", missing)


def detection_study(folder, rows=EIGHT, header="case,truth,score", **changes):
    (folder / "cases.csv").write_text(table(rows, header), "utf-8")
    path = folder / "protocol.yaml"
    path.write_text(yaml.safe_dump(protocol_values(**changes)), "utf-8")
    return path


def contouring_study(folder, **changes):
    (folder / "ct").mkdir()
    for number, image in enumerate(headers()):
        write(image, folder / "ct" / f"{number}.dcm")
    write(rtstruct({"Liver": block()}), folder / "reference.dcm")
    write(rtstruct({"liver": block(shift=1)}), folder / "output.dcm")
    (folder / "cases.csv").write_text(
        "case,reference,output\nc1,reference.dcm,output.dcm\nc2,reference.dcm,\n", "utf-8"
    )
    path = folder / "protocol.yaml"
    path.write_text(yaml.safe_dump(contour_makers.PROTOCOL | changes), "utf-8")
    return path


def run(*arguments):
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    line = [sys.executable, "-m", "alarp.cli.evaluate", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, env=environment, timeout=120)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The command as a person gives it, on a claim that is kept: the study's folder, and what the command answered."""
    folder = tmp_path_factory.mktemp("kept")
    claims = [{"measure": "sensitivity", "at_least": 0.7, "on": "estimate"}]
    path = detection_study(folder, claims=claims)
    return folder, run(path, "--out", folder / "out", "--json")


def test_a_kept_claim_ends_with_0_and_leaves_json_html_and_a_tagged_pdf(kept):
    folder, answer = kept
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout) == json.loads((folder / "out" / "result.json").read_text())
    assert {p.name for p in (folder / "out").iterdir()} == {
        "result.json", "report.html", "report.pdf",
    }  # fmt: skip
    pdf = (folder / "out" / "report.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert b"/MarkInfo" in pdf or b"/ObjStm" in pdf


def test_a_claim_that_is_not_met_ends_with_3_and_still_reports(tmp_path, no_pdf):
    path = detection_study(tmp_path, claims=[{"measure": "sensitivity", "at_least": 0.9}])
    app = typer.Typer()
    app.command()(command.evaluate)
    answer = CliRunner().invoke(app, [str(path), "--out", str(tmp_path / "out")], catch_exceptions=False)
    assert answer.exit_code == 3
    assert "not met: sensitivity at least 0.9" in answer.stdout
    assert (tmp_path / "out" / "report.html").exists()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("title: [unclosed", "not readable YAML at line"),
        ("just words", "not a mapping"),
        ("title: a\ntitle: b\n", "'title' twice"),
        (None, "does not exist"),
    ],
)
def test_a_protocol_that_cannot_be_read_is_one_sentence_and_leaves_nothing(tmp_path, text, named):
    path = tmp_path / "protocol.yaml"
    if text is not None:
        path.write_text(text, "utf-8")
    with pytest.raises(BadInput, match=named):
        command.evaluate_protocol(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_bad_input_ends_with_2_and_one_sentence_without_a_traceback(tmp_path):
    path = detection_study(tmp_path, rows=[*EIGHT, "a,none,0.2"])
    answer = run(path, "--out", tmp_path / "out")
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert answer.stderr.strip().splitlines() == [
        "Case a: column 'case' of cases.csv holds it 2 times; a case has one row."
    ]
    assert not (tmp_path / "out" / "result.json").exists()


def test_a_second_run_writes_the_same_bytes_and_counts_the_opening(kept):
    """The second in another process than the first: neither says when, where or by which process it was made."""
    out = kept[0] / "out"
    names = ("result.json", "report.html", "report.pdf")
    first = {name: (out / name).read_bytes() for name in names}
    again = command.evaluate_protocol(kept[0] / "protocol.yaml", out)
    assert {name: (out / name).read_bytes() for name in names} == first
    assert again.use.openings == 2


def test_without_the_pdf_library_the_page_is_made_and_an_older_pdf_is_not_left_behind(tmp_path, no_pdf):
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.pdf").write_bytes(b"%PDF-old")
    found = command.evaluate_protocol(detection_study(tmp_path), out)
    assert found.notes[-1] == "no PDF here"
    assert (out / "report.html").exists()
    assert not (out / "report.pdf").exists()


def test_the_word_on_in_a_claim_is_a_word_and_not_true(tmp_path, no_pdf):
    path = detection_study(tmp_path)
    text = path.read_text("utf-8") + "claims:\n- {measure: auc, at_least: 0.1, on: low}\n"
    path.write_text(text, "utf-8")
    found = command.evaluate_protocol(path, tmp_path / "out")
    assert found.result.content["claims"][0]["on"] == "low"


def test_the_result_keeps_the_names_of_the_file_contract(tmp_path, no_pdf):
    found = command.evaluate_protocol(detection_study(tmp_path), tmp_path / "out").result.content
    assert set(found["protocol"]) >= {"title", "hash", "version"}
    counts = {name: count for name, count in found["outcomes"].items() if name != "enrolled"}
    assert sum(counts.values()) == found["outcomes"]["enrolled"] == found["enrolled"] == 8
    wanted = {
        "measure",
        "subgroup",
        "estimate",
        "low",
        "high",
        "level",
        "method",
        "n",
        "events",
        "p",
        "because",
    }
    assert all(set(row) == wanted for row in found["measures"])
    assert set(found) >= {
        "comparisons",
        "claims",
        "product",
        "design",
        "reference_standard",
        "code_version",
        "data",
    }
    assert set(found["data"]) == {"cases.csv"}


def test_contours_are_read_compared_and_a_failed_case_stays_counted(tmp_path, no_pdf):
    found = command.evaluate_protocol(contouring_study(tmp_path), tmp_path / "out").result.content
    rows = {(m["measure"], m["subgroup"]): m for m in found["measures"]}
    assert rows["dice_as_treated", "Liver"]["estimate"] == pytest.approx(0.9)
    assert rows["dice", "Liver"]["estimate"] == pytest.approx(0.45)
    assert (found["outcomes"]["scored"], found["outcomes"]["ai_failed"], found["enrolled"]) == (1, 1, 2)
    assert set(found["data"]) == {
        "cases.csv",
        "c1: images",
        "c1: reference",
        "c1: output",
        "c2: images",
        "c2: reference",
    }


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (
            lambda folder: (folder / "output.dcm").unlink(),
            "Case c1: column 'output' names the file 'output.dcm', which does not",
        ),
        (
            lambda folder: (folder / "output.dcm").write_bytes(b"not DICOM"),
            "Case c1: column 'output'.*not a DICOM object",
        ),
        (
            lambda folder: (folder / "ct").rename(folder / "mr"),
            "Case c1: column 'images' names the folder 'ct'",
        ),
        (lambda folder: (folder / "out").write_text("a file"), "output folder '.*' cannot be made"),
        (lambda folder: (folder / "cases.csv").unlink(), "field 'cases' names the file 'cases.csv'"),
        (lambda folder: (folder / "cases.csv").write_bytes(b"case,\xff\n"), "cases.csv is not UTF-8"),
        (lambda folder: (folder / "cases.csv").write_text(""), "cases.csv is empty"),
    ],
)
def test_a_file_that_will_not_do_is_refused_naming_case_and_column(tmp_path, spoil, named):
    path = contouring_study(tmp_path)
    spoil(tmp_path)
    with pytest.raises(BadInput, match=named):
        command.evaluate_protocol(path, tmp_path / "out")
    assert not (tmp_path / "out" / "result.json").exists()


def test_a_reference_made_by_an_ai_is_said_before_any_number(tmp_path, no_pdf):
    found = command.evaluate_protocol(
        contouring_study(tmp_path, reference_standard="TotalSegmentator output"), tmp_path / "out"
    )
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert page.index("The truth used here is itself the output of an AI") < page.index("On average")
    assert found.result.content["reference_is_ai"] is True


def test_the_first_page_speaks_in_people_and_names_for_whom_it_may_not_work(tmp_path, no_pdf):
    found = command.evaluate_protocol(detection_study(tmp_path), tmp_path / "out")
    said = story(found.result.content)["summary"]
    assert said[1].startswith("Of 100 people with the disease, it flags 75 (between ")
    assert said[-1] == "For whom it may not work: no subgroup was compared, so nobody can tell."


@pytest.mark.shared
def test_the_real_abdomen_agrees_with_itself(tmp_path, shared, no_pdf):
    folder = shared / "data" / "ct_abdomen_rtstruct"
    reference = folder / "rtstruct_reference.dcm"
    (tmp_path / "cases.csv").write_text(
        f"case,reference,output,images\nabdomen,{reference},{reference},{folder / 'ct'}\n"
    )
    values = contour_makers.PROTOCOL | {"structures": {"liver": [], "spleen": []}}
    values = {k: v for k, v in values.items() if k != "images"}
    path = tmp_path / "protocol.yaml"
    path.write_text(yaml.safe_dump(values), "utf-8")
    found = command.evaluate_protocol(path, tmp_path / "out").result.content
    rows = {(m["measure"], m["subgroup"]): m["estimate"] for m in found["measures"]}
    assert rows["dice", "liver"] == 1.0
    assert rows["hd95_mm", "liver"] == 0.0
