"""Which cases were finished before the run stopped? Each is kept until the run is whole, and never done twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alarp.cli.evaluating import files
from alarp.cli.evaluating.locks import CODE
from alarp.kernel import digest

if TYPE_CHECKING:
    from alarp.evaluation import contouring

KEPT = ".cases"


@dataclass(frozen=True, slots=True)
class OneCase:
    """The work on one case as a process gets it: small, and picklable."""

    protocol: contouring.ContouringProtocol
    enrolled: contouring.Enrolled
    folder: Path
    kept: Path


@dataclass(frozen=True, slots=True)
class Done:
    """What became of the case, which files said so, and whether an earlier run had finished it."""

    result: contouring.CaseResult
    hashes: dict[str, str]
    reused: bool


def finish(case: OneCase) -> Done:
    """What became of this case? Taken from the earlier run when protocol, files and code are the very same."""
    from alarp.cli import scans
    from alarp.evaluation.contouring import CaseResult

    place = case.kept / f"{_key(case)}.json"
    try:
        kept = json.loads(place.read_bytes())
        return Done(CaseResult.from_dict(kept["result"]), dict(kept["hashes"]), True)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        pass  # not finished, or cut short: done now
    result, hashes = scans.read_and_compare(case.protocol, case.enrolled, case.folder)
    content = {"case": case.enrolled.case, "result": result.as_dict(), "hashes": hashes}
    # Not awaited on the disk: a case that a power cut tears is found to be torn, and done again.
    text = json.dumps(content, sort_keys=True)
    files.write_whole(place, text.encode("utf-8"), durable=False)
    # The same way for a fresh case as for a kept one, so that no number differs in a run that was resumed.
    return Done(CaseResult.from_dict(json.loads(text)["result"]), hashes, False)


def _key(case: OneCase) -> str:
    """Which name has this case's answer? It changes with the protocol, the code and every byte that is read."""
    return digest(
        {
            "protocol": case.protocol.common.hash,
            "structures": {name: list(spellings) for name, spellings in case.protocol.structures.items()},
            "code": CODE,
            "case": case.enrolled.case,
            "row": json.loads(json.dumps(asdict(case.enrolled), default=str)),
            "files": dict(_inputs(asdict(case.enrolled), case.folder)),
        }
    )[:40]


def _inputs(row: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, str]]:
    """Every file that the case's row names, and every file of a folder that it names, with its hash."""
    for value in row.values():
        if isinstance(value, Mapping):
            yield from _inputs(value, folder)
        if not isinstance(value, str) or not value or len(value) > 1000:
            continue
        place = folder / value
        if place.is_file():
            yield value, files.file_hash(place)
        elif place.is_dir() and value not in (".", "/"):
            for file in sorted(p for p in place.rglob("*") if p.is_file()):
                yield f"{value}: {file.relative_to(place).as_posix()}", files.file_hash(file)


def begin(out: Path) -> Path:
    """Where are finished cases kept? In the output folder, until the run is whole."""
    place = out / KEPT
    files.make_folder(place)
    for torn in place.glob(".*"):  # a file that a kill cut short
        if torn.is_file():
            torn.unlink()
    return place


def end(out: Path) -> None:
    """The run is whole: what was kept for another start is not needed any more."""
    shutil.rmtree(out / KEPT, ignore_errors=True)
