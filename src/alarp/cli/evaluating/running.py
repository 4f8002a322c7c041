"""How does an evaluation run? The lock, the opening, the cases, the core's answer, the files: in this order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from alarp.cli.evaluating import engines, files, locks, resuming, testset
from alarp.cli.evaluating.engines import Crew, Team
from alarp.evaluation import (
    Findings,
    KindProtocol,
    Lock,
    Result,
    Use,
    assemble,
    parse_protocol,
    read_csv,
    room,
    story,
)
from alarp.evaluation.openings import altered_sentence
from alarp.kernel import Unavailable, sha256_hex
from alarp.standards.reporting import load_checklists

if TYPE_CHECKING:
    from alarp.evaluation.pieces import Story
    from alarp.report import Document

EXIT_DONE, EXIT_BAD_INPUT, EXIT_CLAIM_NOT_MET, EXIT_STOPPED = 0, 2, 3, 130
EXPLORATORY = (
    "Exploratory: this protocol is not locked. Lock it with `alarp protocol lock` before the truth is read; a gate "
    "takes no exploratory result."
)
Step = Callable[[str, int, int], None]


def _silent(what: str, done: int, total: int) -> None:
    """Say nothing of the progress."""


@dataclass(frozen=True, slots=True)
class Run:
    """What an evaluation left behind: the result, the lock it ran under, how often its truth was opened."""

    result: Result
    lock: Lock | None
    use: Use
    files: tuple[Path, ...]
    notes: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        return EXIT_DONE if self.result.every_claim_met else EXIT_CLAIM_NOT_MET


@dataclass(frozen=True, slots=True)
class Inputs:
    """A protocol that was read, and the bytes of its tables, by the protocol's fields."""

    path: Path
    protocol: KindProtocol
    names: dict[str, str]
    tables: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """The result, the files that say it, and what was said on the way."""

    result: Result
    files: dict[str, bytes]
    notes: tuple[str, ...]


def read_inputs(path: Path) -> Inputs:
    """Which protocol is this, and which bytes do its tables hold? Nothing of them is looked at yet."""
    protocol = parse_protocol(files.read_protocol(path))
    names = room(protocol.common.kind).tables(protocol)
    tables = {field: files.read_table(path.parent, name, field) for field, name in names.items()}
    return Inputs(path, protocol, names, tables)


def evaluate_protocol(path: Path, out: Path, *, step: Step = _silent, crew: Crew | None = None) -> Run:
    """Run one protocol: under its lock where it has one, then read the cases, then write every file at once or none.

    Raises BadInput (one sentence, naming the item) before any result is written.
    """
    protocol = parse_protocol(files.read_protocol(path))
    held = locks.held_lock(protocol.common, path)
    files.make_folder(out)
    inputs = read_inputs(path)
    use = testset.open_truth(inputs, out, locked=held is not None)
    remarks = tuple(filter(None, [altered_sentence(use.broken)]))
    found = answer(inputs, held, kept=out, step=step, crew=crew or Crew(), remarks=remarks)
    written = tuple(files.write_whole(out / name, content) for name, content in found.files.items())
    if "report.pdf" not in found.files:
        (out / "report.pdf").unlink(missing_ok=True)  # an older run's PDF would belong to another result
    resuming.end(out)
    return Run(found.result, held, use, written, (*([] if held else [EXPLORATORY]), *found.notes))


def answer(
    inputs: Inputs, held: Lock | None, *, kept: Path, step: Step, crew: Crew, remarks: tuple[str, ...] = ()
) -> Answer:
    """What do these inputs show under this lock (None: exploratory), and in which files is it said?

    The caller has recorded the opening of the truth; `remarks` are what it has to say of that in the report. Finished cases are kept in the folder `kept` until `resuming.end`.
    """
    step("reading the cases", 0, 1)
    data = {inputs.names[field]: sha256_hex(content) for field, content in inputs.tables.items()}
    frames = {
        field: read_csv(files.as_text(content, inputs.names[field]), name=inputs.names[field])
        for field, content in inputs.tables.items()
    }
    with engines.team(crew, _scans_in(inputs, frames)) as team:
        findings, notes = _findings(inputs, frames, kept, data, step, team)
        result = assemble(
            inputs.protocol.common,
            replace(findings, remarks=(*remarks, *findings.remarks)),
            lock=held,
            data=data,
            code_version=locks.CODE,
            checklists=load_checklists(),
        )
        step("writing the report", 0, 1)
        contents, missing = _contents(result, team)
    step("writing the report", 1, 1)
    return Answer(result, contents, (*notes, *missing))


def _scans_in(inputs: Inputs, frames: Mapping[str, pl.DataFrame]) -> int:
    """How many cases are scans, which take more than one process?"""
    return len(frames["cases"]) if inputs.protocol.common.kind == "contouring" else 0


def _contents(result: Result, team: Team) -> tuple[dict[str, bytes], list[str]]:
    drawn = team.beside(_drawn, story(result.content))
    contents = {"result.json": result.as_json()}
    from alarp.report import load, to_html, to_pdf  # loads slowly; a bad protocol should not wait for it

    load()
    html = to_html(drawn())
    contents["report.html"] = html.encode("utf-8")
    try:
        return contents | {"report.pdf": to_pdf(html)}, []
    except Unavailable as missing:
        return contents, [str(missing)]


def _drawn(told: Story) -> Document:
    """The document of this story, its charts drawn."""
    from alarp.report import document

    return document(told)


def _ready_to_draw() -> None:
    """Load what draws before there is anything to draw."""
    from alarp.report import draw_nothing

    draw_nothing()


def _findings(
    inputs: Inputs,
    frames: Mapping[str, pl.DataFrame],
    kept: Path,
    data: dict[str, str],
    step: Step,
    team: Team,
) -> tuple[Findings, list[str]]:
    protocol = inputs.protocol
    if protocol.common.kind == "contouring":
        return _scans(protocol, frames, inputs.path.parent, kept, data, step, team)
    step("measuring", 0, 1)
    return room(protocol.common.kind).findings(protocol, frames), []


def _scans(
    protocol: Any,
    frames: Mapping[str, pl.DataFrame],
    folder: Path,
    kept: Path,
    data: dict[str, str],
    step: Step,
    team: Team,
) -> tuple[Findings, list[str]]:
    """What do all scans show? Case by case, by as many processes as asked for, beginning where a stopped run ended."""
    from alarp.cli import scans  # reading scans loads slowly: only where there are scans
    from alarp.evaluation import contouring

    enrolled = contouring.parse_cases(protocol, frames["cases"])
    asked = contouring.asking(protocol, scans.structure_names(protocol, enrolled, folder))
    place, total = resuming.begin(kept), len(enrolled)
    cases = [resuming.OneCase(asked, case, folder.resolve(), place) for case in enrolled]
    step("comparing outlines", 0, total)
    done = team.each(resuming.finish, cases, lambda finished: step("comparing outlines", finished, total))
    if team.others is not None:
        team.beside(_ready_to_draw)
    for case in done:
        data.update(case.hashes)
    reused = sum(case.reused for case in done)
    notes = (
        [f"{reused} of {total} cases were finished by an earlier run and taken from it."] if reused else []
    )
    return scans.conclude(asked, [case.result for case in done], frames, folder), notes
