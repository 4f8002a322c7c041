"""What do all cases together show, in numbers and in pictures?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from alarp.cli.scans.pictures import worst_pictures
from alarp.evaluation import Findings, contouring


def conclude(
    protocol: contouring.ContouringProtocol,
    results: Sequence[contouring.CaseResult],
    frames: Mapping[str, pl.DataFrame],
    folder: Path,
) -> Findings:
    """What do all cases together show? `frames` are the protocol's tables, `folder` holds the scans.

    The few outlines that agree least are read again, so that the report can show them.
    """
    return contouring.summarise(protocol, results, frames, list(worst_pictures(protocol, results, folder)))
