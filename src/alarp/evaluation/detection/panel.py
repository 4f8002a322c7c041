"""How far did the people who made the truth agree, and does the tool fare otherwise where they all did?

The reference standard is taken as given everywhere else; here its own readings are looked at, so that its uncertainty is
seen beside the numbers that rest on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from alarp.evaluation import reference_readings
from alarp.evaluation.classes import UNKNOWN
from alarp.evaluation.detection.accuracy import accuracy, readings
from alarp.evaluation.detection.cases import Cases, read_classes
from alarp.evaluation.detection.protocol import DetectionProtocol
from alarp.evaluation.intervals import BoolArray, Codes
from alarp.kernel import Measure


@dataclass(frozen=True, slots=True)
class Panel:
    """Every reading that the truth was made from: whose, of which case, and what it said (1, 0, -1 indeterminate)."""

    case: tuple[str, ...]
    reader: tuple[str, ...]
    code: tuple[int, ...]

    def by_case(self) -> dict[str, list[int]]:
        """What was said of each case that was read, in the order of the file?"""
        found: dict[str, list[int]] = {}
        for case, code in zip(self.case, self.code, strict=True):
            found.setdefault(case, []).append(code)
        return found


def parse_panel(protocol: DetectionProtocol, frame: pl.DataFrame, cases: Cases) -> Panel:
    """Which readings is the truth made from? BadInput names the case, the reader and the column that will not do.

    An empty reading was not made. A case that nobody enrolled is refused; a case without readings is counted.
    """
    file = protocol.reference_readings
    assert file is not None
    made = reference_readings.read(
        file, frame, enrolled=cases.names, cases_file=protocol.truth or protocol.common.cases
    )
    where = f"reading in column '{file.reading}' of {file.file}"
    codes, _, _ = read_classes(protocol, made.label, made.cell, where)
    return Panel(made.case, made.reader, tuple(int(code) for code in codes))


def unanimous(panel: Panel, names: Sequence[str]) -> BoolArray:
    """Which cases did at least two readers read, all saying the same, and not 'indeterminate'?"""
    said = panel.by_case()
    return np.array([_agreed(said.get(name, [])) is not None for name in names], dtype=bool)


def _agreed(codes: list[int]) -> int | None:
    return codes[0] if len(codes) > 1 and len(set(codes)) == 1 and codes[0] != UNKNOWN else None


def measures(panel: Panel | None, cases: Cases, *, level: float) -> list[Measure]:
    """How far do the readers agree beyond chance? And sensitivity and specificity where they were of one mind.

    Fleiss' kappa and Gwet's AC1, clustered by patient where patients have several cases. The unanimous cases are the
    easy ones: the figures there stand beside the primary ones and never in their place.
    """
    if panel is None:
        return []
    said = panel.by_case()
    inside = [name for name in cases.names if name in said]
    pairs = [(name, code) for name in inside for code in said[name]]
    easy = readings(cases, rule="worst_case", members=unanimous(panel, cases.names))
    return [
        *accuracy(easy, level=level, suffix="_unanimous")[:2],
        *reference_readings.of_classes(
            [name for name, _ in pairs],
            [code for _, code in pairs],
            clusters=_patients(cases, [name for name, _ in pairs]),
            level=level,
        ),
    ]


def _patients(cases: Cases, names: Sequence[str]) -> Codes | None:
    if cases.patient is None:
        return None
    of = dict(zip(cases.names, cases.patient.tolist(), strict=True))
    return np.array([of[name] for name in names], dtype=np.int64)


def figure(panel: Panel | None, cases: Cases) -> dict[str, Any]:
    """The counts behind the agreement, as `figures.agreement`: how many read, of one mind, split; and the truth beside it.

    `split` have two usable readings that differ, or an indeterminate one; `truth_against_all` are the cases whose
    adjudicated truth none of the unanimous readers gave.
    """
    if panel is None:
        return {}
    said = panel.by_case()
    truth = {name: int(code) for name, code in zip(cases.names, cases.truth, strict=True)}
    agreed = {name: _agreed(said.get(name, [])) for name in cases.names}
    times = Counter(min(len(said.get(name, [])), 2) for name in cases.names)
    of_one_mind = [name for name, code in agreed.items() if code is not None]
    judged = [(r, truth[c] == code) for c, r, code in _rows(panel) if truth.get(c, UNKNOWN) != UNKNOWN]
    return {
        "agreement": {
            "readers": sorted(set(panel.reader)),
            "cases": len(cases.names),
            "read_twice": times[2],
            "read_once": times[1],
            "unread": times[0],
            "unanimous": len(of_one_mind),
            "split": times[2] - len(of_one_mind),
            "truth_against_all": sum(truth[name] not in (agreed[name], UNKNOWN) for name in of_one_mind),
            "by_reader": [
                {
                    "reader": reader,
                    "readings": sum(r == reader for r, _ in judged),
                    "as_the_truth": sum(right for r, right in judged if r == reader),
                }
                for reader in sorted(set(panel.reader))
            ],
        }
    }


def _rows(panel: Panel) -> list[tuple[str, str, int]]:
    return list(zip(panel.case, panel.reader, panel.code, strict=True))
