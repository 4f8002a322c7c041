"""The needs are all there, and the trace does not believe a wrong id."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from alarp.standards.requirements import load_needs, load_sources

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def trace() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_trace", ROOT / "tools" / "docs_trace.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["docs_trace"] = module
    spec.loader.exec_module(module)
    return module


def test_there_are_156_needs_of_which_87_must_54_should_and_15_could_be_met() -> None:
    counts = Counter(need.priority for need in load_needs())
    assert counts == {"must": 87, "should": 54, "could": 15}


def test_every_need_names_a_source_document_that_is_described() -> None:
    named = {name for need in load_needs() for name in re.findall(r"S\d", need.source)}
    assert named == set(load_sources())


def test_every_need_of_the_shared_table_is_in_the_data_with_its_priority(shared: Path) -> None:
    table = (shared / "requirements.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-Z]\d\d) \|.*\| ([MSC]) \|$", table, flags=re.MULTILINE)
    assert [(need.id, need.priority[0].upper()) for need in load_needs()] == rows


def test_the_trace_reads_marks_on_tests_classes_and_modules(trace: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "test_one.py").write_text(
        "import pytest\n"
        "pytestmark = pytest.mark.need('G01')\n"
        "@pytest.mark.need('G02')\nclass TestGroup:\n"
        "    @pytest.mark.need('G03', 'G04')\n    def test_it(self): ...\n"
        "def helper(): ...\n"
    )
    (folder / "test_two.py").write_text("def test_without_a_need(): ...\n")
    shown = trace.collect(folder)
    assert [(one.test, one.ids) for one in shown] == [("test_it", ("G01", "G02", "G03", "G04"))]


def test_a_test_that_names_an_unknown_need_is_told_so(trace: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "test_one.py").write_text("import pytest\n@pytest.mark.need('G99')\ndef test_it(): ...\n")
    (sentence,) = trace.unknown(trace.collect(folder), load_needs())
    assert "G99" in sentence and "test_it" in sentence
