"""`alarp deid`: files in, clean files and a manifest out, and every file that was not cleaned named."""

import csv
import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from typer.testing import CliRunner

from alarp.cli.__main__ import app
from alarp.cli.deidentifying.one import Work, clean_each
from alarp.identity import Pseudonyms
from alarp.kernel import BadInput
from alarp.standards.deidentification import load_profile

KEY = hashlib.sha256(b"a key of this test").digest()
CT = Path(get_testdata_file("CT_small.dcm"))


@pytest.fixture
def key(tmp_path):
    file = tmp_path / "key"
    file.write_bytes(KEY)
    file.chmod(0o600)
    return file


@pytest.fixture
def source(tmp_path):
    """A CT with a name in its path, an MR one folder deeper, and a DICOMDIR."""
    folder = tmp_path / "in"
    (folder / "Sandringham_Annabel" / "deeper").mkdir(parents=True)
    (folder / "Sandringham_Annabel" / "ct.dcm").write_bytes(CT.read_bytes())
    mr = Path(get_testdata_file("MR_small_implicit.dcm")).read_bytes()
    (folder / "Sandringham_Annabel" / "deeper" / "mr.dcm").write_bytes(mr)
    (folder / "DICOMDIR").write_bytes(Path(get_testdata_file("DICOMDIR")).read_bytes())
    return folder


def run(*words):
    return CliRunner().invoke(app, ["deid", *map(str, words)])


def manifest(out):
    return json.loads((out / "manifest.json").read_text())


@pytest.mark.need("G03")
def test_real_files_come_out_without_their_patient_and_the_originals_are_untouched(tmp_path, key, source):
    before = {file: file.read_bytes() for file in source.rglob("*") if file.is_file()}
    out = tmp_path / "out"
    result = run(source, out, "--key-file", key)
    assert result.exit_code == 0, result.output
    made = manifest(out)
    assert made["counts"] == {"cleaned": 2, "skipped": 1}
    assert "DICOMDIR was skipped" in result.stderr
    for line in made["files"]:
        if line["state"] == "cleaned":
            clean = dcmread(out / line["output"])
            assert clean.PatientIdentityRemoved == "YES" and str(clean.PatientName).startswith("ALARP")
            assert line["output_sha256"] == hashlib.sha256((out / line["output"]).read_bytes()).hexdigest()
            assert line["done"]["uids mapped"] >= 3
    assert {file: file.read_bytes() for file in before} == before


def test_the_manifest_says_by_what_and_names_no_source(tmp_path, key, source):
    out, names = tmp_path / "out", tmp_path / "names.csv"
    result = run(source, out, "--key-file", key, "--profile", "radiotherapy", "--names", names)
    assert result.exit_code == 0, result.output
    made = manifest(out)
    assert (made["profile"], made["profile_version"], made["table"]) == ("radiotherapy", 1, "2026d")
    assert made["codes"] == ["113100", "113105", "113103", "113107", "113108"]
    for file in (out / "manifest.json", out / "manifest.csv", out / "journal.jsonl"):
        assert "Sandringham" not in file.read_text()
    rows = list(csv.DictReader((out / "manifest.csv").open()))
    assert {row["source_sha256"] for row in rows} == {line["source_sha256"] for line in made["files"]}
    assert "Sandringham_Annabel" in names.read_text() and names.stat().st_mode & 0o777 == 0o600


def test_one_bad_file_is_named_and_the_others_are_cleaned(tmp_path, key, source):
    (source / "bad.dcm").write_bytes(b"this is no DICOM")
    (source / "cut.dcm").write_bytes(CT.read_bytes()[:2000])
    result = run(source, tmp_path / "out", "--key-file", key)
    assert result.exit_code == 1
    assert manifest(tmp_path / "out")["counts"] == {"cleaned": 2, "refused": 2, "skipped": 1}
    said = result.stderr.splitlines()
    assert [line.split(":")[0] for line in said if ".dcm:" in line] == ["bad.dcm", "cut.dcm"]
    assert not list((tmp_path / "out").rglob("*.part"))


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_same_key_gives_the_same_bytes_however_many_work_at_it(tmp_path, key, source, jobs):
    for out in ("one", "two"):
        words = ("--jobs", jobs) if out == "two" else ()
        assert run(source, tmp_path / out, "--key-file", key, *words).exit_code == 0
    assert manifest(tmp_path / "one") == manifest(tmp_path / "two")


def test_a_second_run_goes_on_where_the_first_ended(tmp_path, key, source):
    out = tmp_path / "out"
    assert run(source, out, "--key-file", key).exit_code == 0
    first = manifest(out)
    written = {file: file.stat().st_mtime_ns for file in out.rglob("*.dcm")}
    (lost := next(iter(written))).unlink()
    with (out / "journal.jsonl").open("a") as journal:
        journal.write('{"source_sha256": "half a li')
    assert run(source, out, "--key-file", key).exit_code == 0
    assert manifest(out) == first
    again = {file: file.stat().st_mtime_ns for file in out.rglob("*.dcm")}
    assert [file for file in written if again[file] != written[file]] == [lost]


def test_a_second_run_by_another_profile_or_key_is_refused(tmp_path, key, source):
    out = tmp_path / "out"
    assert run(source, out, "--key-file", key).exit_code == 0
    before = {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}
    other = run(source, out, "--key-file", key, "--profile", "longitudinal")
    assert isinstance(other.exception, BadInput) and "another profile" in str(other.exception)
    key.write_bytes(KEY[::-1])
    assert isinstance(run(source, out, "--key-file", key).exception, BadInput)
    assert {file: file.read_bytes() for file in before} == before


def test_two_files_of_one_uid_with_different_contents_do_not_overwrite_each_other(tmp_path, key):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.dcm").write_bytes(CT.read_bytes())
    image = dcmread(CT)
    image.PixelData = image.PixelData[::-1]
    image.save_as(folder / "b.dcm")
    (folder / "c.dcm").write_bytes(CT.read_bytes())
    result = run(folder, tmp_path / "out", "--key-file", key)
    assert result.exit_code == 1
    states = [line["state"] for line in manifest(tmp_path / "out")["files"]]
    assert states == ["cleaned", "refused", "cleaned"]
    assert "b.dcm: Another file with the same UIDs" in result.stderr


@pytest.mark.parametrize("weak", [b"", b"short", b"\0" * 32])
def test_a_weak_key_is_refused_before_anything_is_written(tmp_path, key, weak):
    key.write_bytes(weak)
    result = run(CT, tmp_path / "out", "--key-file", key)
    assert isinstance(result.exception, BadInput)
    assert not (tmp_path / "out").exists()


def test_a_key_that_others_can_read_or_that_would_travel_is_refused(tmp_path, key):
    key.chmod(0o644)
    assert "chmod 600" in str(run(CT, tmp_path / "out", "--key-file", key).exception)
    key.chmod(0o600)
    assert "where the copies go" in str(run(CT, tmp_path, "--key-file", key).exception)


def test_a_key_that_the_command_makes_is_good_and_never_replaces_a_file(tmp_path):
    fresh = tmp_path / "fresh"
    assert CliRunner().invoke(app, ["keys", "make", str(fresh)]).exit_code == 0
    assert run(CT, tmp_path / "out", "--key-file", fresh).exit_code == 0
    again = CliRunner().invoke(app, ["keys", "make", str(fresh)])
    assert isinstance(again.exception, BadInput)


@pytest.mark.parametrize("missing", ["key", "input", "profile", "option"])
def test_what_is_not_there_is_one_sentence(tmp_path, key, missing):
    source = tmp_path / "nowhere" if missing == "input" else CT
    words = {"profile": ("--profile", "none"), "option": ("--option", "none")}.get(missing, ())
    result = run(
        source, tmp_path / "out", "--key-file", tmp_path / "no-key" if missing == "key" else key, *words
    )
    assert isinstance(result.exception, BadInput)
    assert os.linesep not in str(result.exception)


def test_the_profiles_are_listed_with_their_options_and_codes():
    result = run("--profiles")
    assert result.exit_code == 0
    for text in ("basic (version 1)", "radiotherapy", "retain-modified-dates (113107,"):
        assert text in result.output


@pytest.mark.shared
@pytest.mark.need("G03")
def test_a_whole_real_series_keeps_its_study_together(tmp_path, key, shared):
    result = run(shared / "data" / "ct_abdomen_rtstruct" / "ct", tmp_path / "out", "--key-file", key)
    assert result.exit_code == 0, result.output
    outputs = [dcmread(f, stop_before_pixels=True) for f in (tmp_path / "out").rglob("*.dcm")]
    assert len(outputs) == 20
    assert len({d.StudyInstanceUID for d in outputs}) == len({d.SeriesInstanceUID for d in outputs}) == 1
    assert len({d.FrameOfReferenceUID for d in outputs}) == 1


@pytest.mark.need("G03")
def test_a_screen_is_refused_unless_its_text_is_blanked_or_somebody_has_looked(tmp_path, key):
    screen = dcmread(CT)
    screen.ImageType = ["DERIVED", "SECONDARY", "SCREEN SAVE"]
    screen.save_as(tmp_path / "screen.dcm")

    refused = run(tmp_path / "screen.dcm", tmp_path / "held", "--key-file", key)
    looked = run(tmp_path / "screen.dcm", tmp_path / "looked", "--key-file", key, "--pictures", "looked-at")

    assert refused.exit_code == 1
    assert "picture of a screen" in refused.stderr
    assert not list((tmp_path / "held").rglob("*.dcm"))
    assert looked.exit_code == 0, looked.output
    (line,) = manifest(tmp_path / "looked")["files"]
    assert dcmread(tmp_path / "looked" / line["output"]).BurnedInAnnotation == "NO"


def test_who_stops_in_the_middle_leaves_no_half_written_copy(tmp_path, source):
    files = sorted(file for file in source.rglob("*") if file.name != "DICOMDIR" and file.is_file())
    work = Work(load_profile(), Pseudonyms(KEY, 1), tmp_path / "out")
    going_on = clean_each(files, work)
    file, line = next(going_on)  # the next file's copy is being written by now
    going_on.close()
    assert (file, line.state) == (files[0], "cleaned")
    assert [one for one in work.out.rglob("*") if one.is_file()] == [work.out / line.output]


def test_a_copy_that_cannot_be_written_names_its_file_and_the_others_are_cleaned(tmp_path, source):
    files = sorted(file for file in source.rglob("*") if file.is_file() and file.name != "DICOMDIR")
    work = Work(load_profile(), Pseudonyms(KEY, 1), tmp_path / "out")
    (once,) = (line for _, line in clean_each(files[:1], work))
    study = (work.out / once.output).parent.parent
    shutil.rmtree(study)
    study.write_text("a file where the folder of the study should be")
    states = dict(clean_each(files, work))
    assert [states[file].state for file in files] == ["refused", "cleaned"]
    assert "cannot be read or its copy written" in states[files[0]].trouble
