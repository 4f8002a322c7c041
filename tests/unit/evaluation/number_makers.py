"""Small protocols and tables for the kinds whose cases are rows of numbers."""

from __future__ import annotations

import copy

from alarp.evaluation import assemble, read_csv
from alarp.evaluation.kinds import parse_protocol, room

MEASUREMENT = {
    "title": "Nodule diameter",
    "version": 1,
    "kind": "measurement",
    "cases": "cases.csv",
    "columns": {"case": "case", "reference": "reference", "output": "output"},
    "quantity": "diameter",
    "quantity_unit": "mm",
    "tolerance": 1.0,
    "reference_standard": "the mean of two readers",
}
PREDICTION = {
    "title": "Missed appointments",
    "version": 1,
    "kind": "operational",
    "cases": "cases.csv",
    "columns": {"case": "case", "outcome": "attended", "probability": "p"},
    "positive": "no",
    "negative": "yes",
    "analysis": {"bootstrap": 100, "bins": 4},
    "reference_standard": "attendance as recorded",
}
QUALITY = {
    "title": "Reconstruction",
    "version": 1,
    "kind": "enhancement",
    "cases": "cases.csv",
    "columns": {"case": "case", "standard": "standard", "enhanced": "enhanced"},
    "scale": [1, 5],
    "higher_means": "better",
    "margin": -0.5,
    "reference_standard": "two radiologists, blind to the arm",
}
DOSE = {
    "title": "Dose",
    "version": 1,
    "kind": "dose",
    "cases": "cases.csv",
    "columns": {"case": "case", "phase": "phase", "dlp": "dlp"},
    "drl": {"value": 100, "quantity": "dlp", "unit": "mGy cm", "source": "made up for this test"},
    "reference_standard": "dose reports",
}


def protocol(base, **changes):
    values = copy.deepcopy(base) | changes
    return parse_protocol({key: value for key, value in values.items() if value is not None})


def findings(base, rows, header, others=None, **changes):
    """What do these rows show? `others` holds further tables by the protocol's field."""
    plan = protocol(base, **changes)
    frames = {"cases": read_csv(header + "\n" + "\n".join(rows) + "\n", name="cases.csv")} if rows else {}
    for field, text in (others or {}).items():
        frames[field] = read_csv(text, name=f"{field}.csv")
    return room(plan.common.kind).findings(plan, frames)


def result(base, rows, header, others=None, **changes):
    plan = protocol(base, **changes)
    found = findings(base, rows, header, others, **changes)
    return assemble(plan.common, found, lock=None, data={}, code_version="alarp test")


def story_of(content):
    return room(content["kind"]).story(content)


def measure(found, name, subgroup="all"):
    (one,) = [m for m in found.measures if (m.measure, m.subgroup) == (name, subgroup)]
    return one


def comparison(found, name, a):
    (one,) = [c for c in found.comparisons if (c.measure, c.a) == (name, a)]
    return one
