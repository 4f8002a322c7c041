"""Reliance on a tool's advice, counted by hand."""

from __future__ import annotations

import numpy as np
from measure_specs import Spec

from alarp.evaluation.reliance import Readings, reliance


def _reliance(rows):
    truth, first, advice, final = (np.array([row[i] == "yes" for row in rows]) for i in range(1, 5))
    found = reliance(Readings(truth, first, advice, final, np.arange(len(rows))))
    return {m.measure: m.estimate for m in found if m.estimate is not None}


SPECS = [
    Spec(
        "rair",
        "Ten readings: advice taken when right, left when wrong, or not",
        "by hand after Schemmer et al. 2023 (doi:10.1145/3581641.3584066): a, b, c first wrong and rightly advised, two end "
        "right: 2/3; d, e first right and wrongly advised, one stays right: 1/2; g, e wrongly flagged healthy, one "
        "flagged by the reader: 1/2; d, h diseased not flagged by the tool, both left by the reader: 1",
        """
        reading  truth  first  advice  final
        a        yes    no     yes     yes
        b        no     yes    no      no
        c        yes    no     yes     no
        d        yes    yes    no      no
        e        no     no     yes     no
        f        yes    yes    yes     yes
        g        no     yes    yes     yes
        h        yes    no     no      no
        i        no     no     no      no
        j        no     no     no      no
        """,
        _reliance,
        {
            "rair": 2 / 3,
            "rsr": 1 / 2,
            "commission_rate": 1 / 2,
            "omission_rate": 1.0,
            "positive_consultations": 0.2,
            "negative_consultations": 0.1,
            "agreement_with_ai": 0.8,
            "accuracy_first": 0.5,
            "accuracy_final": 0.6,
        },
        explains=reliance,
    )
]
