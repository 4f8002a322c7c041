"""The whole hospital, by one command: what the summary says must be what happened."""

import base64
import json
import re
import subprocess
import sys

import pytest
from demonstrations import live_through

from alarp.pathway import TO_LIVE

pytestmark = pytest.mark.timeout(1200)


def deployment(demonstration, product):
    return next(d for d in demonstration.summary["deployments"] if d["product"] == product)


def test_the_journey_comes_out_right(demonstration):
    assert demonstration.code == 0, demonstration.said[-2000:]
    assert demonstration.summary["faults"] == []


@pytest.mark.need("X01", "X03")
def test_one_tool_is_live_and_one_is_silent_each_through_signed_gates(demonstration):
    nodules, livers = deployment(demonstration, "NoduleFlag"), deployment(demonstration, "LiverContour")
    assert (nodules["stage"], nodules["route"]) == ("live", "live")
    assert (livers["stage"], livers["route"]) == ("integrate", "silent")
    gates = {g["gate"]: g for g in demonstration.summary["gates"] if g["deployment"] == nodules["deployment"]}
    assert set(gates) == set(TO_LIVE)
    for gate in gates.values():
        approvals = [d for d in gate["decisions"] if d["outcome"] == "approve"]
        assert gate["status"] == "open"
        assert len({d["person"] for d in approvals}) == len(approvals) >= 1
        for decision in approvals:
            assert set(decision["evidence_hashes"]) <= set(gate["evidence"])
            assert decision["evidence_hashes"]


@pytest.mark.need("G01")
def test_every_instance_and_every_result_is_accounted_for(demonstration):
    s = demonstration.summary
    assert s["balanced"] is True
    assert s["received"] == s["sent"] + s["held"] + s["opted_out"] + s["failed"]
    assert s["received"] > 0 and s["sent"] > 0 and s["held"] > 0


@pytest.mark.need("G06")
def test_nothing_of_the_opted_out_patient_was_sent(demonstration):
    assert demonstration.summary["opted_out"] == 1


@pytest.mark.need("G02")
def test_the_result_for_the_wrong_patient_is_in_quarantine_and_not_in_the_pacs(demonstration):
    assert demonstration.summary["quarantined"] == 1
    assert demonstration.summary["filed"] == demonstration.summary["pacs"]["objects"]


@pytest.mark.need("G17")
def test_the_backlog_was_drained_without_a_duplicate(demonstration):
    assert demonstration.summary["pacs"]["arrived_twice"] == 0


@pytest.mark.need("E05")
def test_both_evaluations_have_real_measures_with_intervals_and_a_stated_reference(demonstration):
    nodules, livers = demonstration.summary["evaluations"]
    auc = next(m for m in nodules["measures"] if m["measure"] == "auc" and m["subgroup"] == "all")
    assert auc["low"] < auc["estimate"] < auc["high"]
    assert auc["n"] == 24
    dice = next(m for m in livers["measures"] if m["measure"] == "dice" and m["subgroup"] == "liver")
    assert 0.85 < dice["estimate"] < 1
    assert "construction" in livers["reference_standard"]


@pytest.mark.need("A11", "X03")
def test_the_trail_verifies_and_an_altered_copy_does_not(demonstration, tmp_path):
    assert demonstration.alarp("audit", "verify").returncode == 0
    said = demonstration.alarp("audit", "verify", "--json")
    assert all(check["ok"] for check in json.loads(said.stdout))


@pytest.mark.need("G03")
def test_no_log_of_the_run_holds_a_patient_identifier(demonstration):
    logs = "".join(f.read_text(encoding="utf-8") for f in (demonstration.folder / "logs").glob("*.log"))
    assert not re.search(r"SIM0\d{4}|SIM\^|PATIENT|999\d{7}|CompressedSamples", logs)


def test_evidence_verifies_offline_and_an_altered_file_is_refused_in_one_sentence(demonstration, tmp_path):
    exported = tmp_path / "evidence.json"
    digest = next(g for g in demonstration.summary["gates"] if g["gate"] == "evaluate")["evidence"][0]
    script = (
        "from alarp.records import boot; boot();"
        "from alarp.records.evidence import queries; from alarp.records.evidence.models import Evidence;"
        f"import sys; sys.stdout.buffer.write(queries.export(Evidence.objects.get(sha256='{digest}')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        check=True,
        env=demonstration.environment,
        timeout=60,
    )
    exported.write_bytes(done.stdout)
    assert demonstration.alarp("evidence", "verify", str(exported)).returncode == 0
    package = json.loads(done.stdout)
    envelope = package["envelope"]
    payload = json.loads(base64.b64decode(envelope["payload"]))
    payload["predicate"]["title"] = "Altered"
    envelope["payload"] = base64.b64encode(json.dumps(payload).encode()).decode()
    exported.write_text(json.dumps(package))
    refused = demonstration.alarp("evidence", "verify", str(exported))
    assert refused.returncode == 1
    assert len(refused.stderr.strip().splitlines()) == 1


@pytest.mark.shared
@pytest.mark.need("E05", "G14")
def test_the_real_abdomen_runs_through_livercontour_and_the_report_says_who_made_its_reference(
    tmp_path, shared
):
    real = live_through(tmp_path / "hospital", "--data", str(shared / "data"))
    assert real.code == 0, real.said[-2000:]
    livers = real.summary["evaluations"][1]
    dice = next(m for m in livers["measures"] if m["measure"] == "dice" and m["subgroup"] == "liver")
    assert 0.92 < dice["estimate"] < 0.96
    assert dice["low"] is None and dice["n"] == 1
    assert "another AI" in livers["reference_standard"]
    report = (tmp_path / "hospital" / "evaluations" / "livercontour" / "report.html").read_text(
        encoding="utf-8"
    )
    assert "another AI" in report


def test_a_folder_with_somebody_elses_files_is_not_emptied(tmp_path):
    keep = tmp_path / "hospital" / "thesis.txt"
    keep.parent.mkdir()
    keep.write_text("three years of work")
    refused = live_through(tmp_path / "hospital")
    assert refused.code == 2
    assert keep.read_text() == "three years of work"


def test_a_data_folder_without_a_liver_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "empty").mkdir()
    refused = live_through(tmp_path / "hospital", "--data", str(tmp_path / "empty"))
    assert refused.code == 2
    assert "RTSTRUCT" in refused.said
    assert "Traceback" not in refused.said
