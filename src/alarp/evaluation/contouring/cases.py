"""Which cases were enrolled, where are their files, and what does the table itself say of each?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from alarp.evaluation.contouring.protocol import Columns, ContouringProtocol, fold
from alarp.evaluation.outcomes import CaseOutcome
from alarp.evaluation.tables import require_columns, require_unique_cases
from alarp.kernel import BadInput

NOT_RECORDED = "not recorded"
YES, NO = ("yes", "true", "1"), ("no", "false", "0")
_DECLARABLE = {
    o.value: o for o in (CaseOutcome.AI_FAILED, CaseOutcome.REJECTED_BY_AI, CaseOutcome.INDETERMINATE)
}


@dataclass(frozen=True, slots=True)
class Enrolled:
    """One row of the cases table: where its files are, and what the table itself says became of it."""

    case: str
    patient: str
    images: str | None
    reference: str | None
    output: str | None
    declared: CaseOutcome | None
    subgroups: dict[str, str]
    observer: str | None = None
    dose: str | None = None
    edit_time_min: float | None = None
    manual_time_min: float | None = None
    accepted: bool | None = None  # this fraction was treated on the tool's outlines
    fallback: bool | None = None  # this fraction fell back to the manual way
    answer_min: float | None = None  # from sending to the outlines


def parse_cases(protocol: ContouringProtocol, frame: pl.DataFrame) -> tuple[Enrolled, ...]:
    """Which cases were enrolled, and where are their files? Raises BadInput naming case and column.

    With a column for the fraction (online adaptive radiotherapy) a row is one fraction, its case 'P1 fraction 3' and
    its patient, unless a column says otherwise, the case.
    """
    columns, file = protocol.columns, protocol.common.cases
    if columns.images is None and "images" in frame.columns:
        columns = replace(columns, images="images")
    wanted = {"the case": columns.case, "the reference": columns.reference, "the output": columns.output}
    optional = {
        "the images": columns.images, "the patient": columns.patient, "the outcome": columns.outcome,
        "the second observer": columns.observer, "the dose": columns.dose, "the fraction": columns.fraction,
        "the minutes of editing": columns.edit_time_min, "the minutes by hand": columns.manual_time_min,
        "acceptance": columns.accepted, "the fallback": columns.fallback,
        "the minutes to the answer": columns.answer_min,
    }  # fmt: skip
    wanted |= {role: column for role, column in optional.items() if column is not None}
    wanted |= {f"the subgroup {name}": column for name, column in columns.subgroups.items()}
    require_columns(frame, wanted, name=file)
    if columns.fraction is None:
        require_unique_cases(frame, columns.case, name=file)
    rows = tuple(_enrolled(protocol, columns, row, file) for row in frame.iter_rows(named=True))
    if not rows:
        raise BadInput(f"{file} holds no case: it needs one row a case.")
    doubled = [case for case, count in Counter(row.case for row in rows).items() if count > 1]
    if doubled:
        raise BadInput(
            f"Case {doubled[0]}: {file} holds it more than once; a case, and a fraction of one, has one row."
        )
    return rows


def _enrolled(
    protocol: ContouringProtocol, columns: Columns, row: Mapping[str, str | None], file: str
) -> Enrolled:
    case = row[columns.case]
    if case is None:
        raise BadInput(f"{file}: column '{columns.case}' is empty in one row; every case needs a name.")
    label = case
    if columns.fraction is not None:
        if row[columns.fraction] is None:
            raise BadInput(f"Case {case}: column '{columns.fraction}' is empty; every row is one fraction.")
        label = f"{case} fraction {row[columns.fraction]}"
    patient = row[columns.patient] if columns.patient is not None else case
    if patient is None:
        raise BadInput(f"Case {label}: column '{columns.patient}' is empty; every case belongs to a patient.")

    def cell(column: str | None) -> str | None:
        return row[column] if column is not None else None

    return Enrolled(
        case=label,
        patient=patient,
        images=cell(columns.images) or protocol.images,
        reference=row[columns.reference],
        output=row[columns.output],
        declared=_declared(label, columns.outcome, cell(columns.outcome)),
        subgroups={s: row[column] or NOT_RECORDED for s, column in columns.subgroups.items()},
        observer=cell(columns.observer),
        dose=cell(columns.dose),
        edit_time_min=_minutes(label, columns.edit_time_min, cell(columns.edit_time_min)),
        manual_time_min=_minutes(label, columns.manual_time_min, cell(columns.manual_time_min)),
        accepted=_yes_or_no(label, columns.accepted, cell(columns.accepted)),
        fallback=_yes_or_no(label, columns.fallback, cell(columns.fallback)),
        answer_min=_minutes(label, columns.answer_min, cell(columns.answer_min)),
    )


def _declared(case: str, column: str | None, said: str | None) -> CaseOutcome | None:
    if said is not None and said != CaseOutcome.SCORED and said not in _DECLARABLE:
        raise BadInput(
            f"Case {case}: column '{column}' says '{said}'; it may be empty, 'scored', "
            f"{', '.join(map(repr, _DECLARABLE))}."
        )
    return _DECLARABLE.get(said) if said is not None else None


def _minutes(case: str, column: str | None, said: str | None) -> float | None:
    if said is None:
        return None
    try:
        minutes = float(said)
    except ValueError:
        minutes = math.nan
    if not math.isfinite(minutes) or minutes < 0:
        raise BadInput(f"Case {case}: column '{column}' is '{said}'; write minutes as a number, 0 or more.")
    return minutes


def _yes_or_no(case: str, column: str | None, said: str | None) -> bool | None:
    if column is None:
        return None
    if said is None or said.lower() not in (*YES, *NO):
        raise BadInput(f"Case {case}: column '{column}' is '{said or ''}'; write yes or no.")
    return said.lower() in YES


def structure_names(names: Iterable[Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Which structures are evaluated when the protocol lists none? All that any reference names, each once."""
    found: dict[str, tuple[str, ...]] = {}
    first: dict[str, str] = {}
    for reference in names:
        for name in reference:
            spelling = first.setdefault(fold(name), name)
            found[spelling] = (spelling,)
    return found


def asking(protocol: ContouringProtocol, names: Mapping[str, tuple[str, ...]]) -> ContouringProtocol:
    """Which protocol asks for these structures in every case? The same, with the names written in."""
    return replace(protocol, structures=dict(names))
