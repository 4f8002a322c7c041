"""The file that says which program runs for which tool: what it may say, and what a container is given."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

from alarp.gateway.adapters.commands import Command, read
from alarp.kernel import BadInput

PROGRAM = sys.executable


def written(tmp_path: Path, text: str, mode: int = 0o600) -> str:
    file = tmp_path / "commands.toml"
    file.write_text(text)
    file.chmod(mode)
    return str(file)


def test_a_program_is_given_both_folders_as_words_that_no_shell_reads(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        f'[READER]\nrun = ["{PROGRAM}", "--in={{input}}", "{{output}}", "; rm -rf $HOME"]\ntime_limit_s = 5',
    )
    words = read(file)["READER"].words(Path("/a b"), Path("/c"), name="n")
    assert words == [PROGRAM, "--in=/a b", "/c", "; rm -rf $HOME"]


@pytest.mark.need("G15")
def test_a_container_has_no_network_and_can_write_its_output_alone(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        f'[READER]\nengine = "{PROGRAM}"\nimage = "reader:2"\nrun = ["{{input}}", "{{output}}"]\n'
        'time_limit_s = 60\nmemory_mb = 4000\ndevices = ["nvidia.com/gpu=all"]',
    )
    command = read(file)["READER"]
    words = command.words(Path("/job/in"), Path("/job/out"), name="alarp-reader-7")
    options, image = words[: words.index("reader:2")], words[words.index("reader:2") :]
    assert image == ["reader:2", "/input", "/output"]
    assert options[:4] == [PROGRAM, "run", "--name", "alarp-reader-7"]
    pairs = list(itertools.pairwise(options))
    for pair in (
        ("--network", "none"), ("--cap-drop", "ALL"), ("--security-opt", "no-new-privileges"), ("--pull", "never"),
        ("--volume", "/job/in:/input:ro"), ("--volume", "/job/out:/output"), ("--memory", "4000m"),
        ("--device", "nvidia.com/gpu=all"),
    ):  # fmt: skip
        assert pair in pairs
    assert "--read-only" in options and "--privileged" not in options
    assert command.ends("alarp-reader-7") == [PROGRAM, "rm", "--force", "alarp-reader-7"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[READER", "not valid TOML"),
        ("READER = 1", "write a table"),
        (f'[R]\nrun = "{PROGRAM} x"\ntime_limit_s = 1', "list of words"),
        (f'[R]\nrun = ["{PROGRAM}", "{{input}}", "{{output}}"]', "time_limit_s is None"),
        (f'[R]\nrun = ["{PROGRAM}", "{{input}}", "{{output}}"]\ntime_limit_s = 0', "at least 1"),
        (f'[R]\nrun = ["{PROGRAM}", "{{input}}"]\ntime_limit_s = 1', "nowhere"),
        ('[R]\nrun = ["read", "{input}", "{output}"]\ntime_limit_s = 1', "whole path"),
        ('[R]\nrun = ["/no/such", "{input}", "{output}"]\ntime_limit_s = 1', "whole path"),
        (f'[R]\nrun = ["{PROGRAM}", "{{input}}", "{{output}}"]\ntime_limit_s = 1\nnetwork = true', "'network'"),
        (f'[R]\nrun = ["{PROGRAM}", "{{input}}", "{{output}}"]\ntime_limit_s = 1\nimage = "x"', "for a container"),
        (f'[R]\nengine = "{PROGRAM}"\ntime_limit_s = 1', "image"),
    ],
)  # fmt: skip
def test_a_command_that_could_not_be_meant_is_refused_in_one_sentence(
    tmp_path: Path, text: str, sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        read(written(tmp_path, text))


@pytest.mark.need("G15")
def test_a_file_that_others_may_write_runs_nothing(tmp_path: Path) -> None:
    text = f'[R]\nrun = ["{PROGRAM}", "{{input}}", "{{output}}"]\ntime_limit_s = 1'
    with pytest.raises(BadInput, match="Others than its owner"):
        read(written(tmp_path, text, 0o660))
    assert isinstance(read(written(tmp_path, text, 0o640))["R"], Command)
    with pytest.raises(BadInput, match="cannot be read"):
        read(str(tmp_path / "none"))
    assert read("") == {}
