"""What did the tool do with cases that it is not meant for?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from alarp.evaluation.classes import UNKNOWN
from alarp.evaluation.detection.accuracy import accuracy, confusion, readings
from alarp.evaluation.detection.cases import Cases
from alarp.evaluation.detection.options import SEPARATE
from alarp.evaluation.detection.protocol import DetectionProtocol
from alarp.evaluation.intervals import BoolArray, proportion
from alarp.kernel import BadInput, Measure

INSIDE, OUTSIDE = "inside the intended use", "outside the intended use"
_NO_REASON = "no reason given"


def only(cases: Cases, which: BoolArray) -> Cases:
    """The same for some of the cases, under every answer."""
    places = np.flatnonzero(which).tolist()

    def some(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(values[i] for i in places)

    minutes, readers, scope = cases.minutes, cases.readers, cases.scope
    return replace(
        cases,
        names=some(cases.names),
        truth=cases.truth[which],
        called=cases.called[which],
        suspicion=cases.suspicion[which],
        outcome=some(cases.outcome),
        patient=None if cases.patient is None else cases.patient[which],
        subgroups={name: some(words) for name, words in cases.subgroups.items()},
        said=cases.said[which],
        verified=None if cases.verified is None else cases.verified[which],
        minutes=minutes
        and replace(minutes, to_result=minutes.to_result[which], on_worklist=minutes.on_worklist[which]),
        readers=readers
        and replace(
            readers,
            first=readers.first[which],
            second=readers.second[which],
            arbitration=readers.arbitration[which],
        ),
        rejected=None if cases.rejected is None else cases.rejected[which],
        scope=scope and replace(scope, inside=scope.inside[which], reason=some(scope.reason)),
        others={name: only(other, which) for name, other in cases.others.items()},
    )


def judged(protocol: DetectionProtocol, cases: Cases) -> Cases:
    """Over which cases are the headline numbers? All, unless the protocol declared beforehand that those outside the
    intended use are counted apart."""
    if cases.scope is None or protocol.options.out_of_scope != SEPARATE:
        return cases
    kept = only(cases, cases.scope.inside)
    for code, word in ((1, protocol.positive), (0, protocol.negative or "anything else")):
        if not np.any(kept.truth == code):
            raise BadInput(
                f"Column '{protocol.columns.in_scope}': no case inside the intended use has the truth '{word}', so "
                "accuracy there cannot be measured; check the column, or declare analysis.out_of_scope: counted."
            )
    return kept


def measures(protocol: DetectionProtocol, cases: Cases) -> list[Measure]:
    """How does the tool fare inside and outside its intended use, and how often does it answer where it should not?

    `answered_out_of_scope`: of the cases outside, the share that the tool answered all the same; `rejected_out_of_scope`
    the share that it rejected, which is what a tool that knows its limits does.
    """
    if cases.scope is None:
        return []
    level, rows = protocol.common.level, []
    for group, which in ((INSIDE, cases.scope.inside), (OUTSIDE, ~cases.scope.inside)):
        found = readings(cases, rule="worst_case", members=which)
        rows += accuracy(found, level=level, subgroup=group)[:2]
    outside = ~cases.scope.inside
    patients = None if cases.patient is None else cases.patient[outside]
    empty = "no case was outside the intended use"
    for name, hits in (
        ("answered_out_of_scope", _answered(cases)),
        ("rejected_out_of_scope", _rejected(cases)),
    ):
        rows.append(proportion(name, hits[outside], level=level, clusters=patients, empty=empty))
    return rows


def _answered(cases: Cases) -> BoolArray:
    """Which cases did the tool answer, whether or not their truth is known?"""
    return np.asarray(cases.said != UNKNOWN, dtype=bool)


def _rejected(cases: Cases) -> BoolArray:
    assert cases.rejected is not None
    return cases.rejected


def figure(protocol: DetectionProtocol, cases: Cases) -> dict[str, Any]:
    """The counts of cases inside and outside, as `figures.scope`, with what became of those outside by reason."""
    if cases.scope is None:
        return {}
    outside = ~cases.scope.inside
    reasons = [word or _NO_REASON for word in cases.scope.reason]
    named = sorted({word for word, out in zip(reasons, outside, strict=True) if out})
    return {
        "scope": {
            "rule": protocol.options.out_of_scope,
            "inside": int(cases.scope.inside.sum()),
            "outside": int(outside.sum()),
            "confusion_outside": confusion(readings(cases, rule="worst_case", members=outside)),
            "reasons": [_of_reason(cases, outside & (np.array(reasons) == word), word) for word in named],
        }
    }


def _of_reason(cases: Cases, which: BoolArray, reason: str) -> dict[str, Any]:
    rejected, answered = which & _rejected(cases), which & _answered(cases)
    return {
        "reason": reason,
        "cases": int(which.sum()),
        "answered": int(answered.sum()),
        "flagged": int((which & (cases.said == 1)).sum()),
        "rejected": int(rejected.sum()),
        "no_answer": int((which & ~answered & ~rejected).sum()),
    }


def remarks(protocol: DetectionProtocol, cases: Cases) -> list[str]:
    """What must be known of cases outside the intended use?"""
    if cases.scope is None:
        return []
    outside = int((~cases.scope.inside).sum())
    if not outside:
        return ["No enrolled case is outside the intended use."]
    counted = (
        "they are counted apart and not in the headline numbers, as the protocol declared"
        if protocol.options.out_of_scope == SEPARATE
        else "they count in every headline number"
    )
    return [f"{outside} of {len(cases.names)} enrolled cases are outside the tool's intended use: {counted}."]
