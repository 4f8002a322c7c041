"""Would the enhanced image be as good if our patients were mixed as the vendor's were?"""

from __future__ import annotations

import numpy as np
import polars as pl

from alarp.evaluation.enhancement.cases import parse_scores
from alarp.evaluation.enhancement.measures import differences
from alarp.evaluation.enhancement.protocol import FIXED, EnhancementProtocol
from alarp.evaluation.transporting import ENDING, Mix, Transported
from alarp.kernel import Measure

READERS_VARY = (
    "the readers are taken as random, and no published method carries their variance to reweighted cases; with "
    "'analysis.readers: fixed' it is told for these readers"
)


def case_mix(protocol: EnhancementProtocol, table: pl.DataFrame) -> Transported | None:
    """What would the paired difference of quality be in the vendor's case mix? None when the protocol names none.

    Dose, lesions and what changed in the department are not transported: their tables have no subgroups.
    """
    quality, common = protocol.quality, protocol.common
    if protocol.vendor is None or quality is None:
        return None
    scores = parse_scores(quality, table)
    values, keep = differences(quality, scores, rule="worst_case")
    mix = Mix.of(
        protocol.vendor,
        {
            name: [word for word, own in zip(words, keep, strict=True) if own]
            for name, words in scores.subgroups.items()
        },
        patient=scores.unit[keep],
        level=common.level,
        minimum_n=common.minimum_n,
        what="pairs of scores",
    )
    name = "quality_difference" + ENDING
    if scores.reader is not None and quality.readers != FIXED:
        return mix.told([Measure.not_measurable(name, because=READERS_VARY, n=len(values))])
    everybody = np.ones(len(values), dtype=bool)
    empty = "no pair that counts"
    return mix.told([mix.mean(name, values, everybody, bounds=(-np.inf, np.inf), empty=empty)])
