"""Which test set is this, and how often was it opened? Known by its truth, whatever the tool's answers beside it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from alarp.cli.evaluating import files
from alarp.cli.evaluating.locks import CODE, now
from alarp.evaluation import KindProtocol, Opening, Use, use_of
from alarp.evaluation.openings import broken_links
from alarp.kernel import digest, sha256_hex

OPENINGS = "openings.jsonl"
# The words by which kinds name the column that holds the truth.
_TRUTH = ("truth", "reference", "outcome")


class Read(Protocol):
    """What was read of a protocol and its tables (`running.Inputs`)."""

    @property
    def path(self) -> Path: ...
    @property
    def protocol(self) -> KindProtocol: ...
    @property
    def names(self) -> dict[str, str]: ...
    @property
    def tables(self) -> dict[str, bytes]: ...


def truth_of(inputs: Read) -> tuple[str, str]:
    """Which digest names this truth, and in which file does it stand?

    A truth table of its own: its bytes. Scans: the reference files'. One table with everything: its case and truth
    columns alone, so that a new version's scores on the same cases are the same test set.
    """
    tables, protocol = inputs.tables, inputs.protocol
    if "truth" in tables:
        return sha256_hex(tables["truth"]), inputs.names["truth"]
    field = "cases" if "cases" in tables else next(iter(tables))
    pairs = _truth_column(tables[field], protocol.common.declared.get("columns"))
    if pairs is None:
        return sha256_hex(tables[field]), inputs.names[field]
    if protocol.common.kind == "contouring":
        hashes = {case: _file_or_name(inputs.path.parent / name, name) for case, name in pairs}
        return digest(hashes), inputs.names[field]
    return digest([list(pair) for pair in pairs]), inputs.names[field]


def _truth_column(table: bytes, columns: object) -> list[tuple[str, str]] | None:
    """Every case with its truth, once and in order; None when the table does not say which column holds it."""
    named = columns if isinstance(columns, Mapping) else {}
    rows = csv.DictReader(io.StringIO(table.decode("utf-8-sig", errors="replace")))
    header = rows.fieldnames or []
    case = str(named.get("case") or "case")
    truth = next(
        (str(named.get(word) or word) for word in _TRUTH if str(named.get(word) or word) in header), None
    )
    if truth is None or case not in header:
        return None
    return sorted({(str(row[case]).strip(), str(row[truth]).strip()) for row in rows})


def _file_or_name(path: Path, name: str) -> str:
    return files.file_hash(path) if path.is_file() else f"not a file: {name}"


def open_truth(inputs: Read, out: Path, *, locked: bool) -> Use:
    """Write durably that the truth is opened now, before anything of it is judged; how often was it by now?

    The record lies beside the protocol, for all protocols of that folder; where that folder may not be written, in
    the output folder.
    """
    truth, name = truth_of(inputs)
    common, path = inputs.protocol.common, inputs.path
    opening = Opening(
        at=now(),
        truth=truth,
        file=name,
        protocol=common.hash,
        protocol_version=common.version,
        product=common.product_name,
        product_version=common.product_version,
        locked=locked,
        code_version=CODE,
    )
    beside, inside = path.parent / OPENINGS, out / OPENINGS
    try:
        files.append_row(beside, opening.as_dict())
    except OSError:
        files.append_row(inside, opening.as_dict())
    rows, broken = files.read_rows(beside), broken_links(files.read_lines(beside))
    if inside.exists() and not (beside.exists() and beside.samefile(inside)):
        rows += files.read_rows(inside)
        broken += broken_links(files.read_lines(inside))
    return use_of(truth, rows, broken=broken)
