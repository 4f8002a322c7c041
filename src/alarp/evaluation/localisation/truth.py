"""Which lesions does every case have, what do they weigh, and where are they?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from alarp.evaluation import reference_readings
from alarp.evaluation.cells import NOT_RECORDED, numbers
from alarp.evaluation.classes import yes_or_no
from alarp.evaluation.intervals import BoolArray, Codes, FloatArray
from alarp.evaluation.localisation.protocol import MarkFiles
from alarp.evaluation.mrmc.study import ordered
from alarp.evaluation.reference_readings import ReadingsFile
from alarp.evaluation.result import Findings
from alarp.evaluation.tables import require_columns, require_unique_cases
from alarp.kernel import BadInput

_YES, _NO = ("1", "true", "yes", "diseased"), ("0", "false", "no", "healthy")


@dataclass(frozen=True, slots=True)
class Truth:
    """The reference standard: `lesions_of` every enrolled case (labels), and arrays over the cases that are `known`.

    `first_lesion` (K): where a case's lesions begin among all lesions. `places`: x, y, z, radius in mm, where given.
    """

    lesions_of: Mapping[str, tuple[str, ...]]
    weighted: bool
    known: tuple[str, ...]
    diseased: BoolArray
    first_lesion: Codes
    lesion_case: Codes
    weight: FloatArray
    patient: Codes | None
    places: Mapping[str, FloatArray]
    subgroups: Mapping[str, tuple[str, ...]]

    def numbered(self, case: str, indices: set[str], files: MarkFiles) -> dict[str, int]:
        """Which lesion of its case does each index of the marks name, from 0?

        Lesions are numbered from 1, as their weights are. Where all lesions of a case weigh the same, other names will
        do: it matters only that two marks name two lesions.
        """
        labels = self.lesions_of[case]
        found = {index: _label(index) for index in indices}
        if set(found.values()) <= set(labels):
            return {index: labels.index(label) for index, label in found.items()}
        k = self.known.index(case) if case in self.known else None
        own = self.weight[self.lesion_case == k]
        if "" not in indices and len(set(found.values())) <= len(labels) and len(set(own.round(9))) <= 1:
            order = ordered(list(found.values()))
            return {index: order.index(label) for index, label in found.items()}
        strange = ordered([index or "nothing" for index, label in found.items() if label not in labels])[0]
        raise BadInput(
            f"Case {case}: column '{files.columns['index']}' of {files.marks} names lesion '{strange}'; {files.truth} "
            f"counts {len(labels)} there, numbered from 1."
        )


def _label(index: str | None) -> str:
    try:
        value = float(index or "")
    except ValueError:
        return index or ""
    return str(int(value)) if value == int(value) else str(index)


def parse_truth(files: MarkFiles, frame: pl.DataFrame, lesions: pl.DataFrame | None) -> Truth:
    """What is true of every case? Raises BadInput naming the case and the column."""
    names = files.columns
    require_columns(
        frame,
        {f"the {part}": names[part] for part in ("case", "diseased", "n_lesions")},
        name=files.truth,
    )
    require_unique_cases(frame, names["case"], name=files.truth)
    cases = [str(case) for case in frame[names["case"]]]
    ill = dict(
        zip(
            cases,
            (_diseased(files, c, v) for c, v in zip(cases, frame[names["diseased"]], strict=True)),
            strict=True,
        )
    )
    count = dict(
        zip(
            cases,
            numbers(cases, frame[names["n_lesions"]].to_list(), names["n_lesions"], within=(0, 1e4)),
            strict=True,
        )
    )
    labels = {case: _labels(files, case, ill[case], float(count[case])) for case in cases}
    weights = _weights(files, frame, cases, labels)
    known = tuple(case for case in ordered(cases) if ill[case] is not None)
    diseased = np.array([ill[case] is True for case in known])
    for word, present in (("diseased", bool(diseased.any())), ("healthy", bool((~diseased).any()))):
        if not present:
            raise BadInput(
                f"Column '{names['diseased']}' of {files.truth}: no case is {word}; with one class only, marks cannot be "
                "judged."
            )
    sizes = np.array([len(labels[case]) for case in known])
    return Truth(
        lesions_of=labels,
        weighted=weights is not None,
        known=known,
        diseased=diseased,
        first_lesion=np.cumsum(sizes) - sizes,
        lesion_case=np.repeat(np.arange(len(known)), sizes),
        weight=np.concatenate(
            [
                np.array(weights[case])
                if weights
                else np.full(len(labels[case]), 1 / max(1, len(labels[case])))
                for case in known
            ]
        ),
        patient=_patient(files, frame, cases, known),
        places=_places(files, lesions, labels),
        subgroups=_subgroups(files, frame, cases, known),
    )


def _diseased(files: MarkFiles, case: str, cell: str | None) -> bool | None:
    if cell is None:
        return None
    word = cell.lower().removesuffix(".0")
    if word in _YES or word in _NO:
        return word in _YES
    raise BadInput(
        f"Case {case}: column '{files.columns['diseased']}' of {files.truth} says '{cell}'; it is 1 or 0 (true or "
        "false), or empty when nobody knows."
    )


def _labels(files: MarkFiles, case: str, ill: bool | None, count: float) -> tuple[str, ...]:
    """The lesions of a case, called 1 to n."""
    column = files.columns["n_lesions"]
    if np.isnan(count):
        if ill:
            raise BadInput(
                f"Case {case}: column '{column}' of {files.truth} is empty; write how many lesions it has."
            )
        count = 0
    if count != int(count) or (ill is not None and (count > 0) is not ill):
        what = (
            "not a whole number"
            if count != int(count)
            else f"but the case is {'diseased' if ill else 'healthy'}"
        )
        raise BadInput(
            f"Case {case}: column '{column}' of {files.truth} says {count:g}, {what}; correct the row."
        )
    return tuple(str(n) for n in range(1, int(count) + 1))


def _weights(
    files: MarkFiles, frame: pl.DataFrame, cases: list[str], labels: Mapping[str, tuple[str, ...]]
) -> dict[str, list[float]] | None:
    """What does each lesion count? Equal shares unless the truth gives weights, which must sum to one in a case."""
    column = files.columns["weights"]
    if column not in frame.columns:
        if "weights" in files.declared:
            require_columns(frame, {"the weights": column}, name=files.truth)
        return None
    found = {}
    for case, cell in zip(cases, frame[column].to_list(), strict=True):
        size = len(labels[case])
        if cell is None:
            found[case] = [1 / max(1, size)] * size
            continue
        parts = [part for part in re.split(r"[\s;,|]+", cell.strip("[]() ")) if part]
        values = numbers([case] * len(parts), parts, column, within=(0, 1e6))
        if size and (len(values) != size or abs(float(values.sum()) - 1) > 0.02):
            raise BadInput(
                f"Case {case}: column '{column}' of {files.truth} says '{cell}'; it needs {size} weights that sum to 1, "
                "as in '0.5;0.5' (rounding is forgiven)."
            )
        found[case] = [float(v) for v in values / values.sum()] if size else []
    return found


def _patient(files: MarkFiles, frame: pl.DataFrame, cases: list[str], known: tuple[str, ...]) -> Codes | None:
    if files.patient is None:
        return None
    require_columns(frame, {"the patient": files.patient}, name=files.truth)
    owner = dict(zip(cases, frame[files.patient].to_list(), strict=True))
    missing = next((case for case in known if owner[case] is None), None)
    if missing is not None:
        raise BadInput(
            f"Case {missing}: column '{files.patient}' of {files.truth} is empty; every case has a patient."
        )
    codes = np.unique([str(owner[case]) for case in known], return_inverse=True)[1]
    return None if len(np.unique(codes)) == len(codes) else codes.astype(np.int64)


def _subgroups(
    files: MarkFiles, frame: pl.DataFrame, cases: list[str], known: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    wanted = {f"the subgroup {name}": column for name, column in files.subgroups.items()}
    require_columns(frame, wanted, name=files.truth)
    found = {}
    for name, column in files.subgroups.items():
        label = dict(zip(cases, frame[column].to_list(), strict=True))
        found[name] = tuple(label[case] or NOT_RECORDED for case in known)
    return found


def _places(
    files: MarkFiles, frame: pl.DataFrame | None, labels: Mapping[str, tuple[str, ...]]
) -> dict[str, FloatArray]:
    """Where is each lesion, in mm? Every lesion that the truth counts has a row, and no other."""
    if frame is None:
        return {}
    assert files.lesions is not None
    parts = ("case", "index", "x", "y", "z", "radius")
    require_columns(frame, {f"the {part}": files.columns[part] for part in parts}, name=files.lesions)
    case = [str(c) for c in frame[files.columns["case"]]]
    columns = [files.columns[part] for part in parts[2:]]
    values = np.stack([numbers(case, frame[c].to_list(), c) for c in columns], axis=1)
    found: dict[str, dict[str, FloatArray]] = {name: {} for name in labels}
    for name, index, place in zip(case, frame[files.columns["index"]].to_list(), values, strict=True):
        label = _label(index)
        if name not in labels or label not in labels[name] or label in found[name] or np.isnan(place).any():
            raise BadInput(
                f"Case {name}: {files.lesions} has a row for lesion '{index or 'nothing'}' that is twice there, has an "
                f"empty cell, or is not counted by {files.truth}; correct the row."
            )
        found[name][label] = place
    for name, known in labels.items():
        for label in known:
            if label not in found[name]:
                raise BadInput(
                    f"Case {name}: {files.lesions} has no row for lesion {label}; add its place in mm."
                )
    return {
        name: np.array([found[name][label] for label in known]).reshape(len(known), 4)
        for name, known in labels.items()
    }


def with_readings(
    findings: Findings,
    files: MarkFiles,
    readings: ReadingsFile | None,
    tables: Mapping[str, pl.DataFrame],
    *,
    level: float,
) -> Findings:
    """The findings with the agreement of those who said which case is diseased, where the protocol names their readings."""
    if readings is None:
        return findings
    truth, patient = tables["truth"], files.patient
    return reference_readings.beside(
        findings,
        readings,
        tables[reference_readings.FIELD],
        cases=truth[files.columns["case"]].to_list(),
        patients=None if patient is None else truth[patient].to_list(),
        cases_file=files.truth,
        coded=lambda made: yes_or_no(made.label, made.cell, readings.reading, yes=_YES, no=_NO).tolist(),
        level=level,
    )
