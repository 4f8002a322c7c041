"""Was the promise kept?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alarp.evaluation.intervals import Comparison
from alarp.evaluation.protocol import Claim
from alarp.kernel import BadInput, Measure

MET = "met"
NOT_MET = "not met"
NOT_MEASURABLE = "not measurable"
TOO_FEW = "too few to tell"
GUARD = (
    "_guarded"  # ends the name of the row whose bounds judge, where those of the plain row may be too narrow
)
AS_TREATED = (
    "as treated only"  # some outputs are missing and nothing stands in for them: no promise is kept by that
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One claim, the number found, and whether it was kept."""

    claim: Claim
    found: float | None
    status: str
    because: str

    def as_dict(self) -> dict[str, Any]:
        """The row of `result.json`."""
        return {
            "claim": self.claim.sentence,
            "measure": self.claim.measure,
            "subgroup": self.claim.subgroup,
            self.claim.side: self.claim.limit,
            "on": self.claim.on,
            "found": self.found,
            "status": self.status,
            "because": self.because,
        }


def require_known(claims: Iterable[Claim], measures: Sequence[str], *, kind: str) -> None:
    """Does this kind of protocol have the measures that its claims name?"""
    for number, claim in enumerate(claims, start=1):
        if claim.measure not in measures:
            raise BadInput(
                f"The protocol's claim {number} names the measure '{claim.measure}', which a {kind} evaluation "
                f"does not have: it has {', '.join(measures)}."
            )


def judge(claim: Claim, measures: Iterable[Measure], comparisons: Iterable[Comparison] = ()) -> Verdict:
    """Was this claim met, not met, or can nobody tell? A claim with `a` and `b` is about their difference.

    A claim on a bound is judged by the guarded interval where one stands beside the measure (`auc_guarded` beside
    `auc`): nothing is let through on an interval that is known to be too narrow.
    """
    if claim.a is not None:
        return _judge_difference(claim, comparisons)
    found = {m.measure: m for m in measures if m.subgroup == claim.subgroup}
    if (plain := found.get(claim.measure)) is not None:
        guarded = found.get(claim.measure + GUARD)
        if guarded is not None and claim.on != "estimate" and guarded.is_measurable:
            return _judge_guarded(claim, plain, guarded)
        return _judge(claim, plain)
    return Verdict(claim, None, NOT_MEASURABLE, f"no case belongs to the subgroup '{claim.subgroup}'")


def _judge_difference(claim: Claim, comparisons: Iterable[Comparison]) -> Verdict:
    rows = {row.measure: row for row in comparisons if (row.a, row.b) == (claim.a, claim.b)}
    if (plain := rows.get(claim.measure)) is None:
        because = f"'{claim.a}' and '{claim.b}' were not compared in this order"
        return Verdict(claim, None, NOT_MEASURABLE, because)
    row = plain if claim.on == "estimate" else rows.get(claim.measure + GUARD, plain)
    found, bound = (_of_difference(each, claim.on) for each in (row, plain))
    if found is None:
        return Verdict(claim, None, NOT_MEASURABLE, row.flag or f"there is no {claim.on} bound")
    verdict = _answer(claim, found)
    return verdict if row is plain or bound is None else _saying(verdict, row.measure, plain.measure, bound)


def _of_difference(row: Comparison, on: str) -> float | None:
    return {"estimate": row.difference, "low": row.low, "high": row.high}[on]


def _judge(claim: Claim, measure: Measure) -> Verdict:
    found = {"estimate": measure.estimate, "low": measure.low, "high": measure.high}[claim.on]
    if found is None:
        return Verdict(claim, None, NOT_MEASURABLE, measure.because or f"there is no {claim.on} bound")
    if measure.because.startswith((TOO_FEW, AS_TREATED)):
        return Verdict(claim, found, NOT_MEASURABLE, measure.because)
    # what is said of an interval goes with the answer to a claim on its bound
    doubt = "" if claim.on == "estimate" else measure.because
    return replace(_answer(claim, found), because=doubt)


def _judge_guarded(claim: Claim, plain: Measure, guarded: Measure) -> Verdict:
    """The verdict by the guarded bound, which says what the plain one would have been."""
    if plain.because.startswith((TOO_FEW, AS_TREATED)):
        return _judge(claim, plain)
    verdict, bound = _judge(claim, guarded), getattr(plain, claim.on)
    if bound is None or bound == verdict.found:
        return verdict
    return _saying(verdict, guarded.measure, plain.measure, bound)


def _saying(verdict: Verdict, by: str, instead_of: str, bound: float) -> Verdict:
    because = f"judged by {by}; the bound of {instead_of} is {bound:.4f}"
    return replace(verdict, because="; ".join(filter(None, [verdict.because, because])))


def _answer(claim: Claim, found: float) -> Verdict:
    kept = found >= claim.limit if claim.side == "at_least" else found <= claim.limit
    return Verdict(claim, found, MET if kept else NOT_MET, "")
