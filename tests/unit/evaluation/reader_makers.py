"""Small reader studies for tests, the published data sets, and the plain ways to compute what the engine computes."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import polars as pl

from alarp.evaluation import localisation, read_csv, reader_study

ASSETS = Path(__file__).resolve().parents[2] / "assets" / "evaluation"
PROTOCOL = {
    "title": "Films with and without the tool",
    "version": 1,
    "kind": "reader-study",
    "cases": "readings.csv",
    "columns": {name: name for name in ("reader", "modality", "case", "truth", "rating")},
    "positive": "diseased",
    "design": {
        "readers": "random",
        "cases": "random",
        "method": "or",
        "covariance": "jackknife",
        "endpoint": "auc",
    },
}
MARKS = {
    "title": "Nodules marked",
    "version": 1,
    "kind": "localisation",
    "marks": "marks.csv",
    "truth": "truth.csv",
}


def values(design=None, **changes):
    """The protocol with some fields of the design and some others changed; None removes one."""
    made = copy.deepcopy(PROTOCOL) | changes
    made["design"] = made["design"] | (design or {})
    made["design"] = {k: v for k, v in made["design"].items() if v is not None}
    return {key: value for key, value in made.items() if value is not None}


def published(name):
    """One of the published data sets, as a frame of text cells."""
    return read_csv((ASSETS / f"{name}.csv").read_text("utf-8"), name="readings.csv")


def findings(frame, design=None, **changes):
    return reader_study.findings(reader_study.parse(values(design, **changes)), {"cases": frame})


def ratings(frame):
    """The ratings as modality by reader by case, and who is diseased, in the order of the names."""
    modalities, readers, cases = (sorted(set(frame[c])) for c in ("modality", "reader", "case"))
    cube = np.full((len(modalities), len(readers), len(cases)), np.nan)
    diseased = np.zeros(len(cases), bool)
    for reader, modality, case, truth, rating in frame.iter_rows():
        k = cases.index(case)
        cube[modalities.index(modality), readers.index(reader), k] = float(rating)
        diseased[k] = truth == "diseased"
    return cube, diseased


def long_table(cube, diseased, modalities=None, readers=None):
    """The other way: a frame of text cells; NaN gives an empty cell."""
    rows = {name: [] for name in ("reader", "modality", "case", "truth", "rating")}
    for t, r, k in np.ndindex(cube.shape):
        rows["reader"].append(readers[r] if readers else f"r{r + 1}")
        rows["modality"].append(modalities[t] if modalities else f"m{t + 1}")
        rows["case"].append(f"c{k + 1:04d}")
        rows["truth"].append("diseased" if diseased[k] else "healthy")
        rows["rating"].append(None if np.isnan(cube[t, r, k]) else repr(float(cube[t, r, k])))
    return pl.DataFrame(rows, schema=dict.fromkeys(rows, pl.String))


def comparison(found, a=None, b=None):
    """The one difference, or the one between these arms."""
    rows = [c for c in found.comparisons if c.flag != "overall test"]
    (one,) = rows if a is None else [c for c in rows if (c.a, c.b) == (a, b)]
    return one


def overall(found):
    (one,) = [c for c in found.comparisons if c.flag == "overall test"]
    return one


def measure(found, name, subgroup):
    (one,) = [m for m in found.measures if (m.measure, m.subgroup) == (name, subgroup)]
    return one


def marks_table(rows):
    return read_csv("modality,reader,case,mark,index,rating\n" + "\n".join(rows) + "\n", name="marks.csv")


def truth_table(rows, header="case,diseased,n_lesions"):
    return read_csv(header + "\n" + "\n".join(rows) + "\n", name="truth.csv")


def located(marks, truth, more=None, **changes):
    """The findings of a localisation study on these tables."""
    protocol = localisation.parse(copy.deepcopy(MARKS) | changes)
    return localisation.findings(protocol, {"marks": marks, "truth": truth} | (more or {}))


def plain_auc(diseased, healthy):
    """The definition itself: every diseased case against every healthy one."""
    won = np.sign(
        np.subtract.outer(np.nan_to_num(diseased, neginf=-1e9), np.nan_to_num(healthy, neginf=-1e9))
    )
    return float((won + 1).mean() / 2)


def plain_wafroc(highest, lesions, weights):
    """The definition: `highest` of each healthy case; for each diseased case its lesions' ratings and weights."""
    total = 0.0
    for ratings_of_case, weights_of_case in zip(lesions, weights, strict=True):
        for rating, weight in zip(ratings_of_case, weights_of_case, strict=True):
            total += weight * sum(1.0 if h < rating else 0.5 if h == rating else 0.0 for h in highest)
    return total / (len(highest) * len(lesions))
