"""What is known of every case: its two scores, its dose, its count or time, and what became of it?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from alarp.evaluation.before_after import AFTER, BEFORE, Period
from alarp.evaluation.cells import codes, numbers, row_names, subgroup_labels
from alarp.evaluation.classes import UNKNOWN, yes_or_no
from alarp.evaluation.enhancement.protocol import Detectability, Dose, Operational, Quality
from alarp.evaluation.intervals import BoolArray, Codes, FloatArray
from alarp.evaluation.outcomes import CaseOutcome
from alarp.evaluation.tables import require_columns
from alarp.kernel import BadInput


@dataclass(frozen=True, slots=True)
class Scores:
    """Pairs of scores, one a case and reader; NaN where there is none. `reader` is None when one read alone."""

    case: Codes
    reader: Codes | None
    standard: FloatArray
    enhanced: FloatArray
    outcomes: tuple[CaseOutcome, ...]  # one a case
    subgroups: dict[str, tuple[str, ...]]  # one a pair
    unit: Codes  # whose pairs hang together: the patient where the protocol names that column, else the case
    owners: tuple[str, ...]  # one a case: whose it is, by name


@dataclass(frozen=True, slots=True)
class Seen:
    """Whether each lesion was seen by each reader, both ways; `unit` says whose rows hang together."""

    standard: BoolArray
    enhanced: BoolArray
    silent: BoolArray  # the tool made no image: counted as not seen
    unit: Codes
    outcomes: tuple[CaseOutcome, ...]  # one a row
    owners: tuple[str, ...]  # one a row: whose it is, by name


@dataclass(frozen=True, slots=True)
class Doses:
    """One dose an examination; NaN where none was recorded. `patient` is None when nobody came twice."""

    value: FloatArray
    after: BoolArray
    examination: tuple[str, ...]
    patient: Codes | None
    owners: tuple[str, ...]  # whose examination it is, by name


@dataclass(frozen=True, slots=True)
class Times:
    """One time a case, infinite where it never came to an end."""

    value: FloatArray
    after: BoolArray


def parse_scores(quality: Quality, frame: pl.DataFrame) -> Scores:
    """Which pairs of scores were given? Raises BadInput naming the case, the reader and the column."""
    wide = _wide(quality, frame)
    keys = {"case": quality.case} | ({} if quality.reader is None else {"reader": quality.reader})
    names = row_names(wide, keys, file=quality.table)
    within = quality.scale
    wanted = f"a score from {within[0]:g} to {within[1]:g}, the protocol's scale"
    columns = (
        (quality.standard, quality.enhanced) if quality.arm is None else ("standard score", "enhanced score")
    )
    shown = columns if quality.arm is None else (quality.score or "", quality.score or "")
    standard, enhanced = (
        numbers(names, wide[column].to_list(), name, within=within, wanted=wanted)
        for column, name in zip(columns, shown, strict=True)
    )
    case = codes(names, wide[quality.case].to_list(), quality.case, what="case")
    reader = None
    if quality.reader is not None:
        reader = codes(names, wide[quality.reader].to_list(), quality.reader, what="reader")
    unit = case
    if quality.patient is not None:
        require_columns(wide, {"the patient": quality.patient}, name=quality.table)
        unit = codes(names, wide[quality.patient].to_list(), quality.patient, what="patient")
    return Scores(
        unit=unit,
        case=case,
        reader=reader,
        standard=standard,
        enhanced=enhanced,
        outcomes=_outcomes(case, standard, enhanced),
        subgroups=subgroup_labels(wide, quality.subgroups),
        owners=_of_cases(case, wide[quality.patient or quality.case].to_list()),
    )


def parse_seen(part: Detectability, frame: pl.DataFrame) -> Seen:
    """Which lesions were seen on which image? Raises BadInput naming the case, the reader and the column.

    An empty cell of the enhanced image is one that was not made: not seen. The standard image has an answer in every row.
    """
    keys = {"case": part.case} | ({} if part.reader is None else {"reader": part.reader})
    wanted = {f"the {role}": column for role, column in keys.items()}
    wanted |= {
        "what is seen on the standard image": part.standard,
        "what is seen on the enhanced one": part.enhanced,
    }
    wanted |= {} if part.patient is None else {"the patient": part.patient}
    require_columns(frame, wanted, name=part.table)
    names = row_names(frame, keys, file=part.table)
    standard = yes_or_no(names, frame[part.standard].to_list(), part.standard)
    enhanced = yes_or_no(names, frame[part.enhanced].to_list(), part.enhanced, may_be_empty=True)
    owner = part.case if part.patient is None else part.patient
    silent = np.asarray(enhanced == UNKNOWN, dtype=bool)
    return Seen(
        standard=np.asarray(standard == 1, dtype=bool),
        enhanced=np.asarray(enhanced == 1, dtype=bool),
        silent=silent,
        unit=codes(names, frame[owner].to_list(), owner, what="patient" if part.patient else "case"),
        outcomes=tuple(CaseOutcome.AI_FAILED if lost else CaseOutcome.SCORED for lost in silent),
        owners=tuple(frame[owner].to_list()),
    )


def _of_cases(case: Codes, owners: list[str]) -> tuple[str, ...]:
    """Whose is each case? The owner of its first row."""
    _, first = np.unique(case, return_index=True)
    return tuple(owners[i] for i in first)


def _wide(quality: Quality, frame: pl.DataFrame) -> pl.DataFrame:
    """One row a case and reader, whichever way the table was written."""
    keys = {"the case": quality.case} | ({} if quality.reader is None else {"the reader": quality.reader})
    groups = {f"the subgroup {name}": column for name, column in quality.subgroups.items()}
    if quality.arm is None or quality.score is None:
        wanted = keys | {"the standard score": quality.standard, "the enhanced score": quality.enhanced}
        require_columns(frame, wanted | groups, name=quality.table)
        return frame
    require_columns(
        frame, keys | {"the arm": quality.arm, "the score": quality.score} | groups, name=quality.table
    )
    roles = {role.removeprefix("the "): column for role, column in keys.items()}
    names = row_names(frame, roles | {"arm": quality.arm}, file=quality.table)
    known = (quality.standard, quality.enhanced)
    for name, arm in zip(names, frame[quality.arm].to_list(), strict=True):
        if arm not in known:
            raise BadInput(
                f"Case {name}: column '{quality.arm}' says '{arm}'; this protocol knows '{known[0]}' and '{known[1]}'."
            )
    on = list(keys.values())
    sides = [
        frame.filter(pl.col(quality.arm) == word).rename({quality.score: f"{role} score"}).drop(quality.arm)
        for word, role in zip(known, ("standard", "enhanced"), strict=True)
    ]
    for one, other, word in ((sides[0], sides[1], known[1]), (sides[1], sides[0], known[0])):
        lost = one.join(other, on=on, how="anti")
        if lost.height:
            who = ", ".join(f"{role} {lost[column][0]}" for role, column in roles.items())
            raise BadInput(
                f"{who[0].upper()}{who[1:]}: column '{quality.arm}' of {quality.table} has no row '{word}'; add it "
                "(an image that was not made is a row with an empty score)."
            )
    return sides[0].join(sides[1].select(*on, "enhanced score"), on=on, how="left", maintain_order="left")


def _outcomes(case: Codes, standard: FloatArray, enhanced: FloatArray) -> tuple[CaseOutcome, ...]:
    """What became of each case? Without any standard score nothing can be compared; one image missing is a failure."""
    count = int(case.max()) + 1
    compared = np.bincount(case, weights=~np.isnan(standard), minlength=count) > 0
    silent = np.bincount(case, weights=np.isnan(enhanced) & ~np.isnan(standard), minlength=count) > 0
    return tuple(
        CaseOutcome.REFERENCE_MISSING if not known else CaseOutcome.AI_FAILED if lost else CaseOutcome.SCORED
        for known, lost in zip(compared, silent, strict=True)
    )


def _phases(
    names: tuple[str, ...], cells: list[str | None], column: str, before: str, after: str
) -> BoolArray:
    for name, cell in zip(names, cells, strict=True):
        if cell not in (before, after):
            raise BadInput(
                f"Case {name}: column '{column}' says '{cell or ''}'; this protocol knows '{before}' and '{after}'."
            )
    found = np.array([cell == after for cell in cells])
    if found.all() or not found.any():
        lost = before if found.all() else after
        raise BadInput(f"Column '{column}': no row says '{lost}'; a change needs both sides.")
    return found


def parse_doses(dose: Dose, frame: pl.DataFrame) -> Doses:
    """Which doses were recorded before and after? Raises BadInput naming the case and the column."""
    wanted = {"the case": dose.case, "the phase": dose.phase, "the dose": dose.value}
    wanted |= {} if dose.patient is None else {"the patient": dose.patient}
    wanted |= {} if dose.examination is None else {"the examination": dose.examination}
    require_columns(frame, wanted, name=dose.table)
    names = row_names(frame, {"case": dose.case}, file=dose.table)
    value = numbers(
        names, frame[dose.value].to_list(), dose.value, within=(1e-12, np.inf), wanted="a dose above zero"
    )
    patient = None
    if dose.patient is not None:
        patient = codes(names, frame[dose.patient].to_list(), dose.patient, what="patient")
    examination = ("all",) * len(names)
    if dose.examination is not None:
        examination = tuple(
            _said(*row, dose.examination) for row in zip(names, frame[dose.examination], strict=True)
        )
    return Doses(
        value=value,
        after=_phases(names, frame[dose.phase].to_list(), dose.phase, dose.before, dose.after),
        examination=examination,
        patient=patient if patient is not None and len(np.unique(patient)) < len(patient) else None,
        owners=tuple(frame[dose.patient or dose.case].to_list()),
    )


def _said(name: str, cell: str | None, column: str) -> str:
    if cell is None:
        raise BadInput(f"Case {name}: column '{column}' is empty; every dose belongs to an examination.")
    return cell


def parse_periods(part: Operational, frame: pl.DataFrame) -> tuple[Period, ...]:
    """How many events of how many, in which period? Raises BadInput naming the period and the column."""
    assert part.period is not None and part.events is not None and part.total is not None
    wanted = {"the period": part.period, "the phase": part.phase, "the events": part.events}
    require_columns(frame, wanted | {"the total": part.total}, name=part.table)
    names = row_names(frame, {"period": part.period, "phase": part.phase}, file=part.table)
    after = _phases(names, frame[part.phase].to_list(), part.phase, part.before, part.after)
    counts = []
    for column in (part.events, part.total):
        cells = frame[column].to_list()
        values = numbers(names, cells, column, within=(0, np.inf), wanted="a count of 0 or more")
        for name, value in zip(names, values, strict=True):
            if np.isnan(value) or value != int(value):
                raise BadInput(
                    f"Case {name}: column '{column}' is no whole number; every period has its count."
                )
        counts.append(values.astype(int))
    for name, events, total in zip(names, *counts, strict=True):
        if events > total:
            raise BadInput(
                f"Case {name}: column '{part.events}' holds {events}, more than the {total} in '{part.total}'."
            )
    labels = frame[part.period].to_list()
    return tuple(
        Period(label, AFTER if late else BEFORE, int(events), int(total))
        for label, late, events, total in zip(labels, after, *counts, strict=True)
    )


def parse_times(part: Operational, frame: pl.DataFrame) -> Times:
    """How long did each case take, before and after? An empty cell is one that never came to an end."""
    assert part.case is not None and part.value is not None
    wanted = {"the case": part.case, "the phase": part.phase, "the value": part.value}
    require_columns(frame, wanted, name=part.table)
    names = row_names(frame, {"case": part.case}, file=part.table)
    values = numbers(
        names, frame[part.value].to_list(), part.value, within=(0, np.inf), wanted="a time of 0 or more"
    )
    after = _phases(names, frame[part.phase].to_list(), part.phase, part.before, part.after)
    return Times(np.where(np.isnan(values), np.inf, values), after)
