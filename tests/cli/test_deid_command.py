"""`alarp deid`: files in, clean files and a manifest out, and every file that was not cleaned named."""

import hashlib
import json
import os
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from typer.testing import CliRunner

from alarp.cli.__main__ import app
from alarp.kernel import BadInput

KEY = hashlib.sha256(b"a key of this test").digest()


@pytest.fixture
def key(tmp_path):
    file = tmp_path / "key"
    file.write_bytes(KEY)
    return file


def run(*words):
    return CliRunner().invoke(app, ["deid", *map(str, words)])


@pytest.mark.need("G03")
def test_a_real_ct_comes_out_without_its_patient_and_the_original_is_untouched(tmp_path, key):
    source = tmp_path / "in"
    source.mkdir()
    original = (source / "ct.dcm").write_bytes(Path(get_testdata_file("CT_small.dcm")).read_bytes())
    assert original
    before = (source / "ct.dcm").read_bytes()
    result = run(source, tmp_path / "out", "--key-file", key)
    assert result.exit_code == 0, result.output
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    (line,) = manifest["files"]
    clean = dcmread(tmp_path / "out" / line["output"])
    assert clean.PatientIdentityRemoved == "YES"
    assert "CompressedSamples" not in str(clean.PatientName)
    assert (source / "ct.dcm").read_bytes() == before


def test_one_bad_file_is_named_and_the_others_are_cleaned(tmp_path, key):
    source = tmp_path / "in"
    source.mkdir()
    (source / "good.dcm").write_bytes(Path(get_testdata_file("CT_small.dcm")).read_bytes())
    (source / "bad.dcm").write_bytes(b"this is no DICOM")
    result = run(source, tmp_path / "out", "--key-file", key)
    assert result.exit_code == 1
    lines = {
        line["source"]: line for line in json.loads((tmp_path / "out" / "manifest.json").read_text())["files"]
    }
    assert lines["good.dcm"]["output"] and not lines["good.dcm"]["trouble"]
    assert lines["bad.dcm"]["trouble"] and not lines["bad.dcm"]["output"]


def test_the_same_key_gives_the_same_bytes(tmp_path, key):
    source = get_testdata_file("CT_small.dcm")
    for out in ("one", "two"):
        assert run(source, tmp_path / out, "--key-file", key).exit_code == 0
    one, two = (json.loads((tmp_path / o / "manifest.json").read_text())["files"][0] for o in ("one", "two"))
    assert one["output_sha256"] == two["output_sha256"]


@pytest.mark.parametrize("weak", [b"", b"short", b"\0" * 32])
def test_a_weak_key_is_refused_before_anything_is_written(tmp_path, weak):
    key = tmp_path / "weak"
    key.write_bytes(weak)
    result = run(get_testdata_file("CT_small.dcm"), tmp_path / "out", "--key-file", key)
    assert isinstance(result.exception, BadInput)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("missing", ["key", "input"])
def test_a_missing_file_is_one_sentence(tmp_path, key, missing):
    source = tmp_path / "nowhere" if missing == "input" else get_testdata_file("CT_small.dcm")
    result = run(source, tmp_path / "out", "--key-file", tmp_path / "no-key" if missing == "key" else key)
    assert isinstance(result.exception, BadInput)
    assert os.linesep not in str(result.exception)


@pytest.mark.shared
@pytest.mark.need("G03")
def test_a_whole_real_series_keeps_its_study_together(tmp_path, key, shared):
    result = run(shared / "data" / "ct_abdomen_rtstruct" / "ct", tmp_path / "out", "--key-file", key)
    assert result.exit_code == 0, result.output
    outputs = [dcmread(f, stop_before_pixels=True) for f in (tmp_path / "out").rglob("*.dcm")]
    assert len(outputs) == 20
    assert len({d.StudyInstanceUID for d in outputs}) == len({d.SeriesInstanceUID for d in outputs}) == 1
    assert len({d.FrameOfReferenceUID for d in outputs}) == 1
