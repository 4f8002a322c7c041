"""What is known of every mark: on which case, by whom, how sure, and did it hit a lesion?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
import polars as pl

from alarp.evaluation.cells import numbers
from alarp.evaluation.intervals import BoolArray, Codes, FloatArray
from alarp.evaluation.localisation.protocol import GIVEN, MarkFiles
from alarp.evaluation.localisation.truth import Truth, parse_truth
from alarp.evaluation.mrmc.matching import match, nearness, repeats
from alarp.evaluation.mrmc.readings import Marked
from alarp.evaluation.mrmc.study import ordered
from alarp.evaluation.outcomes import CaseOutcome, tally
from alarp.evaluation.tables import require_columns
from alarp.kernel import BadInput

OUTCOMES = (
    CaseOutcome.SCORED,
    CaseOutcome.AI_FAILED,
    CaseOutcome.REJECTED_BY_AI,
    CaseOutcome.INDETERMINATE,
    CaseOutcome.REFERENCE_MISSING,
)
_NO_ANSWER = {
    o.value: o for o in (CaseOutcome.AI_FAILED, CaseOutcome.REJECTED_BY_AI, CaseOutcome.INDETERMINATE)
}
ALONE = "AI"  # the one reader of a modality whose table names no reader


@dataclass(frozen=True, slots=True)
class _Mark:
    row: int
    pair: tuple[str, str]
    case: str
    rating: float
    lesion: int | None  # which lesion of its case, from 0; None: a non-lesion localisation
    place: tuple[float, ...] | None


def parse_marks(
    files: MarkFiles, tables: Mapping[str, pl.DataFrame], *, scale: tuple[float, float] | None
) -> Marked:
    """Which marks were made, and what did they hit? Raises BadInput naming the case and the column.

    A case without a mark was read and nothing was seen there: -inf. A case in `failures` has no answer, which counts
    as wrong: its lesions are missed, and where there is none it counts as marked with the highest rating.
    """
    truth = parse_truth(files, tables["truth"], tables.get("lesions"))
    marks = _classified(files, _read(files, tables["marks"], truth, scale), truth)
    failed = _failures(files, tables.get("failures"), truth)
    pairs = _pairs(marks, failed)
    known = truth.known
    place, group = {name: k for k, name in enumerate(known)}, {pair: g for g, pair in enumerate(pairs)}
    shape = (len(pairs), len(known))
    silent = np.zeros(shape, dtype=bool)
    for pair, case in failed:
        if case in place:
            silent[group[pair], place[case]] = True
    false, lesion, all_false = _filled(marks, truth, place, group, silent)
    return Marked(
        pairs=tuple(pairs),
        cases=known,
        diseased=truth.diseased,
        read=np.ones(shape, dtype=bool),
        silent=silent,
        patient=truth.patient,
        profession={},
        outcomes=_outcomes(truth, failed),
        false=false,
        lesion=lesion,
        lesion_case=truth.lesion_case,
        weight=truth.weight,
        false_marks=all_false,
        subgroups=truth.subgroups,
    )


def _filled(
    marks: Sequence[_Mark],
    truth: Truth,
    place: Mapping[str, int],
    group: Mapping[tuple[str, str], int],
    silent: BoolArray,
) -> tuple[FloatArray, FloatArray, tuple[tuple[FloatArray, Codes], ...]]:
    """The highest non-lesion mark of every case, the mark on every lesion, and all non-lesion marks."""
    false = np.full(silent.shape, -inf)
    lesion = np.full((len(silent), len(truth.lesion_case)), -inf)
    every: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for mark in marks:
        if mark.case not in place:
            continue
        g, k = group[mark.pair], place[mark.case]
        if silent[g, k]:
            continue
        if mark.lesion is None:
            false[g, k] = max(false[g, k], mark.rating)
            every[g].append((mark.rating, k))
        else:
            lesion[g, truth.first_lesion[k] + mark.lesion] = mark.rating
    listed = []
    for g in range(len(silent)):
        found = sorted(every[g])
        listed.append((np.array([r for r, _ in found]), np.array([k for _, k in found], dtype=np.int64)))
    return false, lesion, tuple(listed)


def _pairs(
    marks: Sequence[_Mark], failed: Mapping[tuple[tuple[str, str], str], CaseOutcome]
) -> list[tuple[str, str]]:
    seen = {mark.pair for mark in marks} | {pair for pair, _ in failed}
    return [
        (modality, reader)
        for modality in ordered([m for m, _ in seen])
        for reader in ordered([r for m, r in seen if m == modality])
    ]


def _column(files: MarkFiles, frame: pl.DataFrame, part: str, file: str) -> str | None:
    """Which column holds this part? None when nobody declared it and the table has none of its name."""
    column = files.columns[part]
    if column in frame.columns:
        return column
    if part in files.declared:
        require_columns(frame, {f"the {part}": column}, name=file)
    return None


def _read(
    files: MarkFiles, frame: pl.DataFrame, truth: Truth, scale: tuple[float, float] | None
) -> list[_Mark]:
    """Every mark, with what the file says of it."""
    file, given = files.marks, files.matching.rule == GIVEN
    needed = ["case", "rating"] + (["mark", "index"] if given else ["x", "y", "z"])
    require_columns(frame, {f"the {part}": files.columns[part] for part in needed}, name=file)
    cells = {part: frame[files.columns[part]].to_list() for part in needed}
    names = [f"{case} (row {row})" for row, case in enumerate(cells["case"], start=2)]
    ratings = _ratings(files, names, cells["rating"], scale)
    pairs = _who(files, frame, names)
    places = None if given else _places(files, frame, names, file)
    numbered = _numbered(files, cells, truth) if given else {}
    marks = []
    for i, case in enumerate(cells["case"]):
        if case not in truth.lesions_of:
            raise BadInput(
                f"Case {case}: in column '{files.columns['case']}' of {file} (row {i + 2}) but not in {files.truth}; "
                "add its row to the truth, or correct the name."
            )
        if ratings[i] == -inf:
            continue  # written out as unmarked: the same as no row
        lesion = None
        if given and _on_lesion(files, truth, case, cells["mark"][i], i + 2):
            lesion = numbered[case][cells["index"][i] or ""]
        at = None if places is None else tuple(float(v) for v in places[i])
        marks.append(_Mark(i + 2, pairs[i], case, float(ratings[i]), lesion, at))
    return marks


def _ratings(
    files: MarkFiles, names: Sequence[str], cells: Sequence[str | None], scale: tuple[float, float] | None
) -> FloatArray:
    column = files.columns["rating"]
    unmarked = np.array([cell is not None and cell.lower() in ("-inf", "-infinity") for cell in cells], bool)
    present = [None if gone else cell for gone, cell in zip(unmarked, cells, strict=True)]
    if scale is None:
        found = numbers(names, present, column)
    else:
        wanted = f"a rating on the declared scale from {scale[0]:g} to {scale[1]:g}"
        found = numbers(names, present, column, within=scale, wanted=wanted)
    empty = np.flatnonzero(np.isnan(found) & ~unmarked)
    if len(empty):
        raise BadInput(
            f"Case {names[int(empty[0])]}: column '{column}' is empty; every mark has a rating. A case without a mark has "
            "no row; a case without an answer stands in the failures."
        )
    return np.where(unmarked, -inf, found)


def _who(files: MarkFiles, frame: pl.DataFrame, names: Sequence[str]) -> list[tuple[str, str]]:
    """Which modality and reader made each mark? A table without such a column has one, called AI."""
    parts = []
    for part in ("modality", "reader"):
        column = _column(files, frame, part, files.marks)
        cells: list[str | None] = [ALONE] * frame.height if column is None else frame[column].to_list()
        for name, cell in zip(names, cells, strict=True):
            if cell is None:
                raise BadInput(
                    f"Case {name}: column '{column}' of {files.marks} is empty; every mark has a {part}."
                )
        parts.append(cells)
    return [(str(m), str(r)) for m, r in zip(*parts, strict=True)]


def _places(files: MarkFiles, frame: pl.DataFrame, names: Sequence[str], file: str) -> FloatArray:
    """Where is each mark: x, y, z and radius in mm (radius 0 where the table has none and the rule needs none)?"""
    columns = [files.columns[part] for part in ("x", "y", "z")]
    radius = _column(files, frame, "radius", file)
    if radius is None and files.matching.rule == "iou":
        require_columns(frame, {"the radius": files.columns["radius"]}, name=file)
    found = [numbers(names, frame[c].to_list(), c) for c in columns]
    found.append(
        np.zeros(frame.height) if radius is None else numbers(names, frame[radius].to_list(), radius)
    )
    for column, values in zip([*columns, radius or ""], found, strict=True):
        if np.isnan(values).any():
            name = names[int(np.flatnonzero(np.isnan(values))[0])]
            raise BadInput(
                f"Case {name}: column '{column}' of {file} is empty; every mark has a place in mm."
            )
    return np.stack(found, axis=1)


def _numbered(
    files: MarkFiles, cells: Mapping[str, Sequence[str | None]], truth: Truth
) -> dict[str, dict[str, int]]:
    """Case by case, which lesion does each index name?"""
    used: dict[str, set[str]] = defaultdict(set)
    for case, mark, index in zip(cells["case"], cells["mark"], cells["index"], strict=True):
        if case is not None and truth.lesions_of.get(case) and (mark or "").upper() == "LL":
            used[case].add(index or "")
    return {case: truth.numbered(case, indices, files) for case, indices in used.items()}


def _on_lesion(files: MarkFiles, truth: Truth, case: str, mark: str | None, row: int) -> bool:
    """Does the file say that this mark is on a lesion?"""
    column, word = files.columns["mark"], (mark or "").upper()
    if word not in ("NL", "LL"):
        raise BadInput(
            f"Case {case}: column '{column}' of {files.marks} says '{mark or 'nothing'}' in row {row}; a mark is 'NL' "
            "(on no lesion) or 'LL' (on a lesion)."
        )
    if word == "LL" and not truth.lesions_of[case]:
        raise BadInput(
            f"Case {case}: column '{column}' of {files.marks} says 'LL' in row {row}, but {files.truth} counts no "
            "lesion there; correct one of them."
        )
    return word == "LL"


def _classified(files: MarkFiles, marks: list[_Mark], truth: Truth) -> list[_Mark]:
    """Every mark as hit or not; a second mark on one lesion is refused, or (when matched here) does not count."""
    if files.matching.rule == GIVEN:
        seen: dict[tuple[tuple[str, str], str, int], int] = {}
        for mark in marks:
            if mark.lesion is None:
                continue
            key = (mark.pair, mark.case, mark.lesion)
            if key in seen:
                raise BadInput(
                    f"Case {mark.case}: {files.marks} has two LL marks on one lesion by reader {mark.pair[1]} with "
                    f"modality {mark.pair[0]} (rows {seen[key]} and {mark.row}); keep the one with the highest rating."
                )
            seen[key] = mark.row
        return marks
    together: dict[tuple[tuple[str, str], str], list[_Mark]] = defaultdict(list)
    for mark in marks:
        together[(mark.pair, mark.case)].append(mark)
    rule = files.matching
    found = []
    for (_, case), some in together.items():
        places = np.array([mark.place for mark in some], dtype=float)
        lesions = truth.places[case]
        near = nearness(places, lesions, rule=rule.rule, within_mm=rule.within_mm, least_iou=rule.least_iou)
        matched, again = match(near), repeats(near)
        for mark, lesion, repeated in zip(some, matched, again, strict=True):
            if not repeated:
                found.append(_Mark(mark.row, mark.pair, mark.case, mark.rating, lesion, mark.place))
    return found


def _failures(
    files: MarkFiles, frame: pl.DataFrame | None, truth: Truth
) -> dict[tuple[tuple[str, str], str], CaseOutcome]:
    """For which cases did whom give no usable answer?"""
    if frame is None:
        return {}
    assert files.failures is not None
    require_columns(frame, {"the case": files.columns["case"]}, name=files.failures)
    cases = frame[files.columns["case"]].to_list()
    names = [f"{case} (row {row})" for row, case in enumerate(cases, start=2)]
    pairs = _who(files, frame, names)
    column = _column(files, frame, "outcome", files.failures)
    words = [None] * frame.height if column is None else frame[column].to_list()
    found = {}
    for case, pair, word in zip(cases, pairs, words, strict=True):
        if case not in truth.lesions_of:
            raise BadInput(
                f"Case {case}: in {files.failures} but not in {files.truth}; add its row to the truth."
            )
        if word is not None and word not in _NO_ANSWER:
            known = ", ".join(map(repr, _NO_ANSWER))
            raise BadInput(
                f"Case {case}: column '{column}' of {files.failures} says '{word}'; it may be {known}."
            )
        found[(pair, case)] = CaseOutcome.AI_FAILED if word is None else _NO_ANSWER[word]
    return found


def _outcomes(truth: Truth, failed: Mapping[tuple[tuple[str, str], str], CaseOutcome]) -> dict[str, int]:
    first: dict[str, CaseOutcome] = {}
    for (_, case), outcome in sorted(failed.items()):
        first.setdefault(case, outcome)
    known = set(truth.known)
    found = [
        first.get(case, CaseOutcome.SCORED) if case in known else CaseOutcome.REFERENCE_MISSING
        for case in truth.lesions_of
    ]
    return tally(found, enrolled=len(truth.lesions_of), known=OUTCOMES)
