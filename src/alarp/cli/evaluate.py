"""`alarp evaluate`: read the files of a protocol, ask the core, write the result. The only part that opens truth."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
import yaml
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from alarp import __version__
from alarp.cli import scans
from alarp.evaluation import (
    Findings,
    KindProtocol,
    Lock,
    Result,
    assemble,
    contouring,
    lock,
    lock_from_dict,
    parse_protocol,
    read_csv,
    room,
    story,
)
from alarp.kernel import AlarpError, BadInput, Unavailable, sha256_hex

LOCK_FILE = "protocol.lock.json"
EXIT_DONE, EXIT_BAD_INPUT, EXIT_CLAIM_NOT_MET = 0, 2, 3
Step = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Run:
    """What an evaluation left behind: the result, the lock it ran under, and the files written."""

    result: Result
    lock: Lock
    files: tuple[Path, ...]
    notes: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        return EXIT_DONE if self.result.every_claim_met else EXIT_CLAIM_NOT_MET


def evaluate(
    protocol: Annotated[Path, typer.Argument(help="The protocol, a YAML file.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for result.json, report.html and report.pdf.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print result.json on standard output.")] = False,
) -> None:
    """Evaluate an AI tool by a locked protocol. Exit 0 done, 3 a claim is not met, 2 bad input."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("evaluating", total=None)

        def step(what: str, done: int, total: int) -> None:
            progress.update(task, description=what, completed=done, total=total)

        run = evaluate_protocol(protocol, out, step=step)
    for note in run.notes:
        console.print(note, soft_wrap=True, markup=False, highlight=False)
    if as_json:
        sys.stdout.write(run.result.as_json().decode("utf-8"))
    else:
        _say(run)
    if run.exit_code:
        raise typer.Exit(run.exit_code)


def _say(run: Run) -> None:
    content = run.result.content
    typer.echo(f"{content['protocol']['title']}: {content['enrolled']} enrolled ({content['unit']}).")
    for claim in content["claims"]:
        typer.echo(
            f"  {claim['status']}: {claim['claim']}" + (f" ({claim['because']})" if claim["because"] else "")
        )
    times = len(run.lock.openings)
    typer.echo(f"The truth has been opened {times} time{'s' * (times != 1)} under this protocol version.")
    for file in run.files:
        typer.echo(f"  {file}")


def evaluate_protocol(path: Path, out: Path, *, step: Step = lambda what, done, total: None) -> Run:
    """Run one protocol: lock it, then read the cases, then write every file at once or none.

    Raises BadInput (one sentence, naming the item) before anything but the lock is written.
    """
    values = _yaml(path)
    protocol = parse_protocol(values)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"The output folder '{out}' cannot be made ({error.strerror}); choose another."
        ) from error
    held = _lock(protocol, out)
    data: dict[str, str] = {}
    findings = _findings(protocol, path.parent, data, step)
    result = assemble(protocol.common, findings, lock=held, data=data, code_version=f"alarp {__version__}")
    step("writing the report", 0, 1)
    files, notes = _files(result)
    written = [_write(out / name, content) for name, content in files.items()]
    if "report.pdf" not in files:
        (out / "report.pdf").unlink(missing_ok=True)  # an older run's PDF would belong to another result
    step("writing the report", 1, 1)
    return Run(result, held, (*written, out / LOCK_FILE), tuple(notes))


def _files(result: Result) -> tuple[dict[str, bytes], list[str]]:
    from alarp.report import (
        document,
        to_html,
        to_pdf,
    )  # drawing loads slowly; a bad protocol should not wait for it

    html = to_html(document(story(result.content)))
    files = {"result.json": result.as_json(), "report.html": html.encode("utf-8")}
    try:
        return files | {"report.pdf": to_pdf(html)}, []
    except Unavailable as missing:
        return files, [str(missing)]


def _lock(protocol: KindProtocol, out: Path) -> Lock:
    """Fix the protocol on disk before any case is opened."""
    path = out / LOCK_FILE
    existing = None
    if path.exists():
        try:
            existing = lock_from_dict(json.loads(path.read_text("utf-8")))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise BadInput(
                f"{LOCK_FILE} in the output folder cannot be read; choose another output folder."
            ) from error
    now = datetime.now(UTC).isoformat(timespec="seconds")
    held = lock(protocol.common, existing, now=now, code_version=f"alarp {__version__}")
    _write(
        path,
        (json.dumps(held.as_dict(), indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode("utf-8"),
    )
    return held


def _findings(protocol: KindProtocol, folder: Path, data: dict[str, str], step: Step) -> Findings:
    kind = room(protocol.common.kind)
    step("reading the cases", 0, 1)
    frames = {
        field: read_csv(_text(folder, name, field, data), name=name)
        for field, name in kind.tables(protocol).items()
    }
    if isinstance(protocol, contouring.ContouringProtocol):
        return _contours(protocol, frames, folder, data, step)
    step("measuring", 0, 1)
    return kind.findings(protocol, frames)


def _contours(
    protocol: contouring.ContouringProtocol,
    frames: dict[str, pl.DataFrame],
    folder: Path,
    data: dict[str, str],
    step: Step,
) -> Findings:
    enrolled = contouring.parse_cases(protocol, frames["cases"])
    asked = contouring.asking(protocol, scans.structure_names(protocol, enrolled, folder))
    results = []
    for done, case in enumerate(enrolled):
        step("comparing outlines", done, len(enrolled))
        result, hashes = scans.read_and_compare(asked, case, folder)
        results.append(result)
        data.update(hashes)
    step("comparing outlines", len(enrolled), len(enrolled))
    return scans.conclude(asked, results, frames, folder)


class _Yaml(yaml.SafeLoader):
    """YAML whose only truth values are true and false: 'on', 'off', 'yes' and 'no' stay words; no key twice."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:bool"]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise BadInput(f"The protocol has the field '{key}' twice in one place: remove one.")
        return super().construct_mapping(node, deep=deep)


_Yaml.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def _yaml(path: Path) -> Any:
    if not path.is_file():
        raise BadInput(f"The protocol '{path.name}' does not exist; give the path of a YAML file.")
    try:
        return yaml.load(path.read_text("utf-8"), Loader=_Yaml)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        raise BadInput(f"The protocol '{path.name}' is not readable YAML{where}; correct it.") from error


def _text(folder: Path, name: str, field: str, data: dict[str, str]) -> str:
    file = folder / name
    if not file.is_file():
        raise BadInput(
            f"The protocol's field '{field}' names the file '{name}', which does not exist beside it."
        )
    content = file.read_bytes()
    data[file.name] = sha256_hex(content)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{name} is not UTF-8 text; save the table as CSV in UTF-8.") from error


def _write(path: Path, content: bytes) -> Path:
    """Write whole or not at all: beside the target first, then renamed over it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def main() -> None:
    """`python -m alarp.cli.evaluate`: the same command without the others."""
    try:
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command()(evaluate)
        app()
    except AlarpError as error:
        print(str(error), file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)


if __name__ == "__main__":
    main()
