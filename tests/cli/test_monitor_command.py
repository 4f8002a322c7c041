"""`alarp monitor` in a shell: a chart of any series, and one sentence for whoever gives it nonsense."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def monitor(*words: str, data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alarp.cli", "monitor", *words],
        capture_output=True, text=True, check=False, env={"ALARP_DATA": str(data), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip


def series(tmp_path: Path, *values: object) -> Path:
    file = tmp_path / "waits.csv"
    file.write_text("week,waits\n" + "".join(f"{n},{v}\n" for n, v in enumerate(values, 1)), encoding="utf-8")
    return file


def test_a_series_is_charted_with_limits_icons_and_a_picture(tmp_path: Path) -> None:
    file, out = series(tmp_path, *[10, 12] * 8, 30), tmp_path / "chart.svg"
    answer = monitor(
        "xmr",
        str(file),
        "--improvement",
        "low",
        "--fix-after",
        "16",
        "--out",
        str(out),
        "--json",
        data=tmp_path,
    )
    assert answer.returncode == 0, answer.stderr
    chart = json.loads(answer.stdout)["chart"]
    assert chart["variation"] == "concern-high" and chart["rule_set"] == "mdc-2023"
    assert chart["points"][-1]["flags"] == ["outside the limits"]
    assert out.read_text().startswith('<svg role="img" aria-label="XmR chart of waits"')


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--column", "x"), "has no column 'x'; it has week, waits"),
        (("--improvement", "up"), "take high, low or neither"),
        (("--rules", "mine"), "take one of mdc-2023, plotthedots"),
    ],
)
def test_a_wrong_option_is_one_sentence(tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    answer = monitor("xmr", str(series(tmp_path, 1, 2, 3)), *words, data=tmp_path)
    assert answer.returncode == 2 and sentence in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_value_that_is_no_number_names_its_row(tmp_path: Path) -> None:
    answer = monitor("xmr", str(series(tmp_path, 1, "many")), data=tmp_path)
    assert answer.returncode == 2 and "row 2: waits is 'many'" in answer.stderr
