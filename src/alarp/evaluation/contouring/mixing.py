"""How well would the tool outline if our patients were mixed as the vendor's were?"""

from __future__ import annotations

from alarp.evaluation.contouring.pooling import Pool
from alarp.evaluation.contouring.protocol import PRIMARY
from alarp.evaluation.transporting import Mix, Transported


def case_mix(pool: Pool) -> Transported | None:
    """What would be found in the vendor's case mix? None when the protocol does not say what it was.

    Each outline has the weight of its case, so that cases with few structures count for less, as in the primary mean;
    intervals are by patient. Missed and failed outlines count as there.
    """
    protocol = pool.protocol
    if protocol.options.vendor is None:
        return None
    mix = Mix.of(
        protocol.options.vendor,
        {name: [p.enrolled.subgroups[name] for p in pool.pairs] for name in protocol.common.subgroups},
        patient=pool.patient,
        level=protocol.common.level,
        minimum_n=protocol.common.minimum_n,
        what="outlines",
    )
    return mix.told([pool.in_the_mix(name, mix) for name in PRIMARY])
