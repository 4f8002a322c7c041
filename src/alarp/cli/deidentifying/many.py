"""How are many files de-identified, and what is left behind? Copies, a journal to go on from, and a manifest."""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from alarp.cli.deidentifying.one import CLEANED, REFUSED, Line, Work, clean_each
from alarp.identity import OPTIONS
from alarp.kernel import BadInput, sha256_hex
from alarp.standards.deidentification import NamedProfile

JOURNAL, MANIFEST, TABLE = "journal.jsonl", "manifest.json", "manifest.csv"


@dataclass(frozen=True, slots=True)
class Settings:
    """By what was cleaned? Stands at the head of journal and manifest; a run with another does not go on with it."""

    profile: str
    profile_version: int
    table: str
    options: tuple[str, ...]
    codes: tuple[str, ...]
    key_version: int
    key_check: str
    pictures: str

    @classmethod
    def of(cls, named: NamedProfile, work: Work) -> Settings:
        chosen = work.profile.options
        return cls(
            named.name,
            named.version,
            work.profile.version,
            chosen,
            ("113100", *(OPTIONS[option][0] for option in chosen)),
            work.pseudonyms.key_version,
            hmac.digest(work.pseudonyms.key, b"alarp manifest", "sha256").hex()[:16],
            work.pictures.value,
        )


def found(place: Path, out: Path) -> list[Path]:
    """Which files are to be cleaned? In the order of their names, and not what an earlier run wrote."""
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise BadInput(f"{place} is neither a file nor a folder. Give DICOM files to de-identify.")
    inside = out.resolve()
    return sorted(
        file for file in place.rglob("*") if file.is_file() and inside not in file.resolve().parents
    )


def run(
    files: list[Path], work: Work, settings: Settings, *, jobs: int, tell: Callable[[], None]
) -> list[tuple[Path, Line]]:
    """Clean these files; `tell` is called after each. What a journal says is done already is not done again."""
    work.out.mkdir(parents=True, exist_ok=True)
    journal = work.out / JOURNAL
    before = _done_before(journal, work, settings)
    lines: list[tuple[Path, Line]] = []
    with journal.open("a", encoding="utf-8") as written:
        if not before and not written.tell():
            written.write(json.dumps(asdict(settings)) + "\n")
        for file, line in _cleaned(files, work, before, jobs):
            if line.state == CLEANED and line.source_sha256 not in before:
                written.write(json.dumps(asdict(line)) + "\n")
                written.flush()
            lines.append((file, line))
            tell()
    return sorted(lines, key=lambda one: one[0])


def manifest(lines: list[tuple[Path, Line]], settings: Settings) -> dict[str, Any]:
    """What was done, without naming a source."""
    done: Counter[str] = Counter()
    for _, line in lines:
        done.update(line.done)
    return asdict(settings) | {
        "counts": dict(sorted(Counter(line.state for _, line in lines).items())),
        "done": dict(sorted(done.items())),
        "files": [asdict(line) for _, line in lines],
    }


def write_manifest(out: Path, made: dict[str, Any]) -> None:
    """As JSON, and one row a file as CSV."""
    _replace(out / MANIFEST, json.dumps(made, indent=2).encode())
    text = io.StringIO()
    columns = ["source_sha256", "state", "output", "output_sha256", "output_bytes", "trouble"]
    table = csv.DictWriter(text, columns, extrasaction="ignore")
    table.writeheader()
    table.writerows(made["files"])
    _replace(out / TABLE, text.getvalue().encode())


def write_names(place: Path, lines: list[tuple[Path, Line]]) -> None:
    """Which file had which digest? For the owner alone: paths may name patients."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["source_sha256", "file", "state", "output"])
    table.writerows([line.source_sha256, str(file), line.state, line.output] for file, line in lines)
    place.touch(mode=0o600)
    place.chmod(0o600)
    place.write_text(text.getvalue(), encoding="utf-8")


def _cleaned(
    files: list[Path], work: Work, before: dict[str, Line], jobs: int
) -> Iterator[tuple[Path, Line]]:
    open_ones = []
    for file in files:
        line = before.get(_digest(file)) if before else None
        if line is None:
            open_ones.append(file)
        else:
            yield file, line
    if jobs == 1 or len(open_ones) < 2:
        yield from clean_each(open_ones, work)
        return
    with ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=_begin, initargs=(work,)
    ) as pool:
        asked = {pool.submit(_clean_there, file): file for file in open_ones}
        for future in as_completed(asked):
            try:
                yield asked[future], future.result()
            except BrokenProcessPool:
                yield asked[future], Line("", REFUSED, trouble="The process that cleaned it died; run again.")


_there: list[Work] = []


def _begin(work: Work) -> None:
    _there.append(work)


def _clean_there(file: Path) -> Line:
    return next(line for _, line in clean_each([file], _there[0]))


def _done_before(journal: Path, work: Work, settings: Settings) -> dict[str, Line]:
    """What an earlier run with the same settings has cleaned, as far as its copies are still whole."""
    if not journal.exists():
        return {}
    head, *rows = journal.read_text(encoding="utf-8").splitlines() or [""]
    if _table(head) != json.loads(json.dumps(asdict(settings))):
        raise BadInput(
            f"{work.out} holds copies made with another profile, option or key; choose an empty folder for this run."
        )
    lines = (Line(**row) for row in map(_table, rows) if row)
    return {line.source_sha256: line for line in lines if _is_whole(work.out / line.output, line)}


def _table(text: str) -> dict[str, Any]:
    try:
        row = json.loads(text)
    except ValueError:
        return {}  # the last row of a run that was killed
    return row if isinstance(row, dict) else {}


def _is_whole(copy: Path, line: Line) -> bool:
    return copy.is_file() and copy.stat().st_size == line.output_bytes and _digest(copy) == line.output_sha256


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError:
        return ""


def _replace(target: Path, data: bytes) -> None:
    temporary = target.with_name(f".{target.name}.{sha256_hex(data)[:8]}.part")
    temporary.write_bytes(data)
    temporary.replace(target)
