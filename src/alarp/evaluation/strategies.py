"""What counts as right for this kind of tool? In plain English, from the fields of the file contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Values = Mapping[str, Any]


def strategy(kind: str, values: Values) -> tuple[str, ...]:
    """Which sentences say how this kind is judged?"""
    return tuple(_STRATEGIES[kind](values))


def _part(values: Values, field: str) -> Values:
    found = values.get(field)
    return found if isinstance(found, Mapping) else {}


def _detection(values: Values) -> Iterator[str]:
    columns, threshold = _part(values, "columns"), values.get("threshold")
    yield f"A case is diseased when its truth is '{values.get('positive')}'."
    direction = "at or below" if values.get("higher_means") == "no disease" else "at or above"
    if threshold is not None:
        yield f"A case is flagged when its score is {direction} {threshold}, fixed beforehand."
    elif columns.get("decision"):
        yield f"A case is flagged when the tool itself says so (column '{columns['decision']}')."
    if _part(values, "analysis").get("out_of_scope") == "separate":
        yield "Cases outside the intended use are counted apart, and not in the headline numbers."
    yield "Right means: the diseased are flagged (sensitivity) and the others are left alone (specificity)."


def _localisation(values: Values) -> Iterator[str]:
    yield (
        f"Marks are read from {values.get('marks')}: one on a lesion (LL) counts for that lesion by its rating, one "
        "elsewhere (NL) counts against the tool."
    )
    yield f"Which cases are diseased, and how many lesions each has, stands in {values.get('truth')}."
    yield "Right means: lesions found where they are, at few marks where nothing is; a found case is not enough."


def _reader_study(values: Values) -> Iterator[str]:
    design = _part(values, "design")
    readers = design.get("readers", "random")
    cases = design.get("cases", "random")
    whom = {"random": "readers like these, whoever they are", "fixed": "these very readers only"}[
        str(readers)
    ]
    which = {"random": "cases like these", "fixed": "these very cases only"}[str(cases)]
    yield f"People read the same cases under each condition; the answer holds for {whom} and for {which}."
    yield (
        f"The endpoint is {design.get('endpoint', 'auc')}, averaged over readers; the uncertainty of readers and cases is "
        f"carried by {_METHODS.get(str(design.get('method', 'or')), design.get('method'))}."
    )


_METHODS = {
    "or": "Obuchowski and Rockette's model with Hillis's degrees of freedom",
    "dbm": "Dorfman, Berbaum and Metz's pseudovalues",
    "u-statistic": "Gallas's U-statistics, for readers who did not read every case",
}


def _contouring(values: Values) -> Iterator[str]:
    names = list(values.get("structures") or _part(values, "labels").values())
    which = ", ".join(map(str, names)) if names else "every structure that a reference names"
    yield f"The structures: {which}."
    yield (
        f"Right means: the tool's surface lies within {values.get('tolerance_mm')} mm of the reference's (surface Dice), "
        "and the two outlines overlap (Dice)."
    )
    yield "A structure that is missed, or drawn where there is none, is a result; it is never left out of the mean."


def _measurement(values: Values) -> Iterator[str]:
    tolerance, unit = values.get("tolerance"), values.get("quantity_unit", "")
    what = values.get("quantity", "the measurement")
    yield f"The tool states {what} as a number{f' in {unit}' if unit else ''}."
    if isinstance(tolerance, Mapping):
        yield f"Right means: within {tolerance.get('percent')} % of the reference."
    elif tolerance is not None:
        yield f"Right means: within {tolerance} {unit} of the reference.".replace("  ", " ")
    else:
        yield "It fixes no tolerance: bias and limits of agreement are described, nothing is right or wrong."


def _prediction(values: Values) -> Iterator[str]:
    yield "The tool states a probability; the truth is what happened afterwards."
    yield (
        "Right means: of those given 20 %, one in five has the event (calibration), and those who have it are given more "
        "than those who have not (discrimination)."
    )
    if values.get("overbook_at") is not None:
        yield f"Somebody acts from a probability of {values['overbook_at']} on, fixed beforehand."


def _enhancement(values: Values) -> Iterator[str]:
    yield (
        "Right means: the same people's images are no worse than before by more than the margin, scored in pairs by "
        "readers who do not know which is which; a dose that falls does not make up for an image that is worse."
    )


def _dose(values: Values) -> Iterator[str]:
    yield "Right means: the dose before and after is compared as a distribution, and against the reference level (DRL)."


_STRATEGIES: Mapping[str, Callable[[Values], Iterator[str]]] = {
    "detection": _detection,
    "triage": _detection,
    "localisation": _localisation,
    "reader-study": _reader_study,
    "contouring": _contouring,
    "measurement": _measurement,
    "prediction": _prediction,
    "operational": _prediction,
    "enhancement": _enhancement,
    "dose": _dose,
}
