"""Do readers take the tool's advice when it is right, and leave it when it is wrong?

Judgements are yes or no arrays of one length: what is true, what the reader thought first, what the tool advised and
what the reader said in the end. The pair of RAIR and RSR tells whether reliance is appropriate; one without the other
rewards following everything or nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from alarp.evaluation.intervals import BoolArray, Codes, proportion
from alarp.kernel import BadInput, Measure

NAMES = (
    "rair",
    "rsr",
    "commission_rate",
    "omission_rate",
    "positive_consultations",
    "negative_consultations",
    "agreement_with_ai",
    "accuracy_first",
    "accuracy_final",
)


@dataclass(frozen=True, slots=True)
class Readings:
    """One row a reading. `first` is None where the tool's advice was shown at once (no first impression)."""

    truth: BoolArray
    first: BoolArray | None
    advice: BoolArray
    final: BoolArray
    reader: Codes

    def __post_init__(self) -> None:
        lengths = {
            len(a) for a in (self.truth, self.first, self.advice, self.final, self.reader) if a is not None
        }
        if len(lengths) != 1:
            raise BadInput(
                "The columns of the readings differ in length; every reading needs all of its answers."
            )


def reliance(found: Readings, *, level: float = 0.95, subgroup: str = "all") -> list[Measure]:
    """How appropriate is the reliance on the tool, measure by measure, each with its own denominator?

    rair: of the readings first wrong and rightly advised, the share that ended right. rsr: of those first right and
    wrongly advised, the share that stayed right (Schemmer et al. 2023, doi:10.1145/3581641.3584066). commission_rate:
    of the healthy that the tool flags, the share the reader flags too; omission_rate: of the diseased that the tool
    does not flag, the share the reader leaves too. positive_ and negative_consultations: changes for the better after
    right advice and for the worse after wrong advice, of all readings (Goddard et al. 2012,
    doi:10.1136/amiajnl-2011-000089). Wilson intervals, at the effective n where readers read several cases.

    Not measurable, never zero, where nobody was in the situation; without a first impression, so are the four
    measures that need one.
    """
    right_advice, right_end = found.advice == found.truth, found.final == found.truth
    everybody = np.ones(len(found.truth), dtype=bool)
    pairs: dict[str, tuple[BoolArray, BoolArray, str]] = {
        "commission_rate": (found.final, ~found.truth & found.advice, "the tool flagged no healthy case"),
        "omission_rate": (~found.final, found.truth & ~found.advice, "the tool missed no diseased case"),
        "agreement_with_ai": (found.final == found.advice, everybody, "no reading"),
        "accuracy_final": (right_end, everybody, "no reading"),
    }
    if found.first is not None:
        right_start = found.first == found.truth
        pairs |= {
            "rair": (right_end, ~right_start & right_advice, "nobody was first wrong and rightly advised"),
            "rsr": (right_end, right_start & ~right_advice, "nobody was first right and wrongly advised"),
            "positive_consultations": (~right_start & right_advice & right_end, everybody, "no reading"),
            "negative_consultations": (right_start & ~right_advice & ~right_end, everybody, "no reading"),
            "accuracy_first": (right_start, everybody, "no reading"),
        }
    return [_share(name, pairs, found.reader, level, subgroup) for name in NAMES]


def _share(
    name: str, pairs: dict[str, tuple[BoolArray, BoolArray, str]], reader: Codes, level: float, subgroup: str
) -> Measure:
    if name not in pairs:
        return Measure.not_measurable(name, because="no first impression was recorded", subgroup=subgroup)
    hits, among, empty = pairs[name]
    return by_reader(
        proportion(name, hits[among], level=level, clusters=reader[among], subgroup=subgroup, empty=empty)
    )


def by_reader(measure: Measure) -> Measure:
    """The same, its method naming readers as the clusters, which they are here."""
    return replace(measure, method=measure.method.replace("clustered by patient", "clustered by reader"))
