"""What does a protocol for detection or triage promise and declare?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from alarp.evaluation.answering import SHARES
from alarp.evaluation.casemix import Population, parse_population
from alarp.evaluation.claims import require_known
from alarp.evaluation.detection.options import SEPARATE, Options, parse_options
from alarp.evaluation.fields import Fields
from alarp.evaluation.protocol import Common, parse_common
from alarp.evaluation.reference_readings import AGREEMENT, ReadingsFile, parse_readings_file
from alarp.evaluation.subgroups import Plan, parse_plan
from alarp.evaluation.transporting import ENDING
from alarp.kernel import BadInput

DISEASE = "disease"
NO_DISEASE = "no disease"
_HEADLINE = ("sensitivity", "specificity", "ppv", "npv", "auc")
VARIANTS = ("best_case", "worst_case", "as_treated")
_SIDES = ("sensitivity", "specificity")
MEASURE_NAMES = (
    *_HEADLINE,
    "failure_rate",
    *(f"{m}_{v}" for m in _HEADLINE for v in VARIANTS),
    *("auc_guarded", "partial_auc", "lr_positive", "lr_negative", "ppv_at_prevalence", "npv_at_prevalence"),
    *("brier", "calibration_slope", "calibration_intercept"),
    *(f"{m}_{way}" for m in _SIDES for way in ("naive", "begg_greenes", "ipw")),
    *(
        f"{what}_promised_{m}"
        for m in _SIDES
        for what in ("threshold_for", "sensitivity_at", "specificity_at")
    ),
    *("time_to_result_min", "worklist_wait_min", "time_saved_min", "time_saved_all_diseased_min"),
    *("notified_earlier", "time_to_notification_min"),
    *SHARES,
    *("recall_rate", "detection_rate", "arbitration_rate", "recalls_per_cancer"),
    *("extra_assessments_per_1000", "extra_assessments_per_1000_at_prevalence"),
    *(name + ENDING for name in ("sensitivity", "specificity", "auc")),
    *AGREEMENT,
    *(f"{m}_unanimous" for m in _SIDES),
    *("answered_out_of_scope", "rejected_out_of_scope"),
)
OPTIONAL_ROLES = (
    "patient", "outcome", "verified", "time_to_result_min", "worklist_wait_min", "reader1", "reader2", "arbitration", "in_scope",
    "out_of_scope_reason", "answer_min",
)  # fmt: skip
_TOGETHER = (("time_to_result_min", "worklist_wait_min"), ("reader1", "reader2", "arbitration"))


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of the table plays which part?"""

    case: str
    truth: str
    score: str | None
    decision: str | None
    patient: str | None
    outcome: str | None
    subgroups: dict[str, str]  # a subgroup's name -> its column
    verified: str | None = None
    time_to_result_min: str | None = None
    worklist_wait_min: str | None = None
    reader1: str | None = None
    reader2: str | None = None
    arbitration: str | None = None
    in_scope: str | None = None
    out_of_scope_reason: str | None = None
    answer_min: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One tool (or reader) whose answers stand in the table: by a score, a decision or both."""

    name: str
    score: str | None
    decision: str | None
    threshold: float | None
    higher_means: str | None


@dataclass(frozen=True, slots=True)
class DetectionProtocol:
    """A locked plan for a tool that flags cases, by a score, a decision or both.

    `columns`, `higher_means` and `threshold` are those of the first answer, which is the headline; `answers` names all.
    """

    common: Common
    columns: Columns
    truth: str | None  # a second table, when truth is kept apart from the outputs
    positive: str
    negative: str | None
    indeterminate: tuple[str, ...]
    higher_means: str | None
    threshold: float | None
    answers: tuple[Answer, ...]
    options: Options
    subgroup_plan: Plan
    vendor: Population | None  # on whom the vendor tested
    reference_readings: ReadingsFile | None  # what the makers of the truth said, each by himself

    @property
    def several(self) -> bool:
        """Are several scores or decisions compared?"""
        return len(self.answers) > 1

    def seen_as(self, answer: Answer) -> DetectionProtocol:
        """The same protocol with another answer as the one that counts; the table's `outcome` is the headline's own."""
        first = answer.name == self.answers[0].name
        columns = replace(
            self.columns,
            score=answer.score,
            decision=answer.decision,
            outcome=self.columns.outcome if first else None,
        )
        return replace(self, columns=columns, threshold=answer.threshold, higher_means=answer.higher_means)


def parse(values: Mapping[str, Any]) -> DetectionProtocol:
    """Which detection protocol is this? Raises BadInput naming the field that is missing, unknown or wrong."""
    fields = Fields(values)
    common = parse_common(fields, values)
    names = Fields(
        fields.mapping("columns", "which column is the case, the truth, the score"), where="columns"
    )
    answers = _answers(fields, names)
    analysis = Fields(common.analysis, where="analysis")
    plan = parse_plan(
        analysis,
        common.subgroups,
        minimum_n=common.minimum_n,
        level=common.level,
        gap_margin=common.gap_margin,
    )
    if len(answers) > 1 and "score" in plan.variables:
        raise BadInput(
            "The protocol compares several scores and names a subgroup 'score': give the subgroup another name, since "
            "the rows of each score are called 'score=NAME'."
        )
    protocol = DetectionProtocol(
        common=common,
        columns=_columns(names, answers[0], plan.variables),
        truth=fields.text("truth") if fields.has("truth") else None,
        positive=fields.text("positive", "the truth value that means disease"),
        negative=fields.text("negative") if fields.has("negative") else None,
        indeterminate=fields.texts("indeterminate"),
        higher_means=answers[0].higher_means,
        threshold=answers[0].threshold,
        answers=answers,
        options=parse_options(analysis),
        subgroup_plan=plan,
        vendor=parse_population(analysis, plan.variables),
        reference_readings=parse_readings_file(fields),
    )
    analysis.refuse_unknown()
    fields.refuse_unknown()
    _check(protocol)
    require_known(common.claims, MEASURE_NAMES, kind=common.kind)
    return protocol


def _check(protocol: DetectionProtocol) -> None:
    if protocol.columns.in_scope is None and (
        protocol.options.out_of_scope == SEPARATE or protocol.columns.out_of_scope_reason is not None
    ):
        raise BadInput(
            "The protocol speaks of cases outside the intended use and names no 'columns.in_scope': name the column that "
            "says (yes or no) for which cases the tool is meant."
        )
    if protocol.options.score_is_probability and protocol.columns.score is None:
        raise BadInput(
            "The protocol says 'analysis.score_is_probability' and names no 'columns.score': name it."
        )
    if protocol.options.score_is_probability and protocol.higher_means == NO_DISEASE:
        raise BadInput(
            "The protocol's field 'analysis.score_is_probability' is true, but 'higher_means' is 'no disease': a "
            "probability of disease rises with disease; correct one of them."
        )
    if protocol.options.sampling_fractions and protocol.columns.verified is None:
        raise BadInput(
            "The protocol has 'analysis.verification' and names no 'columns.verified': name the column that says (yes or "
            "no) which cases were verified."
        )
    for group in _TOGETHER:
        missing = [role for role in group if getattr(protocol.columns, role) is None]
        if missing and len(missing) < len(group):
            raise BadInput(
                f"The protocol names {' and '.join(f'columns.{r}' for r in group if r not in missing)} without "
                f"columns.{missing[0]}: they are used together, so name it."
            )


def _by_name(fields: Fields, role: str) -> dict[str, str] | str | None:
    """One column, or several by name: a list names each by its column, a mapping gives the names."""
    value = fields.take(role)
    if isinstance(value, list):
        columns = fields.texts(role)
        if len(set(columns)) < len(columns) or not columns:
            raise fields.wrong(role, value, "a list of different columns")
        return {column: column for column in columns}
    if isinstance(value, Mapping):
        if not value or any(isinstance(v, (Mapping, list)) or v is None for v in value.values()):
            raise fields.wrong(role, value, "one column, a list of columns, or a mapping of name: column")
        return {str(name).strip(): str(column).strip() for name, column in value.items()}
    return fields.text(role) if fields.has(role) else None


def _answers(fields: Fields, names: Fields) -> tuple[Answer, ...]:
    """Whose answers are in the table? The first is the headline, the others are compared with it."""
    scores, decisions = _by_name(names, "score"), _by_name(names, "decision")
    if scores is None and decisions is None:
        raise BadInput(
            "The protocol has no field 'columns.score': name the column with the tool's score or decision."
        )
    if scores is not None and decisions is not None and isinstance(scores, str) != isinstance(decisions, str):
        raise BadInput(
            "The protocol names several answers in one of 'columns.score' and 'columns.decision' and one column in the "
            "other: give both as a mapping of name: column, so that nobody guesses which belong together."
        )
    if not isinstance(scores, dict) and not isinstance(decisions, dict):
        only = scores or decisions or ""
        scores = None if scores is None else {only: scores}
        decisions = None if decisions is None else {only: decisions}
    fields.take("higher_means")  # a decision has no direction; the field may stand there for the scores
    by_score = scores if isinstance(scores, dict) else {}
    by_decision = decisions if isinstance(decisions, dict) else {}
    order = list(dict.fromkeys([*by_score, *by_decision]))
    return tuple(
        Answer(
            name=name,
            score=by_score.get(name),
            decision=by_decision.get(name),
            threshold=_threshold(fields, name, order),
            higher_means=_direction(fields, name, order) if name in by_score else None,
        )
        for name in order
        if _operating(fields, name, order, decided=name in by_decision)
    )


def _operating(fields: Fields, name: str, order: list[str], *, decided: bool) -> bool:
    """Did somebody set this answer's operating point?"""
    if decided or _threshold(fields, name, order) is not None:
        return True
    whose = "" if len(order) == 1 else f" for '{name}'"
    raise BadInput(
        f"The protocol has no field 'threshold'{whose} and names no 'columns.decision'{whose}: nobody set the operating "
        "point; add the threshold that was agreed before looking, or name the column with the tool's decision."
    )


def _of(fields: Fields, field: str, name: str, order: list[str]) -> Any:
    """The field's value for this answer: one for all, or a mapping by the answers' names."""
    value = fields.take(field)
    if not isinstance(value, Mapping):
        return value
    strangers = [str(key) for key in value if str(key) not in order]
    if strangers:
        raise BadInput(
            f"The protocol's field '{field}' names '{strangers[0]}', which is none of its scores: they are "
            + ", ".join(order)
            + "."
        )
    return next((v for key, v in value.items() if str(key) == name), None)


def _threshold(fields: Fields, name: str, order: list[str]) -> float | None:
    value = _of(fields, "threshold", name, order)
    return None if value is None else Fields({"threshold": value}).number("threshold")


def _direction(fields: Fields, name: str, order: list[str]) -> str:
    one = Fields({"higher_means": _of(fields, "higher_means", name, order)})
    whose = "" if len(order) == 1 else f"for '{name}' "
    return one.choice(
        "higher_means",
        [DISEASE, NO_DISEASE],
        f"{whose}'disease' or 'no disease': the direction of a score is never guessed",
    )


def _columns(names: Fields, first: Answer, subgroups: tuple[str, ...]) -> Columns:
    def optional(role: str) -> str | None:
        return names.text(role) if names.has(role) else None

    columns = Columns(
        case=names.text("case", "the column with the case's name"),
        truth=names.text("truth", "the column with the reference standard's answer"),
        score=first.score,
        decision=first.decision,
        subgroups={name: optional(name) or name for name in subgroups},
        **{role: optional(role) for role in OPTIONAL_ROLES},
    )
    names.refuse_unknown()
    return columns
