"""How near would the tool measure if our patients were mixed as the vendor's were?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from alarp.evaluation.claims import AS_TREATED
from alarp.evaluation.measurement.cases import Cases
from alarp.evaluation.measurement.measures import filled, inside, on_scale, pairs, unlogged
from alarp.evaluation.measurement.protocol import MeasurementProtocol
from alarp.evaluation.transporting import ENDING, Mix, Transported
from alarp.kernel import Measure


def case_mix(protocol: MeasurementProtocol, cases: Cases) -> Transported | None:
    """What would be found in the vendor's case mix? None when the protocol does not say what it was.

    The share within tolerance (a missing output lies outside), the bias and the mean absolute error. Bias and error
    describe measured pairs; where outputs are missing they carry no claim unless `analysis.range` charges each one.
    """
    if protocol.options.vendor is None:
        return None
    known = np.flatnonzero(cases.known)
    mix = Mix.of(
        protocol.options.vendor,
        {name: [words[i] for i in known] for name, words in cases.subgroups.items()},
        patient=None if cases.clusters is None else cases.clusters[known],
        level=protocol.common.level,
        minimum_n=protocol.common.minimum_n,
    )
    return mix.told([*_within(protocol, cases, mix), *_distances(protocol, cases, mix)])


def _within(protocol: MeasurementProtocol, cases: Cases, mix: Mix) -> list[Measure]:
    if protocol.tolerance is None:
        return []
    _, near = inside(protocol, cases, rule="worst_case")
    return [mix.share("within_tolerance" + ENDING, near, np.ones(len(near), dtype=bool), "no case counts")]


def _distances(protocol: MeasurementProtocol, cases: Cases, mix: Mix) -> list[Measure]:
    bounds, scale = protocol.options.range, protocol.options.scale
    charged = cases if bounds is None else filled(cases, bounds)
    pair = pairs(charged, cases.known)
    measured = ~np.isnan(pair.output)
    empty = "no pair that counts could be measured"
    bias = mix.mean("bias" + ENDING, on_scale(pair, scale), measured, bounds=(-np.inf, np.inf), empty=empty)
    off = np.abs(pair.output - pair.reference)
    rows = [unlogged(bias, scale), mix.mean("mae" + ENDING, off, measured, bounds=(0.0, np.inf), empty=empty)]
    if measured.all():
        return rows
    because = f"{AS_TREATED}: {int((~measured).sum())} of {len(measured)} outputs are missing"
    return [replace(m, because=because) if m.is_measurable else m for m in rows]
