"""`alarp protocol`: from a template to a locked plan, and what a lock stands for."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner

from alarp.cli.evaluating import OPENINGS, evaluate_protocol, lock_path
from alarp.cli.evaluating.summaries import read_summary
from alarp.cli.protocol import app
from alarp.evaluation import parse_protocol
from alarp.evaluation.explaining import explain
from alarp.kernel import BadInput, Unavailable
from alarp.standards.evaluation import TEMPLATES, load_template

CASES = "case,truth,score\na,ill,0.9\nb,ill,0.6\nc,well,0.2\nd,well,0.7\n"
VALUES = {
    "title": "Nodules by NoduleFlag 2.1",
    "version": 1,
    "kind": "detection",
    "product": {"name": "NoduleFlag", "version": "2.1"},
    "cases": "cases.csv",
    "columns": {"case": "case", "truth": "truth", "score": "score"},
    "positive": "ill",
    "higher_means": "disease",
    "threshold": 0.5,
    "claims": [{"measure": "sensitivity", "at_least": 0.4, "on": "estimate"}],
}


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """No test finds a key of the machine's; and the PDF says nothing about locks."""
    place = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(place))
    monkeypatch.chdir(place)
    from alarp.records import configuration

    monkeypatch.setattr(
        configuration, "configuration", lambda: configuration.Configuration(data=place / "data")
    )

    def missing(html):
        raise Unavailable("no PDF here", phase="pdf")

    monkeypatch.setattr("alarp.report.to_pdf", missing)
    return place


def plan(folder: Path, *, cases: str = CASES, name: str = "p.yaml", **changes: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cases.csv").write_text(cases, "utf-8")
    path = folder / name
    path.write_text(yaml.safe_dump(VALUES | changes), "utf-8")
    return path


def say(*words: object) -> str:
    """Run `alarp protocol`; what it said."""
    done = CliRunner().invoke(app, [str(w) for w in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def key_file(folder: Path) -> Path:
    path = folder / "key.pem"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path


@pytest.mark.need("E06")
def test_a_run_under_a_lock_is_not_exploratory_and_one_without_is_marked_on_every_page(tmp_path):
    path = plan(tmp_path)
    loose = evaluate_protocol(path, tmp_path / "loose")
    assert loose.result.content["protocol"]["exploratory"] is True
    assert loose.notes[0].startswith("Exploratory: this protocol is not locked.")
    page = (tmp_path / "loose" / "report.html").read_text("utf-8")
    assert '@top-center { content: "Exploratory: no locked protocol"' in page
    assert "They answer no gate&#39;s criterion." in page
    say("lock", path)
    held = evaluate_protocol(path, tmp_path / "held")
    assert held.result.content["protocol"]["exploratory"] is False
    assert held.result.content["protocol"]["locked_at"] == held.lock.current.locked_at
    assert "Exploratory" not in (tmp_path / "held" / "report.html").read_text("utf-8")
    assert (loose.exit_code, held.exit_code) == (0, 0)


@pytest.mark.need("E06")
def test_a_changed_protocol_does_not_run_until_it_is_a_new_version_and_locked_again(tmp_path):
    path = plan(tmp_path)
    say("lock", path)
    plan(tmp_path, threshold=0.4)
    with pytest.raises(BadInput, match=r"changed since version 1 was locked .* restore it, or give"):
        evaluate_protocol(path, tmp_path / "out")
    with pytest.raises(BadInput, match="new version"):
        say("lock", path)
    plan(tmp_path, threshold=0.4, version=2)
    with pytest.raises(BadInput, match="lock it again"):
        evaluate_protocol(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    say("lock", path)
    found = evaluate_protocol(path, tmp_path / "out").result.content
    assert [old["version"] for old in found["protocol"]["earlier"]] == ["1"]
    assert "version 1 (hash" in (tmp_path / "out" / "report.html").read_text("utf-8")


@pytest.mark.need("E06")
@pytest.mark.parametrize(
    "spoil",
    [
        lambda lock: lock.update(hash="0" * 64),
        lambda lock: lock.update(locked_at="2020-01-01T00:00:00+00:00"),
        lambda lock: lock.update(earlier=[]) or lock.update(title="another"),
        lambda lock: lock["envelope"]["signatures"][0].update(sig="AAAA"),
        lambda lock: lock.update(public_key="not a key"),
        lambda lock: lock.pop("envelope"),
        lambda lock: lock.update(format="another-lock"),
    ],
)
def test_an_altered_lock_is_refused(tmp_path, spoil):
    path = plan(tmp_path)
    say("lock", path)
    content = json.loads(lock_path(path).read_text("utf-8"))
    spoil(content)
    lock_path(path).write_text(json.dumps(content), "utf-8")
    with pytest.raises(BadInput, match=r"p\.lock\.json or its signature has been altered"):
        evaluate_protocol(path, tmp_path / "out")


@pytest.mark.need("E06")
def test_the_opening_is_on_the_disk_before_anything_of_the_truth_is_judged(tmp_path, monkeypatch):
    from alarp.cli.evaluating import running

    path = plan(tmp_path)
    seen = []

    def reading(text, *, name):
        seen.append((tmp_path / OPENINGS).read_text("utf-8").count("\n"))
        raise BadInput("stop here")

    monkeypatch.setattr(running, "read_csv", reading)
    with pytest.raises(BadInput, match="stop here"):
        evaluate_protocol(path, tmp_path / "out")
    assert seen == [1]


@pytest.mark.need("E06")
def test_a_test_set_is_known_by_its_truth_whatever_the_scores_and_the_third_product_version_is_warned_of(
    tmp_path,
):
    for number, version in enumerate(("2.1", "2.2", "2.3"), start=1):
        scores = CASES.replace("0.6", f"0.6{number}")
        path = plan(
            tmp_path, cases=scores, name=f"p{number}.yaml", product={"name": "NoduleFlag", "version": version}
        )
        use = evaluate_protocol(path, tmp_path / f"out{number}").use
        assert (use.openings, use.product_versions) == (number, number)
        assert use.worn == (number == 3)
    assert any(sentence.startswith("Warning: 3 product versions") for sentence in use.sentences)
    other = plan(tmp_path, cases=CASES.replace("d,well", "d,ill"), name="p4.yaml")
    assert evaluate_protocol(other, tmp_path / "out4").use.openings == 1


def test_a_line_that_a_crash_cut_short_counts_as_an_opening_and_does_no_harm(tmp_path):
    path = plan(tmp_path)
    (tmp_path / OPENINGS).write_text('{"truth": "cut sho', "utf-8")
    use = evaluate_protocol(path, tmp_path / "out").use
    assert (use.openings, use.unreadable) == (2, 1)
    assert evaluate_protocol(path, tmp_path / "out").use.openings == 3


def _altered(lines, how):
    """The record with its second of four lines removed, altered, added again, or all begun anew without links."""
    if how == "removed":
        return [lines[0], *lines[2:]]
    if how == "altered":
        return [lines[0], lines[1].replace('"locked": false', '"locked": true'), *lines[2:]]
    if how == "added":
        return [*lines[:2], lines[1], *lines[2:]]
    row = json.loads(lines[2])
    del row["before"]
    return [*lines[:2], json.dumps(row), *lines[3:]]


@pytest.mark.need("E06")
@pytest.mark.parametrize("how", ["removed", "altered", "added", "unlinked"])
def test_a_record_of_openings_that_somebody_changed_is_found_by_the_check_and_said_in_the_report(
    tmp_path, how
):
    path = plan(tmp_path)
    for number in range(4):
        assert evaluate_protocol(path, tmp_path / f"out{number}").use.broken == ()
    assert "record of openings was altered" not in say("check", path)
    said = (tmp_path / "out3" / "report.html").read_text("utf-8")
    record = tmp_path / OPENINGS
    record.write_text("\n".join(_altered(record.read_text("utf-8").splitlines(), how)) + "\n", "utf-8")
    say("lock", path)
    assert "! Warning: the record of openings was altered: line" in say("check", path)
    found = evaluate_protocol(path, tmp_path / "after")
    sentence = next(s for s in found.use.sentences if "record of openings was altered" in s)
    report = (tmp_path / "after" / "report.html").read_text("utf-8")
    assert sentence in report and sentence not in said
    assert sentence in found.result.content["remarks"]


def test_two_runs_that_open_the_same_record_at_once_make_one_chain(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    from alarp.cli.evaluating import files
    from alarp.evaluation.openings import broken_links

    record = tmp_path / OPENINGS
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: files.append_row(record, {"truth": str(i)}), range(40)))
    lines = files.read_lines(record)
    assert len(lines) == 40 and broken_links(lines) == ()


def test_in_a_folder_that_may_not_be_written_the_openings_lie_with_the_result(tmp_path, monkeypatch):
    from alarp.cli.evaluating import files

    path = plan(tmp_path / "study")
    append = files.append_row

    def refused(place, row):
        if place.parent == path.parent:
            raise PermissionError(13, "Permission denied")
        append(place, row)

    monkeypatch.setattr(files, "append_row", refused)
    for number in (1, 2):
        assert evaluate_protocol(path, tmp_path / "out").use.openings == number
    assert (tmp_path / "out" / OPENINGS).exists()
    assert not (path.parent / OPENINGS).exists()


def test_the_second_run_under_a_lock_writes_the_same_bytes(tmp_path):
    path, out = plan(tmp_path), tmp_path / "out"
    say("lock", path)
    evaluate_protocol(path, out)
    first = [(out / name).read_bytes() for name in ("result.json", "report.html")]
    assert evaluate_protocol(path, out).use.openings == 2
    assert [(out / name).read_bytes() for name in ("result.json", "report.html")] == first


def test_ones_own_key_is_made_once_and_nobody_else_can_read_it(tmp_path, home):
    first = say("lock", plan(tmp_path / "a"))
    second = say("lock", plan(tmp_path / "b"))
    file = home / "alarp" / "protocol-key.pem"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert re.findall(r"\(\w{12}…\)", first) == re.findall(r"\(\w{12}…\)", second) != []
    assert "your own key" in first


def test_the_organisations_key_is_taken_where_the_data_folder_has_one(tmp_path, home):
    (home / "data" / "keys").mkdir(parents=True)
    key_file(home / "data" / "keys").rename(home / "data" / "keys" / "valley-0123.pem")
    assert "the organisation's key valley-0123.pem" in say("lock", plan(tmp_path))


@pytest.mark.parametrize("content", [b"not a key", None])
def test_a_key_that_will_not_do_is_refused(tmp_path, content):
    bad = tmp_path / "bad.pem"
    if content is not None:
        bad.write_bytes(content)
    with pytest.raises(BadInput, match="The key"):
        say("lock", plan(tmp_path), "--key", bad)


def test_locking_twice_changes_nothing(tmp_path):
    path = plan(tmp_path)
    say("lock", path)
    before = lock_path(path).read_bytes()
    assert "nothing was changed" in say("lock", path)
    assert lock_path(path).read_bytes() == before


@pytest.mark.need("E01")
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_shipped_template_says_all_it_must_once_its_placeholders_are_filled(tmp_path, name):
    path = tmp_path / "p.yaml"
    say("new", name, path)
    with pytest.raises(BadInput, match=r"cannot be locked: .* placeholder"):
        say("lock", path)
    path.write_text(re.sub(r"<[^<>\n]{2,}>", "filled in", path.read_text("utf-8")), "utf-8")
    found = json.loads(say("check", path, "--json", "--strict"))
    assert found["gaps"] == [gap for gap in found["gaps"] if gap["level"] == "should"]
    assert len(found["sentences"]) >= 7
    assert load_template(name).defaults
    say("lock", path)


@pytest.mark.need("E01")
def test_check_says_in_plain_english_what_is_tested_and_what_is_missing(tmp_path):
    said = say("check", plan(tmp_path))
    assert "- It tests NoduleFlag, version 2.1." in said
    assert "A case is flagged when its score is at or above 0.5, fixed beforehand." in said
    assert "- Claim 1: Sensitivity is at least 0.4, taking the number found as it is." in said
    for field in ("reference_standard.kind", "reference_standard.readers", "reference_standard.blinded"):
        assert f"  must    {field}:" in said
    for field in ("prevalence", "subgroups", "plan"):
        assert f"  should  {field}:" in said
    assert said.rstrip().endswith("Lock it with `alarp protocol lock` before the truth is read.")


def test_check_leaves_with_1_only_when_it_is_asked_to(tmp_path):
    path = str(plan(tmp_path))
    assert CliRunner().invoke(app, ["check", path]).exit_code == 0
    assert CliRunner().invoke(app, ["check", path, "--strict"]).exit_code == 1


def test_a_reference_that_is_an_ai_is_warned_of():
    values = VALUES | {
        "reference_standard": {"kind": "AI", "description": "another product", "blinded": True}
    }
    assert explain(parse_protocol(values)).warnings[0].startswith("The reference is itself an AI")


@pytest.mark.need("E08")
def test_a_second_product_takes_one_command_and_keeps_the_plan(tmp_path):
    path = plan(tmp_path, begun_at="2026-01-01T09:00:00+00:00")
    say("lock", path)
    said = say("adapt", path, "--product", "LungSpot", "--version", "3.0", "--cases", "others.csv")
    second = tmp_path / "p-lungspot-3.0.yaml"
    found = yaml.safe_load(second.read_text("utf-8"))
    assert found["title"] == "Nodules by LungSpot 3.0"
    assert (found["product"], found["cases"]) == ({"name": "LungSpot", "version": "3.0"}, "others.csv")
    assert found["adapted_from"]["product"] == "NoduleFlag"
    assert found["adapted_from"]["set_up_min"] > 0
    assert "(the same plan)" in said
    assert "the threshold is still 0.5" in said
    one, two = (parse_protocol(yaml.safe_load(p.read_text("utf-8"))).common for p in (path, second))
    assert one.plan_hash == two.plan_hash
    assert one.hash != two.hash
    assert re.search(r"Set up in 0 min; the protocol it was adapted from took \d+ min\.", say("lock", second))
    with pytest.raises(BadInput, match="exists already"):
        say("adapt", path, "--product", "LungSpot", "--version", "3.0")


@pytest.mark.need("E01", "U15")
def test_one_protocol_runs_unchanged_at_two_sites_and_yields_results_that_can_be_compared(tmp_path):
    found = []
    for site, flipped in (("north", "0.6"), ("south", "0.3")):
        path = plan(tmp_path / site, cases=CASES.replace("0.6", flipped))
        say("lock", path, "--key", key_file(tmp_path / site / "keys"))
        found.append(evaluate_protocol(path, tmp_path / site / "out").result.content)
        say("sign", tmp_path / site / "out", "--site", site, "--key", tmp_path / site / "keys" / "key.pem")
    one, two = (f["protocol"] for f in found)
    assert one["hash"] == two["hash"] and one["plan_hash"] == two["plan_hash"]
    assert one["locked_by"] != two["locked_by"]
    assert (one["exploratory"], two["exploratory"]) == (False, False)
    names = [[(m["measure"], m["subgroup"]) for m in f["measures"]] for f in found]
    assert names[0] == names[1]
    summaries = [tmp_path / site / "out" / "summary.json" for site in ("north", "south")]
    said = say("compare", *summaries)
    assert re.search(r"^sensitivity +1\.000 \(.* n 2 +0\.500 \(.* n 2$", said, re.MULTILINE)
    assert said.count("sealed with key") == 2
    assert "cases.csv" not in str(read_summary(summaries[0])), "a file's name left the site"


@pytest.mark.need("E01")
def test_a_summary_that_was_altered_or_comes_from_another_plan_is_not_compared(tmp_path):
    for site, threshold in (("north", 0.5), ("south", 0.65)):
        evaluate_protocol(plan(tmp_path / site, threshold=threshold), tmp_path / site / "out")
        say("sign", tmp_path / site / "out", "--site", site)
    north, south = (tmp_path / site / "out" / "summary.json" for site in ("north", "south"))
    with pytest.raises(BadInput, match="different plans"):
        say("compare", north, south)
    broken = json.loads(north.read_text("utf-8"))
    payload = broken["envelope"]["payload"]
    broken["envelope"]["payload"] = ("B" if payload[40] == "A" else "A").join((payload[:40], payload[41:]))
    north.write_text(json.dumps(broken), "utf-8")
    with pytest.raises(BadInput, match="it was altered"):
        say("compare", north, south)
    with pytest.raises(BadInput, match=r"holds no result\.json"):
        say("sign", tmp_path, "--site", "north")
