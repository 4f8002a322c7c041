"""What do one case's files hold, and how does the output compare with the reference?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from alarp.cli.scans.dicom import dicom_object, series_headers
from alarp.evaluation import Findings, contouring
from alarp.kernel import BadInput


def structure_names(
    protocol: contouring.ContouringProtocol, enrolled: Sequence[contouring.Enrolled], folder: Path
) -> dict[str, tuple[str, ...]]:
    """Which structures are asked for: the protocol's, or else all that any reference names, as they appear?"""
    if protocol.structures:
        return protocol.structures
    found = []
    for case in enrolled:
        if case.reference is not None:
            dataset = dicom_object(case.case, protocol.columns.reference, case.reference, folder, {})
            items = getattr(dataset, "StructureSetROISequence", None) or []
            found.append([str(getattr(item, "ROIName", "") or "").strip() for item in items])
    names = contouring.structure_names(found)
    if not names:
        raise BadInput(
            f"No reference in {protocol.common.cases} names any structure: nothing can be compared."
        )
    return names


def read_and_compare(
    protocol: contouring.ContouringProtocol, enrolled: contouring.Enrolled, folder: Path
) -> tuple[contouring.CaseResult, dict[str, str]]:
    """What became of every structure of this case, and which files (by hash) say so?

    `protocol` names the structures (`contouring.asking`). Needs nothing but its arguments, so it runs in any process.
    """
    hashes: dict[str, str] = {}
    case = enrolled.case
    grid = contouring.grid_from_headers(case, list(series_headers(case, enrolled.images, folder, hashes)))
    sets = [
        None
        if file is None
        else contouring.structure_set(case, role, dicom_object(case, role, file, folder, hashes), grid)
        for role, file in (
            (protocol.columns.reference, enrolled.reference),
            (protocol.columns.output, enrolled.output),
        )
    ]
    result = contouring.evaluate_case(protocol, enrolled, protocol.structures, grid, sets[0], sets[1])
    return result, hashes


def conclude(
    protocol: contouring.ContouringProtocol,
    results: Sequence[contouring.CaseResult],
    frames: Mapping[str, pl.DataFrame],
    folder: Path,
) -> Findings:
    """What do all cases together show? `frames` are the protocol's tables, `folder` holds the scans."""
    return contouring.summarise(protocol, results)
