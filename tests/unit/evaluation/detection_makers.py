"""Small protocols and tables for the tests of detection."""

from __future__ import annotations

import copy

from alarp.evaluation import detection, read_csv

PROTOCOL = {
    "title": "Nodules on chest X-rays",
    "version": 1,
    "kind": "detection",
    "product": {"name": "NoduleFlag", "version": "2.1"},
    "cases": "cases.csv",
    "columns": {"case": "case", "truth": "truth", "score": "score"},
    "positive": "nodule",
    "negative": "none",
    "higher_means": "disease",
    "threshold": 0.5,
    "failure_rule": "counted as wrong",
    "level": 0.95,
    "reference_standard": "two radiologists and a third to adjudicate",
    "design": "retrospective",
}


def protocol_values(**changes):
    """The protocol with some fields changed; None removes one."""
    values = copy.deepcopy(PROTOCOL) | changes
    return {key: value for key, value in values.items() if value is not None}


def protocol(**changes):
    return detection.parse(protocol_values(**changes))


def table(rows, header="case,truth,score"):
    return header + "\n" + "\n".join(rows) + "\n"


def cases(rows, header="case,truth,score", **changes):
    plan = protocol(**changes)
    return plan, detection.parse_cases(plan, read_csv(table(rows, header), name="cases.csv"))


def findings(rows, header="case,truth,score", **changes):
    plan, found = cases(rows, header, **changes)
    return detection.evaluate(plan, found)


def measure(found, name, subgroup="all"):
    (one,) = [m for m in found.measures if (m.measure, m.subgroup) == (name, subgroup)]
    return one


EIGHT = [
    "a,nodule,0.9", "b,nodule,0.8", "c,nodule,0.6", "d,nodule,0.2",
    "e,none,0.1", "f,none,0.3", "g,none,0.4", "h,none,0.7",
]  # fmt: skip
