"""What is known of every reading: who read which case, what did they say, and what is true?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from alarp.evaluation.cells import NOT_RECORDED, numbers, row_names
from alarp.evaluation.classes import Ternary, classes
from alarp.evaluation.intervals import Codes, FloatArray
from alarp.evaluation.mrmc.design import U_STATISTIC
from alarp.evaluation.mrmc.readings import Rated
from alarp.evaluation.mrmc.study import ordered
from alarp.evaluation.outcomes import CaseOutcome, tally
from alarp.evaluation.reader_study.protocol import NO_DISEASE, Columns, ReaderStudyProtocol
from alarp.evaluation.tables import require_columns
from alarp.kernel import BadInput

OUTCOMES = (
    CaseOutcome.SCORED,
    CaseOutcome.AI_FAILED,
    CaseOutcome.INDETERMINATE,
    CaseOutcome.REFERENCE_MISSING,
)


def parse_readings(protocol: ReaderStudyProtocol, frame: pl.DataFrame) -> Rated:
    """Which readings are there? Raises BadInput naming the case, the reader and the column that will not do.

    A row is a reading; an empty rating is a reading without an answer, which counts as wrong. A case that a reader
    has no row for was not given to this reader, except that the AI is given every case.
    """
    columns, file = protocol.columns, protocol.common.cases
    assert columns is not None
    _require(columns, frame, file)
    labels = row_names(
        frame, {"case": columns.case, "reader": columns.reader, "modality": columns.modality}, file=file
    )
    case, reader, modality = (frame[c].to_list() for c in (columns.case, columns.reader, columns.modality))
    truth = _truth(protocol, columns, case, frame[columns.truth].to_list())
    ratings = _ratings(protocol, columns, labels, frame[columns.rating].to_list())
    _refuse_idle(columns, reader, modality, ratings, file)
    known = [name for name in ordered(case) if truth[name] in (0, 1)]
    pairs = [
        (m, r)
        for m in ordered(modality)
        for r in ordered([r for r, other in zip(reader, modality, strict=True) if other == m])
    ]
    place, group = {name: k for k, name in enumerate(known)}, {pair: g for g, pair in enumerate(pairs)}
    rating = np.full((len(pairs), len(known)), np.nan)
    read = np.zeros(rating.shape, dtype=bool)
    for name, r, m, value in zip(case, reader, modality, ratings, strict=True):
        if name in place:
            where = group[(m, r)], place[name]
            rating[where], read[where] = value, True
    for pair, g in group.items():
        if pair[1] == protocol.design.ai_reader:
            read[g] = True
    if protocol.design.method != U_STATISTIC:
        _refuse_holes(read, pairs, known)
    silent = read & np.isnan(rating)
    diseased = np.array([truth[name] == 1 for name in known])
    if protocol.design.endpoint == "auc":
        _refuse_constant(columns, rating, pairs)
    return Rated(
        pairs=tuple(pairs),
        cases=tuple(known),
        diseased=diseased,
        read=read,
        silent=silent,
        patient=_patients(columns, case, frame, known),
        profession=_professions(columns, reader, frame),
        outcomes=_outcomes(protocol, truth, silent, pairs),
        rating=rating,
        subgroups=_subgroups(columns, case, frame, known),
    )


def _require(columns: Columns, frame: pl.DataFrame, file: str) -> None:
    wanted = {
        "the reader": columns.reader,
        "the modality": columns.modality,
        "the case": columns.case,
        "the truth": columns.truth,
        "the rating": columns.rating,
    }
    for role in ("profession", "patient"):
        if (column := getattr(columns, role)) is not None:
            wanted[f"the {role}"] = column
    wanted |= {f"the subgroup {name}": column for name, column in columns.subgroups.items()}
    require_columns(frame, wanted, name=file)


def _truth(
    protocol: ReaderStudyProtocol, columns: Columns, case: Sequence[str], cells: Sequence[str | None]
) -> dict[str, int | None]:
    """What is true of each case: 1 diseased, 0 healthy, None unknown, -1 left open?"""
    said: dict[str, tuple[str | None, int]] = {}
    for number, (name, cell) in enumerate(zip(case, cells, strict=True), start=2):
        before, row = said.setdefault(name, (cell, number))
        if before != cell:
            raise BadInput(
                f"Case {name}: column '{columns.truth}' says '{before or 'nothing'}' in row {row} and "
                f"'{cell or 'nothing'}' in row {number}; a case has one truth: correct one."
            )
    cells = [cell for cell, _ in said.values()]
    judged, negative = _classes(protocol, list(said), cells, f"truth in column '{columns.truth}'")
    found = {
        name: None if cell is None else int(code)
        for name, cell, code in zip(said, cells, judged.tolist(), strict=True)
    }
    for code, word in ((1, protocol.positive), (0, negative or "any other value")):
        if code not in found.values():
            raise BadInput(
                f"Column '{columns.truth}' of {protocol.common.cases}: no case's truth is '{word}'; with one class only, "
                "readers cannot be measured."
            )
    return found


def _classes(
    protocol: ReaderStudyProtocol, labels: Sequence[str], cells: Sequence[str | None], what: str
) -> tuple[Ternary, str | None]:
    codes, _, negative = classes(
        labels,
        cells,
        positive=protocol.positive,
        negative=protocol.negative,
        indeterminate=protocol.indeterminate,
        what=what,
    )
    return codes, negative


def truth_words(
    protocol: ReaderStudyProtocol, labels: Sequence[str], cells: Sequence[str | None], what: str
) -> list[int]:
    """Which class did a maker of the truth name in each cell, by the protocol's words: 1, 0 or -1 (left open)?"""
    codes, _ = _classes(protocol, labels, cells, what)
    return [int(code) for code in codes]


def _ratings(
    protocol: ReaderStudyProtocol, columns: Columns, labels: Sequence[str], cells: Sequence[str | None]
) -> FloatArray:
    scale = protocol.scale
    if scale is None:
        found = numbers(labels, cells, columns.rating)
    else:
        wanted = f"a rating on the declared scale from {scale[0]:g} to {scale[1]:g}"
        found = numbers(labels, cells, columns.rating, within=scale, wanted=wanted)
    return -found if protocol.higher_means == NO_DISEASE else found


def _refuse_idle(
    columns: Columns, reader: Sequence[str], modality: Sequence[str], ratings: FloatArray, file: str
) -> None:
    """Is there a reader who read nothing in a modality?"""
    given = {(m, r) for m, r, value in zip(modality, reader, ratings, strict=True) if not np.isnan(value)}
    for pair in sorted(set(zip(modality, reader, strict=True)) - given):
        raise BadInput(
            f"Reader {pair[1]} read nothing with modality {pair[0]}: column '{columns.rating}' of {file} is empty in "
            "every row; add the ratings, or remove the reader's rows and say so in the protocol."
        )


def _refuse_holes(read: np.ndarray, pairs: Sequence[tuple[str, str]], known: Sequence[str]) -> None:
    """Did everybody get every case, as the method needs?"""
    holes = np.argwhere(~read)
    if len(holes):
        (modality, reader), case = pairs[int(holes[0][0])], known[int(holes[0][1])]
        raise BadInput(
            f"Case {case}: reader {reader} has no row with modality {modality}, and {len(holes)} readings like it are "
            "missing. Give it a row with an empty rating when the reader gave no answer, or declare design.method: "
            "u-statistic when readers were meant to read different cases."
        )


def _refuse_constant(columns: Columns, rating: FloatArray, pairs: Sequence[tuple[str, str]]) -> None:
    for (modality, reader), values in zip(pairs, rating, strict=True):
        given = values[~np.isnan(values)]
        if len(given) > 1 and np.all(given == given[0]):
            raise BadInput(
                f"Reader {reader}: column '{columns.rating}' holds the rating {abs(given[0]):g} for every case with "
                f"modality {modality}; ratings that never vary rank nothing. Correct the rows or remove the reader."
            )


def _patients(
    columns: Columns, case: Sequence[str], frame: pl.DataFrame, known: Sequence[str]
) -> Codes | None:
    """Which cases belong to one patient? None when the table does not say, or nobody has two."""
    if columns.patient is None:
        return None
    owner = _one_each(columns.patient, "case", case, frame[columns.patient].to_list())
    missing = next((name for name in known if owner[name] is None), None)
    if missing is not None:
        raise BadInput(
            f"Case {missing}: column '{columns.patient}' is empty; every case belongs to a patient."
        )
    codes = np.unique([str(owner[name]) for name in known], return_inverse=True)[1]
    return None if len(np.unique(codes)) == len(codes) else codes.astype(np.int64)


def _subgroups(
    columns: Columns, case: Sequence[str], frame: pl.DataFrame, known: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """To which group does each case belong? Every row of a case says the same."""
    found = {}
    for name, column in columns.subgroups.items():
        labels = _one_each(column, "case", case, frame[column].to_list())
        found[name] = tuple(labels[k] or NOT_RECORDED for k in known)
    return found


def _professions(columns: Columns, reader: Sequence[str], frame: pl.DataFrame) -> Mapping[str, str]:
    if columns.profession is None:
        return {}
    found = _one_each(columns.profession, "reader", reader, frame[columns.profession].to_list())
    return {name: word for name, word in found.items() if word is not None}


def _one_each(
    column: str, what: str, names: Sequence[str], cells: Sequence[str | None]
) -> dict[str, str | None]:
    """Which word belongs to each name, and does every row agree?"""
    found: dict[str, str | None] = {}
    for name, cell in zip(names, cells, strict=True):
        if found.setdefault(name, cell) != cell:
            raise BadInput(
                f"{what.capitalize()} {name}: column '{column}' says both '{found[name]}' and '{cell}'; correct one."
            )
    return found


def _outcomes(
    protocol: ReaderStudyProtocol,
    truth: Mapping[str, int | None],
    silent: np.ndarray,
    pairs: Sequence[tuple[str, str]],
) -> dict[str, int]:
    """What became of each enrolled case? Scored when everybody who was given it answered."""
    machine = np.array([reader == protocol.design.ai_reader for _, reader in pairs])
    by_machine, by_anyone = np.any(silent[machine], axis=0), np.any(silent, axis=0)
    found = [CaseOutcome.REFERENCE_MISSING for code in truth.values() if code is None]
    found += [CaseOutcome.INDETERMINATE for code in truth.values() if code == -1]
    for failed, unclear in zip(by_machine.tolist(), by_anyone.tolist(), strict=True):
        if failed:
            found.append(CaseOutcome.AI_FAILED)
        else:
            found.append(CaseOutcome.INDETERMINATE if unclear else CaseOutcome.SCORED)
    return tally(found, enrolled=len(truth), known=OUTCOMES)
