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


@pytest.mark.need("X01", "X03", "M03")
def test_each_tool_ends_where_its_evidence_led_it_through_signed_gates(demonstration):
    nodules, livers = deployment(demonstration, "NoduleFlag"), deployment(demonstration, "LiverContour")
    lungs = deployment(demonstration, "LungContour")
    assert (nodules["stage"], nodules["route"]) == ("retire", "closed")
    assert (livers["stage"], livers["route"]) == ("live", "live")
    assert (lungs["stage"], lungs["route"]) == ("retired", "closed")
    gates = {g["gate"]: g for g in demonstration.summary["gates"] if g["deployment"] == nodules["deployment"]}
    assert set(gates) == {*TO_LIVE, "review"}
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
    nodules, livers, lungs = demonstration.summary["evaluations"]
    auc = next(m for m in nodules["measures"] if m["measure"] == "auc" and m["subgroup"] == "all")
    assert auc["low"] < auc["estimate"] < auc["high"]
    assert auc["n"] == 24
    dice = next(m for m in livers["measures"] if m["measure"] == "dice" and m["subgroup"] == "liver")
    assert 0.85 < dice["estimate"] < 1
    assert "construction" in livers["reference_standard"]
    assert [claim["status"] for claim in lungs["claims"]] == ["not met"] * 3
    assert all(claim["status"] == "met" for claim in livers["claims"])


@pytest.mark.need("P01", "E13")
def test_the_tool_whose_claims_do_not_hold_is_stopped_at_its_gate_with_the_numbers(demonstration):
    (stopped,) = [d for d in demonstration.summary["decisions"] if d["kind"] == "stopped before go-live"]
    assert stopped["deployment"] == "lungcontour-riverside"
    assert stopped["gate"] == "evaluate"
    assert "3 of 3 claims do not hold" in stopped["reason"]
    assert re.search(r"Dice for lungs: at least 0\.99 claimed, 0\.9\d+ found", stopped["reason"])
    refused = [
        d
        for g in demonstration.summary["gates"]
        if g["deployment"] == "lungcontour-riverside"
        for d in g["decisions"]
        if d["outcome"] == "refuse"
    ]
    assert [d["role"] for d in refused] == ["statistician"]


def alert(demonstration, monitor):
    return [a for a in demonstration.summary["alerts"] if a["monitor"] == monitor]


@pytest.mark.need("M06", "G10")
def test_a_scanner_upgrade_shows_as_drift_on_that_scanner_alone(demonstration):
    (drift,) = alert(demonstration, "score-drift")
    assert "SIMB2" in drift["subgroup"]
    assert drift["reaction"] == "warn"
    assert drift["cause_to_alert_s"] > 0
    assert drift["acknowledged_by"] == "chidi" in drift["told"]


@pytest.mark.need("M01", "M05")
def test_a_silent_change_of_version_closes_the_route_within_one_study(demonstration):
    (version,) = alert(demonstration, "version-seen")
    assert version["deployment"] == "noduleflag-riverside"
    assert version["reaction"] == "close"
    assert 0 < version["cause_to_alert_s"] <= version["cause_to_closure_s"] + 1
    script = (
        "from alarp.records import boot; boot();"
        "from alarp.records.ledger.models import Result;"
        "found = [r for r in Result.objects.all() if r.summary.get('version') == '2.2.0'];"
        "print(len(found), {r.state for r in found})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=demonstration.environment,
        timeout=120,
    )
    assert done.stdout.strip() == "1 {'kept'}"


@pytest.mark.need("M03", "G16")
def test_incident_and_reviews_were_decided_by_people_as_the_signed_criteria_computed(demonstration):
    decisions = demonstration.summary["decisions"]
    assert [d["outcome"] for d in decisions if d["kind"] == "incident"] == ["reopen"]
    assert [d["kind"] for d in decisions].index("incident") < [d["kind"] for d in decisions].index(
        "route opened again"
    )
    reviews = [d for d in decisions if d["kind"] == "review"]
    for slug, outcome in (("noduleflag-riverside", "stop"), ("livercontour-riverside", "scale")):
        signed = [d for d in reviews if d["deployment"] == slug]
        assert {d["outcome"] for d in signed} == {outcome} == {d["computed"] for d in signed}
        assert len({d["by"] for d in signed}) == 3
        assert all(d["reason"] for d in signed)
    assert all(a["acknowledged_by"] for a in demonstration.summary["alerts"])


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
    # The day and the weeks after go-live know no real scan: they are lived once, in the demonstration.
    real = live_through(tmp_path / "hospital", "--data", str(shared / "data"), "--until-live")
    assert real.code == 0, real.said[-2000:]
    assert real.summary["faults"] == []
    assert deployment(real, "LiverContour")["route"] == "live"
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
