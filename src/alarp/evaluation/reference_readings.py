"""How far did the people who made the truth agree? For every kind whose truth several readers can make.

The protocol's `reference_readings` names a file with one row for each case and reader. Detection looks further
(`detection.panel`); a prediction's truth is what happened, which nobody reads, and an outline's other observer stands
beside the outlines (`contouring.observers`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from alarp.evaluation import pieces
from alarp.evaluation.agreement import (
    fleiss_kappa,
    gwet_ac1,
    icc_one_way,
    observed_agreement,
    tally_ratings,
)
from alarp.evaluation.cells import numbers, row_names
from alarp.evaluation.classes import UNKNOWN
from alarp.evaluation.fields import Fields
from alarp.evaluation.intervals import Codes
from alarp.evaluation.pieces import Row
from alarp.evaluation.result import Findings
from alarp.evaluation.tables import require_columns
from alarp.kernel import BadInput, Measure

FIELD = "reference_readings"
AGREEMENT = ("reference_agreement", "reference_kappa", "reference_ac1")
ICC = "reference_icc"
_WORDS = {1: "diseased", 0: "healthy", UNKNOWN: "indeterminate"}


@dataclass(frozen=True, slots=True)
class ReadingsFile:
    """Where stand the readings that the truth was made from, one row for each case and reader?"""

    file: str
    case: str
    reader: str
    reading: str


@dataclass(frozen=True, slots=True)
class Readings:
    """Every reading that was made: of which case, by whom, the cell, and how the row is called in a sentence."""

    case: tuple[str, ...]
    reader: tuple[str, ...]
    cell: tuple[str, ...]
    label: tuple[str, ...]


def parse_readings_file(fields: Fields) -> ReadingsFile | None:
    """Which file holds the readings, and in which columns? None when the protocol names none."""
    if not fields.has(FIELD):
        return None
    part = Fields(fields.mapping(FIELD), where=FIELD)
    names = Fields(
        part.mapping("columns", "which column is the case, the reader, the reading"), where=f"{FIELD}.columns"
    )
    found = ReadingsFile(
        file=part.text("file", "the CSV file with one row for each case and reader"),
        case=names.text("case", "the column with the case's name"),
        reader=names.text("reader", "the column with the reader's name"),
        reading=names.text("reading", "the column with what this reader said"),
    )
    names.refuse_unknown()
    part.refuse_unknown()
    return found


def read(file: ReadingsFile, frame: pl.DataFrame, *, enrolled: Sequence[str], cases_file: str) -> Readings:
    """Which readings is the truth made from? BadInput names the case, the reader and the column that will not do.

    An empty reading was not made. A case that nobody enrolled is refused; a case without readings is none.
    """
    require_columns(
        frame, {"the case": file.case, "the reader": file.reader, "the reading": file.reading}, name=file.file
    )
    labels, known = (
        row_names(frame, {"case": file.case, "reader": file.reader}, file=file.file),
        set(enrolled),
    )
    stranger = next((name for name in frame[file.case] if name not in known), None)
    if stranger is not None:
        raise BadInput(
            f"Case {stranger}: in column '{file.case}' of {file.file} but not in {cases_file}; remove the reading or add "
            "the case."
        )
    cells = frame[file.reading].to_list()
    made = [i for i, cell in enumerate(cells) if cell is not None]
    found = Readings(
        *(tuple(column[i] for i in made) for column in (frame[file.case], frame[file.reader], cells, labels))
    )
    if len(set(found.reader)) < 2:
        raise BadInput(
            f"Column '{file.reader}' of {file.file} names fewer than two readers with a reading: one reader agrees with "
            f"nobody; remove '{FIELD}' or add the others."
        )
    return found


def of_classes(
    cases: Sequence[str], codes: Sequence[int], *, clusters: Codes | None = None, level: float
) -> list[Measure]:
    """How far do the readers agree on who is diseased (1), healthy (0) or indeterminate (-1), beyond chance?

    One case and one code a reading, the readings of a case in any order; `clusters` the patient of each reading. Fleiss'
    kappa is low where one answer is rare, however well readers agree; Gwet's AC1 is not.
    """
    words = [word for code, word in _WORDS.items() if code != UNKNOWN or UNKNOWN in codes]
    found = tally_ratings(cases, [_WORDS[code] for code in codes], categories=words)
    observed = observed_agreement(found.counts) if len(cases) else None
    if observed is None:
        return [Measure.not_measurable(name, because="no case was read twice") for name in AGREEMENT]
    if clusters is not None:  # one a case, in the order of its first reading
        first = list(dict.fromkeys(cases))
        of = dict(zip(cases, clusters.tolist(), strict=True))
        clusters = np.array([of[case] for case in first], dtype=np.int64)
    twice = int((found.counts.sum(axis=1) > 1).sum())
    return [
        Measure(
            AGREEMENT[0], observed, None, None, level, "pairs of readers of one case, mean over cases", twice
        ),
        fleiss_kappa(found.counts, clusters=clusters, level=level, name=AGREEMENT[1]),
        gwet_ac1(found.counts, clusters=clusters, level=level, name=AGREEMENT[2]),
    ]


def of_numbers(readings: Readings, column: str, *, level: float) -> Measure:
    """Which share of the variance of what was measured lies between cases, and not between the readers of one?

    ICC(1,1): the readers of one case need not be those of another.
    """
    values = numbers(readings.label, readings.cell, column)
    return icc_one_way(values, np.unique(readings.case, return_inverse=True)[1], level=level, name=ICC)


def beside(
    findings: Findings,
    file: ReadingsFile,
    frame: pl.DataFrame,
    *,
    cases: Sequence[str],
    patients: Sequence[str] | None,
    cases_file: str,
    coded: Callable[[Readings], Sequence[int]],
    level: float,
) -> Findings:
    """The findings with the agreement of those who made the truth, and the remark on it.

    `cases` (and whose they are, `patients`) as enrolled; `coded` reads the words of the readings as classes.
    """
    made = read(file, frame, enrolled=cases, cases_file=cases_file)
    clusters = None
    if patients is not None:
        whose = dict(zip(cases, np.unique(patients, return_inverse=True)[1].tolist(), strict=True))
        clusters = np.array([whose[case] for case in made.case], dtype=np.int64)
    measures = of_classes(made.case, [int(code) for code in coded(made)], clusters=clusters, level=level)
    return replace(
        findings,
        measures=(*findings.measures, *measures),
        remarks=(*findings.remarks, *remark(measures)),
    )


def remark(measures: Sequence[Measure]) -> list[str]:
    """What must be known of a truth that its own makers disputed? Nothing when no readings were given."""
    by_name: Mapping[str, Measure] = {m.measure: m for m in measures}
    shared = by_name.get(AGREEMENT[0])
    if shared is None or shared.estimate is None:
        return []
    return [
        f"The truth was made by several readers: two of them agree about a case in {100 * shared.estimate:.0f} of 100 "
        f"pairs ({shared.n} cases read twice). What they dispute nobody knows; see reference_kappa and reference_ac1."
    ]


def section(result: Row) -> dict[str, Any] | None:
    """What does the report show of the truth's own readers? None without their readings."""
    rows = [row for name in AGREEMENT if (row := pieces.find(result, name))]
    if not rows:
        return None
    return pieces.section(
        "How sure is the truth?",
        paragraphs=[
            "The truth was made by people, and where they disagree nobody knows how often the final word is wrong. Kappa is "
            "low where one answer is rare, however well readers agree; AC1 is not."
        ],
        tables=[pieces.measures_table("Agreement of those who made the truth", rows)],
    )
