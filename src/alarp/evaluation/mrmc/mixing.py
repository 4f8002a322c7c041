"""How well would these readers, or the tool, do if our patients were mixed as the vendor's were?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from alarp.evaluation.intervals import Codes, FloatArray
from alarp.evaluation.mrmc.anova import FIXED
from alarp.evaluation.mrmc.design import U_STATISTIC, ReaderDesign
from alarp.evaluation.mrmc.presenting import ALL
from alarp.evaluation.mrmc.readings import WORST, Marked, Rated, contest
from alarp.evaluation.mrmc.study import Arm, arms_of
from alarp.evaluation.mrmc.wins import Wins, weight_above
from alarp.evaluation.protocol import Common
from alarp.evaluation.transporting import ENDING, Mix, Transported
from alarp.kernel import Measure

READERS_VARY = (
    "the readers are taken as random, and no published method carries their variance to reweighted cases; with "
    "'design.readers: fixed' it is told for these readers"
)
CASES_STAY = "the cases are taken as fixed, so they stand for no other mix"
NOT_CROSSED = "not every reader read every case, so no one set of weights serves them all"


def case_mix(readings: Rated | Marked, design: ReaderDesign, common: Common) -> Transported | None:
    """What would each arm's endpoint be in the vendor's case mix? None when the protocol does not say what it was.

    Cases weighted to the vendor's shares, the contest of each diseased against each healthy case weighted by both, and
    averaged over the arm's readers, who are taken as they are: for one reader (the tool alone), or fixed ones.
    """
    if design.vendor is None:
        return None
    mix = Mix.of(
        design.vendor,
        readings.subgroups,
        patient=readings.patient,
        level=common.level,
        minimum_n=common.minimum_n,
    )
    wins = contest(readings, endpoint=design.endpoint, threshold=design.threshold, rule=WORST).wins
    arms = arms_of(readings.pairs, ai_reader=design.ai_reader)
    found = [replace(_arm(arm, wins, design, mix), subgroup=arm.name) for arm in arms]
    return mix.told([*found, *(replace(m, subgroup=ALL) for m in found if len(found) == 1)])


def _arm(arm: Arm, wins: Wins, design: ReaderDesign, mix: Mix) -> Measure:
    name = design.endpoint + ENDING
    if because := _unmeasurable(arm, design):
        return Measure.not_measurable(name, because=because, n=wins.cases)
    ill, well = _weights(mix, wins.diseased_case, wins.m), _weights(mix, wins.healthy_case, wins.n)
    whole = float(np.dot(ill, wins.size))
    if not whole or not well.any():
        lacking = "no healthy case counts" if whole else "no diseased case counts"
        return Measure.not_measurable(name, because=lacking, n=wins.cases)
    rows, columns = _placed(arm, wins, ill, well)
    area = float(np.dot(ill, rows)) / whole
    moves = (ill * (rows - area * wins.size) / whole, well * (columns - area) / well.sum())
    return mix.ranked(
        name,
        area,
        (
            _on_cases(moves[0], wins.diseased_case, wins.cases),
            _on_cases(moves[1], wins.healthy_case, wins.cases),
        ),
        (_on_cases(ill, wins.diseased_case, wins.cases), _on_cases(well, wins.healthy_case, wins.cases)),
    )


def _unmeasurable(arm: Arm, design: ReaderDesign) -> str:
    if design.method == U_STATISTIC:
        return NOT_CROSSED
    if design.cases == FIXED:
        return CASES_STAY
    return READERS_VARY if design.readers != FIXED and len(arm.readers) > 1 else ""


def _weights(mix: Mix, cases: Codes | None, length: int) -> FloatArray:
    """What does each case of one side count? The fixed marks of a side without cases count one each."""
    return np.ones(length) if cases is None else mix.weights[cases]


def _on_cases(values: FloatArray, cases: Codes | None, total: int) -> FloatArray:
    """The same, laid out over all cases of the study; nothing where the side belongs to no case."""
    laid = np.zeros(total)
    if cases is not None:
        laid[cases] = values
    return laid


def _placed(arm: Arm, wins: Wins, ill: FloatArray, well: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Which weighted share of the other side does each case win against, on average over the arm's readers?"""
    lesions = wins.weight * ill[wins.owner]
    rows, columns = np.zeros(wins.m), np.zeros(wins.n)
    for group in arm.groups:
        target, healthy = wins.target[group], wins.healthy[group]
        below = 1.0 - weight_above(healthy, well, target) / well.sum()
        rows += np.bincount(wins.owner, weights=wins.weight * below, minlength=wins.m)
        columns += weight_above(target, lesions, healthy) / float(np.dot(ill, wins.size))
    return rows / len(arm.groups), columns / len(arm.groups)
